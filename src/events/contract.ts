/** What the mesh's constructs and handlers share: names by convention, so that no regional stack refers to another one. */

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

/** Name of a consumer's inbox, in every region: the table by which it knows what it has done. */
export function inboxTableName(systemName: string, consumer: string): string {
  return `${systemName}-${consumer}-inbox`;
}

/** CloudFormation metadata on an inbox table, by which tools find it: `{ consumer: NAME }`. */
export const inboxMetadata = 'cdk-multi-region-payments:inbox';

/** Attributes of an inbox item that tools may read. Times are epoch milliseconds, `expires` epoch seconds. */
export const inboxSchema = {
  /** Partition key: an event's ID, behind `e#`. */
  partitionKey: 'pk',
  eventPrefix: 'e#',
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
  outOfOrder: 'OutOfOrderEvents',
} as const;
