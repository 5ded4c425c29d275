import { CfnResource, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { describeProblem } from './invalid-props';
import { propertiesInTemplate } from './kept-resource';

type Properties = Readonly<Record<string, unknown>>;

/** How well something is encrypted: a weaker way has a lower number. */
interface Encryption {
  /** The property, as messages name it. */
  readonly property: string;
  /** Of properties with names in lower case, which the CDK's classes and templates spell in two ways. */
  readonly strength: (properties: Properties) => number;
}

const own = 2;
const managed = 1;
const none = 0;
const partOf = (properties: Properties, name: string): Properties => (properties[name] ?? {}) as Properties;
const sse = (properties: Properties, holder = properties): number => {
  if (partOf(properties, 'ssespecification').sseenabled !== true) return none;
  return partOf(holder, 'ssespecification').kmsmasterkeyid === undefined ? managed : own;
};

const bucketStrength = (given: unknown): number => {
  const [rule] = ((given as Properties | undefined)?.serversideencryptionconfiguration ?? []) as Properties[];
  const algorithm = rule && partOf(rule, 'serversideencryptionbydefault').ssealgorithm;
  return algorithm === undefined ? none : String(algorithm).startsWith('aws:kms') ? own : managed;
};

/** How each type of resource is encrypted: by what the service does anyway, by a key that the service manages, or by a key of one's own. */
const encryptions: Readonly<Record<string, Encryption>> = {
  'AWS::SQS::Queue': {
    property: 'KmsMasterKeyId or SqsManagedSseEnabled',
    strength: (properties) => (properties.kmsmasterkeyid ? own : properties.sqsmanagedsseenabled === true ? managed : none),
  },
  'AWS::SNS::Topic': { property: 'KmsMasterKeyId', strength: (properties) => (properties.kmsmasterkeyid ? own : none) },
  'AWS::SecretsManager::Secret': { property: 'KmsKeyId', strength: (properties) => (properties.kmskeyid ? own : managed) },
  'AWS::S3::Bucket': { property: 'BucketEncryption', strength: ({ bucketencryption: given }) => bucketStrength(given) },
  'AWS::DynamoDB::Table': { property: 'SSESpecification', strength: (properties) => sse(properties) },
  'AWS::DynamoDB::GlobalTable': {
    property: 'SSESpecification',
    strength: (properties) => Math.min(...(properties.replicas as Properties[]).map((replica) => sse(properties, replica))),
  },
};

const telling = ['kmsMasterKeyId', 'sqsManagedSseEnabled', 'kmsKeyId', 'sseSpecification', 'replicas', 'bucketEncryption'] as const;

/** What the CDK's class holds now. The whole resource must not be rendered yet: that would settle what is added to it later. */
function asMade(resource: CfnResource): Properties {
  const held = resource as unknown as Properties;
  return lowered(Stack.of(resource).resolve(Object.fromEntries(telling.map((name) => [name, held[name]])))) as Properties;
}

function lowered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(lowered);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name.toLowerCase(), lowered(part)]));
}

/** Types whose own policy refuses what comes without TLS, with the type of that policy. */
const policies: Readonly<Record<string, string>> = {
  'AWS::SQS::Queue': 'AWS::SQS::QueuePolicy',
  'AWS::SNS::Topic': 'AWS::SNS::TopicPolicy',
  'AWS::S3::Bucket': 'AWS::S3::BucketPolicy',
};

/** Types that are held in this way, wherever one of our constructs makes one. */
export const protectedTypes: readonly string[] = Object.keys(encryptions);

/**
 * Holds a resource in the final template, after aspects and overrides, to how well it was protected when it was made: its encryption, and
 * for what has a policy that TLS is asked for. More may be added.
 *
 * @param made the queue, topic, table or secret
 */
export function keepProtection<T extends Construct>(made: T): T {
  const resource = CfnResource.isCfnResource(made) ? made : (made.node.defaultChild as CfnResource);
  const { property, strength } = encryptions[resource.cfnResourceType];
  const before = strength(asMade(resource));
  made.node.addValidation({
    validate: () => [
      ...(strength(lowered(propertiesInTemplate(resource)) as Properties) >= before
        ? []
        : [problem(resource, property, 'weaker in the template than the construct made it')]),
      ...(isTlsKept(made, resource) ? [] : [problem(resource, 'the policy', 'without the statement that denies requests without TLS')]),
    ],
  });
  return made;
}

function isTlsKept(made: Construct, { cfnResourceType }: CfnResource): boolean {
  const type = policies[cfnResourceType];
  if (type === undefined) return true;
  const resources = made.node
    .findAll()
    .filter((child): child is CfnResource => CfnResource.isCfnResource(child) && child.cfnResourceType === type);
  const documents = resources.map(
    (policy) => propertiesInTemplate(policy).PolicyDocument as { Statement?: Properties | Properties[] } | undefined,
  );
  const statements = documents.flatMap((document) => [document?.Statement ?? []].flat());
  return statements.some(
    ({ Effect, Principal, Condition }) =>
      Effect === 'Deny' &&
      isEverybody(Principal) &&
      (Condition as { Bool?: Properties } | undefined)?.Bool?.['aws:SecureTransport'] === 'false',
  );
}

function isEverybody(principal: unknown): boolean {
  return principal === '*' || (principal as { AWS?: unknown } | undefined)?.AWS === '*';
}

function problem(resource: CfnResource, prop: string, given: string): string {
  return `[${resource.node.path}] ${describeProblem({
    prop,
    given: `${given}, by an aspect or an override`,
    allowed: 'the setting that the construct made, or a stronger one',
    mend: "remove the override, or exclude the resource from the aspect; to use another key, set it in the construct's props",
  })}`;
}
