import { createServer, Server } from 'node:http';
import { AddressInfo } from 'node:net';
import { FakeSts } from './fake-sts';
import { iamEvent } from './site';
import { rules } from './world';
import { GateAnswer, GateEvent } from '../../src/approvals/callers/event.domain';
import { gateEnv, startEnv, writeIdentity, writeRules } from '../../src/approvals/contract';
import { loadedHandler } from '../runtime/loaded-handler';

const session = 'arn:aws:sts::111122223333:assumed-role/Approvers/ann';
const url = 'https://gate.example.com/live/starts/release';
const sts = new FakeSts(Date.now);
const started: string[] = [];
const environment = { ...process.env };
let services: Server;

const handlerOf = (name: string): ((event: GateEvent) => Promise<GateAnswer>) => loadedHandler(`approvals/${name}`);

/** One address for STS and Step Functions, as `AWS_ENDPOINT_URL` names it. */
beforeAll(async () => {
  services = createServer((request, response) => {
    if (request.method === 'GET') {
      void sts
        .answerTo(request.url!, request.headers)
        .then((answer) => response.writeHead(answer.status, { 'content-type': answer.type }).end(answer.body));
      return;
    }
    started.push(String(request.headers['x-amz-target']));
    request.resume().on('end', () => response.end(JSON.stringify({ executionArn: 'arn:execution', startDate: 1 })));
  });
  await new Promise<void>((resolve) => services.listen(0, '127.0.0.1', resolve));
  const iam = writeIdentity({ kind: 'iam', region: 'eu-central-1', trustSessionNames: false });
  const start = {
    stateMachineArn: 'arn:aws:states:eu-central-1:111122223333:stateMachine:release',
    people: ['arn:aws:iam::111122223333:role/Approvers'],
    groups: [],
  };
  Object.assign(process.env, {
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL: `http://127.0.0.1:${(services.address() as AddressInfo).port}`,
    ...gateEnv.write({
      gateName: 'acme-gate',
      tableName: 'none',
      rules: writeRules(rules),
      baseUrl: 'https://gate.example.com/live',
      identity: iam,
    }),
    ...startEnv.write({ gateName: 'acme-gate', identity: iam, start: JSON.stringify(start), url }),
  });
  jest.spyOn(console, 'log').mockImplementation(() => undefined);
  jest.spyOn(process.stdout, 'write').mockImplementation(() => true);
});

afterAll(async () => {
  jest.restoreAllMocks();
  process.env = environment;
  services.closeAllConnections();
  await new Promise((resolve) => services.close(resolve));
});

test('the shipped page and start believe no ARN of an event', async () => {
  const decided = await handlerOf('functions/page')(
    iamEvent('/approvals/{id}', session, '{"decision":"approve"}', {}, 'AAAAAAAAAAAAAAAAAAAAAA'),
  );
  const begun = await handlerOf('functions/start')(iamEvent('/starts/release', session, '{}'));
  expect([decided.statusCode, begun.statusCode, started]).toEqual([401, 401, []]);
});

test('the shipped start asks STS, and then starts', async () => {
  const answer = await handlerOf('functions/start')(
    iamEvent('/starts/release', session, '{}', { 'X-Caller-Proof': await sts.proof(session, { url, body: '{}' }) }),
  );
  expect([answer.statusCode, started]).toEqual([202, ['AWSStepFunctions.StartExecution']]);
});
