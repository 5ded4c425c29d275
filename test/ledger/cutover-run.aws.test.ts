import { createServer, Server } from 'http';
import { AddressInfo } from 'net';
import { cutoverRuns } from '../../src/ledger/operator/cutover-run.aws';

const run = 'arn:aws:states:eu-west-1:111122223333:execution:acme-pay-cutover:run-1';
const asked: { region?: string; body: string }[] = [];
let answer: { status: number; body: object };
/** What the other two calls are answered, by action. */
const rest: Record<string, object> = {
  GetExecutionHistory: {
    events: [
      { type: 'LambdaFunctionStarted' },
      { type: 'LambdaFunctionScheduled', lambdaFunctionScheduledEventDetails: { input: '{"step":"authority"}' } },
    ],
  },
  DescribeStateMachineForExecution: { definition: '{"States":{"Plan":{"Parameters":{"plan":{"target":"eu-west-1"}}}}}' },
};
let server: Server;
const before = { ...process.env };

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      asked.push({ region: /Credential=[^/]+\/\d+\/([^/]+)\/states/.exec(request.headers.authorization ?? '')?.[1], body });
      const other = rest[String(request.headers['x-amz-target']).split('.')[1]];
      response
        .writeHead(other ? 200 : answer.status, { 'content-type': 'application/x-amz-json-1.0' })
        .end(JSON.stringify(other ?? answer.body));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    AWS_ACCESS_KEY_ID: 'a',
    AWS_SECRET_ACCESS_KEY: 'b',
  });
});
afterAll(() => {
  process.env = before;
  server.close();
});
beforeEach(() => {
  asked.length = 0;
});

const look = cutoverRuns('acme-pay', ['eu-west-1', 'us-east-1']);

test('a run is looked up where its name says that it is: what it is doing, and where to', async () => {
  answer = { status: 200, body: { status: 'RUNNING' } };
  expect(await look(run)).toEqual({ step: 'authority', target: 'eu-west-1' });
  expect(asked.map(({ region, body }) => [region, (JSON.parse(body) as { executionArn: string }).executionArn])).toEqual(
    Array(3).fill(['eu-west-1', run]),
  );
});

test.each(['SUCCEEDED', 'FAILED', 'ABORTED', 'TIMED_OUT', 'PENDING_REDRIVE'])('a run that is %s is not under way', async (status) => {
  answer = { status: 200, body: { status } };
  expect(await look(run)).toBeUndefined();
});

test('a run that nobody knows is none; what cannot be asked is not known', async () => {
  answer = { status: 400, body: { __type: 'com.amazonaws.states#ExecutionDoesNotExist', message: 'no' } };
  expect(await look(run)).toBeUndefined();
  answer = { status: 400, body: { __type: 'com.amazonaws.states#AccessDeniedException', message: 'no' } };
  await expect(look(run)).rejects.toThrow('AccessDeniedException');
});

test.each([
  'arn:aws:states:eu-west-1:111122223333:execution:other-cutover:run-1',
  'arn:aws:states:eu-west-1:111122223333:execution:acme-pay-cutover-2:run-1',
  // A machine of that name that somebody has made in another region.
  'arn:aws:states:eu-west-2:111122223333:execution:acme-pay-cutover:run-1',
  'arn:aws:states:evil.example/:111122223333:execution:acme-pay-cutover:run-1',
  'run-1',
  `${run}:more`,
  `${run}\n`,
])('%j is no run of this system, and nobody is asked', async (named) => {
  answer = { status: 200, body: { status: 'RUNNING' } };
  expect(await look(named)).toBeUndefined();
  expect(asked).toEqual([]);
});
