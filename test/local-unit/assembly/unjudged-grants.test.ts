/**
 * The emulator judges what functions call. What AWS does on their behalf, or encrypts for them, it lets pass: so the grants for
 * that are looked for in the examples' templates.
 */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { App } from 'aws-cdk-lib';
import { config } from '../../../examples/active-active/config';
import { defineSystem } from '../../../examples/active-active/stacks';
import { configOf } from '../../../examples/migration/config';
import { defineMigration } from '../../../examples/migration/stacks';
import type { CfnResource, CfnTemplate } from '../../../local/ground/model';
import { stubContext } from '../../cdk/stacks';

interface Statement {
  Effect: string;
  Action: string | string[];
  Resource: unknown;
}

let templates: CfnTemplate[];

/** The templates of an app. */
function synthesised(define: (app: App) => void): CfnTemplate[] {
  const outdir = mkdtempSync(path.join(tmpdir(), 'unjudged-'));
  const app = new App({ outdir, context: stubContext() });
  define(app);
  app.synth();
  const found = readdirSync(outdir)
    .filter((file) => file.endsWith('.template.json'))
    .map((file) => JSON.parse(readFileSync(path.join(outdir, file), 'utf8')) as CfnTemplate);
  rmSync(outdir, { recursive: true });
  return found;
}

function resources(type: string): { template: CfnTemplate; logicalId: string; properties: Record<string, any> }[] {
  return templates.flatMap((template) =>
    Object.entries(template.Resources)
      .filter(([, resource]) => resource.Type === type)
      .map(([logicalId, resource]: [string, CfnResource]) => ({ template, logicalId, properties: resource.Properties ?? {} })),
  );
}

/** Statements of the policies of a function's role. */
function grants(template: CfnTemplate, role: string): Statement[] {
  return Object.values(template.Resources)
    .filter(({ Type, Properties }) => Type === 'AWS::IAM::Policy' && JSON.stringify(Properties!.Roles) === JSON.stringify([{ Ref: role }]))
    .flatMap(({ Properties }) => Properties!.PolicyDocument.Statement as Statement[]);
}

function actions(statements: readonly Statement[], resource?: unknown): string[] {
  return statements
    .filter((statement) => resource === undefined || JSON.stringify(statement.Resource) === JSON.stringify(resource))
    .flatMap(({ Action }) => Action);
}

const functions = () =>
  resources('AWS::Lambda::Function').map(({ template, logicalId, properties }) => ({
    template,
    logicalId,
    properties,
    statements: grants(template, properties.Role['Fn::GetAtt'][0]),
  }));

