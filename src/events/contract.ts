/** What the mesh's constructs and handlers share: names by convention, so that no regional stack refers to another one. */
import type { PaymentEventType } from './model';
import { EnvCodec } from '../kernel/env';
import type { RegionName } from '../kernel/region';

/** Name of a system's event bus, the same in every region (a global endpoint demands it). */
export function meshBusName(systemName: string): string {
  return `${systemName}-events`;
}

/** `Source` of the ledger's events. */
export function ledgerEventSource(systemName: string): string {
  return `${systemName}.ledger`;
}

/** `Source` of the mesh's own events: probes. */
export function meshEventSource(systemName: string): string {
  return `${systemName}.mesh`;
}

export const probeType = 'mesh.probe';

/** Types that the ledger alone publishes. */
export const paymentEventTypes: readonly PaymentEventType[] = [
  'payment.authorised',
  'payment.declined',
  'payment.captured',
  'payment.voided',
  'payment.refunded',
];

/** Types that no team publishes, under whatever source. */
export const reservedTypes: readonly string[] = [...paymentEventTypes, probeType];

/** Sources that no team publishes under: the bus's policy keeps them for the functions that speak for the ledger and the mesh. */
export function reservedSources(systemName: string): readonly string[] {
  return [ledgerEventSource(systemName), meshEventSource(systemName)];
}

/** Name of the queue of events that a target did not take, and of those that a publisher gave up. */
export function meshDeadLetterQueueName(systemName: string): string {
  return `${systemName}-events-dlq`;
}

/** Name of the queue of events without a valid origin: nobody forwards them, no consumer gets them. */
export function meshStraysQueueName(systemName: string): string {
  return `${systemName}-events-strays`;
}

/** Name of the rule that forwards to a peer, on the bus of every region. */
export function forwardingRuleName(systemName: string, to: RegionName): string {
  return `${systemName}-to-${to}`;
}

/** Name of the role with which one region's rule puts events on a peer's bus. Roles are global, so both regions are in it. */
export function forwardingRoleName(systemName: string, from: RegionName, to: RegionName): string {
  return `${systemName}-events-${shortRegion(from)}-to-${shortRegion(to)}`;
}

/** Name of the role with which a global endpoint's managed rules replicate events. */
export function replicationRoleName(systemName: string): string {
  return `${systemName}-events-replication`;
}

/** Functions whose role a policy of a bus or a queue names. */
export type NamedRole = 'outbox' | 'outbox-redrive' | 'sweep' | 'probe' | 'mesh-redrive';

/** Name of the role of one region's function, so that a policy can name it before it is there. Roles are global, so the region is in it. */
export function functionRoleName(systemName: string, role: NamedRole, region: RegionName): string {
  return `${systemName}-${role}-${shortRegion(region)}`;
}

/** Name of the global endpoint, by which its ID is looked up. */
export function meshEndpointName(systemName: string): string {
  return `${systemName}-events`;
}

/** Name of the archive of a region's bus. */
export function meshArchiveName(systemName: string): string {
  return `${systemName}-events`;
}

/** Name of a region's small table of the mesh: what it last heard of each peer. */
export function meshTableName(systemName: string): string {
  return `${systemName}-mesh`;
}

/** Name of the function that puts dead letters of the bus's rules back on it. */
export function meshRedriveName(systemName: string): string {
  return `${systemName}-mesh-redrive`;
}

/** Name of the function that puts on the bus what publishers gave up. */
export function publisherRedriveName(systemName: string): string {
  return `${systemName}-publisher-redrive`;
}

/** `us-east-1` as `use1`: a role's name has 64 characters. */
function shortRegion(region: RegionName): string {
  const [area, ...rest] = region.split('-');
  return area + rest.map((word) => word.replace(/north|south|east|west|central/g, (direction) => direction[0])).join('');
}

/** Attributes of the mesh's table. */
export const meshSchema = {
  partitionKey: 'pk',
  /** Key of the item about a peer. */
  probeKey: (peer: RegionName): string => `probe#${peer}`,
  /** Key of the mark of a record of the ledger's stream that was set aside, by its sequence number. */
  asideKey: (sequenceNumber: string): string => `aside#${sequenceNumber}`,
  /** Epoch milliseconds, by this region's clock: when the newest probe of the peer arrived. */
  arrivedAt: 'arrivedAt',
  /** Epoch milliseconds, by the peer's clock: when that one was sent. */
  sentAt: 'sentAt',
  /** Epoch milliseconds, by this region's clock: when a probe arrived after a silence, or for the first time. */
  resumedAt: 'resumedAt',
} as const;

