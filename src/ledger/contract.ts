import { EnvCodec } from '../kernel/env';

/** Name of a system's ledger table, in every region. */
export function ledgerTableName(systemName: string): string {
  return `${systemName}-ledger`;
}

/** Attribute names of the ledger table that constructs declare; the rest is the adapters' own (`aws.ts`). */
export const ledgerSchema = {
  partitionKey: 'pk',
  /** Index of the key items by account and time, keys only; eventually consistent like every index. */
  byAccountIndex: 'byAccount',
  byAccountPartitionKey: 'acct',
  byAccountSortKey: 'seq',
} as const;

/** `hold` of a claim whose hold was sent beside it: its record in the stream may be the one that makes the payment. */
export const holdBeside = 'BESIDE';

/** Attribute that tells earlier versions to keep off: of a fence, until a claim takes it over, and of what they would read wrongly. */
export const fenceMark = 'fence';

/** Bounds that callers meet. */
export const ledgerLimits = {
  /**
   * Entries on one account: what is under way, and what was held, closed, declined or refunded in about the last minute, or second where
   * there is much. HOME_REGION: and what other regions do not have yet; where one is silent, the last 15 minutes; and some of any age, of
   * which fewer than 12 may go. A hold takes 41 bytes, a captured one 55, and none more than 79: below DynamoDB's 400 KB. Beyond it: 429
   * `account_busy`.
   */
  entriesPerAccount: 5_000,
} as const;

/** Namespace and dimension names of the metrics that handlers emit in embedded metric format. */
export const ledgerMetrics = {
  writeConflicts: 'ReplicatedWriteConflicts',
  takeovers: 'InFlightTakeovers',
  throttles: 'LedgerThrottles',
  outcomeUnknown: 'OutcomeUnknown',
  /** Calls answered 429 because their account had no room for another entry. */
  accountsBusy: 'AccountsBusy',
  /**
   * Entries that could not be read or completed, and so stay on their account, or visits that ended there: nobody's answer, but somebody's
   * work.
   */
  trimFailures: 'TrimFailures',
  /** Payments that a function of this region was asked for and decided itself: not repeated, not sent to another home. */
  decided: 'PaymentsDecided',
  /** Calls that could not be sent to their home, and homes that were taken over; HOME_REGION only. */
  homeUnreachable: 'HomeUnreachable',
  homeTakeovers: 'HomeTakeovers',
  /** Calls answered 503 because the table is not what the function was made for. */
  wrongTables: 'LedgerTableMismatches',
} as const;

/**
 * Reason of a payment that an earlier release declined, because its claim was left behind the account's watermark. It alone says that
 * nothing of the payment is on its account, and events are told by that: so it is the ledger's own, and no team's.
 */
export const expiredReason = 'expired';

/**
 * HOME_REGION: reason of a payment whose hold was given back. Its claim was lost with a region, and its key was sent for another account
 * then. It tells of no decision, so no event tells it.
 */
export const holdLostReason = 'hold_lost';

/** Reasons of declines that a team's own decision cannot give. */
export const ownReasons: readonly string[] = [expiredReason, holdLostReason];

/** How a ledger is run. */
export type LedgerMode = 'STRONG' | 'HOME_REGION';

/** How the copies of a table agree, as DynamoDB says it; MISSING: there is no such table. */
export type TableMode = 'STRONG' | 'EVENTUAL' | 'MISSING';

/** How the ledger is reached from a function: set by every construct whose function touches it. */
export const ledgerEnv = new EnvCodec(
  { systemName: 'PAYMENTS_SYSTEM_NAME', tableName: 'LEDGER_TABLE_NAME', mode: 'LEDGER_CONSISTENCY_MODE' },
  {
    /** Function that takes the team's own decision; absent: the balance decides. */
    decisionFunctionArn: 'DECISION_FUNCTION_ARN',
    decisionTimeoutMs: 'DECISION_TIMEOUT_MS',
    /** `RETRY` (answer 503, the retry asks again) or `DECLINE`. */
    decisionOnUnknown: 'DECISION_ON_UNKNOWN',
    /** `HomeEnvironment` as JSON, see `writeHome`; with mode HOME_REGION only, and then needed. */
    home: 'LEDGER_HOME',
    /** `TableMode` of the ledger's table, as the deployment found it. A function that decides on the table refuses to work without it. */
    tableMode: 'LEDGER_TABLE_MODE',
    /** The same of the table of homes, or NOT_HERE; with mode HOME_REGION only. */
    authorityMode: 'LEDGER_AUTHORITY_MODE',
  },
);

/** The tables that a deployment proves, as JSON; see `ProvenTables`. */
export const proofEnv = new EnvCodec({ tables: 'LEDGER_PROVEN_TABLES' });

