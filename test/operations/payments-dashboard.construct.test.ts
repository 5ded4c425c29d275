import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Alarm, CfnDashboard, GraphWidget, IWidget, Metric, TextWidget } from 'aws-cdk-lib/aws-cloudwatch';
import {
  ActiveActivePaymentsApi,
  CrossRegionEventMesh,
  IdempotentConsumer,
  LedgerOutbox,
  LedgerReplica,
  PaymentRegions,
  PaymentsAuthorization,
  PaymentsDashboard,
  PaymentsDashboardProps,
} from '../../src/index';
import { dashboardLimits } from '../../src/operations/contract';
import { sizeProblem } from '../../src/operations/dashboard-checks';
import { functionOf } from '../cdk/every-interface';
import { account, homeRegions, newApp, newStack, regions } from '../cdk/stacks';
import { textOf, Widget, widgetsIn } from '../examples/dashboards';

type Override = Partial<PaymentsDashboardProps>;
type Parts = (stack: Stack) => Override;

const apiOf = (stack: Stack, all: PaymentRegions): ActiveActivePaymentsApi =>
  new ActiveActivePaymentsApi(stack, 'Api', { ledger: LedgerReplica.of(stack, 'acme', all), authorization: PaymentsAuthorization.iam() });
const meshOf = (stack: Stack, systemName = 'acme'): CrossRegionEventMesh =>
  new CrossRegionEventMesh(stack, `Mesh-${systemName}`, { systemName, regions: regions.replicas });
const consumerOf = (stack: Stack, mesh: CrossRegionEventMesh, consumerName = 'mailer'): IdempotentConsumer =>
  new IdempotentConsumer(stack, `Consumer-${consumerName}`, { mesh, consumerName, handler: functionOf(stack, `Handler-${consumerName}`) });

function define(stack: Stack, parts: Parts = () => ({}), all = regions): PaymentsDashboard {
  return new PaymentsDashboard(stack, 'Dashboard', { api: apiOf(stack, all), ...parts(stack) });
}

function shown(parts?: Parts, all = regions, region = 'us-east-1'): Widget[] {
  const stack = newStack(region);
  define(stack, parts, all);
  return widgetsIn(Template.fromStack(stack));
}

const headings = (widgets: readonly Widget[]): string[] =>
  widgets.flatMap(({ properties: { markdown } }) => (markdown?.startsWith('## ') ? [markdown.slice(3)] : []));
const titles = (widgets: readonly Widget[]): string[] => widgets.flatMap(({ properties: { title } }) => title ?? []);
const full: Parts = (stack) => {
  const mesh = meshOf(stack);
  return {
    mesh,
    outbox: new LedgerOutbox(stack, 'Outbox', { ledger: LedgerReplica.of(stack, 'acme', regions), mesh }),
    consumers: [consumerOf(stack, mesh)],
    approvals: [{ gateName: 'acme-approvals', region: 'us-west-2', stateMachineName: 'acme-cutover' }],
    cutover: { region: 'us-west-2' },
  };
};

test('what the system does not have leaves no widget and no heading', () => {
  const widgets = shown();
  expect(headings(widgets)).toEqual(['Traffic', 'Ledger', 'Throttles and cost', 'Alarms of us-east-1']);
  expect(widgets.filter(({ type, properties }) => type === 'metric' && !properties.metrics?.length)).toEqual([]);
  expect(headings(shown(full))).toEqual([
    'Traffic',
    'Ledger',
    'Events',
    'Approvals',
    'Cutover',
    'Throttles and cost',
    'Alarms of us-east-1',
  ]);
});

test.each<[string, Parts, string[]]>([
  [
    'a mesh alone',
    (stack) => ({ mesh: meshOf(stack) }),
    ['Events late: the way of a probe', 'Events dead: in dead-letter queues', 'Events not taken'],
  ],
  [
    'a consumer alone',
    (stack) => ({ consumers: [consumerOf(stack, meshOf(stack))] }),
    ['Events received', 'Events dead: in dead-letter queues', 'Events not taken', 'Consumers: age of the oldest event that waits'],
  ],
  [
    'a gate that no alarm watches',
    () => ({ approvals: [{ gateName: 'acme-approvals', region: 'eu-west-1' }] }),
    ['Approvals that wait', 'Gate: sweeps, faults and forged answers'],
  ],
])('%s adds its own widgets', (_what, parts, added) => {
  const without = titles(shown());
  expect(titles(shown(parts)).filter((title) => !without.includes(title))).toEqual(added);
});

