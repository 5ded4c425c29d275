import { killedAtEveryWrite, Process } from './every-write';
import { keyId } from '../../src/kernel/fingerprint';
import { CallContext, KeyedOutcome, LineType, Payment } from '../../src/ledger/model';
import { Decision, Item, LedgerStore } from '../../src/ledger/ports';
import { isMove, isPayment } from '../../src/ledger/protocol/domain';
import { PaymentsLedger } from '../../src/ledger/protocol/service';
import { MemoryStore } from '../../tools/memory/memory-store';
import { turns } from '../turns';

const funded = 100;
const [home, other] = ['us-east-1', 'eu-central-1'];

/** What somebody asks for, under a key of its own. */
type Call =
  | { readonly key: string; readonly type: 'AUTHORISE'; readonly amount: number }
  | { readonly key: string; readonly type: 'CAPTURE' | 'VOID' | 'REFUND'; readonly of: string; readonly amount?: number };
const authorise = (key: string, amount: number): Call => ({ key, type: 'AUTHORISE', amount });
const move = (key: string, type: 'CAPTURE' | 'VOID' | 'REFUND', of: string, amount?: number): Call => ({
  key,
  type,
  of,
  ...(amount === undefined ? {} : { amount }),
});

/** One account, ledgers of several regions, and a clock that every request moves: what goes round and round runs out of time. */
class World {
  public readonly memory = new MemoryStore();
  public nowMs = 1_800_000_000_000;
  /** Whether each call looks after its account. */
  public trims = false;
  public decide?: () => Promise<Decision>;
  private nonces = 0;

  public static async with(calls: readonly Call[]): Promise<World> {
    const world = new World();
    await world.ledger(home).openAccount(world.context(), { accountId: 'acc', currency: 'EUR', balance: funded });
    for (const call of calls) await world.answered(call);
    return world;
  }

  public ledger(region: string, process = new Process()): PaymentsLedger {
    const { decide } = this;
    return new PaymentsLedger(
      {
        store: this.ticking(process.store(this.memory)),
        nowMs: () => this.nowMs,
        random: () => (this.trims ? 0 : 0.99),
        nonce: () => `n${(this.nonces += 1)}`,
        sleep: async (ms) => {
          this.nowMs += ms;
        },
        ...(decide ? { decide: () => process.write('the team decides', decide) } : {}),
      },
      { region, ...(decide ? { decision: { timeoutMs: 3_000, onUnknown: 'RETRY' } } : {}) },
    );
  }

  public context(): CallContext {
    return { tenant: 'acme', traceId: '1-0-0', deadlineMs: this.nowMs + 5_000 };
  }

  public ask(call: Call, region = other, process = new Process()): Promise<KeyedOutcome> {
    const ledger = this.ledger(region, process);
    if (call.type === 'AUTHORISE') {
      return ledger.authorise(this.context(), { idempotencyKey: call.key, accountId: 'acc', amount: call.amount, currency: 'EUR' });
    }
    return ledger.move(this.context(), {
      idempotencyKey: call.key,
      type: call.type,
      paymentId: `pay_${keyId('acme', call.of)}`,
      ...(call.amount === undefined ? {} : { amount: call.amount }),
    });
  }

  /** Asks until there is an answer for ever, as a client does; nothing may be blocked. */
  public async answered(call: Call): Promise<KeyedOutcome> {
    let last: KeyedOutcome | undefined;
    for (let tries = 0; tries < 3; tries += 1) {
      last = await this.ask(call);
      if (last.kind === 'answered' || last.kind === 'refused') return last;
      this.nowMs += last.kind === 'inFlight' ? last.retryAfterSeconds * 1_000 : 1_000;
    }
    throw new Error(`'${call.type}' with key '${call.key}' has no answer: ${JSON.stringify(last)}`);
  }

  /** Another payment comes and goes, and the account is looked after: whatever is older can add no entry any more. */
  public async trimmedBeyond(): Promise<void> {
    this.nowMs += 1;
    for (const call of [authorise('passing', 1), move('passing-void', 'VOID', 'passing')]) await this.answered(call);
    this.nowMs += 120_000;
    this.trims = true;
    await this.answered(move('passing-void', 'VOID', 'passing'));
    this.trims = false;
    if (this.account.trimmedThrough === 0) throw new Error('nothing was trimmed');
  }