/** How HOME_REGION is run, the same in every region but for the order in which the authority's regions are asked. */
export interface HomeEnvironment {
  /** Regions that can be home; a unit begins in one of them by its number. */
  readonly regions: readonly string[];
  /** How many units the tenants are spread over. */
  readonly units: number;
  readonly leaseMs: number;
  /** Longest that a request may write: the functions' timeout. */
  readonly requestMs: number;
  readonly clockMarginMs: number;
  readonly refreshMs: number;
  readonly moveRequestMs: number;
  readonly moveRefreshMs: number;
  readonly movePauseMs: number;
  readonly takeover: 'AUTOMATIC' | 'OPERATOR';
  /** How long a home is given to answer a call that was sent to it. */
  readonly forwardMs: number;
  /** The table of authority records, and the regions of its replicas, nearest first. */
  readonly authorityTable: string;
  readonly authorityRegions: readonly string[];
  /** Regions in which a cutover of this system may stand: its runs are believed from there alone. */
  readonly cutoverRegions: readonly string[];
}

/** The settings for the environment. */
export function writeHome(home: HomeEnvironment): string {
  return JSON.stringify(home);
}

/** Reads them back; the construct wrote them, so only their presence is checked. */
export function readHome(text: string | undefined): HomeEnvironment {
  const home = JSON.parse(text ?? '{}') as Partial<HomeEnvironment>;
  if (home.regions?.length && home.authorityRegions?.length && home.authorityTable) return home as HomeEnvironment;
  throw new Error(
    `environment variable LEDGER_HOME is '${text ?? ''}': in mode HOME_REGION the construct that makes this function sets it`,
  );
}

/** The times of HOME_REGION that are not up to the team, in milliseconds. */
export const homeLimits = {
  /** A call gives up after this long, and its function is ended a second later. Short, because a takeover waits for both. */
  requestDeadlineMs: 5_000,
  requestMs: 6_000,
  /** A home that has not answered by then counts as unreachable; the rest of the call's time is for taking over. */
  forwardMs: 3_000,
  refreshMs: 1_000,
  /**
   * In the last seconds before a planned move a request gets this long, and each function reads more often whether to stop: the two
   * together are most of the pause, which ends after `movePauseMs` whatever happens.
   */
  moveRequestMs: 1_500,
  moveRefreshMs: 250,
  movePauseMs: 4_500,
  /**
   * One request to the authority's table, a first one's TLS over an ocean included; half of it to connect. Then another of its regions is
   * asked.
   */
  authorityRequestMs: 1_500,
} as const;

/** Name of a system's table of authority records, in every region that has a replica of it. */
export function authorityTableName(systemName: string): string {
  return `${systemName}-authority`;
}

/** Keys of the authority records, for `dynamodb:LeadingKeys`. */
export const authorityKeys = 'u#*';

/** Keys of the items in which a home notes what it writes while it is about to be moved. */
export const journalPrefix = 'j#';
/** The same, for `dynamodb:LeadingKeys`. */
export const journalKeyPattern = `${journalPrefix}*`;

/**
 * Calls that regions send to a home, by the function that takes them there: one for each capability, so that whoever may open accounts here
 * cannot take payments there. A function sends to its own like and to no other.
 */
export const homeCalls = { payments: ['authorise', 'move', 'arrivals'], accounts: ['openAccount'] } as const;

/** What a region's function may do, here and in a home. */
export type HomeCapability = keyof typeof homeCalls;

/** Name of the function that takes forwarded calls, in every region: by convention, so that no stack refers to another one. */
export function homeFunctionName(systemName: string, capability: HomeCapability): string {
  return `${systemName}-${capability}`;
}

/** Name of the function that tells of homes and accounts and can only read, in every region. */
export function homeStatusName(systemName: string): string {
  return `${systemName}-home-status`;
}

/** Name of the function with which people on call move homes, in every region. */
export function homeOperatorName(systemName: string): string {
  return `${systemName}-home-operator`;
}

/** Name of the function with which a cutover moves homes, in every region: it takes over nothing, and works for runs under way alone. */
export function homeMoveName(systemName: string): string {
  return `${systemName}-home-move`;
}

/** Member of an event that carries a forwarded call. An event of API Gateway has no such member, whatever its caller sends. */
export const forwardedMember = 'forwardedLedgerCall';

/** Partition key of the item that a region writes every minute, so that the replication is measured when there are no payments. */
export function heartbeatKey(region: string): string {
  return `heartbeat#${region}`;
}

/** Bundles of the ledger's own functions under `assets/`. */
export const ledgerBundles = {
  heartbeat: 'ledger/functions/heartbeat',
  homeStatus: 'ledger/functions/home-status',
  homeOperator: 'ledger/functions/home-operator',
  homeMove: 'ledger/functions/home-move',
  tableProof: 'ledger/functions/table-proof',
} as const;

/** The attributes of a drain switch that say whose it is. Its presence alone drains a region. */
export const switchAttributes = { owner: 'drainedBy', at: 'drainedAt', until: 'drainedUntil' } as const;

/** Partition key of the item whose presence drains a region: its `/health` answers 503 until the item is deleted. */
export function drainKey(region: string): string {
  return `drain#${region}`;
}
