import { FakeServices } from './fake-services';
import { cutoverIn, definitionOf } from './machine';
import { recordsProperties as properties, source, stackId, stateMachineArn, target } from './settings';
import { RoundReport, WindowProgress } from '../../src/cutover/checks/model';
import { cutoverEnv, recordsEnv, stepsEnv, statusEnv } from '../../src/cutover/contract';
import { cutoverPorts, replicaPort, stepRecorder } from '../../src/cutover/functions/environment.aws';
import { StepOutcome } from '../../src/cutover/machine/contract';
import { RecordsResult } from '../../src/cutover/weights/weighted-records.service';
import { newStack } from '../cdk/stacks';
import { AwsReply, FakeAws, keepLog, refusal } from '../runtime/fake-aws';
import { loadedHandler } from '../runtime/loaded-handler';

const run = `arn:aws:states:${target}:111122223333:execution:acme-pay-cutover:run-1`;
let aws: FakeAws;
let services: FakeServices;
let lines: Record<string, any>[];
beforeEach(async () => {
  aws = await FakeAws.start({
    AWS_REGION: target,
    ...stepsEnv.write({ stateMachineArn }),
    ...recordsEnv.write({ stackId, logicalId: 'Records', properties: JSON.stringify(properties) }),
    ...statusEnv.write({ plan: JSON.stringify({ source, target, phases: [10, 100] }) }),
  });
  services = new FakeServices(aws);
  Object.assign(
    process.env,
    cutoverEnv.write({
      systemName: 'acme-pay',
      auditRegion: target,
      hostedZoneId: 'Z1',
      publicName: 'pay.example.com',
      auditKey: services.keyArn,
    }),
  );
  lines = keepLog();
  for (const region of [source, target]) {
    services.parameters.set(
      `${region} /acme-pay/cutover/region-address`,
      JSON.stringify({ value: `x.execute-api.${region}.amazonaws.com`, healthCheckId: `hc-${region}` }),
    );
  }
});
afterEach(async () => {
  jest.restoreAllMocks();
  await aws.stop();
});

/** CloudFormation asks; what the function answers, and what it tells CloudFormation. */
async function deploy(change: object = {}): Promise<{ readonly result: RecordsResult; readonly told: readonly unknown[] }> {
  services.stackStatus = services.resourceStatus =
    `${(change as { RequestType?: string }).RequestType ?? 'CREATE'}_IN_PROGRESS`.toUpperCase();
  const before = aws.calls.length;
  const event = {
    RequestType: 'Create',
    RequestId: 'r1',
    StackId: stackId,
    LogicalResourceId: 'Records',
    ResponseURL: `${aws.url}/bucket?X-Amz-Signature=1`,
    ResourceProperties: { ...properties },
    ...change,
  };
  const result = await loadedHandler<object, RecordsResult>('cutover/functions/weighted-records', 120_000)(event);
  return {
    result,
    told: aws.calls
      .slice(before)
      .filter(({ action }) => action === 'PUT /bucket')
      .map(({ input }) => input.Status),
  };
}

