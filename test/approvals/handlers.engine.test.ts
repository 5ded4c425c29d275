import { createServer, Server } from 'node:http';
import { AddressInfo } from 'node:net';
import { oidc, TestIssuer } from './site';
import { createApprovalsTable, tableName } from './table';
import { inputOf, rules } from './world';
import { GateAnswer, GateEvent } from '../../src/approvals/callers/event.domain';
import { gateEnv, writeIdentity, writeRules } from '../../src/approvals/contract';
import { ApprovalResult, ApprovalTaskInput } from '../../src/approvals/model';
import { stuckEnv } from '../../src/approvals/stuck/contract';
import { VerifyCall } from '../../src/approvals/verify.service';
import { Engine, engineBinary, startEngine } from '../../tools/engine';
import { loadedHandler } from '../runtime/loaded-handler';
import { timePasses } from '../waits';

const issuer = new TestIssuer();
const handlerOf = <I, O>(name: string): ((input: I) => Promise<O>) => loadedHandler(`approvals/${name}`, 55_000);

let engine: Engine;
let services: Server;
/** What Step Functions and SNS were asked. */
let asked: { readonly target: string; readonly body: string }[] = [];
const lines: string[] = [];

/** Step Functions, SNS and Secrets Manager, as far as the handlers call them. */
function answerOf(target: string): string {
  if (target === 'sns') return '<PublishResponse><PublishResult><MessageId>m</MessageId></PublishResult></PublishResponse>';
  if (target === 'secretsmanager.GetSecretValue') return JSON.stringify({ SecretString: 'sixty-four letters' });
  if (target === 'AWSStepFunctions.ListExecutions') {
    return JSON.stringify({ executions: [{ executionArn: 'x', startDate: Date.now() / 1000 - 900 }] });
  }
  if (target === 'AWSStepFunctions.GetExecutionHistory') {
    const at = Date.now() / 1000 - 600;
    return JSON.stringify({
      events: [
        { id: 1, previousEventId: 0, type: 'TaskStateEntered', timestamp: at, stateEnteredEventDetails: { name: 'Approve' } },
        {
          id: 2,
          previousEventId: 1,
          type: 'TaskScheduled',
          timestamp: at,
          taskScheduledEventDetails: { resourceType: 'lambda', resource: 'invoke.waitForTaskToken' },
        },
      ],
    });
  }
  return '{}';
}