describe.each<[string, (app: App) => void]>([
  ['active-active', (app) => defineSystem(app, config)],
  ['migration', (app) => defineMigration(app, configOf('FULL'))],
])('%s', (name, define) => {
  beforeAll(() => {
    templates = synthesised(define);
  });

  test('every function may write its log', () => {
    expect(functions().length).toBeGreaterThanOrEqual(10);
    for (const { template, logicalId, properties, statements } of functions()) {
      // CDK's own functions, for lookups and for copies of files while deploying, have the managed policy for it.
      if (/^(AWS679f|CustomCDKBucketDeployment)/.test(logicalId)) {
        const role = template.Resources[properties.Role['Fn::GetAtt'][0]];
        expect(JSON.stringify(role.Properties!.ManagedPolicyArns)).toContain('service-role/AWSLambdaBasicExecutionRole');
        continue;
      }
      const group = { 'Fn::GetAtt': [properties.LoggingConfig.LogGroup.Ref, 'Arn'] };
      expect([logicalId, ...actions(statements, group)]).toEqual([logicalId, 'logs:CreateLogStream', 'logs:PutLogEvents']);
    }
  });

  test('every traced function may send its traces', () => {
    for (const { logicalId, properties, statements } of functions().filter((each) => each.properties.TracingConfig?.Mode === 'Active')) {
      expect([logicalId, ...actions(statements, '*')]).toEqual(
        expect.arrayContaining(['xray:PutTraceSegments', 'xray:PutTelemetryRecords']),
      );
      expect(properties.Role).toBeDefined();
    }
  });

  // The authority's table is encrypted with a key that DynamoDB owns: nobody needs a grant for that.
  test('every function that reads or writes the ledger may use the key that it is encrypted with', () => {
    const itemAction = /^dynamodb:(Get|BatchGet|Query|Scan|Put|Update|Delete|BatchWrite)/;
    const ofMoney = ({ Action, Resource }: Statement): boolean =>
      /:table\/acme-pay-ledger/.test(JSON.stringify(Resource)) && [Action].flat().some((action) => itemAction.test(action));
    const users = functions()
      .map((each) => ({ ...each, money: each.statements.filter(ofMoney) }))
      .filter(({ money }) => money.length > 0);
    expect(users.length).toBeGreaterThanOrEqual(8);
    for (const { logicalId, statements, money } of users) {
      const writes = actions(money).some((action) => /^dynamodb:(Put|Update|Delete|BatchWrite)/.test(action));
      expect([logicalId, ...actions(statements)]).toEqual(
        expect.arrayContaining(['kms:Decrypt', ...(writes ? ['kms:Encrypt', 'kms:GenerateDataKey'] : [])]),
      );
    }
  });

  test('API Gateway may call every function that an API names', () => {
    const named = (value: unknown): string[] =>
      [...JSON.stringify(value ?? '').matchAll(/"Fn::GetAtt":\["([^"]*Function[^"]*)","Arn"\]/g)].map(([, id]) => id);
    const called = [
      ...resources('AWS::ApiGateway::Method').flatMap(({ template, properties }) =>
        named(properties.Integration?.Uri).map((id) => ({ template, id })),
      ),
      ...resources('AWS::ApiGateway::Authorizer').flatMap(({ template, properties }) =>
        named(properties.AuthorizerUri).map((id) => ({ template, id })),
      ),
    ];
    expect(new Set(called.map(({ id }) => id)).size).toBeGreaterThanOrEqual(5);
    for (const { template, id } of called) {
      const permissions = Object.values(template.Resources).filter(
        ({ Type, Properties }) =>
          Type === 'AWS::Lambda::Permission' &&
          Properties!.Principal === 'apigateway.amazonaws.com' &&
          named(Properties!.FunctionName).includes(id),
      );
      expect([id, permissions.length]).toEqual([id, expect.any(Number)]);
      expect(permissions.length).toBeGreaterThanOrEqual(1);
      // Without a source any API in the account could call it.
      expect(permissions.every(({ Properties }) => Properties!.SourceArn !== undefined)).toBe(true);
    }
  });

  test('every state machine may call the functions that its definition names', () => {
    const names = (value: unknown): string[] =>
      [...JSON.stringify(value ?? '').matchAll(/"Fn::GetAtt":\["([^"]*)","Arn"\]/g)].map(([, id]) => id);
    const machines = resources('AWS::StepFunctions::StateMachine');
    expect(machines.length).toBe(name === 'migration' ? 1 : 2);
    for (const { template, properties } of machines) {
      const called = names(properties.DefinitionString).filter((id) => template.Resources[id].Type === 'AWS::Lambda::Function');
      const granted = grants(template, properties.RoleArn['Fn::GetAtt'][0])
        .filter(({ Action }) => [Action].flat().includes('lambda:InvokeFunction'))
        .flatMap(({ Resource }) => names(Resource));
      expect(new Set(called).size).toBeGreaterThanOrEqual(2);
      expect(granted).toEqual(expect.arrayContaining(called));
    }
  });

  test('API Gateway may write the access log', () => {
    for (const { template: own } of resources('AWS::ApiGateway::Stage')) {
      // One account of API Gateway for each region: a second stack there leaves it to the first.
      const { template, properties } = resources('AWS::ApiGateway::Account').sort((one) => (one.template === own ? -1 : 1))[0];
      const role = template.Resources[properties.CloudWatchRoleArn['Fn::GetAtt'][0]];
      expect(JSON.stringify(role.Properties!.ManagedPolicyArns)).toContain('service-role/AmazonAPIGatewayPushToCloudWatchLogs');
      expect(JSON.stringify(role.Properties!.AssumeRolePolicyDocument)).toContain('apigateway.amazonaws.com');
    }
  });
});
