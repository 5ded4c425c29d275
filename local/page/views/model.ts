import type { CanaryView } from '../../canary/canaries';
import type { CutoverView } from '../../cutover/model';
import type { DocumentSight } from '../../documents/sight';
import type { DrillSight } from '../../drill/calls';
import type { EdgeSight } from '../../edge/edge';
import type {
  AlarmStatus,
  BusStatus,
  LinkState,
  ReceivedEvent,
  RecordStatus,
  RegionState,
  TableStatus,
  TraceSegment,
} from '../../ground/model';

/** What the page takes of the front door's status. */
export interface PageStatus {
  readonly regions: readonly { readonly name: string; readonly state: RegionState; readonly healthy: boolean; readonly requests: number }[];
  readonly links: readonly LinkState[];
  readonly tables: readonly TableStatus[];
  readonly publicName?: string;
  readonly dns: readonly RecordStatus[];
  readonly buses: readonly BusStatus[];
  readonly alarms: readonly AlarmStatus[];
  /** How long a minute of the alarms lasts here. */
  readonly minuteMs?: number;
}

/** A payment as the front door saw it pass: nothing of who paid, and nothing that the client wrote freely. */
export interface SeenPayment {
  readonly paymentId: string;
  readonly status: string;
  /** Minor units of `currency`. */
  readonly amount: number;
  readonly currency: string;
  /** Where it was accepted. */
  readonly region: string;
  /** Epoch milliseconds of the first answer that was seen. */
  readonly at: number;
  /** Of the request that made it; absent when only a replay was seen. */
  readonly traceId?: string;
  /** Answers that repeated an earlier one. */
  readonly replays: number;
}

/** Requests to the API within one second. */
export interface Second {
  /** Epoch seconds. */
  readonly at: number;
  /** Answered requests by region. */
  readonly answered: Readonly<Record<string, number>>;
  /** Requests that got no answer, or one that says so (429, 5xx). */
  readonly failed: number;
}

/** A region's loss, seen by a caller who stands there and asks all the time. Times are epoch milliseconds. */
export interface Outage {
  readonly region: string;
  readonly stoppedAt: number;
  /** When no record that leads to the region was healthy any more. */
  readonly unhealthyAt?: number;
  /** When the caller's resolver first led elsewhere. */
  readonly redirectedAt?: number;
  /** When the caller was first answered again, and by which region. */
  readonly answeredAt?: number;
  readonly answeredBy?: string;
  /** When the region was started again. */
  readonly startedAt?: number;
  /** When DNS led callers to it again. */
  readonly backAt?: number;
  /** Callers there were led elsewhere already: nothing to recover from. */
  readonly unaffected: boolean;
}

export interface LoadState {
  readonly running: boolean;
  /** Payments a second. */
  readonly rate: number;
  readonly begun: number;
  readonly answered: number;
  /** Asked again after 429, 503, 409 with Retry-After, or a broken connection. */
  readonly askedAgain: number;
  /** Not begun, since too many were under way. */
  readonly heldBack: number;
  readonly underWay: number;
  /** When it ends by itself, epoch milliseconds. */
  readonly until?: number;
  readonly problem?: string;
}

export interface StormState {
  readonly running: boolean;
  readonly sent: number;
  readonly answered: number;
  /** Answers that say that they are a replay. */
  readonly replays: number;
  /** Different payments among the answers: 1 is right. */
  readonly payments: number;
  /** What the account was debited, and what one payment is, in minor units. */
  readonly debited?: number;
  readonly amount: number;
  readonly currency: string;
  readonly regions: readonly string[];
  readonly problem?: string;
}

/** What a region's consumers received. */
export interface ReceivedEvents {
  readonly region: string;
  readonly events: number;
  readonly duplicates: number;
  readonly byType: Readonly<Record<string, number>>;
}

/** Everything the page shows at one moment. What is absent is not in this run; it is not shown as zero. */
export interface PageState {
  /** Epoch milliseconds. */
  readonly now: number;
  readonly status: PageStatus;
  readonly seconds: readonly Second[];
  readonly payments: readonly SeenPayment[];
  /** Newest first. */
  readonly outages: readonly Outage[];
  /** Absent: nobody here can make tokens that the API accepts. */
  readonly load?: LoadState;
  readonly storm?: StormState;
  /** Absent: the run has no consumers that tell what they received. */
  readonly events?: { readonly received: readonly ReceivedEvents[]; readonly latest: readonly ReceivedEvent[] };
  /** Absent: the app moves nothing. */
  readonly cutover?: CutoverView;
  /** Absent: the app drills no region. */
  readonly drills?: DrillSight;
  /** Absent: no bucket is copied. */
  readonly documents?: DocumentSight;
  /** Absent: the app has no distribution. */
  readonly edge?: EdgeSight;
  /** Absent: the app has no canary. */
  readonly canaries?: readonly CanaryView[];
}

/** A trace with what its payment's consumers received. */
export interface TraceView {
  readonly traceId: string;
  readonly segments: readonly TraceSegment[];
  readonly payment?: SeenPayment;
  /** Absent: the run has no consumers that tell. */
  readonly events?: readonly ReceivedEvent[];
  /** Segments may still arrive. */
  readonly fresh: boolean;
}
