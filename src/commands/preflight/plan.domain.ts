import type { NamedKind, Plan, PlannedCertificate, PlannedName, PlannedRegion, PlannedStack, ReadStack, TemplateResource } from './model';
import { secretsOf } from './secrets.domain';
import { alarmTypes, topicsOf } from './topics.domain';

/** What is left to the credentials and settings of the caller. */
export interface Surroundings {
  readonly account: string;
  /** For stacks that leave their region open. */
  readonly region: string | undefined;
}

interface Placed extends PlannedStack {
  readonly region: string;
}

/** What an app asks of its regions, read from its templates. Names that only CloudFormation can tell are left out. */
export function planOf(stacks: readonly PlannedStack[], surroundings: Surroundings): Plan {
  const placed = stacks.flatMap((stack): readonly Placed[] => {
    const region = stack.region ?? surroundings.region;
    return region === undefined ? [] : [{ ...stack, region }];
  });
  const all = placed.flatMap((stack) => resourcesOf(stack).map((resource) => ({ stack, resource, text: textOf(stack, surroundings) })));
  const tables = all.filter(({ resource }) => resource.Type === 'AWS::DynamoDB::GlobalTable');
  const strong = tables.filter(({ resource }) => resource.Properties?.MultiRegionConsistency === 'STRONG');
  const names = all.flatMap(({ stack, resource, text }) => namesOf(resource, stack.region, text));
  const regions = unique([...placed.map(({ region }) => region), ...tables.flatMap(({ resource }) => regionsOfTable(resource))]);
  return {
    regions: regions.map((region) =>
      plannedRegion(
        region,
        placed.map((stack) => readStack(stack, surroundings)),
        placed,
        names,
      ),
    ),
    strong: unique(strong.flatMap(({ resource }) => regionsOfTable(resource))),
    names,
    unplaced: stacks.filter((stack) => (stack.region ?? surroundings.region) === undefined),
    healthChecks: all.filter(({ resource }) => resource.Type === 'AWS::Route53::HealthCheck').length,
    zones: unique(
      all.flatMap(({ resource, text }) =>
        resource.Type.startsWith('AWS::Route53::RecordSet') ? texts(text(resource.Properties?.HostedZoneId)) : [],
      ),
    ),
    certificates: all.flatMap(({ stack, resource, text }) => certificatesOf(resource, stack, text)),
  };
}

const unique = (all: readonly string[]): string[] => [...new Set(all)].sort();

const texts = (text: string | undefined): readonly string[] => (text === undefined ? [] : [text]);

const resourcesOf = ({ template }: PlannedStack): readonly TemplateResource[] => Object.values(template.Resources ?? {});

function plannedRegion(
  region: string,
  read: readonly ReadStack[],
  placed: readonly Placed[],
  names: readonly PlannedName[],
): PlannedRegion {
  const here = read.filter((stack) => stack.region === region);
  const stacks = placed.filter((stack) => stack.region === region);
  const resources = stacks.flatMap(resourcesOf);
  const functions = resources.filter(({ Type }) => Type === 'AWS::Lambda::Function');
  const rules = resources.filter(({ Type }) => Type === 'AWS::Events::Rule');
  const alarms = stacks.flatMap(alarmsOf);
  const buses = rules.map(({ Properties }) => JSON.stringify(Properties?.EventBusName ?? 'default'));
  return {
    region,
    stacks,
    functions: functions.length,
    reservedConcurrency: functions.reduce((sum, { Properties }) => sum + Number(Properties?.ReservedConcurrentExecutions ?? 0), 0),
    names: names.filter((name) => name.region === region).length,
    tables: names.filter((name) => name.kind === 'table' && name.region === region).length,
    rules: Math.max(0, ...buses.map((bus) => buses.filter((other) => other === bus).length)),
    apis: resources.filter(({ Type }) => Type === 'AWS::ApiGateway::RestApi').length,
    alarms: alarms.length,
    silentAlarms: alarms.filter((isHeard) => !isHeard).length,
    topics: topicsOf(here),
    parameters: unique(
      stacks.flatMap((stack, index) =>
        parametersOf(
          stack,
          here.filter((_, other) => other !== index),
        ),
      ),
    ),
    secrets: secretsOf(here, read),
  };
}

/** Whether each alarm of a stack is heard: by an action, by AWS FIS, whose experiments it stops, or by a composed alarm with an action. */
function alarmsOf({ template: { Resources = {} } }: PlannedStack): readonly boolean[] {
  const listeners = JSON.stringify(
    Object.values(Resources).flatMap(({ Type, Properties }) => {
      if (Type === 'AWS::FIS::ExperimentTemplate') return [Properties?.StopConditions];
      return Type === 'AWS::CloudWatch::CompositeAlarm' && hasAction(Properties) ? [Properties?.AlarmRule] : [];
    }),
  );
  return Object.entries(Resources)
    .filter(([, { Type }]) => alarmTypes.includes(Type))
    .map(([id, { Properties }]) => hasAction(Properties) || listeners.includes(JSON.stringify({ 'Fn::GetAtt': [id, 'Arn'] })));
}

