import { ledgerEnv } from '../../src/ledger/contract';
import { clockPorts, ledgerFromEnvironment } from '../../src/ledger/functions/environment.aws';
import { toAttributes } from '../../src/ledger/items.aws';
import { KeyedOutcome } from '../../src/ledger/model';
import { AwsReply, FakeAws } from '../runtime/fake-aws';

let aws: FakeAws;
/** What the team's function answers. */
let team: AwsReply;
beforeEach(async () => {
  aws = await FakeAws.start();
  team = { body: { decision: 'decline', reason: 'velocity' } };
  const account = toAttributes({
    pk: 'a#acme#acc',
    kind: 'ACCOUNT',
    currency: 'EUR',
    available: 100,
    held: 0,
    settled: 0,
    entries: {},
    trimmedThrough: 0,
    version: 1,
  });
  const isAccount = (key: unknown): boolean => JSON.stringify(key).includes('a#');
  aws.answer = ({ action, input }) =>
    action.startsWith('POST ') ? team : action === 'GetItem' && isAccount(input.Key) ? { body: { Item: account } } : {};
});
afterEach(() => aws.stop());

const arn = 'arn:aws:lambda:us-east-1:111122223333:function:decide';
const authorise = (more: Partial<Parameters<typeof ledgerEnv.write>[0]> = {}): Promise<KeyedOutcome> =>
  ledgerFromEnvironment({
    ...process.env,
    ...ledgerEnv.write({
      systemName: 's',
      tableName: 't',
      mode: 'STRONG',
      tableMode: 'STRONG',
      decisionFunctionArn: arn,
      decisionTimeoutMs: '1500',
      decisionOnUnknown: 'RETRY',
      ...more,
    }),
  }).authorise(
    { tenant: 'acme', traceId: '1-0-0', deadlineMs: Date.now() + 4_000 },
    { idempotencyKey: 'k', accountId: 'acc', amount: 5, currency: 'EUR' },
  );

test("the team's function decides where it is named", async () => {
  expect(await authorise()).toMatchObject({ kind: 'answered', payment: { status: 'DECLINED', declineReason: 'velocity' } });
  const [call] = aws.calls.filter(({ action }) => action.startsWith('POST '));
  expect([decodeURIComponent(call.path), call.region, call.input]).toEqual([
    expect.stringContaining(arn),
    'us-east-1',
    expect.objectContaining({ tenant: 'acme', amount: 5 }),
  ]);
  expect(call.input.deadlineMs - Date.now()).toBeLessThanOrEqual(1_500);
  aws.calls.length = 0;
  expect(await authorise({ decisionFunctionArn: undefined })).toMatchObject({ payment: { status: 'AUTHORISED' } });
  expect(aws.actions.some((action) => action.startsWith('POST '))).toBe(false);
});

test.each([
  ['RETRY', { kind: 'unsure', code: 'outcome_unknown' }],
  ['DECLINE', { kind: 'answered', payment: { declineReason: 'decision_unavailable' } }],
  [undefined, { kind: 'unsure' }],
])('its silence means what was deployed: %s', async (decisionOnUnknown, outcome) => {
  team = { status: 429, body: {} };
  expect(await authorise({ decisionOnUnknown })).toMatchObject(outcome);
});

test('nothing is asked of an account by a weak read alone before it is said not to be there', async () => {
  aws.answer = () => ({});
  expect(await authorise()).toMatchObject({ kind: 'rejected', code: 'unknown_account' });
  expect(aws.inputs('GetItem').map(({ ConsistentRead }) => ConsistentRead)).toEqual([false, true]);
});

test("the clock is the machine's, and no two nonces are the same", async () => {
  const began = clockPorts.nowMs();
  await clockPorts.sleep(15);
  expect(clockPorts.nowMs() - began).toBeGreaterThanOrEqual(14);
  expect(clockPorts.nonce()).not.toBe(clockPorts.nonce());
});
