import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { config } from '../config';
import { defineSystem } from '../stacks';

/** The feature flags of cdk.json; the recorder's function is not bundled, since its code does not matter here. */
const { context } = JSON.parse(readFileSync(path.join(__dirname, '..', 'cdk.json'), 'utf8')) as { context: Record<string, unknown> };
const app = new App({ context: { ...context, 'aws:cdk:bundling-stacks': [] } });
defineSystem(app, config);

/** The template of one of the app's stacks, by the end of its name. */
function templateOf(name: string): Template {
  return Template.fromStack(app.node.findChild(`${config.systemName}-${name}`) as Stack);
}

test('the ledger has a replica in every region, and none is deleted by mistake', () => {
  templateOf('ledger').hasResource('AWS::DynamoDB::GlobalTable', {
    DeletionPolicy: 'Retain',
    Properties: {
      Replicas: Match.arrayWith(
        config.regions.replicas.map((region) => Match.objectLike({ Region: region, DeletionProtectionEnabled: true })),
      ),
    },
  });
});

for (const region of config.regions.replicas) {
  test(`${region} answers at the public name, and its tokens are those of our issuer`, () => {
    const template = templateOf(region);
    template.hasResourceProperties('AWS::ApiGateway::DomainName', { DomainName: config.domain.name });
    template.hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: Match.objectLike({ AUTHORIZER_ISSUER: config.callers.issuer }) },
    });
  });

  test(`${region} records each event once`, () => {
    const template = templateOf(region);
    template.hasResourceProperties('AWS::DynamoDB::Table', { TableName: `${config.systemName}-recorder-effects` });
    template.hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: Match.objectLike({ EFFECTS_TABLE: Match.anyValue(), CONSUMER_INBOX_TABLE: Match.anyValue() }) },
    });
  });

  test(`${region} has alarms that lead to the runbook`, () => {
    templateOf(region).hasResourceProperties('AWS::CloudWatch::Alarm', { AlarmDescription: Match.stringLikeRegexp('runbook\\.md#') });
  });
}
