import { CfnResource, Stack, Token } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { describeProblem } from './invalid-props';
import { mayShareAccount } from './one-account';

/** Types whose names are one for all regions of an account. Source: the services' user guides, as of November 2026. */
const globalTypes = new Set(['AWS::IAM::Role', 'AWS::CloudWatch::Dashboard']);
/** Types that share their names with another one. */
const families: Readonly<Record<string, string>> = {
  'AWS::DynamoDB::GlobalTable': 'AWS::DynamoDB::Table',
  'AWS::CloudWatch::CompositeAlarm': 'AWS::CloudWatch::Alarm',
};

interface NamedResource {
  readonly resource: CfnResource;
  readonly name: string;
  readonly family: string;
  readonly regions: readonly string[];
}

/** By the root of the tree: the names in it, and how many constructs it had when they were looked for. */
const known = new WeakMap<IConstruct, { readonly constructs: number; readonly names: ReadonlyMap<string, readonly NamedResource[]> }>();

/**
 * What is wrong with the names below a construct in the whole app: names that something else has too, in the same account and region. One
 * line.
 */
export function namesTwice(scope: IConstruct, propertyOf: (type: string) => string | undefined): string[] {
  const names = namesIn(scope.node.root, propertyOf);
  const below = new Set<IConstruct>(scope.node.findAll());
  const all = [...names.values()].filter((alike) => alike.length > 1);
  const twice = all.flatMap((alike) =>
    alike
      .filter(({ resource }) => below.has(resource))
      .flatMap((own) => {
        const other = alike.find((one) => isSame(own, one));
        return other ? [{ own, other }] : [];
      }),
  );
  if (twice.length === 0) return [];
  const [{ own, other }] = twice;
  const more = twice.length === 1 ? '' : `, and ${twice.length - 1} more names like it`;
  return [
    `[${own.resource.node.path}] ${describeProblem({
      prop: propertyOf(own.resource.cfnResourceType)!,
      given: `'${own.name}'${more}, which ${other.resource.node.path} has in the same account and region`,
      allowed: `one ${own.family} with this name in an account and region`,
      mend: 'choose another systemName or another account: stages of a pipeline that share an account need different names',
    })}`,
  ];
}

/** The earlier of two is taken for the right one. */
function isSame(own: NamedResource, other: NamedResource): boolean {
  if (other.resource === own.resource || !mayShareAccount(own.resource, other.resource)) return false;
  return globalTypes.has(own.family) || own.regions.some((region) => !Token.isUnresolved(region) && other.regions.includes(region));
}

function namesIn(root: IConstruct, propertyOf: (type: string) => string | undefined): ReadonlyMap<string, readonly NamedResource[]> {
  const all = root.node.findAll();
  const cached = known.get(root);
  if (cached?.constructs === all.length) return cached.names;
  const names = new Map<string, NamedResource[]>();
  for (const resource of all) {
    if (!CfnResource.isCfnResource(resource)) continue;
    const property = propertyOf(resource.cfnResourceType);
    const name = property === undefined ? undefined : propertyIn(resource, property);
    if (typeof name !== 'string' || Token.isUnresolved(name)) continue;
    const family = families[resource.cfnResourceType] ?? resource.cfnResourceType;
    const key = `${family} ${name}`;
    names.set(key, [...(names.get(key) ?? []), { resource, name, family, regions: regionsOf(resource) }]);
  }
  known.set(root, { constructs: all.length, names });
  return names;
}

/** A global table is in the regions of its replicas. */
function regionsOf(resource: CfnResource): string[] {
  const replicas = resource.cfnResourceType === 'AWS::DynamoDB::GlobalTable' ? propertyIn(resource, 'Replicas') : undefined;
  return Array.isArray(replicas) ? replicas.map(({ region }: { region: string }) => region) : [Stack.of(resource).region];
}

/** As the construct has it: the template of a stack that is not synthesised yet cannot be made. */
function propertyIn(resource: CfnResource, property: string): unknown {
  const own = resource as unknown as Record<string, unknown> & {
    readonly rawOverrides?: { readonly Properties?: Record<string, unknown> };
    readonly _cfnProperties?: Record<string, unknown>;
  };
  const given =
    own.rawOverrides?.Properties?.[property] ?? own[property[0].toLowerCase() + property.slice(1)] ?? own._cfnProperties?.[property];
  return Stack.of(resource).resolve(given);
}
