import { paid } from './paid';
import { home, other, TwoRegions } from './two-regions';
import { changeableBounds, World } from './world';
import { KeyedOutcome, LedgerEvent } from '../../src/ledger/model';
import { StoreFault } from '../../src/ledger/ports';
import { bounds } from '../../src/ledger/protocol/domain';
import { PaymentsLedger } from '../../src/ledger/protocol/service';
import { steady } from '../../tools/bench/growth/traffic';
import { Chance } from '../../tools/memory/chance';

const changeable = changeableBounds();

const never = (): number => 0.999;
const always = (): number => 0;
const busy = { kind: 'busy', code: 'account_busy' };

let world: World;
let ledger: PaymentsLedger;
let events: LedgerEvent[];

beforeEach(async () => {
  world = new World();
  world.random = never;
  ledger = world.ledger('us-east-1');
  events = [];
  await ledger.openAccount(world.context(), { accountId: 'acc', currency: 'EUR', balance: 1_000_000 });
});

const context = () => ({ ...world.context(), observe: (event: LedgerEvent) => void events.push(event) });
const pay = (key: string, amount = 100): Promise<KeyedOutcome> =>
  ledger.authorise(context(), { idempotencyKey: key, accountId: 'acc', amount, currency: 'EUR' });
const move = (type: 'CAPTURE' | 'VOID' | 'REFUND', payment: string, key: string): Promise<KeyedOutcome> =>
  ledger.move(context(), { idempotencyKey: key, paymentId: payment, type });
const entries = (): number => Object.keys(world.memory.items.get('a#acme#acc')!.entries as object).length;

describe('a flood of replays writes the account no more, once the first of them is answered', () => {
  const replays = 500;

  test('in STRONG', async () => {
    for (const _ of [1, 2]) paid(await pay('k'));
    const before = world.memory.items.get('a#acme#acc');
    for (let n = 0; n < replays; n += 1) expect(await pay('k')).toMatchObject({ replayed: true });
    expect(world.memory.items.get('a#acme#acc')).toBe(before);
  });

  test('where copies follow', async () => {
    const regions = new TwoRegions();
    regions.random = never;
    await regions.in(home).openAccount(regions.context(), { accountId: 'acc', currency: 'EUR', balance: 1_000 });
    for (const _ of [1, 2]) paid(await regions.pay(home, 'k', 100));
    const account = () => [...regions.replicas.get(home)!.items.values()].find(({ kind }) => kind === 'ACCOUNT');
    const before = account();
    for (let n = 0; n < replays; n += 1) expect(await regions.pay(home, 'k', 100)).toMatchObject({ replayed: true });
    expect(account()).toBe(before);
  });
});

