/** The mesh's vocabulary: what travels on the buses. Types only. */
import type { RegionName } from '../kernel/region';

/** Context of the trace under which an event came about, in both spellings. */
export interface EventTrace {
  /** X-Ray root ID (`1-xxxxxxxx-...`). */
  readonly traceId: string;
  /** Segment (16 hex) that the consumer continues; absent when the trace is not recorded. */
  readonly parentId?: string;
  /** W3C `traceparent` of the same; absent without `parentId`. */
  readonly traceparent?: string;
}

/**
 * The envelope: the `detail` of every event on a mesh's buses. EventBridge's own `id` and `time` change on forwarding and replay,
 * so what consumers rely on is in here.
 */
export interface MeshEvent<Data = unknown> {
  /** The event's own ID, for good: 1 to 128 of `A-Z a-z 0-9 . _ : -`. Whoever publishes the same event again uses the same one. */
  readonly id: string;
  /** Such as `payment.authorised`; the `detail-type` too. */
  readonly type: string;
  /** Version of `data`'s schema, from 1; rises when a reader of the old one would be misled. */
  readonly schemaVersion: number;
  /** Region where it began. Only that region forwards it. */
  readonly origin: RegionName;
  /** ISO 8601 with milliseconds, UTC. */
  readonly occurredAt: string;
  readonly tenant?: string;
  /** What it is about, such as a payment's ID: events of one subject have an order. */
  readonly subject?: string;
  /** Place within its subject: higher is later; gaps are normal. */
  readonly sequence?: number;
  readonly trace?: EventTrace;
  readonly data: Data;
}

/** An event as a consumer gets it: with who published it. */
export interface ConsumedEvent<Data = unknown> extends MeshEvent<Data> {
  /** `Source` on the bus, which the bus's policy vouches for; whatever a publisher wrote under this name is not believed. */
  readonly source: string;
}

/** Types of the ledger's events. */
export type PaymentEventType = 'payment.authorised' | 'payment.declined' | 'payment.captured' | 'payment.voided' | 'payment.refunded';

/** `data` of the ledger's events, schema version 1. Amounts in minor units of `currency`. */
export interface PaymentEventData {
  readonly paymentId: string;
  readonly accountId: string;
  /** What this event moves: authorised, declined, captured, released (voided) or refunded. */
  readonly amount: number;
  readonly currency: string;
  readonly reference?: string;
  /** Only `payment.declined`. */
  readonly declineReason?: string;
  /** Region in which the request was accepted. */
  readonly region: RegionName;
}

export type PaymentEvent = MeshEvent<PaymentEventData> & { readonly type: PaymentEventType };

/** `data` of a probe: sent on a schedule from each region to each peer, and measured on arrival. */
export interface ProbeData {
  readonly from: RegionName;
  /** Epoch milliseconds at the sender. */
  readonly sentAt: number;
}

/** One entry of PutEvents. */
export interface PutEntry {
  readonly source: string;
  readonly detailType: string;
  /** The envelope as JSON. */
  readonly detail: string;
  /** X-Ray's header, for PutEvents' `TraceHeader`. */
  readonly traceHeader?: string;
  /** Entries of one subject stay in their order; without a subject an entry is in no order. */
  readonly subject?: string;
}