/** What a function needs to publish; set by `CrossRegionEventMesh.publisherEnvironment`. */
export const publisherEnv = new EnvCodec(
  {
    systemName: 'PAYMENTS_SYSTEM_NAME',
    busName: 'MESH_BUS_NAME',
    /** `Source` of the events. */
    source: 'MESH_SOURCE',
    /** The publisher's own queue: what it gives up is redriven with its rights, and no others. */
    deadLetterQueueUrl: 'MESH_DEAD_LETTER_QUEUE_URL',
  },
  {
    /** JSON list of the types that may be published; absent: all but the reserved ones. */
    types: 'MESH_TYPES',
    /** Global endpoint to publish to, such as `abcde.veo`; absent: the region's own bus. */
    endpointId: 'MESH_ENDPOINT_ID',
  },
);

/** Where a letter may come from. */
export type LetterOrigin =
  /**
   * EventBridge, for a rule of the bus: the event was on the bus, so its publisher was judged. `rules` begins their ARNs; `bus`: letters of
   * the bus itself, which name no rule, come too.
   */
  | { readonly kind: 'rules'; readonly rules: string; readonly bus: boolean }
  /** Publishers that may publish these, and nothing else. */
  | { readonly kind: 'publisher'; readonly source: string; readonly types?: readonly string[] };

/** A queue that a redrive empties. */
export interface LetterQueue {
  readonly url: string;
  readonly from: LetterOrigin;
}

/** What a function that puts letters on the bus needs; `queues` is JSON of `LetterQueue[]`. */
export const redriveEnv = new EnvCodec({ systemName: 'PAYMENTS_SYSTEM_NAME', busName: 'MESH_BUS_NAME', queues: 'MESH_LETTER_QUEUES' });

/**
 * What one PutEvents takes: entries, and bytes of all of them together as EventBridge counts them. AWS announced 1 MB in January 2026; 256
 * KB is what the documentation's own page says and holds in every region.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html
 */
export const publishLimits = { entries: 10, bytes: 256 * 1024 - 1 } as const;

/** The times of a publisher: a function that ends before both are over may take with it what it has not sent. */
export const publisherTimes = {
  /** How long a call of `publish` tries, unless it is told otherwise. */
  budgetMs: 5_000,
  /** One request to the dead-letter queue after it: a second to connect, four for the answer. */
  letterMs: 5_000,
} as const;

/** What the mesh's own functions need. */
export const meshEnv = new EnvCodec({
  systemName: 'PAYMENTS_SYSTEM_NAME',
  busName: 'MESH_BUS_NAME',
  tableName: 'MESH_TABLE_NAME',
  /** Milliseconds without a probe after which a peer counts as silent. */
  silentAfterMs: 'MESH_SILENT_AFTER_MS',
});

/** Bundles of the mesh's own functions under `assets/`. */
export const meshBundles = {
  probeSend: 'events/probes/send',
  probeArrive: 'events/probes/arrive',
  redrive: 'events/redrive/mesh',
} as const;

/** Name of a consumer's inbox, in every region: the table by which it knows what it has done. */
export function inboxTableName(systemName: string, consumer: string): string {
  return `${systemName}-${consumer}-inbox`;
}

/** CloudFormation metadata on an inbox table, by which tools find it: `{ consumer: NAME }`. */
export const inboxMetadata = 'cdk-multi-region-payments:inbox';

/** What an event is told by: an ID is its source's own, and within it a tenant's. */
export interface EventIdentity {
  /** `Source` on the bus, which EventBridge's policies vouch for. */
  readonly source: string;
  readonly tenant?: string;
  readonly id: string;
}

/** Attributes of an inbox item that tools may read. Times are epoch milliseconds, `expires` epoch seconds. */
export const inboxSchema = {
  /** Partition key of an event: `e#<source>#<tenant>#<id>`, the tenant in URL encoding and empty where there is none. */
  partitionKey: 'pk',
  eventPrefix: 'e#',
  eventKey: ({ source, tenant = '', id }: EventIdentity): string => `e#${source}#${encodeURIComponent(tenant)}#${id}`,
  /** `<id>` of an event's key. */
  eventIdOf: (key: string): string => key.slice(key.lastIndexOf('#') + 1),
  subjectKey: ({ source, tenant = '', subject }: { readonly source: string; readonly tenant?: string; readonly subject: string }): string =>
    `s#${source}#${encodeURIComponent(tenant)}#${subject}`,
  source: 'source',
  /** `RUNNING`, `DONE` or `SET_ASIDE`. */
  state: 'state',
  type: 'type',
  subject: 'subject',
  origin: 'origin',
  traceId: 'traceId',
  /** When this consumer took it up for the first time. */
  receivedAt: 'receivedAt',
  /** When its effect was done. */
  doneAt: 'doneAt',
  /** When further deliveries arrived and were discarded: a list of times, the first 20. */
  duplicates: 'duplicates',
  expires: 'expires',
} as const;

/**
 * What a consumer's function needs; set by `IdempotentConsumer`, in its own function or in a team's that is wrapped by
 * `idempotentConsumer`.
 */
