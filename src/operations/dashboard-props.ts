import { IAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import { ActiveActivePaymentsApi } from '../api/constructs/active-active-payments-api';
import { PaymentsCanary } from '../canary/constructs/payments-canary';
import { IdempotentConsumer } from '../events/consumers/idempotent-consumer';
import { CrossRegionEventMesh } from '../events/mesh/cross-region-event-mesh';
import { LedgerOutbox } from '../events/outbox/ledger-outbox';

/** An approval gate that the dashboard shows, by name: it may stand in another stack and region. */
export interface DashboardApprovals {
  /** Name of the gate: `gateName` of `ApprovalGate`. */
  readonly gateName: string;

  /** Region in which the gate stands. */
  readonly region: string;

  /**
   * Name of a state machine in the gate's region that a `StuckApprovalAlarm` watches.
   *
   * @default - none: the age of the oldest approval is not shown
   */
  readonly stateMachineName?: string;
}

/** The system's cutover, which the dashboard finds by its name: it may stand in another stack and region. */
export interface DashboardCutover {
  /** Region in which `PhasedCutoverStateMachine` stands. */
  readonly region: string;
}

/** Properties of `PaymentsDashboard`. */
export interface PaymentsDashboardProps {
  /** The API in this stack's region. Its ledger says of which system and regions the dashboard is. */
  readonly api: ActiveActivePaymentsApi;

  /**
   * The mesh in this stack's region. The dashboard then shows how late events arrive from each peer, and the dead letters, in every region.
   *
   * @default - not shown
   */
  readonly mesh?: CrossRegionEventMesh;

  /**
   * The outbox in this stack's region. The dashboard then shows the events that each region publishes, and what the outbox gave up.
   *
   * @default - not shown
   */
  readonly outbox?: LedgerOutbox;

  /**
   * Consumers in this stack's region; each is expected in every region of the system. The dashboard then shows what they received, and how
   * long events wait. Each adds eight metrics a region, of the 2,500 that a dashboard may have.
   *
   * @default - none
   */
  readonly consumers?: IdempotentConsumer[];

  /**
   * The canaries in this stack's region; the same ones are expected in every region of the system. The dashboard then shows which of their
   * runs passed, and how long these took.
   *
   * @default - not shown
   */
  readonly canary?: PaymentsCanary;

  /**
   * Approval gates, wherever they stand.
   *
   * @default - none
   */
  readonly approvals?: DashboardApprovals[];

  /**
   * The system's cutover.
   *
   * @default - not shown
   */
  readonly cutover?: DashboardCutover;

  /**
   * Alarms in this stack's region that are shown beside the API's own. A widget of alarms knows no other region's.
   *
   * @default - the API's alarms alone
   */
  readonly alarms?: IAlarm[];
}