(engineBinary() ? describe : describe.skip)('the handlers, with their environment as the construct writes it', () => {
  const environment = { ...process.env };

  beforeAll(async () => {
    engine = await startEngine();
    await createApprovalsTable(engine.client);
    services = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request
        .on('data', (chunk: Buffer) => chunks.push(chunk))
        .on('end', () => {
          const target = String(request.headers['x-amz-target'] ?? 'sns');
          asked.push({ target, body: Buffer.concat(chunks).toString() });
          response.end(answerOf(target));
        });
    });
    await new Promise<void>((resolve) => {
      services.listen(0, '127.0.0.1', resolve);
    });
    const url = `http://127.0.0.1:${(services.address() as AddressInfo).port}`;
    const { hostname, port } = await engine.client.config.endpoint!();
    Object.assign(process.env, {
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_ENDPOINT_URL: url,
      AWS_ENDPOINT_URL_DYNAMODB: `http://${hostname}:${port}`,
      ...gateEnv.write({
        gateName: 'acme-gate',
        tableName,
        rules: writeRules(rules),
        baseUrl: 'https://gate.example.com',
        topicArn: 'arn:aws:sns:eu-central-1:111122223333:t',
        identity: writeIdentity(oidc),
        sessionSecretArn: 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:s',
        jwks: issuer.jwks(),
      }),
      ...stuckEnv.write({ stateMachineArn: 'arn:aws:states:eu-central-1:111122223333:stateMachine:m', name: 'm' }),
    });
    jest.spyOn(process.stdout, 'write').mockImplementation((line) => {
      lines.push(String(line));
      return true;
    });
  });

  afterAll(async () => {
    jest.restoreAllMocks();
    process.env = environment;
    services.closeAllConnections();
    await new Promise((resolve) => {
      services.close(resolve);
    });
    await engine.close();
  });

  test('ask, look, decide: people are told without the token, and the state machine with it', async () => {
    const request = handlerOf<ApprovalTaskInput, { approvalId: string }>('functions/request');
    const page = handlerOf<GateEvent, GateAnswer>('functions/page');
    const { approvalId } = await request(inputOf());
    expect(approvalId).toMatch(/^[\w-]{22}$/);
    const told = new URLSearchParams(asked.find(({ target }) => target === 'sns')!.body);
    expect(told.get('Message')).toContain(`https://gate.example.com/approvals/${approvalId}`);
    expect(told.get('Subject')).toBe('[Approval] Move 25 %');

    const event = { resource: '/approvals/{id}', pathParameters: { id: approvalId } };
    expect(await page({ ...event, httpMethod: 'GET' })).toMatchObject({ statusCode: 200 });
    const begun = await page({ ...event, resource: '/approvals/{id}/sign-in', httpMethod: 'GET' });
    expect(begun).toMatchObject({ statusCode: 302, headers: { Location: expect.stringContaining('code_challenge=') as string } });
    const decided = await page({
      ...event,
      httpMethod: 'POST',
      body: '{"decision":"approve"}',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${issuer.token({ sub: 'sub-cem', groups: ['approvers'] })}` },
    });
    expect(decided).toMatchObject({ statusCode: 200 });
    const sent = asked
      .filter(({ target }) => target === 'AWSStepFunctions.SendTaskSuccess')
      .map(({ body }) => JSON.parse(body) as { taskToken: string; output: string });
    expect(sent).toMatchObject([{ taskToken: 'TOKEN-secret-0' }]);
    expect(JSON.parse(sent[0].output)).toMatchObject({ approvalId, decision: 'APPROVED', by: ['sub-cem'] });
    // What the step behind the task makes of it, and of an answer that somebody else sent.
    const verify = handlerOf<VerifyCall, ApprovalResult>('functions/verify');
    const answer = JSON.parse(sent[0].output) as ApprovalResult;
    const { token, state, ...question } = inputOf();
    expect(await verify({ ...question, answer })).toEqual(answer);
    expect(lines.join('\n')).not.toContain('ForgedApprovals');
    expect(await verify({ ...question, question: 'Something else?', answer })).toMatchObject({
      decision: 'REJECTED',
      reason: 'FORGED',
      by: [],
    });
    expect(lines.join('\n')).toMatch(/"ForgedApprovals":1/);
    const others = asked.filter(({ target }) => !target.startsWith('AWSStepFunctions'));
    expect(JSON.stringify([others, lines])).not.toContain('TOKEN-secret');
  });

  test('the sweep reminds, expires, and says that it ran', async () => {
    const request = handlerOf<ApprovalTaskInput, { approvalId: string }>('functions/request');
    const sweep = handlerOf<unknown, void>('functions/sweep');
    await request(inputOf({ token: 'TOKEN-secret-1', expirySeconds: 0.001 }));
    asked = [];
    await timePasses(20, 'the request is to expire');
    await sweep({});
    const [sent] = asked
      .filter(({ target }) => target === 'AWSStepFunctions.SendTaskSuccess')
      .map(({ body }) => JSON.parse(body) as { taskToken: string; output: string });
    expect(sent.taskToken).toBe('TOKEN-secret-1');
    expect(JSON.parse(sent.output)).toMatchObject({ decision: 'REJECTED', reason: 'EXPIRED' });
    expect(lines.join('\n')).toMatch(/"ApprovalSweeps":1/);
  });

  test('the sampler says how old the oldest open approval is, in a form that CloudWatch counts', async () => {
    const sampler = handlerOf<unknown, void>('stuck/sampler');
    await sampler({});
    const line = lines
      .map((text) =>
        /^\{/.test(text) && text.includes('OldestApprovalAgeSeconds') ? (JSON.parse(text) as Record<string, any>) : undefined,
      )
      .find(Boolean)!;
    expect(line).toMatchObject({
      System: 'm',
      Region: 'eu-central-1',
      OpenApprovals: 1,
      ApprovalSamples: 1,
      oldest: { execution: 'x', state: 'Approve' },
    });
    expect(line.OldestApprovalAgeSeconds).toBeGreaterThanOrEqual(600);
    expect(line._aws.CloudWatchMetrics[0]).toMatchObject({ Namespace: 'MultiRegionPayments', Dimensions: [['System', 'Region']] });
  });
});
