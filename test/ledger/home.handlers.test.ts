import { homeLimits, ledgerEnv, writeHome } from '../../src/ledger/contract';
import { toAttributes } from '../../src/ledger/items.aws';
import { Item } from '../../src/ledger/ports';
import { FakeAws, keepLog, refusal } from '../runtime/fake-aws';
import { loadedHandler } from '../runtime/loaded-handler';

const run = 'arn:aws:states:us-east-1:111122223333:execution:acme-pay-cutover:run-1';
let aws: FakeAws;
let lines: Record<string, any>[];
/** The authority's records by region of the replica that is asked; a region that is missing does not answer. */
let authority: Record<string, Item>;
/** What Step Functions says of the run. */
let status: string;

beforeEach(async () => {
  aws = await FakeAws.start({ _X_AMZN_TRACE_ID: 'Root=1-5f2330a4-6a0de1cd0e17c0508d386a64' });
  lines = keepLog();
  const home = writeHome({
    ...homeLimits,
    regions: ['us-east-1', 'eu-central-1'],
    units: 1,
    leaseMs: 10_000,
    clockMarginMs: 1_000,
    takeover: 'OPERATOR',
    authorityTable: 'acme-pay-authority',
    authorityRegions: ['us-east-1', 'us-east-2'],
    cutoverRegions: ['us-east-1'],
  });
  Object.assign(
    process.env,
    ledgerEnv.write({ systemName: 'acme-pay', tableName: 'acme-pay-ledger', mode: 'HOME_REGION', home, tableMode: 'EVENTUAL' }),
  );
  authority = Object.fromEntries(
    ['us-east-1', 'us-east-2'].map((region) => [
      region,
      { pk: 'u#0', home: 'us-east-1', epoch: 3, leaseUntil: 0, state: 'OPEN', version: 1 },
    ]),
  );
  status = 'RUNNING';
  aws.answer = ({ action, region, input }) => {
    switch (action) {
      case 'GetItem':
        if (input.TableName !== 'acme-pay-authority') return {};
        return authority[region] ? { body: { Item: toAttributes(authority[region]) } } : refusal('InternalServerError', 500);
      case 'DescribeExecution':
        return { body: { status } };
      case 'GetExecutionHistory':
        return {
          body: { events: [{ type: 'LambdaFunctionScheduled', lambdaFunctionScheduledEventDetails: { input: '{"step":"authority"}' } }] },
        };
      case 'DescribeStateMachineForExecution':
        return { body: { definition: '{"States":{"Plan":{"Parameters":{"plan":{"target":"us-east-1"}}}}}' } };
      default:
        return {};
    }
  };
});
afterEach(async () => {
  jest.restoreAllMocks();
  await aws.stop();
});

const ask = (name: string, request: unknown, remainingMs = 60_000): Promise<any> =>
  loadedHandler<unknown, any>(`ledger/functions/home-${name}`, remainingMs)(request);
const writes = (): readonly string[] => aws.actions.filter((action) => ['PutItem', 'UpdateItem'].includes(action));

describe('the function that reads', () => {
  test('says who is home by a strong read, and leaves a line of it', async () => {
    expect(await ask('status', { action: 'status' })).toMatchObject({
      kind: 'status',
      region: 'us-east-1',
      units: [{ unit: 0, home: 'us-east-1', epoch: 3 }],
    });
    expect(aws.inputs('GetItem')).toEqual([expect.objectContaining({ TableName: 'acme-pay-authority', ConsistentRead: true })]);
    expect(lines.at(-1)).toMatchObject({ service: 'home-status', request: { action: 'status' } });
    expect(writes()).toEqual([]);
  });

  test("asks another region's replica where its own does not answer", async () => {
    delete authority['us-east-1'];
    expect(await ask('status', { action: 'status' })).toMatchObject({ kind: 'status' });
    expect(aws.calls.map(({ region }) => region)).toEqual(['us-east-1', 'us-east-2']);
  });

  test('answers that it cannot tell in time to answer at all', async () => {
    authority = {};
    const began = Date.now();
    expect(await ask('status', { action: 'status' }, 21_000)).toMatchObject({ kind: 'unsure' });
    expect(Date.now() - began).toBeLessThan(5_000);
  });

  test('moves nothing, whatever it is asked', async () => {
    expect(await ask('status', { action: 'takeover', unit: 0, by: 'ann', reason: 'so' })).toEqual({
      kind: 'refused',
      detail: expect.stringContaining('give status or reconcile'),
    });
    expect(aws.calls).toEqual([]);
  });
});

describe('the function for people on call', () => {
  test('does what is asked for, and records by whom and why', async () => {
    for (const region of Object.keys(authority)) authority[region] = { ...authority[region], state: 'DRAINING', drainTo: 'eu-central-1' };
    expect(await ask('operator', { action: 'abort', by: 'ann', reason: 'wrong region' })).toMatchObject({
      kind: 'aborted',
      record: { home: 'us-east-1', state: 'OPEN' },
    });
    const [{ TableName, ExpressionAttributeValues: values }] = aws.inputs('UpdateItem');
    expect(TableName).toBe('acme-pay-authority');
    expect(Object.values(values)).toContainEqual({
      M: expect.objectContaining({ by: { S: 'ann' }, reason: { S: 'wrong region' }, action: { S: 'abort' }, region: { S: 'us-east-1' } }),
    });
    expect(lines.at(-1)).toMatchObject({ service: 'home-operator', request: { action: 'abort' } });
  });

  test('does nothing for whom it does not know', async () => {
    expect(await ask('operator', { action: 'abort' })).toEqual({ kind: 'refused', detail: expect.stringContaining("takes 'by'") });
    expect(aws.calls).toEqual([]);
  });
});

describe('the function that moves for a run', () => {
  const request = { action: 'relocate', unit: 0, run };

  test('asks Step Functions first, and moves for a run that is at this very move', async () => {
    expect(await ask('move', request)).toEqual({
      kind: 'refused',
      detail: expect.stringContaining('the home of unit 0 is us-east-1 already'),
    });
    expect(aws.actions.slice(0, 3)).toEqual(['DescribeExecution', 'GetExecutionHistory', 'DescribeStateMachineForExecution']);
  });

  test('moves nothing for one that has ended, or that a person names', async () => {
    status = 'SUCCEEDED';
    expect(await ask('move', request)).toEqual({
      kind: 'refused',
      detail: expect.stringContaining("not a running execution of this system's cutover: nothing is moved"),
    });
    expect(await ask('move', { action: 'relocate', by: 'ann', reason: 'so' })).toEqual({
      kind: 'refused',
      detail: expect.stringContaining("takes 'run'"),
    });
    expect(aws.actions).toEqual(['DescribeExecution']);
  });
});

test("a region's heartbeat is written with the time of its writing", async () => {
  const began = Date.now();
  await loadedHandler<object, void>('ledger/functions/heartbeat')({});
  const [{ TableName, Item: written }] = aws.inputs('PutItem');
  expect([TableName, written.pk.S]).toEqual(['acme-pay-ledger', 'heartbeat#us-east-1']);
  expect(Date.parse(written.at.S as string)).toBeGreaterThanOrEqual(began);
  aws.answer = () => refusal('AccessDeniedException');
  await expect(loadedHandler<object, void>('ledger/functions/heartbeat')({})).rejects.toThrow('AccessDeniedException');
});
