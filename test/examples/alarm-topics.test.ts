import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { AlarmRule, CompositeAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import { sendAlarms } from '../../examples/active-active/alarms';
import { Config, configOf, partsOf } from '../../examples/active-active/config';
import { defineSystem } from '../../examples/active-active/stacks';
import { stubContext } from '../cdk/stacks';

describe('alarms', () => {
  interface Made {
    readonly topics: number;
    readonly mails: unknown[];
    readonly actions: string;
    readonly published: string[];
  }
  const made = (alarms: Config['alarms'], parts = 'edge'): Made => {
    const app = new App({ context: { ...stubContext(), 'aws:cdk:bundling-stacks': [] } });
    defineSystem(app, { ...configOf('STRONG', 'RULES', undefined, partsOf(parts)), alarms });
    const stacks = app.node.children.filter((child): child is Stack => Stack.isStack(child)).map((stack) => Template.fromStack(stack));
    const all = (type: string): { Properties: Record<string, unknown> }[] =>
      stacks.flatMap((template) => Object.values(template.findResources(type)) as { Properties: Record<string, unknown> }[]);
    return {
      topics: all('AWS::SNS::Topic').length,
      mails: all('AWS::SNS::Subscription').map(({ Properties }) => Properties.Endpoint),
      published: all('AWS::Lambda::Function').flatMap(({ Properties }) => {
        const { DRILL_TOPIC_ARN } =
          (Properties.Environment as { readonly Variables?: { readonly DRILL_TOPIC_ARN?: unknown } } | undefined)?.Variables ?? {};
        return DRILL_TOPIC_ARN === undefined ? [] : [JSON.stringify(DRILL_TOPIC_ARN)];
      }),
      actions: JSON.stringify(all('AWS::CloudWatch::Alarm').map(({ Properties }) => Properties.AlarmActions)),
    };
  };

  test('have their topic before they are made: one that is raised during the deployment is told too', () => {
    const app = new App({ context: { ...stubContext(), 'aws:cdk:bundling-stacks': [] } });
    defineSystem(app, configOf('STRONG', 'RULES', undefined, partsOf('edge,documents')));
    const { stacks } = app.synth();
    const alarmed = stacks.filter(({ template }) => JSON.stringify(template).includes('"AWS::CloudWatch::Alarm"'));
    expect(alarmed).toHaveLength(7);
    for (const { dependencies, environment } of alarmed) {
      expect(dependencies.map(({ id }) => id)).toContain(`acme-pay-alarms-${environment.region}`);
    }
  });

  test('that are composed of others go there too', () => {
    const stack = new Stack(undefined, 'Stack', { env: { region: 'us-east-1' } });
    new CompositeAlarm(stack, 'Watch', { alarmRule: AlarmRule.fromBoolean(false) });
    sendAlarms(stack, configOf('STRONG', 'RULES'));
    const [watch] = Object.values(Template.fromStack(stack).findResources('AWS::CloudWatch::CompositeAlarm')) as { Properties: object }[];
    expect(JSON.stringify(watch.Properties)).toContain(':acme-pay-alarms');
  });

  test('have a topic that drills are announced to: no other one is without a subscription', () => {
    const { topics, published } = made({ email: 'on-call@example.com' }, 'drill');
    expect(topics).toBe(2);
    expect(published).toHaveLength(4);
    for (const topicArn of published) expect(topicArn).toContain(':acme-pay-alarms');
  });

  test('go to an address, where one is given', () => {
    expect(made({ email: 'on-call@example.com' })).toMatchObject({ topics: 2, mails: ['on-call@example.com', 'on-call@example.com'] });
  });

  test('go to a topic of the team, where one is given', () => {
    const topicArn = 'arn:aws:sns:us-west-2:111122223333:pager';
    const { topics, mails, actions } = made({ topicArns: { 'us-west-2': topicArn } });
    expect({ topics, mails }).toEqual({ topics: 1, mails: [] });
    expect(actions).toContain(topicArn);
    expect(actions).not.toContain('arn:aws:sns:us-west-2:"');
  });
});
