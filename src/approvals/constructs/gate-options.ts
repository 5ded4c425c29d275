import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import { IKey } from 'aws-cdk-lib/aws-kms';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { ITopic } from 'aws-cdk-lib/aws-sns';
import { ApproverIdentity } from './approver-identity';
import { ClientRateOptions } from '../../cdk/rate-rule';

/** What comes of an approval. */
export enum ApprovalOutcome {
  /** As if enough people had approved. */
  APPROVED = 'APPROVED',
  /** As if somebody had rejected. */
  REJECTED = 'REJECTED',
}

/** Properties of `ApprovalGate`. */
export interface ApprovalGateProps {
  /** Name of the gate: 3 to 40 lower-case letters, digits and hyphens. It stands in messages' origin, metrics and alarms. */
  readonly gateName: string;

  /** How the gate knows who decides. */
  readonly identity: ApproverIdentity;

  /**
   * People who may decide: identities (`identityClaim`), e-mail addresses that the provider calls verified, or with IAM the ARNs of roles
   * and users.
   *
   * @default - none; then `approverGroups` must name one
   */
  readonly approvers?: string[];

  /**
   * Groups whose members may decide (`groupsClaim`). Not with IAM.
   *
   * @default - none; then `approvers` must name somebody
   */
  readonly approverGroups?: string[];

  /**
   * How many different people must approve, 1 to 20. One rejection ends it, whatever this number.
   *
   * @default 1
   */
  readonly requiredApprovals?: number;

  /**
   * Whether somebody who started an execution may not approve it.
   *
   * @default true
   */
  readonly excludeStarter?: boolean;

  /**
   * How long people have, from 30 seconds to 364 days.
   *
   * @default Duration.hours(24)
   */
  readonly expiry?: Duration;

  /**
   * What it comes to when nobody decides in that time.
   *
   * @default ApprovalOutcome.REJECTED
   */
  readonly expiryOutcome?: ApprovalOutcome;

  /**
   * How often people are reminded, at least 1 minute.
   *
   * @default Duration.hours(4)
   */
  readonly reminderEvery?: Duration;

  /**
   * After how long an open approval goes to `escalationTopic` too, once.
   *
   * @default - half of `expiry`
   */
  readonly escalateAfter?: Duration;

  /**
   * Addresses that are told by e-mail. Each must confirm its subscription once.
   *
   * @default - none: subscribe something else to `topic`
   */
  readonly emails?: string[];

  /**
   * Topic for requests and reminders.
   *
   * @default - a new one
   */
  readonly topic?: ITopic;

  /**
   * Topic for escalations.
   *
   * @default - `topic`
   */
  readonly escalationTopic?: ITopic;

  /**
   * How long an execution waits for a gate that has fallen silent, 5 minutes or more, before it takes it for a rejection.
   *
   * @default Duration.minutes(30)
   */
  readonly heartbeatTimeout?: Duration;

  /**
   * Where approvers reach the page, an https URL, when that is not the API's own address. Links and the redirect URI begin with it.
   *
   * @default - the API's own address
   */
  readonly publicUrl?: string;

  /**
   * Key for the table, the session secret and a new topic.
   *
   * @default - keys that AWS manages in this account; none for the topic: CloudWatch's alarms may not use the one that AWS manages there
   */
  readonly encryptionKey?: IKey;

  /**
   * What happens to the record of decisions when the gate leaves the stack.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;

  /**
   * How long the functions' and the API's logs are kept.
   *
   * @default RetentionDays.ONE_YEAR
   */
  readonly logRetention?: RetentionDays;

  /**
   * Whether one line per call is logged: no body, no header, no approval ID.
   *
   * @default true
   */
  readonly accessLog?: boolean;

  /**
   * Whether the stack gives API Gateway the right to write logs. It is one setting for the whole account and region.
   *
   * @default true
   */
  readonly accountLogRole?: boolean;

  /**
   * Bound on the calls from one client address to page and API. A proxy in front of `publicUrl` is one address for all: bound them there
   * instead.
   *
   * @default - 300 calls in a minute
   */
  readonly clientRate?: ClientRateOptions;

  /**
   * ARN of a regional WAF web ACL of your own, in this region, in place of the gate's.
   *
   * @default - the gate makes one, see `clientRate`
   */
  readonly webAclArn?: string;

  /**
   * Whom to tell when the gate itself is in trouble.
   *
   * @default - nobody: the alarms are there to be seen
   */
  readonly alarmActions?: IAlarmAction[];
}