describe('the function of the records', () => {
  test('makes them for a deployment as the regions have said where they are, records that, and tells CloudFormation', async () => {
    expect(await deploy()).toEqual({ result: { kind: 'done' }, told: ['SUCCESS'] });
    expect(services.records.join('')).toMatch(
      new RegExp(`x.execute-api.${source}.amazonaws.com.*hc-${source}.*x.execute-api.${target}.amazonaws.com`),
    );
    const records = [...services.parameters]
      .filter(([name]) => name.includes('/audit/'))
      .map(([, text]) => JSON.parse(text) as { entry: { what: string }; by: string[] });
    expect(records.map(({ entry, by }) => [entry.what, by])).toEqual(
      ['intent', 'changed'].map((what) => [what, ['cloudformation cutover']]),
    );
    expect(aws.calls.filter(({ service }) => service === 'cloudformation').map(({ action, input }) => [action, input.StackName])).toEqual([
      ['DescribeStacks', stackId],
      ['DescribeStackEvents', stackId],
    ]);
    expect(await deploy({ RequestType: 'Update', RequestId: 'r2' })).toEqual({ result: { kind: 'done' }, told: ['SUCCESS'] });
    expect(services.records).toHaveLength(2);
  });

  test('fails the deployment where a region has not said where it is', async () => {
    services.parameters.delete(`${source} /acme-pay/cutover/region-address`);
    expect(await deploy()).toEqual({
      result: { kind: 'failed', reason: expect.stringContaining('us-east-1 did not say where its API is') },
      told: ['FAILED'],
    });
    expect(services.records).toEqual([]);
  });

  test('does nothing for anybody else, and counts that', async () => {
    const { result, told } = await deploy({ StackId: stackId.replace('cutover', 'mallory') });
    expect([result.kind, told, services.records]).toEqual(['failed', [], []]);
    expect(lines.at(-1)).toMatchObject({ service: 'weighted-records', CutoverRefusedCalls: 1, why: expect.stringContaining('belongs to') });
  });

  test('tells no success that CloudFormation did not take', async () => {
    services.instead = ({ action }) => (action === 'PUT /bucket' ? { status: 403, body: '' } : undefined);
    await expect(deploy()).rejects.toThrow('did not take the answer: 403');
  });
});

test("status and report say what the audit says, in every region's words", async () => {
  await deploy();
  const status = await loadedHandler<object, Record<string, any>>('cutover/functions/status')({});
  expect(status).toMatchObject({
    state: 'NOT_STARTED',
    weights: { [source]: 100, [target]: 0 },
    history: [expect.anything(), expect.anything()],
  });
  const report = loadedHandler<object, string>('cutover/functions/report');
  expect(await report({ systemName: 'acme-pay', region: target, key: services.keyArn })).toContain('Unbroken');
  expect(await report({ systemName: 'acme-pay' })).toMatch(/^give systemName and region/);
  const [name] = [...services.parameters.keys()].filter((key) => key.includes('/audit/'));
  services.parameters.set(name, services.parameters.get(name)!.replace('"source"', '"sauce"'));
  expect(await report({ systemName: 'acme-pay', region: target, key: services.keyArn })).not.toContain('Unbroken');
});

describe('the function of the steps', () => {
  const stack = newStack(target);
  cutoverIn(stack);
  const definition = JSON.stringify(definitionOf(stack));
  const step = async (asked: object, seen = asked): Promise<Record<string, any>> => {
    services.instead = ({ service, action }) => {
      if (service !== 'states') return undefined;
      switch (action) {
        case 'DescribeExecution':
          return {
            body: {
              status: 'RUNNING',
              stateMachineArn,
              input: JSON.stringify({ startedBy: 'alice', attested: { 'documents-backfilled': 'x' } }),
            },
          };
        case 'GetExecutionHistory':
          return {
            body: { events: [{ type: 'LambdaFunctionScheduled', lambdaFunctionScheduledEventDetails: { input: JSON.stringify(seen) } }] },
          };
        default:
          return { body: { definition } };
      }
    };
    return loadedHandler<object, Record<string, any>>('cutover/functions/cutover', 120_000)(asked);
  };

  test('does what an execution asks for, records it, and writes a line without the report', async () => {
    await deploy();
    expect(await step({ step: 'begin', run, last: {} })).toMatchObject({ outcome: 'cutover', audit: { records: 3 } });
    expect(lines.at(-1)).toMatchObject({ service: 'cutover', step: 'begin', run, outcome: { outcome: 'cutover' } });
    expect(await step({ step: 'next', run, last: {} })).toMatchObject({ outcome: expect.any(String), phase: 0 });
    expect(await step({ step: 'end', run, last: { detail: 'so' }, end: 'PAUSED' })).toMatchObject({ outcome: 'PAUSED' });
    expect(lines.at(-1)).toMatchObject({ CutoverNeedsAttention: 1 });
    const status = await loadedHandler<object, Record<string, any>>('cutover/functions/status')({});
    expect(status).toMatchObject({ state: 'PAUSED', run });
  });

  test('believes no other call, counts it, and says nothing of it but why', async () => {
    await deploy();
    const { setTimeout: later } = global;
    // It looks twenty times, a second apart.
    const hurried = jest
      .spyOn(global, 'setTimeout')
      .mockImplementation(((act: () => void, ms: number) => later(act, ms === 1_000 ? 0 : ms)) as never);
    expect(await step({ step: 'end', run, last: { secret: 'mallory' }, end: 'SUCCEEDED' }, { step: 'soak', run })).toMatchObject({
      outcome: 'refusedCall',
    });
    hurried.mockRestore();
    expect(lines.at(-1)).toMatchObject({
      message: 'call refused',
      CutoverRefusedCalls: 1,
      why: expect.stringContaining('is not making this call'),
    });
    expect(JSON.stringify(lines)).not.toContain('mallory');
  });
});

