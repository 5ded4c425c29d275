import { paid } from './paid';
import { changeableBounds, sets, World } from './world';
import { keyId } from '../../src/kernel/fingerprint';
import { KeyedOutcome } from '../../src/ledger/model';
import { Change, Item } from '../../src/ledger/ports';
import { bounds, keyItemPk } from '../../src/ledger/protocol/domain';
import { claimFound, giveBack } from '../../src/ledger/protocol/provisional.service';
import { PaymentsLedger } from '../../src/ledger/protocol/service';
import { trim } from '../../src/ledger/protocol/trim.service';
import { MemoryStore } from '../../tools/memory/memory-store';

/** Holds that are sent beside their claims: what others do between a look at one and the write that follows. */

const changeable = changeableBounds();

const account = 'a#acme#acc';
let world: World;
let ledger: PaymentsLedger;

beforeEach(async () => {
  world = new World();
  ledger = world.ledger('us-east-1');
  await ledger.openAccount(world.context(), { accountId: 'acc', currency: 'EUR', balance: 1_000 });
});

const pay = (key: string, amount = 100, by = ledger): Promise<KeyedOutcome> =>
  by.authorise(world.context(), { idempotencyKey: key, accountId: 'acc', amount, currency: 'EUR' });
const capture = (key: string): Promise<KeyedOutcome> =>
  ledger.move(world.context(), { idempotencyKey: `c-${key}`, paymentId: `pay_${id(key)}`, type: 'CAPTURE' });

const id = (key: string): string => keyId('acme', key);
const stored = (pk: string): Item => world.stored(pk);
const entry = (key: string): string | undefined => (stored(account).entries as Record<string, string>)[id(key)];
const balances = (): unknown[] => [stored(account).available, stored(account).held, stored(account).settled];
const attempt: World['attempt'] = (...given) => world.attempt(...given);

/** A hold whose claim never came, or came with another nonce. */
const orphan = (key: string, amount = 100, nonce = 'gone'): Promise<unknown> =>
  world.memory.change({
    pk: account,
    require: [],
    set: [[['entries', id(key)], `P${amount}/${nonce}`]],
    add: [
      [['available'], -amount],
      [['held'], amount],
    ],
  });
const orphanOf = (key: string, amount = 100) => ({ id: id(key), code: `P${amount}/gone`, amount, nonce: 'gone' });

const after: World['after'] = (...given) => world.after(...given);
const slow: World['slow'] = (...given) => world.slow(...given);
const takesThePlaceOf =
  (code: string) =>
  ({ require }: Change): boolean =>
    require.some((condition) => condition.test === 'equals' && condition.value === code);

test('what an orphan holds comes back once', async () => {
  await orphan('k');
  await giveBack(attempt(), account, orphanOf('k'));
  await giveBack(attempt(), account, orphanOf('k'));
  expect([entry('k'), ...balances()]).toEqual([undefined, 1_000, 0, 0]);
});

test('a hold that is captured while somebody lets it leave stays captured', async () => {
  await pay('k');
  world.nowMs += bounds.trimAfterMs + 1;
  await trim(attempt(after(sets('trimmedThrough'), () => capture('k'))), account);
  expect(entry('k')).toMatch(/^C/);
  expect(balances()).toEqual([900, 0, 100]);
});

test('a fence is taken over once', async () => {
  const pk = keyItemPk(id('k'));
  await world.memory.create({ pk, kind: 'FENCE', nonce: 'fence', at: world.nowMs, version: 1 });
  const ports = after(
    ({ set = [] }) => set.some(([[name]]) => name === 'nonce'),
    () =>
      world.memory.change({
        pk,
        require: [],
        set: [
          [['kind'], 'PAYMENT'],
          [['nonce'], 'first'],
        ],
      }),
  );
  const claimed = await claimFound(attempt(ports), { pk, kind: 'PAYMENT', nonce: 'mine', version: 1 }, stored(pk));
  expect([claimed.mine, claimed.item.nonce, stored(pk).nonce]).toEqual([false, 'first', 'first']);
});

test('behind a fence a key is claimed with a nonce that it never had', async () => {
  const pk = keyItemPk(id('k'));
  await world.memory.create({ pk, kind: 'FENCE', nonce: 'fence', at: world.nowMs, version: 1 });
  const claimed = await claimFound(attempt(), { pk, kind: 'PAYMENT', nonce: 'mine', hold: 'BESIDE', version: 1 }, stored(pk));
  expect([claimed.mine, stored(pk).kind, stored(pk).hold]).toEqual([true, 'PAYMENT', undefined]);
  expect(stored(pk).nonce).not.toBe('mine');
});

