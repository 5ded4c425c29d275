import fc from 'fast-check';
import { home, other, TwoRegions } from './two-regions';
import { World } from './world';
import { accountIdSchema, amountSchema, balanceSchema, currencySchema, paymentIdSchema, referenceSchema } from '../../src/api/http/schemas';
import { maxAmount } from '../../src/kernel/money';
import { WritingCall } from '../../src/ledger/homes/home.service';
import { CallContext, KeyedOutcome, Ledger, OpenAccountOutcome } from '../../src/ledger/model';
import { decodeEntry } from '../../src/ledger/protocol/entries.domain';
import { commandRules } from '../../src/ledger/values.contract';

const authorise = { idempotencyKey: 'k', accountId: 'acc', amount: 100, currency: 'EUR' };
const paymentId = 'pay_q83vEjRWeJq83vEjRWeJqw';
const move = { idempotencyKey: 'm', paymentId, type: 'CAPTURE' };
const openAccount = { accountId: 'new', currency: 'EUR', balance: 1 };
const amounts: [string, unknown][] = [
  ['less than nothing', -5_000],
  ['nothing', 0],
  ['a part', 0.5],
  ['too much', maxAmount + 1],
  ['no number', NaN],
  ['no end', Infinity],
  ['a text', '100'],
  ['null', null],
];
const long = (length: number): string => 'x'.repeat(length);

const forged: [string, string, unknown][] = [
  ...amounts.map(([what, amount]): [string, string, unknown] => [`an amount that is ${what}`, 'authorise', { ...authorise, amount }]),
  ...amounts.map(([what, amount]): [string, string, unknown] => [`a move's amount that is ${what}`, 'move', { ...move, amount }]),
  ...amounts
    .filter(([what]) => what !== 'nothing')
    .map(([what, balance]): [string, string, unknown] => [`funds that are ${what}`, 'openAccount', { ...openAccount, balance }]),
  ['no amount', 'authorise', { ...authorise, amount: undefined }],
  ['an unknown currency', 'openAccount', { ...openAccount, currency: 'XXX' }],
  ['a currency in small letters', 'authorise', { ...authorise, currency: 'eur' }],
  ['an account of another tenant', 'openAccount', { ...openAccount, accountId: 'a#other#acc' }],
  ['too long an account', 'openAccount', { ...openAccount, accountId: long(129) }],
  ['an account that is a list', 'authorise', { ...authorise, accountId: ['acc'] }],
  ['no key', 'authorise', { ...authorise, idempotencyKey: '' }],
  ['too long a key', 'authorise', { ...authorise, idempotencyKey: long(256) }],
  ['a key with a line in it', 'move', { ...move, idempotencyKey: 'a\nb' }],
  ['too long a reference', 'authorise', { ...authorise, reference: long(257) }],
  ['a reference that is an object', 'authorise', { ...authorise, reference: { S: 'x' } }],
  ['half a character', 'authorise', { ...authorise, reference: '\ud800' }],
  ['a move that there is none of', 'move', { ...move, type: 'CHARGEBACK' }],
  ['a void of a part', 'move', { ...move, type: 'VOID', amount: 1 }],
  ['a payment that is a key', 'move', { ...move, paymentId: 'a#acme#acc' }],
  ['a member that no call has', 'authorise', { ...authorise, status: 'CAPTURED' }],
  ['no command', 'authorise', undefined],
];

const ask = (ledger: Ledger, context: CallContext, name: string, command: unknown): Promise<KeyedOutcome | OpenAccountOutcome> =>
  (ledger as unknown as Record<string, (context: CallContext, command: unknown) => Promise<KeyedOutcome>>)[name](context, command);