describe('what the steps are made of', () => {
  test('homes are asked of the function that reads, and moved by the one that moves, in the region that was named', async () => {
    aws.answer = ({ path }): AwsReply => ({ body: path.includes('home-move') ? { kind: 'moved' } : { kind: 'status', units: [] } });
    const { operate } = cutoverPorts(process.env);
    expect(await operate(source, { action: 'status' }, 1_000)).toMatchObject({ kind: 'status' });
    expect(await operate(target, { action: 'relocate', unit: 0, run }, 1_000)).toMatchObject({ kind: 'moved' });
    expect(aws.calls.map(({ region, path, input }) => [region, path.split('/')[3], input])).toEqual([
      [source, 'acme-pay-home-status', { action: 'status' }],
      [target, 'acme-pay-home-move', { action: 'relocate', unit: 0, run }],
    ]);
    aws.answer = () => ({ body: { errorMessage: 'no' }, headers: { 'x-amz-function-error': 'Unhandled' } });
    await expect(operate(target, { action: 'abort', unit: 0, run }, 1_000)).rejects.toThrow('failed: Unhandled');
  });

  const page = (pks: readonly string[], last?: string): AwsReply => ({
    body: {
      Items: pks.map((pk) => ({ pk: { S: pk }, ...(pk.startsWith('drain') ? {} : { version: { N: '3' }, writtenAt: { N: '7' } }) })),
      ...(last === undefined ? {} : { LastEvaluatedKey: { pk: { S: last } } }),
    },
  });

  test('a replica is read strongly, page by page, from a key on, and says where the next page begins', async () => {
    const pages = [page(['k#1', 'drain#x'], 'k#1'), page([], 'k#2'), page(['k#3'])];
    aws.answer = () => pages.shift()!;
    const found: unknown[] = [];
    for await (const { items, next } of replicaPort('acme-pay-ledger').scan(source, 'k#0')) {
      found.push([items.map(({ pk, version, writtenAt }) => [pk, version, writtenAt]), next]);
    }
    expect(found).toEqual([
      [[['k#1', 3, 7]], 'k#1'],
      [[], 'k#2'],
      [[['k#3', 3, 7]], undefined],
    ]);
    expect(aws.calls.map(({ region, input }) => [region, input.ConsistentRead, input.ExclusiveStartKey.pk.S])).toEqual(
      ['k#0', 'k#1', 'k#2'].map((from) => [source, true, from]),
    );
  });

  test('its accounts are asked for by their keys alone, and no other item', async () => {
    const pages = [page(['a#acme#one'], 'a#acme#one'), page(['a#acme#two'])];
    aws.answer = () => pages.shift()!;
    const found: unknown[] = [];
    for await (const { items } of replicaPort('acme-pay-ledger').accounts(source)) found.push(...items);
    expect(found).toEqual([expect.objectContaining({ accountId: 'one' }), expect.objectContaining({ accountId: 'two' })]);
    expect(aws.calls[0].input).toMatchObject({
      ConsistentRead: true,
      ProjectionExpression: '#pk',
      FilterExpression: 'begins_with(#pk, :account)',
      ExpressionAttributeValues: { ':account': { S: 'a#' } },
    });
  });

  test('items of a replica are read again by strong reads, and differ in content alone', async () => {
    const reply = (more: object): AwsReply => ({
      body: { Responses: { 'acme-pay-ledger': [{ pk: { S: 'k#1' }, version: { N: '3' }, ...more }] } },
    });
    aws.answer = ({ region }) => reply(region === source ? { amount: { N: '1' } } : { amount: { N: '2' } });
    const port = replicaPort('acme-pay-ledger');
    const [[one], [other]] = [await port.items(source, ['k#1']), await port.items(target, ['k#1'])];
    expect([one.version, one.writtenAt, one.version === other.version, one.digest === other.digest]).toEqual([3, 0, true, false]);
    for (const { RequestItems } of aws.inputs('BatchGetItem')) expect(RequestItems['acme-pay-ledger'].ConsistentRead).toBe(true);
  });

  test('a replica that is throttled or refused is no empty one', async () => {
    aws.answer = () => refusal('AccessDeniedException');
    const read = async (): Promise<void> => {
      for await (const _page of replicaPort('t').scan(source)) throw new Error('a page');
    };
    await expect(read()).rejects.toThrow('AccessDeniedException');
  });

  test("the alarms' metrics: rounds, differences that nothing explains, and ends that people must look at", () => {
    const record = stepRecorder(process.env);
    const counted = (): Record<string, unknown> =>
      Object.fromEntries(Object.entries(lines.at(-1)!).filter(([name]) => name.startsWith('Cutover')));
    const read = { over: true, accounts: 0, buckets: [] };
    const progress: WindowProgress = {
      ...{ startedMs: 1, rounds: 2, place: { skip: 0 }, pending: [], settled: 0, accountsChecked: 0 },
      underWay: {
        beganMs: 1,
        sinceMs: 1,
        read: { source: { ...read, items: 7 }, target: { ...read, items: 6 } },
        comparing: { buckets: [5], side: 'source', over: false, found: 0, inFlight: 0, unexplained: [] },
        accounts: { checked: 0, escalated: [], unchecked: [] },
      },
    };
    const round: RoundReport = {
      items: { source: 7, target: 6 },
      ...{ differing: 0, inFlight: 0, unexplained: ['1', '2'], escalated: ['3'], unchecked: [], accounts: { checked: 0, known: 0 } },
    };
    record({ step: 'reconcile', run }, { outcome: 'reconciling', round, progress, waitSeconds: 1 });
    expect(counted()).toEqual({ CutoverReconciliationRounds: 1, CutoverUnexplainedDifferences: 3 });
    expect(lines.at(-1)!.outcome).toMatchObject({ progress: { rounds: 2, underWay: { source: 7, target: 6, comparing: 'source' } } });
    expect(lines.at(-1)!.outcome).not.toHaveProperty('progress.underWay.read');
    record({ step: 'residency', run }, { outcome: 'ask', about: 'it', digest: 'd', report: { big: true }, subject: 's', question: 'q' });
    expect(lines.at(-1)!.outcome).toMatchObject({ about: 'it' });
    expect(lines.at(-1)!.outcome).not.toHaveProperty('report');
    for (const [outcome, count] of [
      ['PAUSED', 1],
      ['FAILED', 1],
      ['SUCCEEDED', 0],
      ['ROLLED_BACK', 0],
    ] as const) {
      record({ step: 'end', run }, { outcome, state: outcome, why: '' } as StepOutcome);
      expect(counted()).toEqual({ CutoverNeedsAttention: count });
    }
    record({ step: 'authority', run }, { outcome: 'again', detail: '', failures: 0, waitSeconds: 1 });
    expect(counted()).toEqual({});
  });
});
