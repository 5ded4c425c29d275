import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { TraceSegment } from '../../../local/ground/model';
import { startDaemon, type Daemon } from '../../../local/xray/daemon';
import { Traces } from '../../../local/xray/traces';
import { consumerEnv } from '../../../src/events/contract';
import { XRayTracer } from '../../../src/runtime/xray';
import { FakeAws } from '../../runtime/fake-aws';
import { timePasses, until } from '../../waits';

const traceId = '1-5f2330a4-6a0de1cd0e17c0508d386a64';
const root = path.join(__dirname, '..', '..', '..');
let traces: Traces;
let daemons: readonly Daemon[];
let aws: FakeAws;

beforeEach(async () => {
  traces = new Traces();
  daemons = [await startDaemon('us-east-1', traces), await startDaemon('us-west-2', traces)];
  aws = await FakeAws.start({ AWS_REGION: 'us-west-2' });
});
afterEach(async () => {
  await aws.stop();
  await Promise.all(daemons.map((daemon) => daemon.close()));
});

/** The API in the first region takes a payment: what its function tells the first region's daemon, and what its event carries on. */
function paid(): { readonly traceId: string; readonly parentId: string } {
  const ports = { nowMs: Date.now, segmentId: () => 'a'.repeat(16), invocation: () => undefined };
  const api = new XRayTracer({ ...ports, send: (datagram) => void traces.receive('us-east-1', datagram.toString()) }, {});
  const span = api.begin({ name: 'acme-pay-payments', context: { traceId, sampled: true }, kind: 'work' });
  span.end({ status: 201 });
  return { traceId, parentId: span.context.parentId! };
}

/** The team's function in the second region, as Lambda would run it. */
async function teamRuns(tracer: string, work: 'consume' | 'answer', event: object): Promise<void> {
  const daemon = daemons[1];
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', path.join(__dirname, 'team-function.mjs'), tracer, work, JSON.stringify(event)],
    {
      cwd: root,
      env: {
        PATH: process.env.PATH,
        ...daemon.functionEnv,
        NODE_OPTIONS: daemon.nodeOptions,
        LAMBDA_TASK_ROOT: '/var/task',
        AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
        _X_AMZN_TRACE_ID: 'Root=1-00000001-000000000000000000000001;Parent=0000000000000001;Sampled=1',
        AWS_REGION: 'us-west-2',
        AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
        AWS_SECRET_ACCESS_KEY: 'example',
        AWS_ENDPOINT_URL: aws.url,
        ...consumerEnv.write({
          systemName: 'acme-pay',
          consumer: 'recorder',
          inboxTable: 'inbox',
          deadLetterQueueUrl: `${aws.url}/dlq`,
          handlerTimeoutMs: '10000',
          maxAttempts: '2',
          rememberDays: '30',
          staleEvents: 'DELIVER',
          sources: 'acme-pay.ledger',
        }),
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let errors = '';
  child.stderr.on('data', (part: Buffer) => (errors += part.toString()));
  const [code] = (await once(child, 'exit')) as [number];
  if (code !== 0) throw new Error(`the team's function ended with ${code}: ${errors}`);
}

function queued(trace: object): object {
  const detail = {
    id: 'e1',
    type: 'payment.captured',
    schemaVersion: 1,
    origin: 'us-east-1',
    occurredAt: new Date().toISOString(),
    subject: 'pay_1',
    sequence: 1,
    trace,
    data: {},
  };
  return { Records: [{ messageId: 'm1', body: JSON.stringify({ source: 'acme-pay.ledger', 'detail-type': detail.type, detail }) }] };
}

/** The trace once it has a segment of this name. */
async function traceWith(name: string): Promise<readonly TraceSegment[]> {
  return until(`a segment ${name}`, () => {
    const segments = traces.segments(traceId) ?? [];
    return segments.some((one) => one.name === name) && segments;
  });
}

const chain = (segments: readonly TraceSegment[], name: string): string[] => {
  const names: string[] = [];
  let at = segments.find((one) => one.name === name);
  while (at && names.length < 10) {
    names.push(`${at.name} in ${at.region}`);
    const { parentId } = at;
    at = segments.find(({ id }) => id === parentId);
  }
  return names;
};

const calledBy = (): string =>
  String(aws.calls.find(({ action }) => action === 'GetItem' || action === 'GET /')!.headers['x-amzn-trace-id']);

test.each(['xray', 'powertools'])(
  '%s: one trace from the API in one region to the call of the team in the other',
  async (tracer) => {
    await teamRuns(tracer, 'consume', queued(paid()));
    const segments = await traceWith('DynamoDB');
    expect(chain(segments, 'DynamoDB')).toEqual([
      'DynamoDB in us-west-2',
      'team work in us-west-2',
      'acme-pay-recorder in us-west-2',
      'acme-pay-payments in us-east-1',
    ]);
    const client = segments.find(({ name }) => name === 'DynamoDB')!;
    expect(calledBy()).toBe(`Root=${traceId};Parent=${client.id};Sampled=1`);
  },
  60_000,
);

test('OpenTelemetry: the same, with our work as the remote parent of what it propagates', async () => {
  await teamRuns('openTelemetry', 'consume', queued(paid()));
  const segments = await traceWith('acme-pay-recorder');
  const own = segments.find(({ name }) => name === 'acme-pay-recorder')!;
  expect(chain(segments, own.name)).toEqual(['acme-pay-recorder in us-west-2', 'acme-pay-payments in us-east-1']);
  expect(calledBy()).toBe(`Root=${traceId};Parent=${own.id};Sampled=1`);
}, 60_000);

test.each([
  ['a request by its header', { headers: { 'X-Amzn-Trace-Id': `Root=${traceId};Parent=${'b'.repeat(16)};Sampled=1` } }],
  ["a request by the W3C's header", { headers: { traceparent: `00-5f2330a46a0de1cd0e17c0508d386a64-${'b'.repeat(16)}-01` } }],
  ['an event of the mesh', { detail: { trace: { traceId, parentId: 'b'.repeat(16) } } }],
])(
  'traced: %s',
  async (_, event) => {
    await teamRuns('xray', 'answer', event);
    const segments = await traceWith('DynamoDB');
    expect(chain(segments, 'DynamoDB')).toEqual(['DynamoDB in us-west-2', 'team work in us-west-2', 'acme-pay-shop in us-west-2']);
    expect(segments.find(({ name }) => name === 'acme-pay-shop')!.parentId).toBe('b'.repeat(16));
  },
  60_000,
);

test('what is not recorded stays so for the team too', async () => {
  await teamRuns('xray', 'answer', { headers: { 'x-amzn-trace-id': `Root=${traceId};Parent=${'b'.repeat(16)};Sampled=0` } });
  await timePasses(200, 'no segment may come');
  expect(traces.segments(traceId)).toBeUndefined();
  expect(calledBy()).toMatch(/Sampled=0$/);
}, 60_000);
