import type { AlarmState, FabricResource } from '../ground/model';
import type { MetricId } from '../metrics/store';

/** A statistic of one metric, period by period. */
export interface MetricQuery {
  readonly id: string;
  readonly metric: MetricId;
  readonly stat: string;
}
/** Metric math on what other queries give. */
export interface ExpressionQuery {
  readonly id: string;
  readonly expression: string;
}
export type Query = MetricQuery | ExpressionQuery;

export const comparisons = {
  GreaterThanOrEqualToThreshold: { breaks: (value: number, threshold: number) => value >= threshold, sign: '>=' },
  GreaterThanThreshold: { breaks: (value: number, threshold: number) => value > threshold, sign: '>' },
  LessThanThreshold: { breaks: (value: number, threshold: number) => value < threshold, sign: '<' },
  LessThanOrEqualToThreshold: { breaks: (value: number, threshold: number) => value <= threshold, sign: '<=' },
} as const;
export type Comparison = keyof typeof comparisons;

export type MissingData = 'breaching' | 'notBreaching' | 'ignore' | 'missing';

/** A metric alarm, as a template says it. */
export interface AlarmSpec {
  readonly kind: 'metric';
  readonly region: string;
  readonly name: string;
  /** What `Ref` gives, where that is not the name. */
  readonly alias?: string;
  readonly description?: string;
  readonly actions: AlarmActions;
  readonly queries: readonly Query[];
  /** The query that is compared. */
  readonly returned: string;
  readonly periodSeconds: number;
  readonly evaluationPeriods: number;
  readonly datapointsToAlarm: number;
  readonly comparison: Comparison;
  readonly threshold: number;
  readonly missing: MissingData;
  /** Why it cannot be evaluated here. */
  readonly unsupported?: string;
}

export interface CompositeSpec {
  readonly kind: 'composite';
  readonly region: string;
  readonly name: string;
  readonly alias?: string;
  readonly description?: string;
  readonly actions: AlarmActions;
  readonly rule: string;
}

/** ARNs that are told of a state. */
export type AlarmActions = Readonly<Record<AlarmState, readonly string[]>>;

/** All alarms of the templates. */
export function alarmSpecs(resources: readonly FabricResource[]): (AlarmSpec | CompositeSpec)[] {
  return resources.flatMap((resource): (AlarmSpec | CompositeSpec)[] => {
    if (resource.type === 'AWS::CloudWatch::Alarm') return [metricAlarm(resource)];
    if (resource.type === 'AWS::CloudWatch::CompositeAlarm') {
      return [{ kind: 'composite', ...identity(resource), rule: String(resource.properties.AlarmRule ?? '') }];
    }
    return [];
  });
}

function identity({ region, properties, physicalId, logicalId }: FabricResource): {
  region: string;
  name: string;
  alias?: string;
  actions: AlarmActions;
  description?: string;
} {
  const name = typeof properties.AlarmName === 'string' ? properties.AlarmName : (physicalId ?? logicalId);
  const arns = (member: string): string[] =>
    isOff(properties.ActionsEnabled) ? [] : ((properties[member] ?? []) as unknown[]).map(String);
  const actions = { ALARM: arns('AlarmActions'), OK: arns('OKActions'), INSUFFICIENT_DATA: arns('InsufficientDataActions') };
  const { AlarmDescription: says } = properties;
  return {
    region,
    name,
    actions,
    ...(typeof says === 'string' ? { description: says } : {}),
    ...(physicalId !== undefined && physicalId !== name ? { alias: physicalId } : {}),
  };
}

function isOff(value: unknown): boolean {
  return value === false || value === 'false';
}

function metricAlarm(resource: FabricResource): AlarmSpec {
  const { properties, region } = resource;
  const { queries, returned, periodSeconds } = queriesOf(properties, region);
  const evaluationPeriods = Number(properties.EvaluationPeriods ?? 1);
  const comparison = String(properties.ComparisonOperator);
  const stat = queries.flatMap((query) => ('stat' in query && !knownStat.test(query.stat) ? [query.stat] : []))[0];
  const unsupported = !(comparison in comparisons)
    ? `comparison ${comparison} is not known here`
    : stat === undefined
      ? undefined
      : `statistic ${stat} is not known here`;
  return {
    kind: 'metric',
    ...identity(resource),
    queries,
    returned,
    periodSeconds,
    evaluationPeriods,
    datapointsToAlarm: Number(properties.DatapointsToAlarm ?? evaluationPeriods),
    comparison: comparison as Comparison,
    threshold: Number(properties.Threshold),
    missing: ['breaching', 'notBreaching', 'ignore'].includes(properties.TreatMissingData) ? properties.TreatMissingData : 'missing',
    ...(unsupported === undefined ? {} : { unsupported }),
  };
}

const knownStat = /^(Sum|Average|Minimum|Maximum|SampleCount|p\d+(\.\d+)?)$/;

/** Whether a statistic can be computed here. */
export function isKnownStatistic(stat: string): boolean {
  return knownStat.test(stat);
}

function queriesOf(properties: Record<string, any>, region: string): Pick<AlarmSpec, 'queries' | 'returned' | 'periodSeconds'> {
  const metrics = properties.Metrics as Record<string, any>[] | undefined;
  if (!metrics?.length) {
    const query = {
      id: 'm',
      metric: metricId(properties, region),
      stat: String(properties.ExtendedStatistic ?? properties.Statistic ?? 'Average'),
    };
    return { queries: [query], returned: 'm', periodSeconds: Number(properties.Period ?? 60) };
  }
  const queries = metrics.map((entry): Query =>
    entry.MetricStat
      ? { id: String(entry.Id), metric: metricId(entry.MetricStat.Metric ?? {}, region), stat: String(entry.MetricStat.Stat) }
      : { id: String(entry.Id), expression: String(entry.Expression ?? '') },
  );
  // Who says nothing of it returns its data; a template that is valid says so of one only.
  const returned = metrics.find(({ ReturnData }) => ReturnData !== false && ReturnData !== 'false') ?? metrics[metrics.length - 1];
  const periods = metrics.map((entry) => Number(entry.MetricStat?.Period ?? entry.Period ?? NaN)).filter((period) => period > 0);
  return { queries, returned: String(returned.Id), periodSeconds: Math.max(1, ...periods) };
}

function metricId(given: Record<string, any>, region: string): MetricId {
  const pairs = (given.Dimensions ?? []) as { Name: unknown; Value: unknown }[];
  const dimensions = Object.fromEntries(pairs.map(({ Name, Value }) => [String(Name), String(Value)]));
  return { region, namespace: String(given.Namespace), name: String(given.MetricName), dimensions };
}