test('a look after the account removes nothing that has come in the place of what it looked at', async () => {
  await pay('k');
  await capture('k');
  world.nowMs += bounds.trimAfterMs + 1;
  // Another look removed it, and the watermark was there already; then a replay came.
  const ports = after(
    ({ remove = [] }) => remove.length > 0,
    async () => {
      await world.memory.change({ pk: account, require: [], remove: [['entries', id('k')]] });
      await orphan('k');
    },
  );
  await trim(attempt(ports), account);
  expect([entry('k'), ...balances()]).toEqual(['P100/gone', 800, 100, 100]);
});

test('two looks at once that remove different entries: the second does not set the watermark back', async () => {
  for (const key of ['early', 'late']) {
    world.nowMs += 1_000;
    await pay(key);
    await capture(key);
  }
  world.nowMs += bounds.trimAfterMs + 1;
  const [first] = [id('early'), id('late')].sort();
  const pick =
    (key: string): (() => number) =>
    () =>
      id(key) === first ? 0 : 0.99;
  changeable.trimAtMost = 1;
  const ports = after(
    ({ remove = [] }) => remove.length > 0,
    () => trim(attempt({ ...world.ports(), random: pick('late') }), account),
  );
  await trim(attempt({ ...ports, random: pick('early') }), account);
  expect(stored(account).trimmedThrough).toBe(stored(keyItemPk(id('late'))).at);
});

describe("a hold in an orphan's place", () => {
  beforeEach(() => orphan('k'));

  test('holds its amount, and the orphan no more', async () => {
    expect(paid(await pay('k', 300)).status).toBe('AUTHORISED');
    expect([entry('k'), ...balances()]).toEqual(['H300', 700, 300, 0]);
  });

  test('holds its amount all the same when the orphan has gone meanwhile', async () => {
    const late = slow(takesThePlaceOf('P100/gone'), () => giveBack(attempt(), account, orphanOf('k')));
    expect(paid(await pay('k', 100, late)).status).toBe('AUTHORISED');
    expect([entry('k'), ...balances()]).toEqual(['H100', 900, 100, 0]);
  });

  test('is none behind the watermark: the orphan goes, and the hold gets a new date', async () => {
    const late = slow(takesThePlaceOf('P100/gone'), () =>
      world.memory.change({ pk: account, require: [], set: [[['trimmedThrough'], world.nowMs]] }),
    );
    const through = world.nowMs;
    expect(paid(await pay('k', 100, late)).status).toBe('AUTHORISED');
    expect([entry('k'), ...balances()]).toEqual(['H100', 900, 100, 0]);
    expect(stored(keyItemPk(id('k'))).entryAt).toBeGreaterThan(through);
  });
});

describe('a decline', () => {
  test('is none where an orphan has the money', async () => {
    await orphan('other', 950);
    expect(paid(await pay('k')).status).toBe('AUTHORISED');
    expect(balances()).toEqual([900, 100, 0]);
    // Whoever sent that hold finds its key fenced, and pays behind the fence.
    expect(stored(keyItemPk(id('other'))).kind).toBe('FENCE');
    expect(paid(await pay('other', 50)).status).toBe('AUTHORISED');
  });

  test('says of the holds behind which it looked that they are such, unless they were captured meanwhile', async () => {
    await pay('k', 950);
    const late = slow(
      ({ set = [] }) => set.some(([, value]) => value === 'D'),
      () => capture('k'),
    );
    expect(paid(await pay('poor', 100, late)).declineReason).toBe('insufficient_funds');
    expect(entry('k')).toMatch(/^C/);
    await pay('k2', 40);
    expect(paid(await pay('poor2', 50)).declineReason).toBe('insufficient_funds');
    expect(entry('k2')).toBe('H40');
  });

  test("takes an orphan's place that has come meanwhile, and its funds come back", async () => {
    const late = slow(
      ({ set = [] }) => set.some(([, value]) => value === 'D'),
      () => orphan('k'),
    );
    expect(paid(await pay('k', 2_000, late)).declineReason).toBe('insufficient_funds');
    expect([entry('k'), ...balances()]).toEqual(['D', 1_000, 0, 0]);
  });
});

test('a key that was spent on another request gives back what was held for this one', async () => {
  await pay('k', 70);
  await capture('k');
  world.nowMs += bounds.trimAfterMs + 1;
  await trim(attempt(), account);
  const stale = Object.assign(Object.create(world.memory) as MemoryStore, {
    read: (pk: string, strong: boolean) => (strong || pk === account ? world.memory.read(pk) : Promise.resolve(undefined)),
  });
  const late = new PaymentsLedger({ ...world.ports(), store: stale }, { region: 'us-west-2' });
  expect(await pay('k', 80, late)).toEqual({ kind: 'keyReused' });
  expect(await pay('k', 70, late)).toMatchObject({ kind: 'answered', replayed: true, payment: { status: 'AUTHORISED' } });
  expect([entry('k'), ...balances()]).toEqual([undefined, 930, 0, 70]);
});