  public get account(): Item {
    return this.memory.items.get('a#acme#acc')!;
  }

  /** What must hold whenever everybody has their answers, for whoever reads. */
  public async holds(): Promise<void> {
    const { available, held, settled: gone } = this.account as unknown as Record<'available' | 'held' | 'settled', number>;
    const balances = JSON.stringify({ available, held, settled: gone });
    if (available + held + gone !== funded) throw new Error(`the account does not add up: ${balances}`);
    if (available < 0 || held < 0 || gone < 0) throw new Error(`below zero: ${balances}`);
    const payments = await this.payments();
    const open = sum(
      payments.filter(({ status }) => status === 'AUTHORISED'),
      ({ amount }) => amount,
    );
    if (open !== held) throw new Error(`held ${held}, but the open payments are worth ${open}`);
    const moved = sum(payments, ({ captured: taken, refunded }) => taken - refunded);
    if (moved !== gone) throw new Error(`settled ${gone}, but the payments captured and refunded ${moved}`);
    const listed = await this.ledger(other).listTransactions(this.context(), { accountId: 'acc', limit: 100 });
    if (listed.kind !== 'found') throw new Error(`the lines cannot be read: ${JSON.stringify(listed)}`);
    const total = (type: LineType): number =>
      sum(
        listed.items.filter((line) => line.type === type),
        ({ amount }) => amount,
      );
    const lines = [total('AUTHORISATION') - total('CAPTURE') - total('RELEASE') - total('VOID'), total('CAPTURE') - total('REFUND')];
    if (lines.join() !== [held, gone].join()) throw new Error(`held ${held} and settled ${gone}, but the lines give ${lines.join()}`);
  }

  /** Nothing is left for others to do, once the account was looked after. */
  public isDone(): void {
    for (const item of this.memory.items.values()) {
      if (item.pending !== undefined) throw new Error(`${item.pk} still waits for the refund ${JSON.stringify(item.pending)}`);
      const payment = isMove(item) && item.outcome === 'DONE' && this.memory.items.get(`k#${String(item.paymentId).slice(4)}`);
      if (payment && !Object.keys(payment.moves!).includes(item.pk.slice(2))) throw new Error(`${payment.pk} does not show ${item.pk}`);
    }
  }

  private async payments(): Promise<readonly Payment[]> {
    const ids = [...this.memory.items.values()].flatMap((item) => (isPayment(item) ? [`pay_${item.pk.slice(2)}`] : []));
    const found = await Promise.all(ids.map((id) => this.ledger(other).getPayment(this.context(), id)));
    return found.flatMap((outcome) => (outcome.kind === 'found' ? [outcome.payment] : []));
  }

  private ticking(store: LedgerStore): LedgerStore {
    const tick =
      <A extends unknown[], T>(call: (...given: A) => Promise<T>) =>
      (...given: A): Promise<T> => {
        this.nowMs += 1;
        return call(...given);
      };
    return {
      create: tick(store.create),
      change: tick(store.change),
      read: tick(store.read),
      readMany: tick(store.readMany),
      list: tick(store.list),
    };
  }
}

const sum = <T>(all: readonly T[], of: (one: T) => number): number => all.reduce((total, one) => total + of(one), 0);
const plain = (outcome: KeyedOutcome): unknown => ({ ...outcome, replayed: undefined });

/** Everybody asks for everything again, twice: the answers are the same, and all holds. */
async function settled(
  world: World,
  calls: readonly Call[],
  heard?: { readonly call: Call; readonly outcome: KeyedOutcome },
): Promise<void> {
  const first = new Map<string, unknown>();
  for (const call of calls) first.set(call.key, plain(await world.answered(call)));
  if (heard) expect(first.get(heard.call.key)).toEqual(plain(heard.outcome));
  await world.holds();
  world.trims = true;
  world.nowMs += 120_000;
  for (const call of [...calls].reverse()) expect(plain(await world.answered(call))).toEqual(first.get(call.key));
  await world.holds();
  world.isDone();
}

