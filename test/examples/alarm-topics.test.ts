import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Config, configOf, partsOf } from '../../examples/active-active/config';
import { defineSystem } from '../../examples/active-active/stacks';
import { stubContext } from '../cdk/stacks';

describe('alarms', () => {
  const made = (alarms: Config['alarms']): { readonly topics: number; readonly mails: unknown[]; readonly actions: string } => {
    const app = new App({ context: { ...stubContext(), 'aws:cdk:bundling-stacks': [] } });
    defineSystem(app, { ...configOf('STRONG', 'RULES', undefined, partsOf('edge')), alarms });
    const stacks = app.node.children.filter((child): child is Stack => Stack.isStack(child)).map((stack) => Template.fromStack(stack));
    const all = (type: string): { Properties: Record<string, unknown> }[] =>
      stacks.flatMap((template) => Object.values(template.findResources(type)) as { Properties: Record<string, unknown> }[]);
    return {
      topics: all('AWS::SNS::Topic').length,
      mails: all('AWS::SNS::Subscription').map(({ Properties }) => Properties.Endpoint),
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
