import { CfnResource, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { AwsCustomResource, AwsCustomResourcePolicy, AwsCustomResourceProps, PhysicalResourceId } from 'aws-cdk-lib/custom-resources';
import { Construct } from 'constructs';
import { invalidProps } from './checks/invalid-props';
import { synthesisedProperty } from '../kernel/custom-resource';

export interface LookupProps {
  /** Such as `Custom::LedgerStreamArn`. */
  readonly resourceType: string;
  readonly service: string;
  readonly action: string;
  readonly parameters: Record<string, string>;
  /** Region that is asked; the stack's own when absent. */
  readonly region?: string;
  /** Name of the thing. */
  readonly name: string;
  readonly resourceArn: string;
  readonly field: string;
}

/**
 * A value that AWS gives while a stack is deployed, asked for anew at each deployment: CloudFormation calls a custom resource only where
 * the template has changed, and the thing may have been made anew since. So each synthesis writes its time into the template, or
 * `SOURCE_DATE_EPOCH` (seconds
 * since 1970) where that is set. https://reproducible-builds.org/specs/source-date-epoch/
 */
export class Lookup extends Construct {
  public readonly value: string;
  /** What asks, as CloudFormation sees it. */
  public readonly resource: CfnResource;

  constructor(scope: Construct, id: string, { resourceType, service, action, parameters, region, name, resourceArn, field }: LookupProps) {
    super(scope, id);
    const resource = new AwsCustomResource(this, 'Call', {
      resourceType,
      installLatestAwsSdk: false,
      onUpdate: { service, action, parameters, region, outputPaths: [field], physicalResourceId: PhysicalResourceId.of(name) },
      policy: AwsCustomResourcePolicy.fromSdkCalls({ resources: [resourceArn] }),
      ...sdkCallDefaults(this),
    });
    const called = resource.node
      .findAll()
      .find((child): child is CfnResource => CfnResource.isCfnResource(child) && child.cfnResourceType === resourceType);
    called!.addPropertyOverride(synthesisedProperty, synthesisTime(this));
    this.resource = called!;
    this.value = resource.getResponseField(field);
  }
}

const longestSdkCall = Duration.minutes(5);

/**
 * For each custom resource that makes an AWS call. A function that hangs, as where it asks a lost region, tells CloudFormation nothing, and
 * that waits an hour by default. And a function that makes its log group itself may be faster than its stack, which then finds it there.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-cloudformation-customresource.html
 */
export function sdkCallDefaults(scope: Construct): Required<Pick<AwsCustomResourceProps, 'serviceTimeout' | 'logGroup'>> {
  const stack = Stack.of(scope);
  const id = 'AwsCallLogs';
  const known = stack.node.tryFindChild(id) as LogGroup | undefined;
  const logGroup = known ?? new LogGroup(stack, id, { retention: RetentionDays.ONE_MONTH, removalPolicy: RemovalPolicy.DESTROY });
  return { serviceTimeout: longestSdkCall, logGroup };
}

/** When this template is made, as ISO 8601 in seconds: put into what shall be asked for anew at each deployment. */
export function synthesisTime(scope: Construct): string {
  const { SOURCE_DATE_EPOCH: given } = process.env;
  if (given !== undefined && !/^\d{1,11}$/.test(given)) {
    throw invalidProps(scope, {
      prop: 'environment variable SOURCE_DATE_EPOCH',
      given: `'${given}'`,
      allowed: 'whole seconds since 1970',
      mend: 'correct it, or leave it unset for the time of the synthesis',
    });
  }
  const seconds = given === undefined ? Math.floor(Date.now() / 1000) : Number(given);
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}