/** How many writes a call makes that nobody disturbs. */
const writesOf = (before: readonly Call[], call: Call): Promise<number> =>
  killedAtEveryWrite({
    world: () => World.with(before),
    run: (world, process) => world.ask(call, home, process),
    after: async () => undefined,
  });

const captured = [authorise('p', 40), move('c', 'CAPTURE', 'p')];
const cases: readonly (readonly [string, readonly Call[], Call])[] = [
  ['an authorization', [], authorise('p', 40)],
  ['one that the balance refuses', [authorise('q', 80)], authorise('p', 40)],
  ['a capture', [authorise('p', 40)], move('c', 'CAPTURE', 'p')],
  ['a capture of a part', [authorise('p', 40)], move('c', 'CAPTURE', 'p', 15)],
  ['a capture of too much', [authorise('p', 40)], move('c', 'CAPTURE', 'p', 41)],
  ['a void', [authorise('p', 40)], move('v', 'VOID', 'p')],
  ['a capture of what was voided', [authorise('p', 40), move('v', 'VOID', 'p')], move('c', 'CAPTURE', 'p')],
  ['a refund', captured, move('r', 'REFUND', 'p')],
  ['a refund of a part', captured, move('r', 'REFUND', 'p', 15)],
  ['a refund of too much', captured, move('r', 'REFUND', 'p', 41)],
  ['a refund of what is not captured', [authorise('p', 40)], move('r', 'REFUND', 'p')],
];

describe.each(cases)('%s', (_what, before, call) => {
  test('killed at any write: its client comes back in another region', async () => {
    expect(
      await killedAtEveryWrite({
        world: () => World.with(before),
        run: async (world, process) => {
          const outcome = await world.ask(call, home, process);
          if (!process.dead) await settled(world, [...before, call], { call, outcome });
        },
        after: (world) => settled(world, [...before, call]),
      }),
    ).toBeGreaterThanOrEqual(2);
  });

  test('killed at any write: its client never comes back, and others go on; then it does, too late', async () => {
    const others = [authorise('later', 10), move('later-c', 'CAPTURE', 'later'), move('later-r', 'REFUND', 'later', 5)];
    await killedAtEveryWrite({
      world: () => World.with(before),
      run: (world, process) => world.ask(call, home, process),
      after: async (world) => {
        await world.trimmedBeyond();
        for (const one of [...others, ...before]) await world.answered(one);
        await settled(world, [...before, call, ...others]);
      },
    });
  });

  test('killed at any write, and whoever takes it up killed at any of its own', async () => {
    const writes = await writesOf(before, call);
    for (let at = 1; at <= writes; at += 1) {
      for (const fate of ['lost', 'landed'] as const) {
        await killedAtEveryWrite({
          world: async () => {
            const world = await World.with(before);
            const first = new Process(at, fate);
            await first.run(() => world.ask(call, home, first));
            return world;
          },
          run: (world, process) => world.ask(call, other, process),
          after: (world) => settled(world, [...before, call]),
        });
      }
    }
  });
});

describe('refunds of one payment, which take turns', () => {
  const [first, second, third] = [move('r1', 'REFUND', 'p', 10), move('r2', 'REFUND', 'p', 10), move('r3', 'REFUND', 'p', 10)];

  test.each([
    ['at once', false],
    ["when the first one's time is over", true],
  ])('the first killed at any write, the second, which takes it up %s, too: the third has its answer', async (_when, late) => {
    const writes = await writesOf(captured, first);
    let datedAgain = 0;
    for (let at = 1; at <= writes; at += 1) {
      for (const fate of ['lost', 'landed'] as const) {
        await killedAtEveryWrite({
          world: async () => {
            const world = await World.with(captured);
            const dying = new Process(at, fate);
            await dying.run(() => world.ask(first, home, dying));
            if (late) await world.trimmedBeyond();
            return world;
          },
          run: (world, process) => world.ask(second, other, process),
          after: async (world) => {
            expect(await world.answered(third)).toMatchObject({ kind: 'answered' });
            expect(await world.answered(first)).toMatchObject({ kind: 'answered' });
            if (world.memory.items.get(`k#${keyId('acme', 'r1')}`)?.entryAt !== undefined) datedAgain += 1;
            await settled(world, [...captured, first, second, third]);
          },
        });
      }
    }
    // What comes behind the watermark gets a new date by those who come later.
    expect(datedAgain > 0).toBe(late);
  });
});

