import { killedAtEveryWrite, Process } from './every-write';
import { Consumer, ConsumerSettings, Inbox } from '../../src/events/consumers/service';
import { inboxSchema } from '../../src/events/contract';
import type { ConsumedEvent, PaymentEvent } from '../../src/events/model';
import { EventSink } from '../../src/events/outbox/service';
import { setAside } from '../../src/events/outbox/set-aside.service';
import { Sweep, SweepHint } from '../../src/events/outbox/sweep.service';
import { QueuedLetter, redrive } from '../../src/events/redrive/service';
import { keyId } from '../../src/kernel/fingerprint';
import { noTracer } from '../../src/kernel/trace';
import { MemoryInbox } from '../contract/memory-inbox';
import { OutboxWorld, recordsOf } from '../events/outbox-world';
import { turns } from '../turns';

const [here, peer] = ['us-east-1', 'eu-central-1'];

/** A bus behind a process: every event that it takes is a write. */
const sinkOf =
  (bus: PaymentEvent[], process: Process): EventSink =>
  async (events) => {
    for (const event of events) {
      await process.write(`event ${event.type}`, () => {
        bus.push(event);
      });
    }
    return events.map(() => ({ kind: 'sent' as const }));
  };

/** Each event once by its ID, and every copy of it the same; those of a payment first come in their order, without a gap. */
function told(bus: readonly PaymentEvent[]): readonly PaymentEvent[] {
  const first = new Map<string, PaymentEvent>();
  for (const event of bus) {
    const known = first.get(event.id);
    if (known) expect(event).toEqual(known);
    else first.set(event.id, event);
  }
  const subjects = new Set(bus.map(({ subject }) => subject));
  for (const subject of subjects) {
    const own = [...first.values()].filter((event) => event.subject === subject).map(({ sequence }) => sequence);
    expect(own).toEqual(own.map((_, at) => at + 1));
  }
  return [...first.values()];
}

/** A payment with all that can become of it, one call after the other. */
async function history(world: OutboxWorld, process = new Process(), from = 0): Promise<void> {
  const ledger = world.ledger(here, process.store(world.store));
  const paymentId = `pay_${keyId('acme', 'p')}`;
  const move = (idempotencyKey: string, type: 'CAPTURE' | 'REFUND', amount: number) => () =>
    ledger.move(world.context(), { idempotencyKey, paymentId, type, amount });
  const calls: readonly (() => Promise<unknown>)[] = [
    () => ledger.openAccount(world.context(), { accountId: 'acc', currency: 'EUR', balance: 100 }),
    () => ledger.authorise(world.context(), { idempotencyKey: 'p', accountId: 'acc', amount: 50, currency: 'EUR' }),
    move('c', 'CAPTURE', 40),
    move('r1', 'REFUND', 10),
    move('r2', 'REFUND', 5),
    move('r3', 'REFUND', 7),
    () => ledger.authorise(world.context(), { idempotencyKey: 'declined', accountId: 'acc', amount: 500, currency: 'EUR' }),
  ];
  for (const call of calls.slice(from)) {
    world.nowMs += 1;
    await call();
  }
}
const whole = ['payment.authorised', 'payment.captured', 'payment.refunded', 'payment.refunded', 'payment.refunded', 'payment.declined'];

/** Publishes what the stream has, from a place on; the items are read as they are at this moment. */
const publish = (world: OutboxWorld, bus: PaymentEvent[], from = 0, process = new Process()): Promise<unknown> =>
  world.outbox(here, sinkOf(bus, process)).publish(recordsOf(world.store.stream).slice(from), world.nowMs + 10_000);