test('an outbox without a sweep has one dead-letter queue', () => {
  const queues = (enabled: boolean): unknown =>
    shown((stack) => ({
      outbox: new LedgerOutbox(stack, 'Outbox', {
        ledger: LedgerReplica.of(stack, 'acme', regions),
        mesh: meshOf(stack),
        sweep: { enabled },
      }),
    })).find(({ properties: { title } }) => title?.startsWith('Events dead'))?.properties.metrics?.length;
  expect([queues(true), queues(false)]).toEqual([4, 2]);
});

test('a strong system shows its quorum, another one the lag and the homes', () => {
  const strong = titles(shown());
  const home = titles(shown(undefined, homeRegions));
  expect(strong.filter((title) => !home.includes(title))).toEqual([
    'Quorum: time of a write in two regions',
    'Quorum: requests that failed in DynamoDB',
  ]);
  expect(home.filter((title) => !strong.includes(title))).toEqual(['Replication lag', 'Homes']);
});

test('it says the recovery budget, and its name has the region: names of dashboards are global', () => {
  const stack = newStack();
  const { dashboardName } = define(stack);
  const template = Template.fromStack(stack);
  expect(dashboardName).toBe('acme-us-east-1');
  template.hasResourceProperties('AWS::CloudWatch::Dashboard', { DashboardName: 'acme-us-east-1' });
  expect(widgetsIn(template)[0].properties.markdown).toMatch(/acme: us-east-1, us-west-2[^]*Mode STRONG[^]*\d+ s \(target 30 s\)/);
});

test('every region shows the same, but for the alarms that its own stack has', () => {
  const [east, west] = ['us-east-1', 'us-west-2'].map((region) => shown(full, regions, region));
  const same = (widgets: readonly Widget[], region: string): Widget[] =>
    widgets.filter(({ type, properties }) => type !== 'alarm' && properties.markdown !== `## Alarms of ${region}`);
  expect(same(west, 'us-west-2')).toEqual(same(east, 'us-east-1'));
  expect(west).toHaveLength(same(west, 'us-west-2').length + 2);
});

test('shares are those of the calls of all regions together, and no ID stands for two metrics', () => {
  const widgets = shown(full);
  const split = widgets.find(({ properties: { title } }) => title === 'Split by region')!.properties.metrics!;
  const drawn = split.map((row) => row[row.length - 1] as Record<string, unknown>).filter(({ visible }) => visible !== false);
  expect(drawn).toEqual([
    { label: 'us-east-1', expression: '100 * calls0 / (calls0 + calls1)', period: 60 },
    { label: 'us-west-2', expression: '100 * calls1 / (calls0 + calls1)', period: 60 },
  ]);
  for (const { properties } of widgets) {
    const ids = (properties.metrics ?? []).flatMap((row) => (row[row.length - 1] as { id?: string }).id ?? []);
    expect(new Set(ids).size).toBe(ids.length);
    const used = JSON.stringify(properties.metrics ?? []).match(/\b(?:call\d+in|calls|errors|requests|conflicts|puts|updates)\d+\b/g) ?? [];
    expect(used.filter((id) => !ids.includes(id))).toEqual([]);
  }
});

test('write conflicts are told per million of the writes that DynamoDB carried out', () => {
  const { metrics = [] } = shown().find(({ properties: { title } }) => title === 'Write conflicts')!.properties;
  expect(metrics[0]).toEqual([
    { label: 'us-east-1', expression: '1000000 * FILL(conflicts0, 0) / (FILL(puts0, 0) + FILL(updates0, 0))', period: 60 },
  ]);
  expect(
    metrics.filter(([, name]) => name === 'SuccessfulRequestLatency').map((row) => (row[row.length - 1] as { stat: string }).stat),
  ).toEqual(Array(4).fill('SampleCount'));
});

test("alarms are the API's and those that are given, at most a hundred in a widget", () => {
  const more =
    (count: number): Parts =>
    (stack) => ({
      alarms: Array.from({ length: count }, (_, at) => {
        const metric = new Metric({ namespace: 'Team', metricName: 'Own' });
        return new Alarm(stack, `Own${at}`, { metric, threshold: 1, evaluationPeriods: 1 });
      }),
    });
  const counts = (parts?: Parts): number[] =>
    shown(parts).flatMap(({ type, properties }) => (type === 'alarm' ? properties.alarms!.length : []));
  const [own] = counts();
  expect(own).toBeGreaterThan(5);
  expect(counts(more(1))).toEqual([own + 1]);
  expect(counts(more(100))).toEqual([100, own]);
});

