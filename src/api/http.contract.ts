/** What the HTTP layer and the functions around it know of each other; types only. */
import type { CallerSource } from './caller.contract';
import type { Span } from '../kernel/trace';
import type { LedgerEvent } from '../ledger/model';

/** One request as it is told to the log: no body, no key, no token, and the route's template instead of the path. */
export interface RequestRecord {
  readonly method: string;
  readonly route: string;
  readonly status: number;
  /** The problem's code, with errors. */
  readonly code?: string;
  readonly latencyMs: number;
  readonly traceId: string;
  readonly tenant?: string;
  readonly paymentId?: string;
  /** What became of a keyed call. */
  readonly became?: 'authorised' | 'declined' | 'replayed' | 'inFlight';
  /** Whether this region decided a payment now. */
  readonly decidedHere?: boolean;
  /** What the ledger met on the way, how often. */
  readonly events: Readonly<Partial<Record<LedgerEvent, number>>>;
  /** What was thrown where nothing should have been, or lies behind a red health. */
  readonly thrown?: unknown;
}

/** What the HTTP layer needs from where it runs. */
export interface HttpPorts {
  /** Region of this function, told in every answer. */
  readonly region: string;
  readonly callerSource: CallerSource;
  /** Milliseconds after which a call gives up. */
  readonly requestDeadlineMs: number;
  readonly nowMs: () => number;
  /** Begins the request's part of its trace, which its headers name, or a new one. */
  readonly beginTrace: (header: (name: string) => string | undefined, startMs: number) => Span;
  readonly record: (record: RequestRecord) => void;
}

/** `slow` and `throttled` are told, but do not turn a region unhealthy: load would do so everywhere. */
export type LedgerCheck = 'ok' | 'slow' | 'throttled' | 'failed';

/** `unknown` when it could not be read: then it counts as off. */
export type DrainCheck = 'off' | 'draining' | 'unknown';

/** Whether the table that says who is home answers; only where one region is. */
export type AuthorityCheck = 'ok' | 'failed';

/** What `/health` says: 200 when healthy, else 503. */
export interface HealthReport {
  readonly region: string;
  readonly status: 'healthy' | 'draining' | 'unhealthy';
  readonly checks: { readonly ledger: LedgerCheck; readonly drain: DrainCheck; readonly authority?: AuthorityCheck };
}
