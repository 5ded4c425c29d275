import { Duration } from 'aws-cdk-lib';
import { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import { Schedule } from 'aws-cdk-lib/aws-events';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { ITopic } from 'aws-cdk-lib/aws-sns';
import { RegionDrillKind } from './region-fault-props';
import { ActiveActivePaymentsApi } from '../../api/constructs/active-active-payments-api';
import { ApprovalGate } from '../../approvals/constructs/approval-gate';
import { CrossRegionEventMesh } from '../../events/mesh/cross-region-event-mesh';

/** How the prober proves itself to the API: as an OAuth client (client credentials, RFC 6749 section 4.4). */
export interface DrillProberProps {
  /** The issuer's token endpoint, `https://...`. The client's ID and secret are sent to it by HTTP Basic. */
  readonly tokenUrl: string;

  /**
   * Secret in this region that holds `{"client_id": ..., "client_secret": ...}`. Give the client a tenant of its own: the prober opens
   * accounts there and pays on them.
   */
  readonly clientSecret: ISecret;

  /**
   * Scopes to ask for, with a space between them: those to pay, to read, and to open accounts.
   *
   * @default - none asked for: the issuer's own
   */
  readonly scope?: string;

  /**
   * Audience to ask for, where the issuer wants one.
   *
   * @default - none
   */
  readonly audience?: string;
}

/** Properties of `RegionDrill`. */
export interface RegionDrillProps {
  /** The payments API of this region, which stays in service. */
  readonly api: ActiveActivePaymentsApi;

  /** The region that is drilled: another one of the system's replicas. */
  readonly region: string;

  /** Public name of the API, the `domain.name` of `ActiveActivePaymentsApi`. The prober pays through it. */
  readonly publicName: string;

  /**
   * Name of the name's public hosted zone. Its name servers are asked what callers near the drilled region are told.
   *
   * @default - the public name without its first label
   */
  readonly zoneName?: string;

  /**
   * How drills take the region away that do not say it otherwise. A drill of kind `FAULT` can also drain, where it is started so.
   *
   * @default RegionDrillKind.DRAIN
   */
  readonly kind?: RegionDrillKind;

  /**
   * Whether a drill may also take the region away by a fault, where it is started so. Its functions get the rights to experiments in that
   * region. Needs a `RegionFault` there, and a ledger in `STRONG`.
   *
   * @default - with kind `FAULT` alone
   */
  readonly faults?: boolean;

  /** How the prober proves itself. */
  readonly prober: DrillProberProps;

  /**
   * Time after which callers must be in another region, from 5 seconds to 3 minutes. It is what was agreed, so it is compared with what the
   * API's own settings come to before a region is taken away.
   *
   * @default - the `target` of the API's recovery budget
   */
  readonly budget?: Duration;

  /**
   * When drills begin by themselves. `Schedule.expression` takes EventBridge's own form.
   *
   * @default - four times a year, on a Tuesday at 9:00 UTC; each region of a system in a week of its own
   */
  readonly schedule?: Schedule;

  /**
   * Whether drills begin by themselves.
   *
   * @default true
   */
  readonly scheduled?: boolean;

  /**
   * Longest time between two drills that are passed, in whole days from 1 to 400: an alarm is raised beyond it.
   *
   * @default Duration.days(100)
   */
  readonly interval?: Duration;

  /**
   * Payments are seen for so long before the region is taken away, from 10 seconds to 2 minutes.
   *
   * @default Duration.seconds(30)
   */
  readonly before?: Duration;

  /**
   * The region is out of service for so long after the last caller has left it, from 10 seconds to 2 minutes.
   *
   * @default Duration.seconds(30)
   */
  readonly during?: Duration;

  /**
   * After it the watchdog puts the region back, whatever became of the drill. At least the time for which the drill itself may keep it
   * away: twice the budget, `during`, and 2 minutes; with faults 90 seconds more, until one takes effect. At most 15 minutes.
   *
   * @default - 5 minutes; with faults 7 minutes
   */
  readonly longest?: Duration;

  /**
   * The system's event mesh in this region: then late and missing events count too.
   *
   * @default - none: events are not looked at
   */
  readonly mesh?: CrossRegionEventMesh;

  /**
   * Longest that an event may take from region to region while a region is away, from 1 second to 1 hour. Needs `mesh`.
   *
   * @default Duration.minutes(1)
   */
  readonly eventLimit?: Duration;

  /**
   * Where drills are announced and told of, with the address of the evidence.
   *
   * @default - a topic of its own
   */
  readonly topic?: ITopic;

  /**
   * Gate through which people start drills by hand. Needs `starters` or `starterGroups`.
   *
   * @default - none: who may call `states:StartExecution` may start one
   */
  readonly gate?: ApprovalGate;

  /**
   * People who may start a drill through the gate; see `ApprovalStartProps.starters`.
   *
   * @default - none
   */
  readonly starters?: string[];

  /**
   * Groups whose members may start a drill through the gate; see `ApprovalStartProps.starterGroups`.
   *
   * @default - none
   */
  readonly starterGroups?: string[];

  /**
   * How long evidence is locked against changes, in whole days, 1 or more (S3 Object Lock).
   *
   * @default - 7 years
   */
  readonly evidenceLock?: Duration;

  /**
   * Whether no right at all shortens that, the root user's neither (mode COMPLIANCE). The bucket cannot be removed before it is over.
   *
   * @default false - who has the right s3:BypassGovernanceRetention can
   */
  readonly compliance?: boolean;

  /**
   * Whether Lambda sets concurrent executions aside for the functions that put the region back, two for each, so that payments do not use
   * up all of them. Needs an account quota of 104 or more.
   *
   * @default true
   */
  readonly reserveConcurrency?: boolean;

  /**
   * Whom to tell when an alarm rises.
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
