import { App, Aspects, CfnResource, Stack } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import { CfnQueue } from 'aws-cdk-lib/aws-sqs';
import { IConstruct } from 'constructs';
import { everyInterface, Override, regionFor } from './every-interface';
import { account, newApp } from './stacks';
import { protectedTypes } from '../../src/cdk/checks/kept-protection';
import { propertiesInTemplate } from '../../src/cdk/checks/kept-resource';
import { ApproverIdentity, CrossRegionEventMesh } from '../../src/index';
import { exportedProps } from '../project/exported-props';

const interfaces = [...new Set(exportedProps().map(({ of }) => of))].filter((of) => of.endsWith('Props') && everyInterface[of]);

function stackOf(of: string): Stack {
  const stack = new Stack(newApp(), 'Own', { env: { account, region: regionFor(of) } });
  everyInterface[of](stack, {});
  return stack;
}

const messageOf = (stack: Stack): string => {
  try {
    (stack.node.root as App).synth();
    return '';
  } catch (error) {
    return (error as Error).message;
  }
};

/** What a resource of a type is encrypted by, and how to take it away. */
const weaken: Readonly<Record<string, (resource: CfnResource) => void>> = {
  'AWS::SQS::Queue': (resource) => {
    resource.addPropertyDeletionOverride('KmsMasterKeyId');
    resource.addPropertyOverride('SqsManagedSseEnabled', false);
  },
  'AWS::SNS::Topic': (resource) => resource.addPropertyDeletionOverride('KmsMasterKeyId'),
  'AWS::SecretsManager::Secret': (resource) => resource.addPropertyDeletionOverride('KmsKeyId'),
  'AWS::S3::Bucket': (resource) => resource.addPropertyDeletionOverride('BucketEncryption'),
  'AWS::DynamoDB::Table': (resource) => resource.addPropertyDeletionOverride('SSESpecification'),
  'AWS::DynamoDB::GlobalTable': (resource) => resource.addPropertyOverride('SSESpecification.SSEEnabled', false),
};

/** Encrypted by more than what the service does anyway. */
const isEncrypted = ({
  KmsMasterKeyId,
  SqsManagedSseEnabled,
  KmsKeyId,
  SSESpecification,
  BucketEncryption,
}: Record<string, any>): boolean =>
  BucketEncryption !== undefined ||
  KmsMasterKeyId !== undefined ||
  SqsManagedSseEnabled === true ||
  KmsKeyId !== undefined ||
  SSESpecification?.SSEEnabled === true;

/** What tests make to be passed in stands right below the stack. */
const given = /^Own\/(Queue|Topic|Secret)\//;

function withKey(of: string, stack: Stack): Override {
  // With OIDC a gate has a secret, too.
  const oidc =
    of === 'ApprovalGateProps'
      ? { identity: ApproverIdentity.oidc({ issuer: 'https://login.example.com', clientId: 'gate' }), approvers: ['ada@example.com'] }
      : {};
  return exportedProps().some(({ of: other, name }) => other === of && name === 'encryptionKey')
    ? { encryptionKey: new Key(stack, 'OwnKey'), ...oidc }
    : {};
}

test('every encrypted resource of every construct is held, and no type of them is missing', () => {
  expect([...protectedTypes].sort()).toEqual(Object.keys(weaken).sort());
  const held = new Set<string>();
  for (const of of interfaces) {
    const stack = new Stack(newApp(), 'Own', { env: { account, region: regionFor(of) } });
    everyInterface[of](stack, withKey(of, stack));
    const resources = stack.node
      .findAll()
      .filter((one): one is CfnResource => CfnResource.isCfnResource(one))
      .filter((one) => one.cfnResourceType in weaken && !given.test(one.node.path) && isEncrypted(propertiesInTemplate(one)));
    if (resources.length === 0) continue;
    for (const resource of resources) weaken[resource.cfnResourceType](resource);
    const message = messageOf(stack);
    for (const resource of resources) {
      expect(message).toMatch(
        new RegExp(`\\[${resource.node.path}\\] '[^']+' is weaker in the template than the construct made it, by an aspect or an override`),
      );
      held.add(resource.cfnResourceType);
    }
  }
  expect([...held].sort()).toEqual(Object.keys(weaken).sort());
});

test("the statement that asks for TLS is held in every queue's and topic's policy", () => {
  const statements =
    (type: string) =>
    (node: IConstruct): void => {
      if (CfnResource.isCfnResource(node) && node.cfnResourceType === type) {
        node.addPropertyOverride('PolicyDocument.Statement', [{ Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' }]);
      }
    };
  const cases: [string, string][] = [
    ['CrossRegionEventMeshProps', 'AWS::SQS::QueuePolicy'],
    ['LedgerOutboxProps', 'AWS::SQS::QueuePolicy'],
    ['IdempotentConsumerProps', 'AWS::SQS::QueuePolicy'],
    ['ApprovalGateProps', 'AWS::SNS::TopicPolicy'],
  ];
  for (const [of, type] of cases) {
    const stack = stackOf(of);
    Aspects.of(stack).add({ visit: statements(type) });
    expect(messageOf(stack)).toContain("'the policy' is without the statement that denies requests without TLS");
  }
});

test('what is stronger passes: a key where SQS had its own', () => {
  const stack = new Stack(newApp(), 'Own', { env: { account, region: 'us-east-1' } });
  new CrossRegionEventMesh(stack, 'Mesh', { systemName: 'acme-pay', regions: ['us-east-1', 'us-west-2'] });
  Aspects.of(stack).add({
    visit: (node) => {
      if (node instanceof CfnQueue) node.kmsMasterKeyId = 'alias/team';
    },
  });
  expect(messageOf(stack)).toBe('');
});
