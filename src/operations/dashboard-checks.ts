import { IWidget } from 'aws-cdk-lib/aws-cloudwatch';
import { dashboardLimits } from './contract';
import { PaymentsDashboardProps } from './dashboard-props';
import { PropProblem } from '../cdk/checks/invalid-props';
import { isRegionName } from '../kernel/region';

/** What is wrong with what a dashboard is to show; undefined when nothing is. */
export function dashboardProblem(props: PaymentsDashboardProps): PropProblem | undefined {
  return strangerProblem(props) ?? twiceProblem(props) ?? regionProblem(props);
}

/** Metrics are looked for by the name of the API's system: those of another one would stay empty. */
function strangerProblem({ api, mesh, outbox, canary, consumers = [] }: PaymentsDashboardProps): PropProblem | undefined {
  const { systemName } = api._ledger;
  const parts = [
    ['mesh', mesh],
    ['outbox', outbox],
    ['canary', canary],
    ...consumers.map((consumer) => ['consumers', consumer] as const),
  ] as const;
  const stranger = parts.find(([, part]) => part !== undefined && part.systemName !== systemName);
  if (!stranger) return undefined;
  return {
    prop: stranger[0],
    given: `of the system '${stranger[1]!.systemName}'`,
    allowed: `parts of the system '${systemName}', which the API belongs to`,
    mend: 'give each system a dashboard of its own',
  };
}

function twiceProblem({ consumers = [], approvals = [] }: PaymentsDashboardProps): PropProblem | undefined {
  const repeated = (names: string[]): string | undefined => names.find((name, at) => names.indexOf(name) !== at);
  const consumer = repeated(consumers.map(({ consumerName }) => consumerName));
  const gate = repeated(approvals.map(({ gateName, region }) => `${gateName} in ${region}`));
  const twice = consumer ?? gate;
  if (twice === undefined) return undefined;
  return {
    prop: consumer === undefined ? 'approvals' : 'consumers',
    given: `'${twice}' twice`,
    allowed: 'each one once',
    mend: 'leave out the second',
  };
}

function regionProblem({ cutover, approvals = [] }: PaymentsDashboardProps): PropProblem | undefined {
  const given = [
    ...approvals.map(({ region }) => ({ prop: 'approvals.region', region })),
    ...(cutover ? [{ prop: 'cutover.region', region: cutover.region }] : []),
  ];
  const wrong = given.find(({ region }) => !isRegionName(region));
  return (
    wrong && {
      prop: wrong.prop,
      given: `'${wrong.region}'`,
      allowed: 'the name of an AWS region, such as us-east-1',
      mend: 'write the name of the region in which it stands',
    }
  );
}

/** What CloudWatch would refuse, or show a part of. */
export function sizeProblem(widgets: readonly IWidget[]): PropProblem | undefined {
  const counts = widgets.flatMap((widget) =>
    (widget.toJson() as DashboardWidget[]).map(({ properties }) => properties.metrics?.length ?? 0),
  );
  const all = counts.reduce((sum, count) => sum + count, 0);
  const largest = Math.max(...counts);
  const { widgets: mostWidgets, metricsInWidget, metrics } = dashboardLimits;
  if (counts.length <= mostWidgets && largest <= metricsInWidget && all <= metrics) return undefined;
  return {
    prop: 'consumers',
    given: `so many that the dashboard has ${counts.length} widgets and ${all} metrics, ${largest} of them in one widget`,
    allowed: `${mostWidgets} widgets and ${metrics} metrics, ${metricsInWidget} of them in one widget: CloudWatch's quotas`,
    mend: 'name fewer consumers or approvals here',
  };
}

interface DashboardWidget {
  readonly properties: { readonly metrics?: readonly unknown[] };
}
