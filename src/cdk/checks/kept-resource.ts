import { CfnResource, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { describeProblem } from './invalid-props';

/** A promise on a property: where it is in the template, and what it must come to. */
export interface KeptProperty {
  readonly name: string;
  readonly isKept: (properties: Readonly<Record<string, unknown>>) => boolean;
}

/**
 * Holds the final template, after aspects, `RemovalPolicies` and overrides, to what the props promise: a resource that they retain is
 * retained, and its protections stay on. Without the props' own words nothing may take them away.
 */
export function keepResource(
  scope: Construct,
  resource: CfnResource,
  removalPolicy: RemovalPolicy,
  kept: readonly KeptProperty[] = [],
): void {
  scope.node.addValidation({ validate: () => keptProblems(resource, removalPolicy, kept) });
}

interface Rendered {
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

function rendered(resource: CfnResource): Rendered {
  const template = (resource as unknown as { _toCloudFormation(): object })._toCloudFormation();
  const { Resources } = Stack.of(resource).resolve(template) as { Resources: Record<string, Rendered> };
  return Object.values(Resources)[0] ?? {};
}

/** A resource's properties as the template has them now, overrides included. */
export function propertiesInTemplate(resource: CfnResource): Readonly<Record<string, unknown>> {
  return rendered(resource).Properties ?? {};
}

function keptProblems(resource: CfnResource, removalPolicy: RemovalPolicy, kept: readonly KeptProperty[]): string[] {
  const { DeletionPolicy, UpdateReplacePolicy, Properties = {} } = rendered(resource);
  const lost =
    removalPolicy !== RemovalPolicy.RETAIN
      ? []
      : Object.entries({ DeletionPolicy, UpdateReplacePolicy })
          .filter(([, policy]) => policy !== 'Retain' && policy !== 'RetainExceptOnCreate')
          .map(([name, policy]) => problemOf(resource, name, `${policy ?? 'Delete'} in the template`));
  const off = kept.filter(({ isKept }) => !isKept(Properties)).map(({ name }) => problemOf(resource, name, 'switched off in the template'));
  return [...lost, ...off];
}

function problemOf(resource: CfnResource, prop: string, given: string): string {
  return `[${resource.node.path}] ${describeProblem({
    prop,
    given: `${given}, by an aspect, RemovalPolicies or an override`,
    allowed: "the setting of the construct's props: this resource is kept",
    mend: "set removalPolicy in the construct's props, with the props that it needs, or exclude the resource from the aspect",
  })}`;
}

/** What a table with one replica keeps: it can be restored, and while it is retained it cannot be deleted. */
export function keptTable(removalPolicy: RemovalPolicy): KeptProperty[] {
  const recovers = ({ PointInTimeRecoverySpecification: given }: Readonly<Record<string, unknown>>): boolean =>
    (given as { PointInTimeRecoveryEnabled?: boolean } | undefined)?.PointInTimeRecoveryEnabled === true;
  return [
    { name: 'PointInTimeRecoverySpecification', isKept: recovers },
    ...(removalPolicy === RemovalPolicy.RETAIN
      ? [
          {
            name: 'DeletionProtectionEnabled',
            isKept: ({ DeletionProtectionEnabled: given }: Readonly<Record<string, unknown>>) => given === true,
          },
        ]
      : []),
  ];
}

const publicAccessBlocks = ['BlockPublicAcls', 'BlockPublicPolicy', 'IgnorePublicAcls', 'RestrictPublicBuckets'];
const membersOf = (given: unknown): Readonly<Record<string, unknown>> => (given ?? {}) as Readonly<Record<string, unknown>>;

/** What a bucket with data keeps: older versions, and that nothing of it is public. */
export const keptBucket: readonly KeptProperty[] = [
  { name: 'VersioningConfiguration', isKept: ({ VersioningConfiguration: given }) => membersOf(given).Status === 'Enabled' },
  {
    name: 'PublicAccessBlockConfiguration',
    isKept: ({ PublicAccessBlockConfiguration: given }) => publicAccessBlocks.every((name) => membersOf(given)[name] === true),
  },
];
