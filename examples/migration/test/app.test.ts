import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { configOf } from '../config';
import { defineMigration } from '../stacks';

/** The feature flags of cdk.json; the recorder's function is not bundled, since its code does not matter here. */
const { context } = JSON.parse(readFileSync(path.join(__dirname, '..', 'cdk.json'), 'utf8')) as { context: Record<string, unknown> };
const app = new App({ context: { ...context, 'aws:cdk:bundling-stacks': [] } });
const config = configOf('FULL');
const { system, source, target, approvers } = config;
defineMigration(app, config);

/** The template of one of the app's stacks, by the end of its name. */
function templateOf(name: string): Template {
  return Template.fromStack(app.node.findChild(`${system.systemName}-${name}`) as Stack);
}

test('the cutover stands in the target: a dying source must not take it along', () => {
  assert.equal((app.node.findChild(`${system.systemName}-cutover`) as Stack).region, target);
  templateOf('cutover').hasResourceProperties('AWS::StepFunctions::StateMachine', { StateMachineName: `${system.systemName}-cutover` });
});

test('no phase begins before the documents are the same in both regions, compared within the last day', () => {
  const [machine] = Object.values(templateOf('cutover').findResources('AWS::StepFunctions::StateMachine'));
  assert.match(JSON.stringify(machine), /documentsSeconds\W+86400\D/);
});

test('approvers are asked by mail, each of them', () => {
  for (const person of approvers.people) {
    templateOf('cutover').hasResourceProperties('AWS::SNS::Subscription', { Protocol: 'email', Endpoint: person });
  }
});

for (const region of [source, target]) {
  test(`${region} has no record of its own: the cutover owns the weights`, () => {
    templateOf(region).resourceCountIs('AWS::Route53::RecordSet', 0);
  });

  test(`${region} has the alarm that a cutover rolls back by`, () => {
    templateOf(region).hasResourceProperties('AWS::CloudWatch::CompositeAlarm', {
      AlarmName: `${system.systemName}-watch`,
      AlarmRule: Match.anyValue(),
    });
  });
}

test('the ledger has a replica in both places, and none is deleted by mistake', () => {
  templateOf('ledger').hasResource('AWS::DynamoDB::GlobalTable', {
    DeletionPolicy: 'Retain',
    Properties: {
      Replicas: Match.arrayWith([source, target].map((region) => Match.objectLike({ Region: region, DeletionProtectionEnabled: true }))),
    },
  });
});
