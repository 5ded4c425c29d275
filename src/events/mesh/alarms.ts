import {
  Alarm,
  ComparisonOperator,
  IAlarmAction,
  MathExpression,
  Metric,
  MetricOptions,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { meshBusName, meshMetrics } from '../contract';
import { ProbeTimes } from './probes';
import { metricSum } from '../../cdk/metric-sum';
import { systemMetric } from '../../cdk/system-metric';
import { AlarmDefinition, AlarmTuning, defineAlarms, describeAlarm, minute, withActions } from '../../cdk/tuned-alarms';

/** The alarms of one region's part of a mesh. */
export interface MeshAlarmOptions {
  /**
   * Whom to tell when an alarm rises. Nobody is told that it ended, or that a new one has its first data: nothing is to be done then.
   *
   * @default - nobody: the alarms are there to be seen
   */
  readonly actions?: IAlarmAction[];

  /**
   * Events in the dead-letter queue, and in that of each publisher.
   *
   * @default - 1 in 1 minute
   */
  readonly deadLetters?: AlarmTuning;

  /**
   * Events without a valid origin.
   *
   * @default - 1 in 1 minute
   */
  readonly strays?: AlarmTuning;

  /**
   * Deliveries a minute that a rule gave up, or could not even put into the dead-letter queue; an alarm for each rule.
   *
   * @default - 1 in 1 minute
   */
  readonly deliveryFailures?: AlarmTuning;

  /**
   * Events a minute that publishers gave up.
   *
   * @default - 1 in 1 minute
   */
  readonly publishFailures?: AlarmTuning;

  /**
   * Longest way of a peer's probe in a minute, in milliseconds; an alarm for each peer.
   *
   * @default - `probes.lateAfter` in 3 minutes
   */
  readonly probeLateness?: AlarmTuning;

  /**
   * Whether a peer that is silent for `probes.silentAfter` raises an alarm, one for each peer.
   *
   * @default true
   */
  readonly probeSilence?: boolean;
}

export interface MeshAlarmsProps {
  readonly systemName: string;
  readonly region: string;
  readonly peers: string[];
  readonly deadLetters: IQueue;
  readonly strays: IQueue;
  /** Names of the mesh's own rules, by the name of their alarm. */
  readonly rules: Readonly<Record<string, string>>;
  readonly times: ProbeTimes;
  readonly options: MeshAlarmOptions;
}

/** Alarms on one region's part of a mesh; each description ends with the address of what to do. */
export class MeshAlarms extends Construct {
  public readonly all: Alarm[];

  constructor(scope: Construct, id: string, props: MeshAlarmsProps) {
    super(scope, id);
    const { options, systemName, region } = props;
    const counted = defineAlarms(
      this,
      `${systemName} in ${region}`,
      [...queueAlarms(props), ...ruleAlarms(props), ...latenessAlarms(props)],
      options.actions,
    );
    this.all = [...counted, ...(options.probeSilence === false ? [] : props.peers.map((peer) => this.defineSilence(peer, props)))];
  }

  /** No probe, no data: that is the alarm. */
  private defineSilence(peer: string, { systemName, region, times, options }: MeshAlarmsProps): Alarm {
    const says = `no event of ${peer} arrives`;
    return withActions(silenceAlarm(this, `Silence-${peer}`, { systemName, region, peer, says, times }), options.actions ?? []);
  }
}

/** A peer whose silence raises an alarm, and what the alarm says then. */
export interface SilenceProps {
  readonly systemName: string;
  readonly region: string;
  readonly peer: string;
  readonly says: string;
  readonly times: Pick<ProbeTimes, 'interval' | 'silentAfter'>;
}

/** Raised when no probe of a peer has come for so long. */
export function silenceAlarm(scope: Construct, id: string, { systemName, region, peer, says, times }: SilenceProps): Alarm {
  return new Alarm(scope, id, {
    alarmDescription: describeAlarm(`${systemName} in ${region}`, says, 'peer-silent'),
    metric: probeLatency(systemName, region, peer, { statistic: Stats.SAMPLE_COUNT, period: times.interval }),
    threshold: 1,
    comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
    evaluationPeriods: times.silentAfter.toSeconds() / times.interval.toSeconds(),
    treatMissingData: TreatMissingData.BREACHING,
  });
}

/** Time that probes of a peer took to a region. */
export function probeLatency(systemName: string, region: string, peer: string, options?: MetricOptions): Metric {
  const dimensions = { [meshMetrics.peerDimension]: peer };
  return systemMetric(meshMetrics.probeLatency, { systemName, region, dimensions }, { statistic: Stats.MAXIMUM, ...options });
}

/** What a rule of a mesh's bus could not deliver, and what not even the dead-letter queue took. */
export function deliveryFailures(systemName: string, ruleName: string): MathExpression {
  const metric = (metricName: string): Metric =>
    new Metric({
      namespace: 'AWS/Events',
      metricName,
      dimensionsMap: { EventBusName: meshBusName(systemName), RuleName: ruleName },
      statistic: Stats.SUM,
      period: minute,
    });
  return metricSum('Undelivered events', { failed: metric('FailedInvocations'), lost: metric('InvocationsFailedToBeSentToDlq') }, minute);
}

/** The alarm on one rule. */
export function deliveryAlarm(id: string, systemName: string, ruleName: string, tuning?: AlarmTuning): AlarmDefinition {
  return {
    id,
    says: 'a rule cannot deliver events',
    anchor: 'events-undelivered',
    metric: deliveryFailures(systemName, ruleName),
    threshold: 1,
    minutes: 1,
    tuning,
  };
}

/** The alarm on messages that wait in a queue. */
export function waitingAlarm(id: string, says: string, anchor: string, queue: IQueue, tuning?: AlarmTuning): AlarmDefinition {
  const metric = queue.metricApproximateNumberOfMessagesVisible({ statistic: Stats.MAXIMUM, period: minute });
  return { id, says, anchor, metric, threshold: 1, minutes: 1, tuning };
}

function queueAlarms({ systemName, region, deadLetters, strays, options }: MeshAlarmsProps): AlarmDefinition[] {
  return [
    waitingAlarm('DeadLetters', 'events wait in the dead-letter queue', 'events-dead-letters', deadLetters, options.deadLetters),
    waitingAlarm('Strays', 'events arrived without a valid origin', 'events-strays', strays, options.strays),
    {
      id: 'PublishFailures',
      says: 'publishers gave up events',
      anchor: 'events-not-published',
      threshold: 1,
      minutes: 1,
      tuning: options.publishFailures,
      metric: systemMetric(meshMetrics.publishFailures, { systemName, region }),
    },
  ];
}

function ruleAlarms({ systemName, rules, options }: MeshAlarmsProps): AlarmDefinition[] {
  return Object.entries(rules).map(([id, ruleName]) => deliveryAlarm(`Undelivered-${id}`, systemName, ruleName, options.deliveryFailures));
}

function latenessAlarms({ systemName, region, peers, times, options }: MeshAlarmsProps): AlarmDefinition[] {
  return peers.map((peer) => ({
    id: `Lateness-${peer}`,
    says: `events of ${peer} arrive late`,
    anchor: 'peer-late',
    metric: probeLatency(systemName, region, peer),
    threshold: times.lateAfter.toMilliseconds(),
    minutes: 3,
    tuning: options.probeLateness,
  }));
}
