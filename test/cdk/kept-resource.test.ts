import { Aspects, CfnResource, RemovalPolicies, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { everyInterface, Override, regionFor } from './every-interface';
import { account, newApp } from './stacks';

/** Every construct with something retained, and how many retained resources it has. */
const retaining: Readonly<Record<string, number>> = {
  ApprovalGateProps: 1,
  HomeAuthorityTableProps: 1,
  IdempotentConsumerProps: 1,
  IdempotentLedgerTableProps: 1,
  LedgerKeyProps: 1,
  PhasedCutoverStateMachineProps: 1,
  WeightedRecordsProps: 1,
};

function synth(of: string, change: (stack: Stack) => void, override: Override = {}): string {
  const stack = new Stack(newApp(), 'Own', { env: { account, region: regionFor(of) } });
  everyInterface[of](stack, override);
  change(stack);
  try {
    (stack.node.root as ReturnType<typeof newApp>).synth();
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

const override =
  (type: string, path: string, value: unknown) =>
  (stack: Stack): void => {
    const all = stack.node.findAll().filter((one): one is CfnResource => CfnResource.isCfnResource(one) && one.cfnResourceType === type);
    for (const resource of all) resource.addPropertyOverride(path, value);
  };

describe.each(Object.entries(retaining))('%s', (of, resources) => {
  test('is kept by itself', () => expect(synth(of, () => undefined)).toBe(''));

  test('is not deleted by RemovalPolicies of the whole app, nor by an aspect', () => {
    const destroy = (node: IConstruct): void => {
      if (CfnResource.isCfnResource(node)) node.applyRemovalPolicy(RemovalPolicy.DESTROY);
    };
    const aspect = { visit: destroy };
    for (const change of [
      (stack: Stack) => RemovalPolicies.of(stack.node.root).destroy(),
      (stack: Stack) => Aspects.of(stack).add(aspect),
    ]) {
      const message = synth(of, change);
      for (const name of ['DeletionPolicy', 'UpdateReplacePolicy']) {
        expect(message.split(`'${name}' is Delete in the template, by an aspect, RemovalPolicies or an override`).length - 1).toBe(
          resources,
        );
      }
    }
  });
});

test.each([
  [
    'IdempotentLedgerTableProps',
    'AWS::DynamoDB::GlobalTable',
    'Replicas.0.DeletionProtectionEnabled',
    false,
    'Replicas.DeletionProtectionEnabled',
  ],
  [
    'IdempotentLedgerTableProps',
    'AWS::DynamoDB::GlobalTable',
    'Replicas.1.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled',
    false,
    'Replicas.PointInTimeRecoverySpecification',
  ],
  ['IdempotentLedgerTableProps', 'AWS::DynamoDB::GlobalTable', 'MultiRegionConsistency', 'EVENTUAL', 'MultiRegionConsistency'],
  ['HomeAuthorityTableProps', 'AWS::DynamoDB::GlobalTable', 'MultiRegionConsistency', 'EVENTUAL', 'MultiRegionConsistency'],
  [
    'HomeAuthorityTableProps',
    'AWS::DynamoDB::GlobalTable',
    'Replicas.0.DeletionProtectionEnabled',
    false,
    'Replicas.DeletionProtectionEnabled',
  ],
  ['LedgerKeyProps', 'AWS::KMS::Key', 'EnableKeyRotation', false, 'EnableKeyRotation'],
  [
    'ApprovalGateProps',
    'AWS::DynamoDB::Table',
    'PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled',
    false,
    'PointInTimeRecoverySpecification',
  ],
  ['ApprovalGateProps', 'AWS::DynamoDB::Table', 'DeletionProtectionEnabled', false, 'DeletionProtectionEnabled'],
])('%s: %s %s cannot be switched off behind the props', (of, type, path, value, name) => {
  expect(synth(of, override(type, path, value))).toContain(`'${name}' is switched off in the template`);
});

test('what the props give up may go', () => {
  const given = { removalPolicy: RemovalPolicy.DESTROY, acceptDataLoss: true, deletionProtection: false };
  expect(synth('IdempotentLedgerTableProps', (stack) => RemovalPolicies.of(stack).destroy(), given)).toBe('');
  expect(synth('LedgerKeyProps', (stack) => RemovalPolicies.of(stack).destroy(), { removalPolicy: RemovalPolicy.DESTROY })).toBe('');
});
