import { Stack } from 'aws-cdk-lib';
import { AlarmStatusWidget, Dashboard, IAlarm, IWidget, TextWidget } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { canaryWidgets } from './canary-widgets';
import { dashboardLimits, dashboardName } from './contract';
import { dashboardProblem, sizeProblem } from './dashboard-checks';
import { PaymentsDashboardProps } from './dashboard-props';
import { eventWidgets } from './event-widgets';
import { ledgerWidgets } from './ledger-widgets';
import { approvalWidgets, cutoverWidgets } from './people-widgets';
import { RegionMetrics } from './region-metrics';
import { costWidgets, healthCheckWidgets, trafficWidgets } from './traffic-widgets';
import { Graphs, rowsOf } from './widgets';
import { invalidProps } from '../cdk/checks/invalid-props';
import { checkLiterals } from '../cdk/checks/literals';
import { checkNames } from '../cdk/checks/name-limits';
import { declareOnce } from '../cdk/checks/one-of-a-kind';
import { checkPlaces } from '../cdk/checks/places';
import { runbookLink } from '../cdk/runbook';
import { markdown } from '../kernel/markup';
import { LedgerReplica } from '../ledger/constructs/ledger-replica';

/** Props that metrics are looked for by. */
const literalProps = ['approvals.gateName', 'approvals.region', 'approvals.stateMachineName', 'cutover.region'];

/**
 * One picture of the whole system in CloudWatch: traffic, ledger, events, people, cost and alarms of all its regions. Give each region's
 * stack one: every one shows the same, so a lost region takes none of the others' along. Only the alarms and the health check are those of
 * its own region.
 */
export class PaymentsDashboard extends Construct {
  /** Name of the dashboard, `<systemName>-<region>`. */
  public readonly dashboardName: string;
  /** The dashboard. Own widgets may be added; they count towards CloudWatch's limits. */
  public readonly dashboard: Dashboard;

  constructor(scope: Construct, id: string, props: PaymentsDashboardProps) {
    super(scope, id);
    checkNames(this);
    checkLiterals(this, props, { texts: literalProps });
    checkPlaces(this, 'PaymentsDashboardProps', props);
    const problem = dashboardProblem(props);
    if (problem) throw invalidProps(this, problem);
    const { systemName, region } = props.api._ledger;
    declareOnce(this, { kind: 'PaymentsDashboard', prop: 'api', name: systemName });

    const widgets = [[this.head(props)], ...rowsOf(this.sections(props))];
    const tooLarge = sizeProblem(widgets.flat());
    if (tooLarge) throw invalidProps(this, tooLarge);
    this.dashboardName = dashboardName(systemName, region);
    this.dashboard = new Dashboard(this, 'Dashboard', { dashboardName: this.dashboardName, widgets });
  }

  private head({ api }: PaymentsDashboardProps): TextWidget {
    const { systemName, regions } = api._ledger;
    const text = [
      markdown`# ${systemName}: ${regions.replicas.join(', ')}`.toString(),
      `Mode ${regions.consistency}. Recovery of a lost region: ${api.recoveryBudget.describe()}. What to do: ` +
        `[runbook](${runbookLink('first-look')}).`,
      'A deployment makes this dashboard: it undoes changes by hand.',
    ].join('\n\n');
    return new TextWidget({ markdown: text, width: 24, height: 4 });
  }

  private sections(props: PaymentsDashboardProps): { readonly heading: string; readonly widgets: IWidget[] }[] {
    const { api, canary, approvals = [], cutover, alarms = [] } = props;
    const { systemName, regions: all, region, encryption } = api._ledger;
    const graphs = new Graphs(all.replicas[0]);
    const regions = all.replicas.map((one, at) => new RegionMetrics(this, at, LedgerReplica._in(this, systemName, all, one, encryption)));
    return [
      { heading: 'Traffic', widgets: [...trafficWidgets(graphs, regions), ...healthCheckWidgets(graphs, region, api.healthCheck)] },
      { heading: 'Canaries', widgets: canaryWidgets(graphs, all.replicas, canary) },
      { heading: 'Ledger', widgets: ledgerWidgets(graphs, regions) },
      { heading: 'Events', widgets: eventWidgets(graphs, regions, props) },
      { heading: 'Approvals', widgets: approvalWidgets(graphs, approvals) },
      { heading: 'Cutover', widgets: cutoverWidgets(this, graphs, systemName, cutover) },
      { heading: 'Throttles and cost', widgets: costWidgets(graphs, regions) },
      { heading: `Alarms of ${Stack.of(this).region}`, widgets: alarmWidgets([...api.alarms, ...(canary?.alarms ?? []), ...alarms]) },
    ];
  }
}

function alarmWidgets(alarms: readonly IAlarm[]): IWidget[] {
  const { alarmsInWidget: most } = dashboardLimits;
  const starts = Array.from({ length: Math.ceil(alarms.length / most) }, (_, at) => at * most);
  return starts.map((start) => new AlarmStatusWidget({ title: 'Alarms', alarms: alarms.slice(start, start + most), width: 24, height: 4 }));
}