test.each<[string, Parts, string]>([
  [
    'a part of another system',
    (stack) => ({ mesh: meshOf(stack, 'other') }),
    "'mesh' is of the system 'other'; allowed: parts of the system 'acme', which the API belongs to; fix: give each system a dashboard",
  ],
  [
    'a consumer twice',
    (stack) => {
      const consumer = consumerOf(stack, meshOf(stack));
      return { consumers: [consumer, consumer] };
    },
    "'consumers' is 'mailer' twice; allowed: each one once; fix: leave out the second",
  ],
  [
    'a gate twice',
    () => ({ approvals: ['us-east-1', 'us-west-2', 'us-east-1'].map((region) => ({ gateName: 'gate', region })) }),
    "'approvals' is 'gate in us-east-1' twice; allowed: each one once; fix: leave out the second",
  ],
  [
    'a cutover nowhere',
    () => ({ cutover: { region: 'frankfurt' } }),
    "'cutover.region' is 'frankfurt'; allowed: the name of an AWS region, such as us-east-1; fix: write the name of the region",
  ],
  [
    'a gate nowhere',
    () => ({ approvals: [{ gateName: 'gate', region: '' }] }),
    "'approvals.region' is ''; allowed: the name of an AWS region, such as us-east-1; fix: write the name of the region",
  ],
])('%s is refused', (_what, parts, message) => {
  expect(() => define(newStack(), parts)).toThrow(`[Stack/Dashboard] ${message}`);
});

test('a second dashboard of the system in a region is refused', () => {
  const stack = newStack();
  const api = apiOf(stack, regions);
  new PaymentsDashboard(stack, 'One', { api });
  new PaymentsDashboard(stack, 'Two', { api });
  expect(() => Template.fromStack(stack)).toThrow("'api' is 'acme' in us-east-1 twice");
});

test('both regions of one app may have one', () => {
  const app = newApp();
  for (const region of regions.replicas) define(new Stack(app, region, { env: { account, region } }));
  expect(() => app.synth()).not.toThrow();
});

describe("CloudWatch's limits", () => {
  const graph = (metrics: number, from = 0): IWidget =>
    new GraphWidget({ left: Array.from({ length: metrics }, (_, at) => new Metric({ namespace: 'Team', metricName: `m${from + at}` })) });
  const { widgets, metricsInWidget, metrics } = dashboardLimits;
  const graphs = (count: number, each: number): IWidget[] => Array.from({ length: count }, () => graph(each));

  test.each<[string, IWidget[], string]>([
    ['metrics in a widget', [graph(metricsInWidget + 1)], '1 widgets and 501 metrics, 501 of them in one widget'],
    ['metrics of all widgets', [...graphs(metrics / 100, 100), graph(1)], '26 widgets and 2501 metrics, 100 of them in one widget'],
    ['widgets', Array.from({ length: widgets + 1 }, () => new TextWidget({ markdown: 'one' })), '501 widgets and 0 metrics, 0 of them'],
  ])('too many %s are refused', (_what, given, says) => {
    expect(sizeProblem(given)?.given).toContain(says);
    expect(sizeProblem(given.slice(0, -1))).toBeUndefined();
  });

  test('metrics that only feed an expression count', () => {
    const [split] = shown().filter(({ properties: { title } }) => title === 'Split by region');
    expect(split.properties.metrics).toHaveLength(2 + 2 + 8);
  });

  test('more consumers than a widget holds are refused with the construct path, and one fewer is far below 1 MB', () => {
    // Three metrics each in the widget of what was received, in two regions.
    const most = Math.floor(metricsInWidget / 6);
    const stack = newStack();
    const mesh = meshOf(stack);
    const api = apiOf(stack, regions);
    const consumers = Array.from({ length: most + 1 }, (_, at) => consumerOf(stack, mesh, `consumer-${at}`));
    expect(() => new PaymentsDashboard(stack, 'Dashboard', { api, mesh, consumers })).toThrow(
      /^\[Stack\/Dashboard\] 'consumers' is so many that the dashboard has \d+ widgets and \d+ metrics, 504 of them in one widget; /,
    );
    const { dashboard } = new PaymentsDashboard(stack, 'Fits', { api, mesh, consumers: consumers.slice(1) });
    const { dashboardBody } = dashboard.node.defaultChild as CfnDashboard;
    expect(textOf(stack.resolve(dashboardBody)).length).toBeLessThan(500_000);
  });
});
