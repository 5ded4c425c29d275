import { Duration } from 'aws-cdk-lib';
import { IFunction } from 'aws-cdk-lib/aws-lambda';
import { OnControlPlaneLoss } from './phases';

/** A dead-letter queue that must be empty before each phase, with the alarms on it. */
export interface CutoverQueue {
  /** Region of the queue. */
  readonly region: string;

  /** Name of the queue. */
  readonly queueName: string;

  /** Names of the alarms on it, in its region; at least one. */
  readonly alarmNames: string[];
}

/** What is checked before each phase. */
export interface CutoverChecks {
  /**
   * Replication lag from source to target that each of the last minutes must be under on average; in mode `HOME_REGION` only.
   *
   * @default Duration.millis(500)
   */
  readonly replicationLag?: Duration;

  /**
   * Replication lag that no single write of these minutes may reach. Between continents maxima pass half a second often.
   *
   * @default Duration.seconds(10)
   */
  readonly replicationLagMax?: Duration;

  /**
   * How many minutes in a row must have datapoints under both, 1 to 60. Every region writes a heartbeat each minute, so an idle system has
   * them too.
   *
   * @default 5
   */
  readonly replicationLagMinutes?: number;

  /**
   * How long the records' TTL must have been low before the first phase.
   *
   * @default Duration.hours(24)
   */
  readonly ttlLead?: Duration;

  /**
   * Dead-letter queues that must be empty and have alarms.
   *
   * @default - none
   */
  readonly deadLetterQueues?: CutoverQueue[];

  /**
   * How long a probe of the event mesh may take, in each direction.
   *
   * @default - events are not probed: there is no `CrossRegionEventMesh`
   */
  readonly eventProbe?: Duration;

  /**
   * A check of the team's own: a function in this stack's region that is given `{phase, share, source, target}` and answers
   * `{passed, value, allowed?, mend?}` within a minute.
   *
   * @default - none
   */
  readonly ownCheck?: IFunction;

  /**
   * How old the last comparison of `ReplicatedDocuments` may be, which the command `backfill` has written. It must have found the same
   * documents in source and target. With this nobody has to attest it.
   *
   * @default - there are no `ReplicatedDocuments`: somebody attests that documents were copied
   */
  readonly documentsParityAge?: Duration;

  /**
   * What somebody must attest in the input of the run, `{"attested": {NAME: "who checked what"}}`.
   *
   * @default - `documents-backfilled`; nothing with `documentsParityAge`
   */
  readonly attestations?: string[];
}

/** The time after 100 % in which the regions are compared. */
export interface ReconciliationWindow {
  /**
   * How long.
   *
   * @default Duration.hours(72)
   */
  readonly length?: Duration;

  /**
   * How often. Each time reads both replicas whole.
   *
   * @default Duration.minutes(15)
   */
  readonly every?: Duration;

  /**
   * How old a write must be before a difference counts as more than replication under way.
   *
   * @default Duration.minutes(5)
   */
  readonly settle?: Duration;
}

/** What to do while Route 53's control plane, which is in us-east-1, cannot be reached. Meanwhile health checks alone move traffic. */
export interface ControlPlaneLoss {
  /**
   * Whether to try again.
   *
   * @default OnControlPlaneLoss.WAIT
   */
  readonly then?: OnControlPlaneLoss;

  /**
   * How long to try again before the run ends paused.
   *
   * @default Duration.hours(2)
   */
  readonly patience?: Duration;

  /**
   * How often to try.
   *
   * @default Duration.minutes(5)
   */
  readonly every?: Duration;
}