describe('an account without room', () => {
  const room = 120;
  /**
   * Fills the account with entries of one kind; none of their calls looked after it, and none of their items was completed by a repetition.
   */
  const fills: Readonly<Record<string, (n: number) => Promise<unknown>>> = {
    'declined payments': (n) => pay(`d${n}`, 2_000_000),
    'captured payments': async (n) => move('CAPTURE', paid(await pay(`c${n}`)).paymentId, `cc${n}`),
    'voided payments': async (n) => move('VOID', paid(await pay(`v${n}`)).paymentId, `vv${n}`),
    refunds: async (n) => {
      const payment = paid(await pay('r', 1_000)).paymentId;
      if (n === 0) await move('CAPTURE', payment, 'rc');
      return ledger.move(context(), { idempotencyKey: `r${n}`, paymentId: payment, type: 'REFUND', amount: 1 });
    },
    'refused refunds': async (n) => move('REFUND', paid(await pay('x')).paymentId, `x${n}`),
  };

  beforeEach(() => Object.assign(changeable, { entriesPerAccount: room, movesPerPayment: 1_000 }));

  it.each(Object.keys(fills))('is open again a minute after it was filled by %s, and says that it was full', async (what) => {
    for (let n = 0; n < 2 * room && entries() < room; n += 1) await fills[what](n);
    expect(await pay('at-once')).toMatchObject(busy);
    world.nowMs += bounds.trimAfterMs + 1;
    events.length = 0;
    expect(await pay('later')).toMatchObject(busy);
    expect(events).toEqual(['accountBusy']);
    expect(entries()).toBeLessThanOrEqual(room - bounds.trimAtMost);
    expect(paid(await pay('later')).status).toBe('AUTHORISED');
  });

  it('opens for a refund too', async () => {
    const captured = paid(await pay('p')).paymentId;
    await move('CAPTURE', captured, 'c');
    for (let n = 0; entries() < room; n += 1) await pay(`d${n}`, 2_000_000);
    world.nowMs += bounds.trimAfterMs + 1;
    expect(await move('REFUND', captured, 'r')).toMatchObject(busy);
    expect(paid(await move('REFUND', captured, 'r')).status).toBe('REFUNDED');
  });

  it('is not filled by open holds, which leave it once their payments show them, and are captured all the same', async () => {
    for (let n = 0; n < room; n += 1) await pay(`h${n}`);
    expect(await pay('at-once')).toMatchObject(busy);
    world.nowMs += bounds.trimAfterMs + 1;
    expect(await pay('one-more')).toMatchObject(busy);
    expect(entries()).toBe(room - bounds.trimAtMost);
    const more = paid(await pay('one-more')).paymentId;
    world.random = always;
    for (const key of ['x', 'y', 'z']) await pay(key);
    expect(paid(await move('CAPTURE', more, 'c')).status).toBe('CAPTURED');
    for (let n = 0; n < room; n += 1) expect(paid(await move('VOID', paid(await pay(`h${n}`)).paymentId, `v${n}`)).status).toBe('VOIDED');
    expect(world.memory.items.get('a#acme#acc')).toMatchObject({ held: 300, settled: 100, available: 999_600 });
  });

  it('is not written by a GET, however full', async () => {
    for (let n = 0; n < room; n += 1) await pay(`d${n}`, 2_000_000);
    world.nowMs += bounds.trimAfterMs + 1;
    world.random = always;
    const { writes } = world.memory;
    await ledger.getAccount(world.context(), 'acc');
    await ledger.listTransactions(world.context(), { accountId: 'acc', limit: 100 });
    expect(world.memory.writes).toBe(writes);
  });

  it.each([
    ['once other regions have them', false],
    ['once they have had their time, where another region does not answer', true],
  ])('opens where copies follow later, %s', async (_, isSilent) => {
    const regions = new TwoRegions();
    if (isSilent) regions.lost.add(other);
    regions.random = never;
    await regions.in(home).openAccount(regions.context(), { accountId: 'acc', currency: 'EUR', balance: 1_000 });
    for (let n = 0; n < room; n += 1) await regions.pay(home, `d${n}`, 2_000_000);
    expect(await regions.pay(home, 'at-once')).toMatchObject(busy);
    regions.nowMs += 10_000;
    // This one completes what is declined; the copies of that follow later, so nothing is removed yet.
    expect(await regions.pay(home, 'soon')).toMatchObject(busy);
    expect(await regions.pay(home, 'sooner')).toMatchObject(busy);
    if (isSilent) regions.nowMs += bounds.trimAfterReplicatedMs + 1;
    else regions.replicate(home, other);
    expect(await regions.pay(home, 'later')).toMatchObject(busy);
    expect(paid(await regions.pay(home, 'later')).status).toBe('AUTHORISED');
  });
});