export const consumerEnv = new EnvCodec(
  {
    systemName: 'PAYMENTS_SYSTEM_NAME',
    consumer: 'CONSUMER_NAME',
    inboxTable: 'CONSUMER_INBOX_TABLE',
    deadLetterQueueUrl: 'CONSUMER_DEAD_LETTER_QUEUE_URL',
    handlerTimeoutMs: 'CONSUMER_HANDLER_TIMEOUT_MS',
    maxAttempts: 'CONSUMER_MAX_ATTEMPTS',
    rememberDays: 'CONSUMER_REMEMBER_DAYS',
    /** `DELIVER` or `SKIP`. */
    staleEvents: 'CONSUMER_STALE_EVENTS',
    /** Sources whose events are accepted, with spaces in between. */
    sources: 'CONSUMER_SOURCES',
  },
  {
    /** Function to call with each event; absent where the handler is wrapped. */
    handlerArn: 'CONSUMER_HANDLER_ARN',
  },
);

/** For noting what came of an event, and for being called. */
const leaseMarginMs = 5_000;
/**
 * A function that is called cold starts first, outside of its own timeout.
 * https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
 */
const longestStartMs = 10_000;

/**
 * How long a consumer's lease of an event lasts, in milliseconds: it outlives the handler, so that no second attempt begins while the
 * first runs. `called`: the handler is a function of its own, which may have to start; a wrapped one has started.
 */
export function consumerLeaseMs(handlerTimeoutMs: number, called: boolean): number {
  return handlerTimeoutMs + leaseMarginMs + (called ? longestStartMs : 0);
}

/** What the functions of the outbox and of the sweep need, besides the mesh's. */
export const outboxEnv = new EnvCodec(
  { systemName: 'PAYMENTS_SYSTEM_NAME', tableName: 'LEDGER_TABLE_NAME', busName: 'MESH_BUS_NAME', meshTableName: 'MESH_TABLE_NAME' },
  {
    /** Global endpoint to publish to; the sweep has none, since what it publishes is for this region alone. */
    endpointId: 'MESH_ENDPOINT_ID',
    /** Tenants of which no event tells, see `writeSyntheticTenants`. */
    syntheticTenants: 'SYNTHETIC_TENANTS',
  },
);

/** What the function that redrives given-up ranges needs besides. */
export const outboxRedriveEnv = new EnvCodec({ deadLetterQueueUrl: 'OUTBOX_DEAD_LETTER_QUEUE_URL', streamArn: 'LEDGER_STREAM_ARN' });

/** What it needs where there is a sweep: hints that were given up, and where they go again. */
export const outboxRedriveHintsEnv = new EnvCodec({ hintLettersUrl: 'SWEEP_DEAD_LETTER_QUEUE_URL', hintsUrl: 'SWEEP_QUEUE_URL' });

/** What the function of the sweep needs besides. */
export const sweepEnv = new EnvCodec(
  { queueUrl: 'SWEEP_QUEUE_URL', silentAfterMs: 'SWEEP_SILENT_AFTER_MS', aliveWithinMs: 'SWEEP_ALIVE_WITHIN_MS' },
  {
    /** Region whose bus takes this region's own events: they can be lost with it. Absent where they go to this region's. */
    takenBy: 'SWEEP_TAKEN_BY',
  },
);

/** Name of the function that publishes the ranges of the stream that the outbox gave up. */
export function outboxRedriveName(systemName: string): string {
  return `${systemName}-outbox-redrive`;
}

/** Names of an outbox's queues: ranges of the stream that were given up, hints of the sweep, and hints that were. */
export function outboxQueueName(systemName: string, queue: 'outbox-dlq' | 'sweep' | 'sweep-dlq'): string {
  return `${systemName}-${queue}`;
}

/** Names of a consumer's queue, and of the queue of the events that it set aside. */
export function consumerQueueName(systemName: string, consumer: string, queue: 'queue' | 'dlq'): string {
  return queue === 'queue' ? `${systemName}-${consumer}` : `${systemName}-${consumer}-dlq`;
}

/** Bundles of the outbox's, the sweep's and the consumers' functions under `assets/`. */
export const outboxBundles = {
  outbox: 'events/outbox/outbox',
  redrive: 'events/redrive/outbox',
  sweep: 'events/outbox/sweep',
  consumer: 'events/consumers/consumer',
} as const;

/** Names of the mesh's metrics, in the ledger's namespace with its dimensions (and `Peer` or `Consumer` where one is meant). */
export const meshMetrics = {
  peerDimension: 'Peer',
  consumerDimension: 'Consumer',
  /** Milliseconds from a probe's sending to its arrival; in the receiving region, by the sending peer. */
  probeLatency: 'ProbeLatency',
  eventsPublished: 'EventsPublished',
  /** Given up after all retries and put into the DLQ. */
  publishFailures: 'EventPublishFailures',
  swept: 'EventsSwept',
  consumed: 'EventsConsumed',
  duplicates: 'DuplicateEvents',
  setAside: 'EventsSetAside',
  /** Of a source that the consumer does not accept. */
  refused: 'EventsRefused',
  outOfOrder: 'OutOfOrderEvents',
} as const;
