import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { IHostedZone } from 'aws-cdk-lib/aws-route53';
import { ControlPlaneLoss, CutoverChecks, ReconciliationWindow } from './options';
import { CutoverAlarm, CutoverPhase, OnBreach } from './phases';
import { ApprovalGate } from '../../approvals/constructs/approval-gate';
import { LedgerEncryption } from '../../ledger/constructs/ledger-encryption';
import { PaymentRegions } from '../../ledger/constructs/payment-regions';

/** Properties of `PhasedCutoverStateMachine`. */
export interface PhasedCutoverStateMachineProps {
  /** Name of the system, as the other constructs have it. */
  readonly systemName: string;

  /** The system's regions. */
  readonly regions: PaymentRegions;

  /** Region that has the traffic. */
  readonly source: string;

  /** Region that it is moved to. */
  readonly target: string;

  /** Public hosted zone of the name. */
  readonly hostedZone: IHostedZone;

  /** The public name that callers use, below the zone, such as `pay.example.com`. */
  readonly publicName: string;

  /** Alarms that are watched in every phase, of either region. They must exist before a phase begins. */
  readonly alarms: CutoverAlarm[];

  /**
   * Who approves phases.
   *
   * @default - none; then no phase may ask for approval
   */
  readonly gate?: ApprovalGate;

  /**
   * People who may start runs by `startUrl`, as the gate's `approvers` are named. What they start they do not approve.
   *
   * @default - none: then only principals with `grantStart`, which must say truly in `startedBy` for whom they start
   */
  readonly starters?: string[];

  /**
   * Groups whose members may start runs by `startUrl`. Not with IAM.
   *
   * @default - none
   */
  readonly starterGroups?: string[];

  /**
   * The phases.
   *
   * @default - 10, 25, 50, 90 and 100 percent, each with an approval and a soak of 30 minutes
   */
  readonly phases?: CutoverPhase[];

  /**
   * What to do when an alarm is raised during a soak.
   *
   * @default OnBreach.ROLL_BACK
   */
  readonly onBreach?: OnBreach;

  /**
   * How often alarms are looked at during a soak.
   *
   * @default Duration.minutes(1)
   */
  readonly soakCheckEvery?: Duration;

  /**
   * What is checked before each phase.
   *
   * @default - all of it
   */
  readonly checks?: CutoverChecks;

  /**
   * What to do while Route 53's control plane cannot be reached.
   *
   * @default - try again every 5 minutes for 2 hours, then end paused
   */
  readonly controlPlaneLoss?: ControlPlaneLoss;

  /**
   * The comparison of the regions after 100 percent.
   *
   * @default - every 15 minutes for 72 hours
   */
  readonly reconciliation?: ReconciliationWindow;

  /**
   * Whether people are asked in the end to take the source out of the public name for good. No data is deleted. Needs `gate`.
   *
   * @default false
   */
  readonly endSourceRole?: boolean;

  /**
   * How long resolvers may keep an answer, from 1 second to 1 hour. It is a part of the recovery time, also after the cutover: synthesis
   * refuses one that is longer than the `recovery.recordTtl` of a region's API in the same app.
   *
   * @default Duration.seconds(5)
   */
  readonly recordTtl?: Duration;

  /**
   * Whether records that the public name has already are replaced when the weighted ones are made.
   *
   * @default false
   */
  readonly replaceExisting?: boolean;

  /**
   * What happens to the public name's records when they leave the stack. The audit always stays.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;

  /**
   * The end of an audit that another key signed, or none: see `WeightedRecordsProps.formerAuditEnd`.
   *
   * @default - none: every record must be signed with this stack's key
   */
  readonly formerAuditEnd?: string;

  /**
   * The keys of the ledger's replicas, as `LedgerReplica` was given them.
   *
   * @default LedgerEncryption.customerManaged()
   */
  readonly encryption?: LedgerEncryption;

  /**
   * Whom to tell when a run needs people, or finds differences.
   *
   * @default - nobody: the alarms are there to be seen
   */
  readonly alarmActions?: IAlarmAction[];

  /**
   * How long logs are kept.
   *
   * @default RetentionDays.ONE_YEAR
   */
  readonly logRetention?: RetentionDays;
}
