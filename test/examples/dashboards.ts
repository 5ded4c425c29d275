import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { MetricRef, unsent } from './emitted-metrics';
import { evaluateAll, type Series } from '../../local/alarms/expression';
import { searchesIn } from '../../local/dashboard/search';
import { meshMetrics } from '../../src/events/contract';
import { causeOf } from '../../src/kernel/cause';
import { systemMetrics } from '../../src/kernel/system-metrics';
import { stubContext } from '../cdk/stacks';

/** A widget of a dashboard's body. */
export interface Widget {
  readonly type: string;
  readonly properties: {
    readonly title?: string;
    readonly markdown?: string;
    readonly region?: string;
    readonly metrics?: readonly (readonly unknown[])[];
    readonly alarms?: readonly string[];
  };
}

/** A metric of a widget, and the region in which it is looked for. */
export interface ShownMetric extends MetricRef {
  readonly title: string;
  readonly region?: string;
  readonly stat?: string;
}

export interface RegionTemplate {
  readonly stack: string;
  readonly region: string;
  readonly template: Template;
}

/** An app's templates, each with its stack and region. */
export function templatesOf(define: (app: App) => unknown): RegionTemplate[] {
  const app = new App({ context: { ...stubContext(), 'aws:cdk:bundling-stacks': [] } });
  define(app);
  return app.node.children
    .filter((child): child is Stack => Stack.isStack(child))
    .map((stack) => ({ stack: stack.node.id, region: stack.region, template: Template.fromStack(stack) }));
}

/** The text of a property, what is known at deployment alone as `<logical ID>` or `<pseudo parameter>`. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const { 'Fn::Join': join, 'Fn::GetAtt': attribute, Ref } = value as Record<string, any>;
  if (join) return (join[1] as unknown[]).map(textOf).join(join[0] as string);
  return `<${(Ref as string | undefined) ?? (attribute as string[])[0]}>`;
}

/** The widgets of a template's dashboards. */
export function widgetsIn(template: Template): Widget[] {
  return Object.values(template.findResources('AWS::CloudWatch::Dashboard')).flatMap(
    ({ Properties }) => (JSON.parse(textOf(Properties.DashboardBody)) as { widgets: Widget[] }).widgets,
  );
}

/** The metrics of a widget, those too that only feed an expression. */
export function metricsOf({ properties: { title = '', metrics = [] } }: Widget): ShownMetric[] {
  return metrics
    .filter(([first]) => typeof first === 'string')
    .map((row) => {
      const texts = row.filter((one): one is string => typeof one === 'string');
      const { region, stat } = (row.find((one) => typeof one === 'object') ?? {}) as { region?: string; stat?: string };
      const [Namespace, MetricName, ...rest] = texts;
      const Dimensions = rest.flatMap((Name, at) => (at % 2 === 0 ? [{ Name, Value: rest[at + 1] }] : []));
      return { title, region, stat, Namespace, MetricName, Dimensions };
    });
}

interface RowOptions {
  readonly id?: string;
  readonly expression?: string;
  readonly visible?: boolean;
}

/**
 * What is wrong with the expressions of a widget: names of none of its queries, functions that metric math has not, searches of metrics
 * that nobody sends, and metrics that neither show nor feed an expression.
 */
export function wrongMathIn({ properties: { title = '', metrics = [] } }: Widget): string[] {
  const options = metrics.map((row) => (row.find((one) => typeof one === 'object') ?? {}) as RowOptions);
  const expressions = options.flatMap(({ expression }) => expression ?? []);
  const series = new Map<string, Series>(options.flatMap(({ id }) => (id === undefined ? [] : [[id, [1]]])));
  const feeds = (id = ''): boolean => expressions.some((expression) => expression.split(/\W+/).includes(id));
  const idle = options.filter(({ id, visible }) => visible === false && !feeds(id));
  return [
    ...expressions.flatMap((expression) => wrongIn(expression, series)).map((why) => `${title}: ${why}`),
    ...idle.map(({ id }) => `${title}: '${id}' neither shows nor feeds an expression`),
  ];
}

function wrongIn(expression: string, series: ReadonlyMap<string, Series>): string[] {
  try {
    const searches = searchesIn(expression);
    const named = new Map<string, Series | readonly Series[]>([...series, ...searches.map((_, at) => [`found${at}`, [[1]]] as const)]);
    const math = searches.reduce((text, search, at) => text.replace(search.text, `found${at}`), expression);
    evaluateAll(math, named, [...series.keys()], 1);
    return searches.flatMap(({ text, schema, terms }) => {
      const MetricName = terms.find(({ of }) => of === 'MetricName')?.value;
      if (!schema || MetricName === undefined) return [`${text} does not say which metric by which dimensions`];
      return unsent({ Namespace: schema.namespace, MetricName, Dimensions: schema.dimensions.map((Name) => ({ Name, Value: '' })) });
    });
  } catch (error) {
    return [causeOf(error)];
  }
}

