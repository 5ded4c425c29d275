import { createServer, Server } from 'http';
import { AddressInfo } from 'net';
import { cutoverRuns } from '../../src/ledger/cutover-run.aws';

const run = 'arn:aws:states:eu-west-1:111122223333:execution:acme-pay-cutover:run-1';
const asked: { region?: string; body: string }[] = [];
let answer: { status: number; body: object };
let server: Server;
const before = { ...process.env };

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => { body += chunk; });
    request.on('end', () => {
      asked.push({ region: /Credential=[^/]+\/\d+\/([^/]+)\/states/.exec(request.headers.authorization ?? '')?.[1], body });
      response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(answer.body));
    });
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  Object.assign(process.env, { AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' });
});
afterAll(() => {
  process.env = before;
  server.close();
});
beforeEach(() => { asked.length = 0; });

const isRunning = cutoverRuns('acme-pay');

test('a run is looked up where its name says that it is', async () => {
  answer = { status: 200, body: { status: 'RUNNING' } };
  expect(await isRunning(run)).toBe(true);
  expect(asked).toEqual([{ region: 'eu-west-1', body: JSON.stringify({ executionArn: run }) }]);
});

test.each(['SUCCEEDED', 'FAILED', 'ABORTED', 'TIMED_OUT', 'PENDING_REDRIVE'])('a run that is %s is not under way', async (status) => {
  answer = { status: 200, body: { status } };
  expect(await isRunning(run)).toBe(false);
});

test('a run that nobody knows is none; what cannot be asked is not known', async () => {
  answer = { status: 400, body: { __type: 'com.amazonaws.states#ExecutionDoesNotExist', message: 'no' } };
  expect(await isRunning(run)).toBe(false);
  answer = { status: 400, body: { __type: 'com.amazonaws.states#AccessDeniedException', message: 'no' } };
  await expect(isRunning(run)).rejects.toThrow('AccessDeniedException');
});

test.each([
  'arn:aws:states:eu-west-1:111122223333:execution:other-cutover:run-1', 'arn:aws:states:eu-west-1:111122223333:execution:acme-pay-cutover-2:run-1',
  'arn:aws:states:evil.example/:111122223333:execution:acme-pay-cutover:run-1', 'run-1', `${run}:more`, `${run}\n`,
])('%j is no run of this system, and nobody is asked', async (named) => {
  answer = { status: 200, body: { status: 'RUNNING' } };
  expect(await isRunning(named)).toBe(false);
  expect(asked).toEqual([]);
});
