import { App, Stack } from 'aws-cdk-lib';
import { RequestAuthorizer } from 'aws-cdk-lib/aws-apigateway';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { Alarm, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { EventBus as Bus } from 'aws-cdk-lib/aws-events';
import { EventBus, SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Function } from 'aws-cdk-lib/aws-lambda';
import { HostedZone } from 'aws-cdk-lib/aws-route53';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { DefinitionBody, Pass, StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { everyInterface, functionOf, regionFor } from './every-interface';
import { account, newApp, regions } from './stacks';
import { placeRules } from '../../src/cdk/checks/places';
import {
  ActiveActivePaymentsApi,
  ApprovalGate,
  ApproverIdentity,
  CrossRegionEventMesh,
  IdempotentConsumer,
  LedgerOutbox,
  LedgerReplica,
  PaymentsAuthorization,
} from '../../src/index';
import { exportedProps } from '../project/exported-props';

const elsewhere = '444455556666';
const resourceProps = exportedProps()
  .filter(({ kind }) => kind === 'resource')
  .map(({ of, name, type, isList }) => ({ prop: `${of}.${name}`, of, name, type, isList }));

const meshIn = (stack: Stack): CrossRegionEventMesh =>
  new CrossRegionEventMesh(stack, 'Mesh', { systemName: 'acme', regions: regions.replicas });

/** A resource of each type that props take, in a stack of another place. */
const foreign: Readonly<Record<string, (stack: Stack) => unknown>> = {
  IAlarmAction: (stack) => new SnsAction(new Topic(stack, 'Topic')),
  IAuthorizer: (stack) =>
    new RequestAuthorizer(stack, 'Authorizer', { handler: functionOf(stack), identitySources: ['method.request.header.Authorization'] }),
  IBucket: (stack) => new Bucket(stack, 'Bucket'),
  ICertificate: (stack) => new Certificate(stack, 'Certificate', { domainName: 'pay.example.com' }),
  IFunction: (stack) => functionOf(stack),
  IHostedZone: (stack) => new HostedZone(stack, 'Zone', { zoneName: 'example.com' }),
  IKey: (stack) => new Key(stack, 'Key'),
  IRuleTarget: (stack) => new SqsQueue(new Queue(stack, 'Queue')),
  ISecret: (stack) => new Secret(stack, 'Secret'),
  IStateMachine: (stack) => new StateMachine(stack, 'Machine', { definitionBody: DefinitionBody.fromChainable(new Pass(stack, 'Pass')) }),
  ITopic: (stack) => new Topic(stack, 'Topic'),
  ApprovalGate: (stack) =>
    new ApprovalGate(stack, 'Gate', {
      gateName: 'other-gate',
      identity: ApproverIdentity.iam(),
      approvers: [`arn:aws:iam::${account}:role/a`],
    }),
  CrossRegionEventMesh: (stack) => meshIn(stack),
  LedgerReplica: (stack) => LedgerReplica.of(stack, 'acme', regions),
  PaymentsCanary: (stack) => everyInterface.PaymentsCanaryProps(stack, {}),
  ActiveActivePaymentsApi: (stack) =>
    new ActiveActivePaymentsApi(stack, 'Api', {
      ledger: LedgerReplica.of(stack, 'acme', regions),
      authorization: PaymentsAuthorization.iam(),
    }),
  IAlarm: (stack) =>
    new Alarm(stack, 'Alarm', { metric: new Metric({ namespace: 'Team', metricName: 'own' }), threshold: 1, evaluationPeriods: 1 }),
  IdempotentConsumer: (stack) =>
    new IdempotentConsumer(stack, 'Consumer', { mesh: meshIn(stack), consumerName: 'mailer', handler: functionOf(stack) }),
  LedgerOutbox: (stack) => new LedgerOutbox(stack, 'Outbox', { ledger: LedgerReplica.of(stack, 'acme', regions), mesh: meshIn(stack) }),
};

/** What is thrown when a prop gets a resource of the other place; the construct stands where its interface is made. */
function refusal(of: string, name: string, make: (app: App) => unknown): string | undefined {
  const app = newApp();
  const stack = new Stack(app, 'Own', { env: { account, region: regionFor(of) } });
  try {
    everyInterface[of](stack, { [name]: make(app) });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const inOther =
  (type: string, of: string, how: 'region' | 'account') =>
  (app: App): unknown =>
    foreign[type](
      new Stack(app, 'Other', {
        env:
          how === 'account'
            ? { account: elsewhere, region: regionFor(of) }
            : { account, region: regionFor(of) === 'us-east-1' ? 'us-west-2' : 'us-east-1' },
      }),
    );

test('every exported prop that takes a resource has a rule of where it may stand, and no rule is of a prop that is gone', () => {
  expect(Object.keys(placeRules).sort()).toEqual(resourceProps.map(({ prop }) => prop).sort());
  expect(resourceProps.filter(({ of }) => !everyInterface[of])).toEqual([]);
});

test.each(resourceProps)(
  '$prop: a resource of another region or account is refused where the rule says so',
  ({ prop, of, name, type, isList }) => {
    for (const how of ['region', 'account'] as const) {
      const make = inOther(type, of, how);
      const message = refusal(of, name, isList ? (app) => [make(app)] : make);
      if (placeRules[prop][how]) {
        expect(message).toMatch(
          new RegExp(`^\\[Own/.+\\] '([\\w]+\\.)*${name}' is .*(us-west-2|us-east-1|${elsewhere}).*; allowed: .*; fix: `),
        );
      } else {
        expect(message ?? '').not.toMatch(new RegExp(`'([\\w]+\\.)*${name}' is in `));
      }
    }
  },
);

test('what is known at deployment alone passes', () => {
  const agnostic =
    (type: string) =>
    (app: App): unknown =>
      foreign[type](new Stack(app, 'Agnostic'));
  expect(refusal('PaymentDecisionProps', 'function', agnostic('IFunction'))).toBeUndefined();
  expect(refusal('StuckApprovalAlarmProps', 'reminderTopic', agnostic('ITopic'))).toBeUndefined();
});

describe('what is imported stands where its ARN says', () => {
  const imported: Readonly<Record<string, (stack: Stack, region: string) => unknown>> = {
    'PaymentsDomainProps.certificate': (stack, region) =>
      Certificate.fromCertificateArn(stack, 'Imported', `arn:aws:acm:${region}:${account}:certificate/two`),
    'PaymentDecisionProps.function': (stack, region) =>
      Function.fromFunctionArn(stack, 'Imported', `arn:aws:lambda:${region}:${account}:function:decide`),
    'CrossRegionEventMeshProps.encryptionKey': (stack, region) =>
      Key.fromKeyArn(stack, 'Imported', `arn:aws:kms:${region}:${account}:key/11111111-2222-3333-4444-555555555555`),
    'ApprovalGateProps.topic': (stack, region) => Topic.fromTopicArn(stack, 'Imported', `arn:aws:sns:${region}:${account}:calls`),
    'StuckApprovalAlarmProps.stateMachine': (stack, region) =>
      StateMachine.fromStateMachineArn(stack, 'Imported', `arn:aws:states:${region}:${account}:stateMachine:any`),
    'OidcApproversProps.clientSecret': (stack, region) =>
      Secret.fromSecretCompleteArn(stack, 'Imported', `arn:aws:secretsmanager:${region}:${account}:secret:gate-AbCdEf`),
  };

  test.each(Object.keys(imported))('%s', (prop) => {
    const [of, name] = prop.split('.');
    const own =
      (region: string) =>
      (app: App): unknown =>
        imported[prop](app.node.findChild('Own') as Stack, region);
    expect(refusal(of, name, own('us-east-1'))).toBeUndefined();
    expect(refusal(of, name, own('eu-central-1'))).toContain(`${name}' is in eu-central-1; allowed: the stack's region us-east-1`);
  });
});

test('a target may be a bus of another region: rules send there', () => {
  const bus = (app: App): unknown =>
    new EventBus(new Bus(new Stack(app, 'Other', { env: { account, region: 'us-west-2' } }), 'Bus', { eventBusName: 'other' }));
  expect(refusal('MeshTargetProps', 'target', bus)).toBeUndefined();
});

test("a web ACL of another region is refused, or one of CloudFront's", () => {
  for (const arn of [`arn:aws:wafv2:us-west-2:${account}:regional/webacl/a/b`, `arn:aws:wafv2:us-east-1:${account}:global/webacl/a/b`]) {
    for (const of of ['ActiveActivePaymentsApiProps', 'ApprovalGateProps']) {
      expect(refusal(of, 'webAclArn', () => arn)).toContain("'webAclArn' is 'arn:aws:wafv2:");
    }
  }
});

describe('a method is given a construct of another region', () => {
  const other = (stack: Stack): Stack => new Stack(stack.node.root, 'Other', { env: { account, region: 'us-west-2' } });
  const methods: Readonly<Record<string, (stack: Stack) => unknown>> = {
    'scope of addTarget': (stack) =>
      new CrossRegionEventMesh(stack, 'Mesh', { systemName: 'acme', regions: regions.replicas }).addTarget(other(stack), 'Target', {
        target: new SqsQueue(new Queue(stack, 'Queue')),
      }),
    'scope of publisherEnvironment': (stack) =>
      new CrossRegionEventMesh(stack, 'Mesh', { systemName: 'acme', regions: regions.replicas }).publisherEnvironment(other(stack), {
        source: 'acme.shop',
      }),
    'scope of task': (stack) =>
      (foreign.ApprovalGate(stack) as ApprovalGate).task(other(stack), 'Ask', { subject: 'a', question: 'b', startedByPath: '$.by' }),
    lookUpStreamArn: (stack) => LedgerReplica.of(stack, 'acme', regions).lookUpStreamArn(other(stack), 'Arn'),
  };

  test.each(Object.keys(methods))('%s', (prop) => {
    expect(() => methods[prop](new Stack(newApp(), 'Own', { env: { account, region: 'us-east-1' } }))).toThrow(
      new RegExp(`'${prop}' is (in|used in) us-west-2; allowed: .*us-east-1`),
    );
  });
});