describe.each(forged)('%s', (_, name, command) => {
  test('is refused by the ledger itself, and nothing is written', async () => {
    const world = new World();
    const ledger = world.ledger('us-east-1');
    await ledger.openAccount(world.context(), { accountId: 'acc', currency: 'EUR', balance: 1_000 });
    const before = structuredClone(world.memory.items);
    expect(await ask(ledger, world.context(), name, command)).toMatchObject({
      kind: 'rejected',
      code: 'invalid_request',
      detail: expect.stringContaining("'"),
    });
    expect(world.memory.items).toEqual(before);
  });

  test('is refused by the home that another region sends it to, and by the region that would send it', async () => {
    const world = new TwoRegions();
    await world.in(home).openAccount(world.context(), { accountId: 'acc', currency: 'EUR', balance: 1_000 });
    const before = structuredClone(world.replicas.get(home)!.items);
    const forwarded = { tenant: 'acme', traceId: '1-0-0', remainingMs: 4_000, call: { name, command } as WritingCall };
    expect(await world.in(home).receive(forwarded)).toMatchObject({ kind: 'rejected', code: 'invalid_request' });
    expect(world.replicas.get(home)!.items).toEqual(before);
    world.lost.add(home);
    expect(await ask(world.in(other), world.context(), name, command)).toMatchObject({ kind: 'rejected', code: 'invalid_request' });
  });
});

test.each([
  ['a tenant that runs into the account', { tenant: 'acme#x' }],
  ['no tenant', { tenant: '' }],
  ['no deadline', { deadlineMs: NaN }],
])("%s is nobody's", async (_, more) => {
  const world = new World();
  expect(await world.ledger('us-east-1').openAccount({ ...world.context(), ...more }, openAccount)).toMatchObject({ kind: 'rejected' });
  expect(world.memory.items.size).toBe(0);
});

test('a forwarded call without a time to end by does not outlive a lease: it is not begun', async () => {
  const world = new TwoRegions();
  expect(
    await world
      .in(home)
      .receive({ tenant: 'acme', traceId: '1-0-0', remainingMs: NaN, call: { name: 'openAccount', command: openAccount } }),
  ).toMatchObject({ kind: 'rejected' });
  expect(world.replicas.get(home)!.items.size).toBe(0);
});

test.each(['', 'Expired', 'expired', 'too long '.repeat(9), '\n'])(
  "a team's decision with the reason %j is no answer: it would be part of the account",
  async (reason) => {
    const world = new World();
    const ledger = world.ledger('us-east-1', async () => ({ kind: 'decline', reason }));
    await ledger.openAccount(world.context(), { accountId: 'acc', currency: 'EUR', balance: 1_000 });
    expect(await ledger.authorise(world.context(), authorise)).toMatchObject({ kind: 'unsure' });
    expect(await ledger.getAccount(world.context(), 'acc')).toMatchObject({ account: { available: 1_000, held: 0 } });
  },
);

test.each([0, -1, 101, 1.5, NaN])('a page of %d lines is not read', async (limit) => {
  const world = new World();
  expect(await world.ledger('us-east-1').listTransactions(world.context(), { accountId: 'acc', limit })).toMatchObject({
    kind: 'rejected',
    code: 'invalid_request',
  });
});

test.each(['H', 'H-5', 'Hx', 'H1.5', 'H9007199254740993', `V${long(22)}`, `C${long(22)}5/`, `R${long(22)}-1`])(
  'an entry %s was not written by the ledger, and is not reckoned with',
  (code) => {
    expect(() => decodeEntry(code)).toThrow('holds no amount');
  },
);

describe('the API takes exactly what the ledger takes', () => {
  const anything = fc.oneof(
    fc.integer(),
    fc.maxSafeInteger(),
    fc.double(),
    fc.string({ maxLength: 300 }),
    fc.string({ unit: 'binary', maxLength: 5 }),
    fc.constantFrom('EUR', 'eur', 'XXX', 'JPY', paymentId, long(128), long(129), long(256), long(257), 'a#b', '\ud800'),
    fc.constantFrom(0, -1, 1, maxAmount, maxAmount + 1, null, undefined, true, {}, []),
    fc.stringMatching(/^[A-Za-z0-9._~:@-]{1,130}$/),
  );
  test.each([
    ['amount', amountSchema, commandRules.authorise.amount],
    ['balance', balanceSchema, commandRules.openAccount.balance],
    ['currency', currencySchema, commandRules.authorise.currency],
    ['accountId', accountIdSchema, commandRules.authorise.accountId],
    ['paymentId', paymentIdSchema, commandRules.move.paymentId],
    ['reference', referenceSchema, commandRules.authorise.reference],
  ])('%s', (_, schema, rule) => {
    fc.assert(
      fc.property(anything, (value) => schema.safeParse(value).success === rule.is(value)),
      { numRuns: 2_000 },
    );
  });
});