describe('what a payment comes to', () => {
  test('is told alike whenever it is published: at once behind each write, with a refund still pending, and at the end', async () => {
    const writes = await killedAtEveryWrite({
      world: () => ({ world: new OutboxWorld(), bus: [] as PaymentEvent[] }),
      run: ({ world }, process) => history(world, process),
      after: async ({ world, bus }) => {
        // As the stream's function finds it: what is open now is open in what it reads.
        await publish(world, bus);
        await history(world);
        await publish(world, bus);
        expect(told(bus).map(({ type }) => type)).toEqual(whole);
        expect(
          told(bus)
            .filter(({ type }) => type === 'payment.refunded')
            .map(({ sequence, data }) => [sequence, data.amount]),
        ).toEqual([
          [3, 10],
          [4, 5],
          [5, 7],
        ]);
      },
    });
    expect(writes).toBeGreaterThanOrEqual(18);
  });

  test("is published once by its ID, however the outbox's function dies over a batch that comes again", async () => {
    expect(
      await killedAtEveryWrite({
        world: async () => {
          const world = new OutboxWorld();
          await history(world);
          return { world, bus: [] as PaymentEvent[] };
        },
        run: ({ world, bus }, process) => publish(world, bus, 0, process),
        after: async ({ world, bus }) => {
          await publish(world, bus);
          expect(told(bus).map(({ type }) => type)).toEqual(whole);
        },
      }),
    ).toBe(whole.length);
  });

  test('is published by a survivor once by its ID, however its sweep dies, at the keeping of hints or at their round', async () => {
    const rounds = async (
      world: OutboxWorld,
      hints: SweepHint[],
      bus: PaymentEvent[],
      process: Process,
      queue: { noted: boolean },
    ): Promise<void> => {
      const sweep = new Sweep(
        {
          keep: (some) =>
            process.write('hints', () => {
              hints.push(...(JSON.parse(JSON.stringify(some)) as SweepHint[]));
            }),
          newsOf: async () => ({}),
          nowMs: () => world.nowMs,
        },
        { region: peer, silentAfterMs: 180_000, aliveWithinMs: 90_000 },
        world.outbox(peer, sinkOf(bus, process)),
      );
      // The stream's batch comes again until it was answered for; a hint until it was.
      if (!queue.noted) await sweep.note(recordsOf(world.store.stream));
      queue.noted = true;
      const turn = turns('hints');
      while (hints.length > 0) {
        turn();
        const { kind } = await sweep.sweep(hints[0], world.nowMs + 10_000);
        if (kind === 'open') throw new Error('nobody can do it');
        hints.shift();
      }
    };
    expect(
      await killedAtEveryWrite({
        world: async () => {
          const world = new OutboxWorld();
          await history(world);
          return { world, hints: [] as SweepHint[], bus: [] as PaymentEvent[], queue: { noted: false } };
        },
        run: ({ world, hints, bus, queue }, process) => rounds(world, hints, bus, process, queue),
        after: async ({ world, hints, bus, queue }) => {
          await rounds(world, hints, bus, new Process(), queue);
          expect(told(bus).map(({ type, origin }) => [type, origin])).toEqual(whole.map((type) => [type, here]));
        },
      }),
    ).toBe(whole.length + 1);
  });
});

describe('an event that a consumer gets', () => {
  const settings: ConsumerSettings = {
    name: 'acme',
    sources: ['acme.ledger'],
    leaseMs: 10_000,
    maxAttempts: 3,
    rememberMs: 86_400_000,
    stale: 'DELIVER',
    lateAfterMs: 900_000,
  };

  class Site {
    public nowMs = 1_800_000_000_000;
    public readonly inbox = new MemoryInbox();
    /** By the event's ID, as an effect with a key of its own. */
    public readonly effects = new Set<string>();
    public readonly letters: string[] = [];
    private owners = 0;

    constructor(private readonly fails: boolean) {}

    public async deliver(process: Process): Promise<readonly string[]> {
      const inbox: Inbox = {
        take: (claim) => process.write('take', () => this.inbox.take(claim)),
        finish: (claim) => process.write('finish', () => this.inbox.finish(claim)),
        free: (claim, counts) => process.write('free', () => this.inbox.free(claim, counts)),
        setAside: (claim) => process.write('set aside', () => this.inbox.setAside(claim)),
        through: (of) => process.read(() => this.inbox.through(of)),
        advance: (of, sequence) => process.write('advance', () => this.inbox.advance(of, sequence)),
      };
      const consumer = new Consumer(
        {
          inbox,
          nowMs: () => this.nowMs,
          nonce: () => `o${(this.owners += 1)}`,
          tracer: noTracer,
          observe: () => undefined,
          handle: async ({ id }: ConsumedEvent) => {
            if (this.fails) return { kind: 'failed', reason: 'as told' };
            await process.write('effect', () => {
              this.effects.add(id);
            });
            return { kind: 'done' };
          },
          deadLetter: ({ id }) =>
            process.write('letter', () => {
              this.letters.push(id);
            }),
        },
        settings,
      );
      const detail = {
        id: 'e1',
        type: 't',
        schemaVersion: 1,
        origin: here,
        occurredAt: new Date(this.nowMs).toISOString(),
        subject: 's',
        sequence: 2,
        data: {},
      };
      return consumer.receive(
        [{ id: 'm1', body: JSON.stringify({ source: 'acme.ledger', 'detail-type': 't', detail }) }],
        this.nowMs + 60_000,
      );
    }

    /** The queue delivers until it is told that it need not; each time the lease of who died is over. */
    public async settle(): Promise<number> {
      for (let times = 1; times <= settings.maxAttempts + 2; times += 1) {
        this.nowMs += settings.leaseMs + 1;
        if ((await this.deliver(new Process())).length === 0) return times;
      }
      throw new Error('it is delivered for ever');
    }

    public get state(): string | undefined {
      return this.inbox.items.get(inboxSchema.eventKey({ source: 'acme.ledger', id: 'e1' }))?.state;
    }
  }

  test('has its effect, and is done, wherever a consumer dies', async () => {
    expect(
      await killedAtEveryWrite({
        world: () => new Site(false),
        run: (site, process) => site.deliver(process),
        after: async (site) => {
          await site.settle();
          expect([[...site.effects], site.state, site.letters]).toEqual([['e1'], 'DONE', []]);
        },
      }),
    ).toBe(4);
  });

  test('that always fails is given up with a letter, never without one, and holds nothing up', async () => {
    await killedAtEveryWrite({
      world: async () => {
        const site = new Site(true);
        for (let attempt = 1; attempt < settings.maxAttempts; attempt += 1) await site.deliver(new Process());
        return site;
      },
      run: (site, process) => site.deliver(process),
      after: async (site, killed) => {
        // At any moment: set aside is only what somebody has a letter of.
        expect(site.state !== 'SET_ASIDE' || site.letters.length > 0).toBe(true);
        if (killed) await site.settle();
        expect([site.state, site.letters.length > 0, site.letters.length <= 2]).toEqual(['SET_ASIDE', true, true]);
      },
    });
  });
});

