import { readFileSync } from 'node:fs';
import path from 'node:path';
import { App, CfnResource, Stack, TagManager, Tags } from 'aws-cdk-lib';
import { configOf } from '../../examples/active-active/config';
import { defineSystem } from '../../examples/active-active/stacks';
import { configOf as migrationOf } from '../../examples/migration/config';
import { defineMigration } from '../../examples/migration/stacks';
import { stubContext } from '../cdk/stacks';

interface Template {
  readonly Resources: Readonly<Record<string, { readonly Properties?: Record<string, any> }>>;
}

const tag = { Key: 'cost-centre', Value: 'payments-4711' };

const apps: Readonly<Record<string, (app: App) => unknown>> = {
  'the example': (app) => defineSystem(app, configOf('STRONG')),
  'the example, HOME_REGION': (app) => defineSystem(app, configOf('HOME_REGION')),
  'the migration': (app) => defineMigration(app, migrationOf('FULL')),
};

/** Whether CloudFormation knows tags of a part of such a resource, by the CDK's own types: then the resource itself has none. */
function partsAreTagged(resource: CfnResource): boolean {
  const [, service, type] = resource.cfnResourceType.split('::');
  if (!resource.cfnResourceType.startsWith('AWS::')) return false;
  const file = require
    .resolve('aws-cdk-lib')
    .replace(/index\.js$/, path.join(`aws-${service.toLowerCase()}`, 'lib', `${service.toLowerCase()}.generated.d.ts`));
  const text = readFileSync(file, 'utf8');
  const from = text.indexOf(`namespace Cfn${type} {`);
  return from >= 0 && /^ {8}readonly tags\?: Array<cdk\.CfnTag>/m.test(text.slice(from, text.indexOf('\n}', from)));
}

/** Where such parts are; a stage that a deployment makes is none of ours, which are resources of their own. */
const taggedParts: Readonly<Record<string, string>> = {
  'AWS::DynamoDB::GlobalTable': 'Replicas',
  'AWS::ApiGateway::Deployment': 'StageDescription',
};

/** The lists of tags that a resource has in its template, in the forms that services have them. */
function tagsOf(resource: CfnResource, properties: Record<string, any>): unknown[] {
  const manager = TagManager.of(resource);
  if (manager) return [properties[manager.tagPropertyName[0].toUpperCase() + manager.tagPropertyName.slice(1)]];
  if (!Object.hasOwn(taggedParts, resource.cfnResourceType)) throw new Error(`${resource.cfnResourceType} has parts with tags: say where`);
  return [(properties[taggedParts[resource.cfnResourceType]] as unknown) ?? []].flat().map((part) => (part as { Tags?: unknown }).Tags);
}

const holdsTag = (tags: unknown): boolean =>
  Array.isArray(tags)
    ? (tags as object[]).some((one) => JSON.stringify(one) === JSON.stringify(tag))
    : (tags as Record<string, unknown> | undefined)?.[tag.Key] === tag.Value;

test.each(Object.keys(apps))('Tags.of(app) reaches every resource of %s that can have tags, and each replica of a global table', (name) => {
  const app = new App({ context: stubContext(), treeMetadata: false });
  apps[name](app);
  Tags.of(app).add(tag.Key, tag.Value);
  const assembly = app.synth();
  const taggable = new Set<string>();
  const missing: string[] = [];
  for (const resource of app.node.findAll().filter((one): one is CfnResource => CfnResource.isCfnResource(one))) {
    if (!TagManager.of(resource) && !partsAreTagged(resource)) continue;
    const { template } = assembly.getStackArtifact(Stack.of(resource).artifactId) as { template: Template };
    const found = template.Resources[Stack.of(resource).resolve(resource.logicalId) as string];
    taggable.add(resource.cfnResourceType);
    for (const tags of tagsOf(resource, found.Properties ?? {})) if (!holdsTag(tags)) missing.push(resource.node.path);
  }
  expect(missing).toEqual([]);
  expect([...taggable]).toEqual(
    expect.arrayContaining([
      'AWS::DynamoDB::GlobalTable',
      'AWS::Lambda::Function',
      'AWS::SQS::Queue',
      'AWS::IAM::Role',
      'AWS::KMS::Key',
      'AWS::Route53::HealthCheck',
    ]),
  );
});

test("tags of a table's own props win over the app's", () => {
  const app = new App({ context: stubContext(), treeMetadata: false });
  defineSystem(app, configOf('STRONG'));
  Tags.of(app).add('system', 'another');
  const { template } = app.synth().getStackArtifact('acme-pay-ledger') as {
    template: { Resources: Record<string, { Type: string; Properties: any }> };
  };
  const [table] = Object.values(template.Resources).filter(({ Type }) => Type === 'AWS::DynamoDB::GlobalTable');
  expect(table.Properties.Replicas.map(({ Tags: own }: { Tags: object[] }) => own)).toEqual([
    [{ Key: 'system', Value: 'acme-pay' }],
    [{ Key: 'system', Value: 'acme-pay' }],
  ]);
});
