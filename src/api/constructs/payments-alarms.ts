import { RestApi } from 'aws-cdk-lib/aws-apigateway';
import { Alarm, IAlarmAction, MathExpression, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { apiMetrics } from '../contract';
import { PaymentsFunctions } from './payments-functions';
import { metricSum } from '../../cdk/metric-sum';
import { systemMetric } from '../../cdk/system-metric';
import { AlarmDefinition, AlarmTuning, defineAlarms, minute } from '../../cdk/tuned-alarms';
import { LedgerReplica } from '../../ledger/constructs/ledger-replica';
import { LedgerConsistency } from '../../ledger/constructs/payment-regions';

/** The alarms of one region's API. */
export interface PaymentsAlarmOptions {
  /**
   * Whom to tell when an alarm rises. Nobody is told that it ended, or that a new one has its first data: nothing is to be done then.
   *
   * @default - nobody: the alarms are there to be seen
   */
  readonly actions?: IAlarmAction[];

  /**
   * Share of calls answered with a 5xx, in percent.
   *
   * @default - 1 percent in 3 minutes
   */
  readonly serverErrors?: AlarmTuning;

  /**
   * 99th percentile of the time to answer, in milliseconds.
   *
   * @default - 2,000 ms in 3 minutes
   */
  readonly latency?: AlarmTuning;

  /**
   * Calls a minute that the functions or the ledger's table throttled.
   *
   * @default - 1 in 3 minutes
   */
  readonly throttles?: AlarmTuning;

  /**
   * Health checks a minute that this region answered with 503.
   *
   * @default - 1 in 2 minutes
   */
  readonly health?: AlarmTuning;

  /**
   * Abandoned claims a minute that another request completed.
   *
   * @default - 10 in 3 minutes
   */
  readonly takeovers?: AlarmTuning;

  /**
   * Writes a minute refused because another region wrote the same item.
   *
   * @default - 100 in 3 minutes
   */
  readonly conflicts?: AlarmTuning;

  /**
   * Calls a minute answered 503 because their outcome was not known in time.
   *
   * @default - 5 in 3 minutes
   */
  readonly unknownOutcomes?: AlarmTuning;

  /**
   * Calls a minute answered 429 because their account was full: 5,000 entries that could not be removed yet. In HOME_REGION
   * they stay for 15 minutes while another region does not answer.
   *
   * @default - 1 in 3 minutes
   */
  readonly busyAccounts?: AlarmTuning;

  /**
   * Entries a minute that could not be looked after and so stay on their accounts: their calls were answered.
   *
   * @default - 1 in 1 minute
   */
  readonly trimFailures?: AlarmTuning;

  /**
   * Calls a minute that could not be sent to the region that is home; in mode HOME_REGION only.
   *
   * @default - 1 in 2 minutes
   */
  readonly homeUnreachable?: AlarmTuning;

  /**
   * Homes a minute that this region took over; in mode HOME_REGION only. Each one is a region to look after.
   *
   * @default - 1 in 1 minute
   */
  readonly homeTakeovers?: AlarmTuning;
}

/** What the alarms watch. */
export interface PaymentsAlarmsProps {
  readonly api: RestApi;
  readonly functions: PaymentsFunctions;
  readonly ledger: LedgerReplica;
  readonly options: PaymentsAlarmOptions;
}

/** Alarms on one region's API; each description ends with the address of what to do. */
export class PaymentsAlarms extends Construct {
  /** The alarms that were made. */
  public readonly all: Alarm[];

  constructor(scope: Construct, id: string, props: PaymentsAlarmsProps) {
    super(scope, id);
    const { ledger, options } = props;
    this.all = defineAlarms(
      this,
      `${ledger.systemName} in ${ledger.region}`,
      [...apiAlarms(props), ...ledgerAlarms(props), ...homeAlarms(props)],
      options.actions,
    );
  }
}

function apiAlarms({ api, functions, ledger, options }: PaymentsAlarmsProps): AlarmDefinition[] {
  const stage = api.deploymentStage;
  return [
    {
      id: 'ServerErrors',
      says: 'calls are answered with 5xx',
      anchor: 'server-errors',
      threshold: 1,
      minutes: 3,
      tuning: options.serverErrors,
      metric: new MathExpression({
        expression: '100 * errors / calls',
        usingMetrics: {
          errors: stage.metricServerError({ period: minute, statistic: Stats.SUM }),
          calls: stage.metricCount({ period: minute }),
        },
        label: '5xx, percent',
        period: minute,
      }),
    },
    {
      id: 'Latency',
      says: 'one call in a hundred takes too long',
      anchor: 'latency',
      threshold: 2000,
      minutes: 3,
      tuning: options.latency,
      metric: stage.metricLatency({ period: minute, statistic: Stats.percentile(99) }),
    },
    {
      id: 'Throttles',
      says: 'functions or table are throttled',
      anchor: 'throttles',
      threshold: 1,
      minutes: 3,
      tuning: options.throttles,
      metric: metricSum(
        'Throttled calls',
        {
          payments: functions.get('payments').function.metricThrottles({ period: minute }),
          accounts: functions.get('accounts').function.metricThrottles({ period: minute }),
          reads: ledger.metricReadThrottles(),
          writes: ledger.metricWriteThrottles(),
          index: ledger.metricIndexWriteThrottles(),
          met: ledger.metricThrottles(),
        },
        minute,
      ),
    },
    {
      id: 'Health',
      says: "this region's /health answers 503",
      anchor: 'region-unhealthy',
      threshold: 1,
      minutes: 2,
      tuning: options.health,
      // Our own metric: Route 53 publishes its health checks' in us-east-1 alone, where this region's alarm cannot be.
      metric: systemMetric(apiMetrics.unhealthy, ledger),
    },
  ];
}

function ledgerAlarms({ ledger, options }: PaymentsAlarmsProps): AlarmDefinition[] {
  return [
    {
      id: 'Takeovers',
      says: 'many payments are finished by another request than the one that began them',
      anchor: 'stuck-takeovers',
      threshold: 10,
      minutes: 3,
      tuning: options.takeovers,
      metric: ledger.metricInFlightTakeovers(),
    },
    {
      id: 'Conflicts',
      says: 'regions write the same accounts at once',
      anchor: 'write-conflicts',
      threshold: 100,
      minutes: 3,
      tuning: options.conflicts,
      metric: ledger.metricWriteConflicts(),
    },
    {
      id: 'UnknownOutcomes',
      says: 'calls are answered 503 because their outcome is not known in time',
      anchor: 'unknown-outcomes',
      threshold: 5,
      minutes: 3,
      tuning: options.unknownOutcomes,
      metric: ledger.metricOutcomeUnknown(),
    },
    {
      id: 'BusyAccounts',
      says: 'an account is full and takes no payment',
      anchor: 'busy-accounts',
      threshold: 1,
      minutes: 3,
      tuning: options.busyAccounts,
      metric: ledger.metricAccountsBusy(),
    },
    {
      id: 'TrimFailures',
      says: "an account's entry cannot be read or completed",
      anchor: 'trim-failures',
      threshold: 1,
      minutes: 1,
      tuning: options.trimFailures,
      metric: ledger.metricTrimFailures(),
    },
  ];
}

function homeAlarms({ ledger, options }: PaymentsAlarmsProps): AlarmDefinition[] {
  if (ledger.regions.consistency !== LedgerConsistency.HOME_REGION) return [];
  return [
    {
      id: 'HomeUnreachable',
      says: 'the region that is home does not answer',
      anchor: 'home-unreachable',
      threshold: 1,
      minutes: 2,
      tuning: options.homeUnreachable,
      metric: ledger.metricHomeUnreachable(),
    },
    {
      id: 'HomeTakeovers',
      says: 'this region took over a home',
      anchor: 'home-takeover',
      threshold: 1,
      minutes: 1,
      tuning: options.homeTakeovers,
      metric: ledger.metricHomeTakeovers(),
    },
  ];
}