const hasAction = (properties: TemplateResource['Properties']): boolean =>
  ((properties?.AlarmActions as readonly unknown[] | undefined)?.length ?? 0) > 0;

const readStack = (stack: Placed, surroundings: Surroundings): ReadStack => ({
  region: stack.region,
  account: stack.account ?? surroundings.account,
  resources: stack.template.Resources ?? {},
  text: textOf(stack, surroundings),
});

/**
 * Without the version of the bootstrap stack, which has a check of its own, and without those that another stack of the app makes. What a
 * stack makes itself comes too late: CloudFormation reads parameters before it makes resources.
 */
function parametersOf({ template, bootstrap, parameters = {} }: PlannedStack, others: readonly ReadStack[]): readonly string[] {
  const own = others.flatMap(({ resources, text }) =>
    Object.values(resources).flatMap(({ Type, Properties }) => (Type === 'AWS::SSM::Parameter' ? texts(text(Properties?.Name)) : [])),
  );
  return Object.entries(template.Parameters ?? {}).flatMap(([id, { Type, Default }]) => {
    const name = Object.hasOwn(parameters, id) ? parameters[id] : Default;
    const isRead = String(Type).startsWith('AWS::SSM::Parameter::Value<') && Default !== bootstrap?.parameter;
    return isRead && typeof name === 'string' && !own.includes(name) ? [name] : [];
  });
}

interface TableRegions {
  readonly Replicas?: readonly { readonly Region?: unknown }[];
  readonly GlobalTableWitnesses?: readonly { readonly Region?: unknown }[];
}

/** Regions of a global table that its template names; one that CloudFormation fills in is its stack's own. */
function regionsOfTable({ Properties = {} }: TemplateResource): readonly string[] {
  const { Replicas = [], GlobalTableWitnesses = [] } = Properties as TableRegions;
  return [...Replicas, ...GlobalTableWitnesses].flatMap(({ Region }) => (typeof Region === 'string' ? [Region] : []));
}

const nameProperties: Readonly<Record<string, readonly [NamedKind, string]>> = {
  'AWS::DynamoDB::GlobalTable': ['table', 'TableName'],
  'AWS::DynamoDB::Table': ['table', 'TableName'],
  'AWS::S3::Bucket': ['bucket', 'BucketName'],
  'AWS::KMS::Alias': ['alias', 'AliasName'],
};

type TextOf = (value: unknown) => string | undefined;

function namesOf(resource: TemplateResource, region: string, text: TextOf): readonly PlannedName[] {
  if (!Object.hasOwn(nameProperties, resource.Type)) return [];
  const [kind, property] = nameProperties[resource.Type];
  const name = text(resource.Properties?.[property]);
  if (name === undefined) return [];
  const { Replicas = [] } = (resource.Properties ?? {}) as TableRegions;
  const regions = kind === 'table' ? unique([region, ...Replicas.flatMap(({ Region }) => texts(text(Region)))]) : [region];
  return regions.map((one) => ({ kind, name, region: one, owner: region }));
}

/** A text of a template, with account, region and partition filled in; undefined where only CloudFormation knows it. */
function textOf(stack: Placed, { account }: Surroundings): TextOf {
  const pseudo: Readonly<Record<string, string>> = {
    'AWS::AccountId': stack.account ?? account,
    'AWS::Region': stack.region,
    'AWS::Partition': 'aws',
  };
  const text: TextOf = (value) => {
    if (typeof value === 'string') return value;
    if (typeof value !== 'object' || value === null) return undefined;
    const { Ref, 'Fn::Join': join } = value as { readonly Ref?: unknown; readonly 'Fn::Join'?: unknown };
    if (typeof Ref === 'string') return pseudo[Ref];
    if (!Array.isArray(join) || typeof join[0] !== 'string' || !Array.isArray(join[1])) return undefined;
    const parts = join[1].map(text);
    return parts.some((part) => part === undefined) ? undefined : parts.join(join[0]);
  };
  return text;
}

function certificatesOf({ Type, Properties = {} }: TemplateResource, stack: Placed, text: TextOf): readonly PlannedCertificate[] {
  const planned = (value: unknown, region: string, of: string): readonly PlannedCertificate[] =>
    texts(text(value)).map((arn) => ({ arn, region, of: `${of} of ${stack.id}` }));
  switch (Type) {
    case 'AWS::ApiGateway::DomainName':
      return planned(Properties.RegionalCertificateArn, stack.region, 'domain name');
    case 'AWS::CloudFront::Distribution': {
      const config = Properties.DistributionConfig as { readonly ViewerCertificate?: { readonly AcmCertificateArn?: unknown } } | undefined;
      return planned(config?.ViewerCertificate?.AcmCertificateArn, 'us-east-1', 'distribution');
    }
    default:
      return [];
  }
}
