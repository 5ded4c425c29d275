import { App } from 'aws-cdk-lib';
import { account, check, notPassed, policyOf, stack, topicWith } from './preflight-account';
import { configOf, partsOf } from '../../examples/active-active/config';
import { defineSystem } from '../../examples/active-active/stacks';
import type { PlannedStack, Template, TemplateResource, TopicState } from '../../src/commands/preflight/model';
import { stubContext } from '../cdk/stacks';

const alarm = (AlarmActions: unknown[]): TemplateResource => ({ Type: 'AWS::CloudWatch::Alarm', Properties: { AlarmActions } });
const isNew = (): Promise<undefined> => Promise.resolve(undefined);

/** The example's stacks, as `preflight` reads them. */
function example(email?: string): readonly PlannedStack[] {
  const app = new App({ context: { ...stubContext(), 'aws:cdk:bundling-stacks': [] } });
  defineSystem(app, { ...configOf('STRONG', 'RULES', undefined, partsOf('edge,documents')), account, alarms: email ? { email } : {} });
  return app
    .synth()
    .stacks.map(({ stackName, environment: { region }, template }) => ({
      name: stackName,
      id: stackName,
      account,
      region,
      template: template as Template,
    }));
}

const ofTopics = async (stacks: readonly PlannedStack[]): Promise<string[]> =>
  notPassed(await check({ topic: isNew }, stacks)).filter((line) => / topic | action/.test(line));

describe('a topic of alarms', () => {
  const named = { 'Fn::Join': ['', ['arn:aws:sns:us-east-1:', { Ref: 'AWS::AccountId' }, ':acme-alarms']] };
  const topics = (more: Readonly<Record<string, TemplateResource>> = {}): readonly PlannedStack[] => [
    stack('us-east-1', { Late: alarm([named]), Down: alarm([named]) }),
    stack('us-east-1', { Topic: { Type: 'AWS::SNS::Topic', Properties: { TopicName: 'acme-alarms' } }, ...more }),
  ];
  const arn = `arn:aws:sns:us-east-1:${account}:acme-alarms`;

  test('that is there must have a confirmed subscription', async () => {
    const asked: string[] = [];
    const topic = (region: string, of: string): Promise<TopicState> => {
      asked.push(`${region} ${of}`);
      return Promise.resolve(topicWith(0));
    };
    expect(notPassed(await check({ topic }, topics()))).toEqual([
      'warn us-east-1 topic acme-alarms: no subscription is confirmed: alarms tell no person',
    ]);
    expect(asked).toEqual([`us-east-1 ${arn}`]);
    expect(notPassed(await check({ topic: () => Promise.resolve(topicWith(2)) }, topics()))).toEqual([]);
  });

  test('that the app makes should have a subscription in the app', async () => {
    const { findings } = await check({ topic: isNew }, topics());
    expect(findings.filter(({ verdict }) => verdict !== 'pass')).toEqual([
      expect.objectContaining({
        check: 'topic acme-alarms',
        detail: 'new, and without a subscription: alarms tell no person',
        fix: expect.stringContaining(`--topic-arn ${arn} --protocol email`) as string,
      }),
    ]);
    const Mail = { Type: 'AWS::SNS::Subscription', Properties: { TopicArn: { Ref: 'Topic' }, Protocol: 'email' } };
    expect(notPassed(await check({ topic: isNew }, topics({ Mail })))).toEqual([]);
  });

  const verdictsOf = async (state: Partial<TopicState>): Promise<string[]> =>
    notPassed(await check({ topic: () => Promise.resolve(topicWith(1, state)) }, topics()));

  test.each(['alias/aws/sns', `arn:aws:kms:us-east-1:${account}:alias/aws/sns`])(
    'with the key that AWS has for SNS (%s) gets nothing of CloudWatch, with a subscription too',
    async (key) => {
      expect(await verdictsOf({ key })).toEqual([
        `fail us-east-1 topic acme-alarms: it is encrypted with ${key}: CloudWatch cannot publish to it`,
      ]);
      expect(await verdictsOf({ key: 'alias/acme/aws/sns' })).toEqual([]);
    },
  );

  const refused = ['warn us-east-1 topic acme-alarms: its policy does not let CloudWatch publish'];
  test.each<[string, string | undefined, readonly string[]]>([
    ['names CloudWatch', policyOf({ Service: 'cloudwatch.amazonaws.com' }), []],
    ['names CloudWatch among others', policyOf({ Service: ['events.amazonaws.com', 'cloudwatch.amazonaws.com'] }, 'SNS:*'), []],
    ['admits all of the account', policyOf('*'), []],
    ['admits another service', policyOf({ Service: 'events.amazonaws.com' }), refused],
    ['admits CloudWatch to something else', policyOf({ Service: 'cloudwatch.amazonaws.com' }, 'sns:Subscribe'), refused],
    ['admits one account only', policyOf({ AWS: `arn:aws:iam::${account}:root` }), refused],
    ['denies', policyOf('*').replace('Allow', 'Deny'), refused],
    ['is absent', undefined, refused],
  ])('whose policy %s is judged by it', async (_, policy, wanted) => expect(await verdictsOf({ policy })).toEqual(wanted));

  test('must exist, and be in the region of its alarms', async () => {
    const away = [stack('us-east-1', { Late: alarm([`arn:aws:sns:us-west-2:${account}:pager`]) })];
    expect(notPassed(await check({}, away))).toEqual(['fail us-east-1 topic pager: it is in us-west-2: CloudWatch refuses an alarm on it']);
    const gone = [stack('us-east-1', { Late: alarm([arn]) })];
    expect(notPassed(await check({ topic: isNew }, gone))).toEqual(['fail us-east-1 topic acme-alarms: it does not exist']);
  });

  test('that CloudFormation is to name is not asked for, nor is what is no topic', async () => {
    const Unnamed = { Type: 'AWS::SNS::Topic', Properties: {} };
    const stacks = [stack('us-east-1', { Unnamed, Late: alarm([{ Ref: 'Unnamed' }, 'arn:aws:ssm:us-east-1:1:opsitem:1']) })];
    expect(notPassed(await check({ topic: isNew }, stacks))).toEqual([]);
  });
});

describe('the example', () => {
  test('says that its new topics tell no person, and nothing else of its alarms', async () => {
    const silent = 'topic acme-pay-alarms: new, and without a subscription: alarms tell no person';
    expect(await ofTopics(example())).toEqual([`warn us-east-1 ${silent}`, `warn us-west-2 ${silent}`]);
  });

  test('with an address has nothing to say', async () => expect(await ofTopics(example('on-call@example.com'))).toEqual([]));
});
