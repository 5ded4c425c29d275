import { Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { ActiveActivePaymentsApi, LedgerReplica, PaymentsAuthorization } from '../../src/index';
import { heartbeatWriter } from '../../src/ledger/homes/heartbeat.aws';
import { homeRegions, newStack, plain, regions, statementsByRole } from '../cdk/stacks';
import { FakeAws } from '../runtime/fake-aws';

function apiIn(region: string, of = homeRegions): Template {
  const stack: Stack = newStack(region);
  new ActiveActivePaymentsApi(stack, 'Api', {
    ledger: LedgerReplica.of(stack, 'acme-pay', of),
    authorization: PaymentsAuthorization.jwt({ issuer: 'https://login.example.com', audience: ['payments'], tenantClaim: 'tenant' }),
  });
  return Template.fromStack(stack);
}

test('in mode HOME_REGION each region writes a heartbeat every minute, and its function may write that item alone', () => {
  const template = apiIn('us-east-1');
  template.hasResourceProperties('AWS::Events::Rule', {
    ScheduleExpression: 'rate(1 minute)',
    Targets: [Match.objectLike({ Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('Heartbeat'), 'Arn'] } })],
  });
  const [role, statements] = Object.entries(statementsByRole(template)).find(([name]) => name.includes('Heartbeat'))!;
  expect(role).toContain('Heartbeat');
  expect(plain(statements)).toEqual([
    expect.objectContaining({
      Action: 'dynamodb:PutItem',
      Condition: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['heartbeat#us-east-1'] } },
    }),
    expect.objectContaining({
      Condition: expect.objectContaining({ StringEquals: { 'kms:ViaService': 'dynamodb.us-east-1.amazonaws.com' } }),
    }),
  ]);
});

test('in mode STRONG there is none: nothing lags', () => {
  expect(JSON.stringify(apiIn('us-east-1', regions).toJSON())).not.toContain('Heartbeat');
});

describe('a heartbeat', () => {
  let aws: FakeAws;
  beforeAll(async () => {
    aws = await FakeAws.start();
  });
  afterAll(() => aws.stop());

  test('is one item that carries nothing by which payments, events or differences are read', async () => {
    await heartbeatWriter('acme-pay-ledger', 'us-east-1')(Date.parse('2026-11-28T00:00:00Z'));
    expect(aws.calls.map(({ input }) => input)).toEqual([
      {
        TableName: 'acme-pay-ledger',
        Item: { pk: { S: 'heartbeat#us-east-1' }, at: { S: '2026-11-28T00:00:00.000Z' }, writtenBy: { S: 'us-east-1' } },
      },
    ]);
  });
});
