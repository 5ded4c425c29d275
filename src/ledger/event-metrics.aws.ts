import { ledgerMetrics } from './contract';
import type { LedgerEvent } from './model';
import type { Telemetry } from '../runtime/telemetry';

/** The metric that counts what the ledger meets on the way of a call. */
const metricOf: Readonly<Record<LedgerEvent, string>> = {
  writeConflict: ledgerMetrics.writeConflicts,
  takeover: ledgerMetrics.takeovers,
  throttle: ledgerMetrics.throttles,
  unknownOutcome: ledgerMetrics.outcomeUnknown,
  accountBusy: ledgerMetrics.accountsBusy,
  trimFailed: ledgerMetrics.trimFailures,
  homeUnreachable: ledgerMetrics.homeUnreachable,
  homeTakeover: ledgerMetrics.homeTakeovers,
  wrongTable: ledgerMetrics.wrongTables,
};

/** Counts what the ledger met on the way of a call, each how often; it goes out with the call's line. */
export function countLedgerEvents(telemetry: Telemetry, events: Readonly<Partial<Record<LedgerEvent, number>>>): void {
  for (const [event, count] of Object.entries(events)) telemetry.count(metricOf[event as LedgerEvent], count);
}
