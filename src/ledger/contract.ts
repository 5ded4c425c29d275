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

/** Namespace and dimension names of the metrics that handlers emit in embedded metric format. */
export const ledgerMetrics = {
  namespace: 'MultiRegionPayments',
  systemDimension: 'System',
  regionDimension: 'Region',
  writeConflicts: 'ReplicatedWriteConflicts',
  takeovers: 'InFlightTakeovers',
  throttles: 'LedgerThrottles',
  outcomeUnknown: 'OutcomeUnknown',
  /** Calls that could not be sent to their home, and homes that were taken over; HOME_REGION only. */
  homeUnreachable: 'HomeUnreachable',
  homeTakeovers: 'HomeTakeovers',
} as const;

/** How the ledger is reached from a function: set by every construct whose function touches it. */
export const ledgerEnv = new EnvCodec({
  systemName: 'PAYMENTS_SYSTEM_NAME',
  tableName: 'LEDGER_TABLE_NAME',
  mode: 'LEDGER_CONSISTENCY_MODE',
}, {
  /** Function that takes the team's own decision; absent: the balance decides. */
  decisionFunctionArn: 'DECISION_FUNCTION_ARN',
  decisionTimeoutMs: 'DECISION_TIMEOUT_MS',
  /** `RETRY` (answer 503, the retry asks again) or `DECLINE`. */
  decisionOnUnknown: 'DECISION_ON_UNKNOWN',
});

/** Partition key of the item whose presence drains a region: its `/health` answers 503 until the item is deleted. */
export function drainKey(region: string): string {
  return `drain#${region}`;
}
