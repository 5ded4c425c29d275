import { readFileSync } from 'fs';
import path from 'path';
import { fullDiff, ResourceImpact } from '@aws-cdk/cloudformation-diff';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { configOf } from '../../examples/active-active/config';
import { defineSystem } from '../../examples/active-active/stacks';
import { AccountHomes, PaymentRegions } from '../../src/index';
import { stubContext } from '../cdk/stacks';

const { context } = JSON.parse(readFileSync(path.join(__dirname, '..', '..', 'examples', 'active-active', 'cdk.json'), 'utf8')) as {
  context: Record<string, unknown>;
};

interface Made {
  readonly region: string;
  readonly template: Record<string, unknown>;
}

/** Every stack of the example in these regions. */
function stacksIn(replicas: string[], homes: AccountHomes = AccountHomes.byTenant()): Record<string, Made> {
  const app = new App({ context: { ...context, ...stubContext(), 'aws:cdk:bundling-stacks': [] } });
  defineSystem(app, configOf('HOME_REGION', 'RULES', PaymentRegions.homeRegion({ replicas, homes })));
  const stacks = app.node.children.filter((child): child is Stack => Stack.isStack(child));
  return Object.fromEntries(
    stacks.map((stack) => [stack.stackName, { region: stack.region, template: Template.fromStack(stack).toJSON() }]),
  );
}

const fatal: readonly ResourceImpact[] = [
  ResourceImpact.WILL_REPLACE,
  ResourceImpact.MAY_REPLACE,
  ResourceImpact.WILL_DESTROY,
  ResourceImpact.WILL_ORPHAN,
];

/** What a deployment of `after` over `before` would take away or make anew, stack by stack, as CDK's own comparison tells. */
function lost(before: Record<string, Made>, after: Record<string, Made>): string[] {
  return Object.entries(before).flatMap(([name, { region, template }]) => {
    const next = after[name];
    if (!next || next.region !== region) return [`${name} is ${next ? `in ${next.region}` : 'gone'}, it was in ${region}`];
    const changes = fullDiff(template, next.template).resources.changes;
    return Object.entries(changes)
      .filter(([, { changeImpact }]) => fatal.includes(changeImpact))
      .map(([id, { resourceType, changeImpact }]) => `${name}: ${resourceType} ${id} ${changeImpact}`);
  });
}

const two = stacksIn(['us-east-1', 'eu-central-1']);

test('the table that says who is home keeps its members, whatever regions are added and in whatever order they stand', () => {
  for (const [homes, replicas] of [
    [AccountHomes.byTenant(), ['eu-central-1', 'us-east-1']],
    [AccountHomes.byTenant(), ['us-east-2', 'eu-west-1', 'us-east-1', 'eu-central-1']],
    [AccountHomes.oneRegion('eu-central-1'), ['eu-central-1', 'us-east-1']],
    [AccountHomes.oneRegion('eu-central-1'), ['eu-west-1', 'us-east-1', 'eu-central-1', 'eu-west-2']],
  ] as const) {
    const before = stacksIn(['us-east-1', 'eu-central-1'], homes);
    const after = stacksIn([...replicas], homes);
    expect(after['acme-pay-authority']).toEqual(before['acme-pay-authority']);
    expect(lost(before, after)).toEqual([]);
  }
});

test('a region added before, between or behind the others replaces nothing that exists', () => {
  for (const replicas of [
    ['us-east-1', 'eu-central-1', 'eu-west-1'],
    ['us-east-1', 'eu-west-1', 'eu-central-1'],
    ['ap-south-1', 'us-east-1', 'eu-central-1'],
  ]) {
    const three = stacksIn(replicas);
    expect(lost(two, three)).toEqual([]);
    expect(Object.keys(three)).toHaveLength(Object.keys(two).length + 5);
  }
});

test("what an added region changes in the others is the table's replicas, the rules to it and what functions know of regions", () => {
  const three = stacksIn(['us-east-1', 'eu-central-1', 'eu-west-1']);
  const [ledger] = Object.values(Template.fromJSON(three['acme-pay-ledger'].template).findResources('AWS::DynamoDB::GlobalTable'));
  expect((ledger.Properties.Replicas as { Region: string }[]).map(({ Region }) => Region)).toEqual([
    'us-east-1',
    'eu-central-1',
    'eu-west-1',
  ]);
  expect(three['acme-pay-authority']).toEqual(two['acme-pay-authority']);
  for (const name of ['acme-pay-key-us-east-1', 'acme-pay-key-eu-central-1']) expect(three[name]).toEqual(two[name]);
});

test('the comparison sees what would be replaced', () => {
  const changed = stacksIn(['us-east-1', 'eu-central-1']);
  const [id] = Object.keys(Template.fromJSON(changed['acme-pay-ledger'].template).findResources('AWS::DynamoDB::GlobalTable'));
  (changed['acme-pay-ledger'].template.Resources as Record<string, { Properties: Record<string, unknown> }>)[id].Properties.TableName =
    'another';
  expect(lost(two, changed)).toEqual([`acme-pay-ledger: AWS::DynamoDB::GlobalTable ${id} WILL_REPLACE`]);
});