describe('looking after an account', () => {
  const declined = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n += 1) await pay(`d${n}`, 2_000_000);
    world.nowMs += bounds.trimAfterMs + 1;
  };

  it('removes in one visit what that visit completes', async () => {
    await declined(30);
    world.random = always;
    await pay('last', 2_000_000);
    expect(entries()).toBe(1);
  });

  it('is done by repetitions as well', async () => {
    await declined(30);
    world.random = always;
    expect(await pay('d1', 2_000_000)).toMatchObject({ kind: 'answered', replayed: true });
    expect(entries()).toBe(0);
    expect(await pay('d2', 2_000_000)).toMatchObject({
      kind: 'answered',
      replayed: true,
      payment: { status: 'DECLINED', declineReason: 'insufficient_funds' },
    });
  });

  it('is done by a new hold too, in STRONG beside it', async () => {
    await declined(30);
    world.random = always;
    await pay('new');
    expect(entries()).toBe(1);
  });

  it('is done by a new hold where copies follow', async () => {
    const regions = new TwoRegions();
    regions.random = never;
    await regions.in(home).openAccount(regions.context(), { accountId: 'acc', currency: 'EUR', balance: 1_000 });
    for (let n = 0; n < 2 * bounds.askFrom; n += 1) await regions.pay(home, `d${n % bounds.askFrom}`, 2_000_000);
    regions.replicate(home, other);
    regions.nowMs += bounds.trimAfterMs + 1;
    regions.random = always;
    await regions.pay(home, 'new');
    const account = [...regions.replicas.get(home)!.items.values()].find(({ kind }) => kind === 'ACCOUNT');
    expect(Object.keys(account!.entries as object)).toHaveLength(1);
  });

  it.each(['us-east-1', 'a function that has not seen the account'])('is done by declines in %s', async (where) => {
    world.random = always;
    const fleet = (): PaymentsLedger => (where === 'us-east-1' ? ledger : world.ledger('us-east-1'));
    for (let n = 0; n < 100; n += 1) {
      await fleet().authorise(context(), { idempotencyKey: `d${n}`, accountId: 'acc', amount: 2_000_000, currency: 'EUR' });
      world.nowMs += 1_000;
    }
    expect(entries()).toBeLessThan(70);
  });

  it.each(['removals', 'reads'])('keeps an answer for two seconds at most where %s are throttled', async (what) => {
    await declined(30);
    const { memory } = world;
    const { change, readMany } = memory;
    const throttled = (): Promise<never> => Promise.reject(new StoreFault('throttled', 'slow'));
    if (what === 'reads') memory.readMany = throttled;
    else memory.change = (one) => ((one.remove ?? []).some(([name]) => name === 'entries') ? throttled() : change.call(memory, one));
    world.random = () => 0.04;
    const began = world.nowMs;
    expect(await pay('new')).toMatchObject({ kind: 'answered' });
    expect(world.nowMs - began).toBeLessThanOrEqual(bounds.lookAtMostMs);
    Object.assign(memory, { change, readMany });
  });

  it('does not keep what the region answers alone', async () => {
    await declined(30);
    world.random = always;
    await pay('d1', 2_000_000);
    const { memory } = world;
    const read = memory.read.bind(memory);
    const away = (): Promise<never> => Promise.reject(new StoreFault('unknown', 'no quorum'));
    const readHere = (pk: string, strong: boolean): Promise<unknown> => (strong ? away() : read(pk));
    Object.assign(memory, { create: away, change: away, readMany: away, read: readHere });
    const began = world.nowMs;
    expect(await pay('d1', 2_000_000)).toMatchObject({ kind: 'answered', replayed: true });
    expect(world.nowMs).toBe(began);
  });

  it('comes to every entry, wherever its visits begin', async () => {
    await declined(1_000);
    const chance = new Chance(1, 'visits');
    for (let visit = 0; visit < 800 && entries() > 0; visit += 1) {
      world.random = chance.next;
      await pay(`d${visit}`, 2_000_000);
    }
    world.random = never;
    expect(entries()).toBeLessThan(100);
  });
});

describe('an account with many payments a day', () => {
  beforeEach(() => {
    world.random = new Chance(7, 'steady').next;
  });

  it.each([
    ['STRONG', 1_000, 2, 10],
    ['STRONG', 10_000, 4, 12],
    ['STRONG', 100_000, 10, 24],
    ['HOME_REGION', 1_000, 3, 12],
    ['HOME_REGION', 10_000, 12, 28],
  ] as const)(
    'in %s, of %i, costs at most %i write units a write and %i for a payment with its capture',
    async (mode, paymentsADay, write, payment) => {
      const { unitsOfAWrite, payment: each, busy: refused } = await steady({ mode, paymentsADay, captureAfterMs: 0 });
      expect(unitsOfAWrite).toBeLessThanOrEqual(write);
      expect(each.writeUnits + each.indexUnits).toBeLessThanOrEqual(payment);
      expect(refused).toBe(0);
    },
  );

  it('is not filled by six declines a second', async () => {
    Object.assign(changeable, { entriesPerAccount: 5_000 });
    let most = 0;
    for (let n = 0; n < 6 * 60 * 6; n += 1) {
      world.nowMs += 1_000 / 6;
      expect((await pay(`d${n}`, 2_000_000)).kind).toBe('answered');
      most = Math.max(most, n % 50 === 0 ? entries() : 0);
    }
    expect(most).toBeLessThan(1_000);
  });
});

