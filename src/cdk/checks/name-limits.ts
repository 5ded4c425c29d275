import { CfnResource, Stack, Token } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { describeProblem } from './invalid-props';
import { namesTwice } from './name-twice';

/** What a service takes as a name. */
interface NameLimit {
  readonly property: string;
  readonly longest: number;
  readonly pattern: RegExp;
  /** The pattern in words. */
  readonly allowed: string;
}

const word = { pattern: /^[\w-]+$/, allowed: 'letters, digits, hyphens and underscores' };
const dotted = { pattern: /^[\w.-]+$/, allowed: 'letters, digits, dots, hyphens and underscores' };
const any = { pattern: /^[\x20-\x7e]+$/, allowed: 'visible ASCII characters' };

/** By type of resource; each from the service's API reference (`CreateX`, the member of that name), as of November 2026. */
const limits: Readonly<Record<string, NameLimit>> = {
  'AWS::DynamoDB::GlobalTable': { property: 'TableName', longest: 255, ...dotted },
  'AWS::DynamoDB::Table': { property: 'TableName', longest: 255, ...dotted },
  'AWS::Lambda::Function': { property: 'FunctionName', longest: 64, ...word },
  'AWS::Events::EventBus': {
    property: 'Name',
    longest: 256,
    pattern: /^[/.\w-]+$/,
    allowed: 'letters, digits, dots, hyphens, underscores and slashes',
  },
  'AWS::Events::Rule': { property: 'Name', longest: 64, ...dotted },
  'AWS::Events::Archive': { property: 'ArchiveName', longest: 48, ...dotted },
  'AWS::Events::Endpoint': { property: 'Name', longest: 64, ...dotted },
  'AWS::IAM::Role': { property: 'RoleName', longest: 64, pattern: /^[\w+=,.@-]+$/, allowed: 'letters, digits and + = , . @ - _' },
  'AWS::SQS::Queue': {
    property: 'QueueName',
    longest: 80,
    pattern: /^[\w-]+(\.fifo)?$/,
    allowed: 'letters, digits, hyphens and underscores',
  },
  'AWS::SNS::Topic': { property: 'TopicName', longest: 256, ...word },
  'AWS::SSM::Parameter': {
    property: 'Name',
    longest: 900,
    pattern: /^(?!\/?(aws|ssm))\/?[\w.-]+(\/[\w.-]+){0,14}$/i,
    allowed: 'at most 15 levels of letters, digits, dots, hyphens and underscores; not beginning with aws or ssm',
  },
  'AWS::CloudWatch::Alarm': { property: 'AlarmName', longest: 255, ...any },
  'AWS::CloudWatch::CompositeAlarm': { property: 'AlarmName', longest: 255, ...any },
  'AWS::CloudWatch::Dashboard': { property: 'DashboardName', longest: 255, ...word },
  'AWS::StepFunctions::StateMachine': { property: 'StateMachineName', longest: 80, ...word },
  'AWS::KMS::Alias': {
    property: 'AliasName',
    longest: 256,
    pattern: /^alias\/(?!aws\/)[\w/-]+$/,
    allowed: 'alias/ and letters, digits, hyphens, underscores and slashes; not alias/aws/',
  },
  'AWS::Logs::LogGroup': { property: 'LogGroupName', longest: 512, pattern: /^[\w./#-]+$/, allowed: 'letters, digits and . / # - _' },
  'AWS::WAFv2::WebACL': { property: 'Name', longest: 128, ...word },
  'AWS::Logs::DeliverySource': { property: 'Name', longest: 60, ...word },
  'AWS::Logs::DeliveryDestination': { property: 'Name', longest: 60, ...word },
  'AWS::S3::Bucket': {
    property: 'BucketName',
    longest: 63,
    pattern: /^[a-z0-9][a-z0-9.-]+[a-z0-9]$/,
    allowed: 'lower-case letters, digits, dots and hyphens, a letter or digit first and last',
  },
  'AWS::Synthetics::Canary': {
    property: 'Name',
    longest: 255,
    pattern: /^[0-9a-z_-]+$/,
    allowed: 'lower-case letters, digits, hyphens and underscores',
  },
  'AWS::SecretsManager::Secret': { property: 'Name', longest: 512, pattern: /^[\w/+=.@-]+$/, allowed: 'letters, digits and / + = . @ - _' },
};

/** Constructs that are checked already. */
const checked = new WeakSet<Construct>();

/**
 * Checks, on the template as it will be, that each name below a construct is one that its service takes. Names are made of the system's
 * name and of names of regions, so one that fits in Ohio can be too long in Tokyo. Nor may anything else of the app have it in the same
 * account and region.
 */
export function checkNames(scope: Construct): void {
  if (scope.node.scopes.some((one) => checked.has(one as Construct))) return;
  checked.add(scope);
  const resources = (): CfnResource[] => scope.node.findAll().filter((child): child is CfnResource => CfnResource.isCfnResource(child));
  scope.node.addValidation({ validate: () => [...resources().flatMap(nameProblems), ...namesTwice(scope, nameProperty)] });
}

function nameProperty(type: string): string | undefined {
  return Object.prototype.hasOwnProperty.call(limits, type) ? limits[type].property : undefined;
}

function nameProblems(resource: CfnResource): string[] {
  const limit = Object.prototype.hasOwnProperty.call(limits, resource.cfnResourceType) ? limits[resource.cfnResourceType] : undefined;
  if (!limit) return [];
  const name = nameIn(resource, limit.property);
  if (name === undefined || (name.length <= limit.longest && limit.pattern.test(name))) return [];
  return [
    `[${resource.node.path}] ${describeProblem({
      prop: limit.property,
      given: `'${name}' (${name.length} characters)`,
      allowed: `for ${resource.cfnResourceType} at most ${limit.longest} characters: ${limit.allowed}`,
      mend: 'choose another systemName, or a shorter name where the construct takes one',
    })}`,
  ];
}

/** The name as the template has it; undefined where it is none or known to CloudFormation alone. */
function nameIn(resource: CfnResource, property: string): string | undefined {
  const { Resources } = Stack.of(resource).resolve((resource as unknown as { _toCloudFormation(): object })._toCloudFormation()) as {
    Resources: Record<string, { Properties?: Record<string, unknown> }>;
  };
  const name = Object.values(Resources)[0]?.Properties?.[property];
  return typeof name === 'string' && !Token.isUnresolved(name) ? name : undefined;
}