describe('two at once about one payment', () => {
  const rivals: readonly (readonly [string, readonly Call[], Call, Call])[] = [
    ['two refunds', captured, move('r1', 'REFUND', 'p', 30), move('r2', 'REFUND', 'p', 30)],
    ['a refund of all, and one of a part', captured, move('r1', 'REFUND', 'p'), move('r2', 'REFUND', 'p', 5)],
    ['a capture and a void', [authorise('p', 40)], move('c', 'CAPTURE', 'p'), move('v', 'VOID', 'p')],
    ['a capture and a refund', [authorise('p', 40)], move('c', 'CAPTURE', 'p'), move('r', 'REFUND', 'p', 5)],
    ['two payments, for which there is not enough', [], authorise('p', 70), authorise('q', 70)],
    ['one payment twice', [], authorise('p', 70), authorise('p', 70)],
    ['one refund twice', captured, move('r1', 'REFUND', 'p', 30), move('r1', 'REFUND', 'p', 30)],
  ];

  test.each(rivals)(
    '%s: one overtakes the other just before any of its writes, and is killed at any of its own, or not',
    async (_what, before, first, second) => {
      for (const [one, opponent] of [
        [first, second],
        [second, first],
      ]) {
        const turn = turns('writes before which the other one overtakes', 100);
        for (let at = 1, more = true; more; at += 1) {
          turn();
          await killedAtEveryWrite({
            world: () => World.with(before),
            run: async (world, rival) => {
              const overtaken = new Process(at, 'lost', () => rival.run(() => world.ask(opponent, other, rival)));
              const outcome = await overtaken.run(() => world.ask(one, home, overtaken));
              more = overtaken.reached;
              if (outcome?.kind === 'answered' || outcome?.kind === 'refused') {
                expect(plain(await world.answered(one))).toEqual(plain(outcome));
              }
            },
            after: (world) => settled(world, [...before, one, opponent]),
          });
        }
      }
    },
  );
});

test('the look after an account, killed at any write: what was left open is completed, and goes, all the same', async () => {
  const calls = [...captured, move('r', 'REFUND', 'p', 10), authorise('q', 5), move('v', 'VOID', 'q'), authorise('declined', 1_000)];
  expect(
    await killedAtEveryWrite({
      world: async () => {
        const world = await World.with(calls.slice(0, 2));
        // Three calls that left everything but the account's entry to others.
        for (const call of calls.slice(2)) {
          const dying = new Process(call.type === 'REFUND' ? 3 : 2, 'landed');
          await dying.run(() => world.ask(call, home, dying));
        }
        world.nowMs += 120_000;
        world.trims = true;
        return world;
      },
      run: (world, process) => world.ask(calls[1], home, process),
      after: async (world) => {
        await world.answered(calls[1]);
        await world.answered(calls[1]);
        const { entries } = world.account as unknown as { entries: Record<string, string> };
        expect(entries).toEqual({});
        await settled(world, calls);
      },
    }),
  ).toBeGreaterThanOrEqual(5);
});

test("a team's decision, killed at any write: asked again, decided once", async () => {
  const call = authorise('p', 40);
  expect(
    await killedAtEveryWrite({
      world: async () => {
        const world = await World.with([]);
        let asked = 0;
        // The answer changes, as a score does: the first one that counts stays.
        world.decide = async () => ((asked += 1) % 2 === 0 ? { kind: 'approve' } : { kind: 'decline', reason: 'velocity' });
        return world;
      },
      run: (world, process) => world.ask(call, home, process),
      after: (world) => settled(world, [call]),
    }),
  ).toBeGreaterThanOrEqual(3);
});