describe('an entry that is not as the ledger writes it', () => {
  const account = 'a#acme#acc';
  const damage = (pk: string, change: object): void => void world.memory.items.set(pk, { ...world.memory.items.get(pk)!, ...change });
  const withEntry = (code: string): void =>
    damage(account, { entries: { ...(world.memory.items.get(account)!.entries as object), ['Z'.repeat(22)]: code } });

  beforeEach(async () => {
    for (let n = 0; n < 10; n += 1) await pay(`d${n}`, 2_000_000);
    world.nowMs += bounds.trimAfterMs + 1;
    events.length = 0;
    world.random = always;
  });

  it.each(['', 'Z1', 'H', 'Cxy', 'Hten', 'V'])('%j stays, the others go, the call is answered, and somebody is told', async (code) => {
    withEntry(code);
    expect(await pay('last', 2_000_000)).toMatchObject({ kind: 'answered', payment: { status: 'DECLINED' } });
    expect(Object.values(world.memory.items.get(account)!.entries as object)).toEqual([code, 'D']);
    expect(events).toEqual(['trimFailed']);
  });

  it("does not take an accepted payment's capture back", async () => {
    withEntry('Z1');
    const { paymentId } = paid(await pay('p'));
    expect(await move('CAPTURE', paymentId, 'c')).toMatchObject({ kind: 'answered', payment: { status: 'CAPTURED', paymentId } });
    expect(await pay('p')).toMatchObject({ kind: 'answered', replayed: true });
  });

  it.each([
    ['an item that cannot be read', { kind: 'PAYMENT', amount: 'ten' }],
    ['an item of another kind', { kind: 'HEARTBEAT' }],
    ['an item that does not say when it was made', { kind: 'MOVE', at: 'today' }],
  ])('nor does %s behind an entry', async (_, change) => {
    const [pk] = [...world.memory.items].find(([, item]) => item.kind === 'PAYMENT')!;
    damage(pk, change);
    expect(await pay('last', 2_000_000)).toMatchObject({ kind: 'answered', payment: { status: 'DECLINED' } });
    // What was damaged, and the newest.
    expect(entries()).toBeGreaterThanOrEqual(2);
    expect(entries()).toBeLessThanOrEqual(3);
  });

  it('leaves the answer alone whatever a visit meets, and does not count a busy table', async () => {
    const read = world.memory.readMany.bind(world.memory);
    world.memory.readMany = () => Promise.reject(new Error('AccessDeniedException'));
    expect(await pay('last', 2_000_000)).toMatchObject({ kind: 'answered' });
    expect(events).toEqual(['trimFailed']);
    events.length = 0;
    world.random = () => 0.04;
    world.memory.readMany = () => Promise.reject(new StoreFault('throttled', 'slow down'));
    expect(await pay('throttled', 2_000_000)).toMatchObject({ kind: 'answered' });
    expect(new Set(events)).toEqual(new Set(['throttle']));
    world.memory.readMany = read;
  });
});

describe('many orphans', () => {
  const orphans = 100;
  const idOf = (n: number): string => `${n}`.padStart(22, 'x');
  let gaveBack: number;
  beforeEach(async () => {
    const { memory } = world;
    await memory.change({
      pk: 'a#acme#acc',
      require: [],
      set: Array.from({ length: orphans }, (_, n) => [['entries', idOf(n)], `P5000/dead${n}`] as const),
      add: [
        [['available'], -5_000 * orphans],
        [['held'], 5_000 * orphans],
      ],
    });
    gaveBack = 0;
    const { change } = memory;
    memory.change = (one) => {
      if (one.remove?.some(([name]) => name === 'entries')) gaveBack += 1;
      return change.call(memory, one);
    };
  });
  const held = (): unknown => world.memory.items.get('a#acme#acc')!.held;

  it('are given back in few writes before a payment that needs their money is declined', async () => {
    expect(paid(await pay('big', 990_000)).status).toBe('AUTHORISED');
    expect([held(), entries(), gaveBack]).toEqual([990_000, 1, 5]);
  });

  it('are given back one by one where one of them has changed meanwhile', async () => {
    const { memory } = world;
    const { create } = memory;
    // Another look gives one of them back while this one still fences.
    memory.create = async (item) => {
      if (item.pk === `k#${idOf(3)}`) {
        memory.create = create;
        await memory.change({
          pk: 'a#acme#acc',
          require: [],
          add: [
            [['available'], 5_000],
            [['held'], -5_000],
          ],
          remove: [['entries', idOf(4)]],
        });
      }
      return create.call(memory, item);
    };
    expect(paid(await pay('big', 990_000)).status).toBe('AUTHORISED');
    expect([held(), entries()]).toEqual([990_000, 1]);
    expect(gaveBack).toBeGreaterThan(24);
  });
});