type Dimensions = Readonly<Record<string, string>>;

/** What the templates of one app make in a region, for the values of dimensions. */
class Made {
  constructor(
    private readonly region: string,
    private readonly templates: readonly Template[],
    /** All regions of the app. */
    private readonly regions: ReadonlySet<string>,
    private readonly tables: readonly Record<string, any>[],
  ) {}

  /** Whether a dimension's value is the name of something that is there. */
  public has(name: string, value: string, { TableName }: Dimensions): boolean {
    const known: Readonly<Record<string, () => boolean>> = {
      TableName: () => this.tablesHere().some((table) => table.TableName === value),
      GlobalSecondaryIndexName: () =>
        this.tablesHere()
          .filter((table) => table.TableName === TableName)
          .some(({ GlobalSecondaryIndexes = [] }) => GlobalSecondaryIndexes.some(({ IndexName }: any) => IndexName === value)),
      Operation: () => ['GetItem', 'BatchGetItem', 'PutItem', 'UpdateItem', 'Query'].includes(value),
      ReceivingRegion: () => value !== this.region && this.regions.has(value),
      ApiName: () => this.properties('AWS::ApiGateway::RestApi').some(({ Name }) => Name === value),
      Stage: () => this.properties('AWS::ApiGateway::Stage').some(({ StageName }) => StageName === value),
      CanaryName: () => this.properties('AWS::Synthetics::Canary').some(({ Name }) => Name === value),
      QueueName: () => this.properties('AWS::SQS::Queue').some(({ QueueName }) => QueueName === value),
      StateMachineArn: () =>
        this.machines().some((machine) => value.endsWith(`:states:${this.region}:<AWS::AccountId>:stateMachine:${machine}`)),
      HealthCheckId: () => /^<\w+>$/.test(value),
      [systemMetrics.systemDimension]: () => this.environment().has(value) || this.machines().includes(value),
      [systemMetrics.regionDimension]: () => value === this.region,
      [meshMetrics.peerDimension]: () => value !== this.region && this.regions.has(value),
      [meshMetrics.consumerDimension]: () => this.environment().has(value),
    };
    return known[name]?.() ?? false;
  }

  private machines(): string[] {
    return this.properties('AWS::StepFunctions::StateMachine').map(({ StateMachineName }) => StateMachineName as string);
  }

  private tablesHere(): Record<string, any>[] {
    return this.tables.filter(({ Replicas }) => Replicas.some(({ Region }: any) => Region === this.region));
  }

  /** What functions know of their surroundings: their metrics' dimensions come from there. */
  private environment(): Set<unknown> {
    return new Set(this.properties('AWS::Lambda::Function').flatMap(({ Environment }) => Object.values(Environment?.Variables ?? {})));
  }

  private properties(type: string): Record<string, any>[] {
    return this.templates.flatMap((template) => Object.values(template.findResources(type)).map(({ Properties }) => Properties as object));
  }
}

/** What the metrics of an app's dashboards read that is not there: wrong regions, and dimensions with values that nothing has. */
export function absentIn(templates: readonly RegionTemplate[]): (metric: ShownMetric) => string[] {
  const regions = new Set(templates.map(({ region }) => region));
  const tables = templates.flatMap(({ template }) =>
    Object.values(template.findResources('AWS::DynamoDB::GlobalTable')).map(({ Properties }) => Properties as Record<string, any>),
  );
  const made = new Map(
    [...regions].map((region) => [
      region,
      new Made(
        region,
        templates.filter((one) => one.region === region).map(({ template }) => template),
        regions,
        tables,
      ),
    ]),
  );
  return ({ title, region, MetricName, Dimensions = [] }) => {
    const there = made.get(region ?? '');
    if (!there) return [`${title}: ${MetricName} of the region ${region}`];
    const all = Object.fromEntries(Dimensions.map(({ Name, Value }) => [Name, String(Value)]));
    return Object.entries(all)
      .filter(([name, value]) => !there.has(name, value, all))
      .map(([name, value]) => `${title}: ${MetricName} in ${region} with ${name} ${value}`);
  };
}