describe('what is put back', () => {
  const rules = 'arn:aws:events:us-east-1:111122223333:rule/acme-events/';
  const letter = (id: string): QueuedLetter => ({
    handle: id,
    sentAt: 1,
    rule: `${rules}r`,
    body: JSON.stringify({
      source: 'acme',
      'detail-type': 't',
      detail: { id, type: 't', schemaVersion: 1, origin: here, occurredAt: '2026-11-22T03:00:00.000Z', data: {} },
    }),
  });

  test('is on the bus or in the queue at any moment, and on the bus in the end, however its redrive dies', async () => {
    const again = async ({ queue, bus }: { queue: QueuedLetter[]; bus: string[] }, process: Process): Promise<void> => {
      let [nowMs, shown] = [10, 0];
      await redrive(
        {
          // What was received is hidden for a while; a later redrive finds it again.
          receive: () => process.read(() => queue.slice(0, 10).slice(shown, (shown += 2))),
          discard: (handles) =>
            process.write(`delete ${handles.join(' ')}`, () => {
              shown = Math.max(0, shown - handles.length);
              queue.splice(0, queue.length, ...queue.filter(({ handle }) => !handles.includes(handle)));
            }),
          release: async () => undefined,
          put: async (entries) => {
            for (const { detail } of entries) {
              await process.write('put', () => {
                bus.push((JSON.parse(detail) as { id: string }).id);
              });
            }
            return entries.map(() => ({ kind: 'accepted' as const }));
          },
          nowMs: () => nowMs,
          random: () => 0,
          sleep: async (ms) => {
            nowMs += ms;
          },
        },
        { systemName: 'acme', from: { kind: 'rules', rules, bus: false } },
        { max: 100, deadlineMs: 60_000 },
      );
    };
    const ids = ['a', 'b', 'c', 'd', 'e'];
    expect(
      await killedAtEveryWrite({
        world: () => ({ queue: ids.map(letter), bus: [] as string[] }),
        run: again,
        after: async (world) => {
          for (const id of ids) expect(world.bus.includes(id) || world.queue.some(({ handle }) => handle === id)).toBe(true);
          await again(world, new Process());
          expect([world.queue, [...new Set(world.bus)].sort()]).toEqual([[], ids]);
        },
      }),
    ).toBe(ids.length + 3);
  });

  test('a record that is set aside is never passed over without being kept', async () => {
    const range = { streamArn: 's', shardId: 'shard', startSequenceNumber: '7', endSequenceNumber: '7' };
    const aside = ({ letters, marks }: { letters: string[]; marks: Set<string> }, process: Process): Promise<unknown> =>
      setAside(
        {
          find: () => process.read(() => range),
          letter: ({ startSequenceNumber }) =>
            process.write('letter', () => {
              letters.push(startSequenceNumber);
            }),
          mark: (number) =>
            process.write('mark', () => {
              marks.add(number);
            }),
        },
        '7',
      );
    expect(
      await killedAtEveryWrite({
        world: () => ({ letters: [] as string[], marks: new Set<string>() }),
        run: aside,
        after: async (world) => {
          expect(world.marks.size === 0 || world.letters.length > 0).toBe(true);
          await aside(world, new Process());
          expect([world.letters.length > 0, [...world.marks]]).toEqual([true, ['7']]);
        },
      }),
    ).toBe(2);
  });
});
