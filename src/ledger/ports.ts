import type { CallContext } from './model';

/**
 * What the ledger needs from outside: a store of items with single-item conditional writes, time, chance. The store knows
 * nothing of payments: every condition that the protocol rests on is stated by the service, so that the simulation, the fakes
 * and DynamoDB all judge the very same ones.
 */

/** A value in an item. Numbers are integers within the safe range. */
export type Value = string | number | boolean | readonly Value[] | { readonly [name: string]: Value };

/** An item; `pk` is its key. */
export interface Item {
  readonly pk: string;
  readonly [attribute: string]: Value;
}

/** An attribute, or a member of a map attribute. */
export type Path = readonly [string] | readonly [string, string];

/** A condition on the item as stored. All conditions but `absent` fail when the path does not exist. */
export type Condition =
  | { readonly test: 'absent'; readonly path: Path }
  | { readonly test: 'equals'; readonly path: Path; readonly value: string | number }
  /** One of several texts. */
  | { readonly test: 'oneOf'; readonly path: Path; readonly value: readonly string[] }
  | { readonly test: 'atLeast'; readonly path: Path; readonly value: number }
  | { readonly test: 'below'; readonly path: Path; readonly value: number }
  /** A map with fewer members than `value`. */
  | { readonly test: 'fewer'; readonly path: Path; readonly value: number };

/** A change of one existing item, made only when every condition holds. */
export interface Change {
  readonly pk: string;
  readonly require: readonly Condition[];
  readonly set?: readonly (readonly [Path, Value])[];
  /** Adds to numbers that exist. */
  readonly add?: readonly (readonly [Path, number])[];
  /** Removes what is there; what is not there is no error. */
  readonly remove?: readonly Path[];
}

/** A write was made, or it was refused: then `found` is the item that refused it, absent when there is none. */
export type WriteResult = { readonly kind: 'written' } | { readonly kind: 'refused'; readonly found?: Item };

/** A place in the index of an account's key items, newest first. */
export interface IndexEntry {
  readonly pk: string;
  readonly seq: string;
}

/** Storage of the ledger's items. Every method may throw a `StoreFault`. */
export interface LedgerStore {
  /** Puts an item unless one with its key exists. */
  create(item: Item): Promise<WriteResult>;
  /** Changes an existing item; refused without `found` when there is none. */
  change(change: Change): Promise<WriteResult>;
  /** `strong`: as of the latest write anywhere; otherwise possibly older. */
  read(pk: string, strong: boolean): Promise<Item | undefined>;
  /** Strong reads of several items, in no order; missing ones are left out. At most 100 keys, each once. */
  readMany(pks: readonly string[]): Promise<readonly Item[]>;
  /** Index entries of an account, newest first, from `from` (inclusive) on; eventually consistent. */
  list(account: string, limit: number, from?: string): Promise<readonly IndexEntry[]>;
}

/**
 * Why a store's call came to nothing.
 * - `conflict`: refused for a concurrent write in another region; not applied.
 * - `throttled`: refused for load; not applied.
 * - `unknown`: no answer, or an error that leaves open whether it was applied.
 */
export type FaultKind = 'conflict' | 'throttled' | 'unknown';

export class StoreFault extends Error {
  constructor(
    public readonly fault: FaultKind,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'StoreFault';
  }
}

/** What the team's own decision is asked; `paymentId` is its idempotency key. */
export interface DecisionRequest {
  readonly paymentId: string;
  readonly tenant: string;
  readonly accountId: string;
  readonly amount: number;
  readonly currency: string;
  readonly reference?: string;
  readonly traceId: string;
  /** Epoch milliseconds after which the answer is not waited for. */
  readonly deadlineMs: number;
}

export type Decision = { readonly kind: 'approve' } | { readonly kind: 'decline'; readonly reason: string } | { readonly kind: 'unknown' };

/** An entry of an account, and the items behind it, each with the version that it had when it was read. */
export interface EntryToLeave {
  readonly id: string;
  readonly code: string;
  readonly behind: readonly (readonly [id: string, version: number])[];
}

/** What other regions have of some entries. */
export interface Arrived {
  /** Those that each region which answered has. */
  readonly ids: ReadonlySet<string>;
  /** Whether all of them answered. */
  readonly fromAll: boolean;
}

export interface LedgerPorts {
  readonly store: LedgerStore;
  /** Epoch milliseconds. */
  readonly nowMs: () => number;
  /** A number in [0, 1). */
  readonly random: () => number;
  /** A text that no other attempt has, short: it may become part of an account's entry. */
  readonly nonce: () => string;
  readonly sleep: (ms: number) => Promise<void>;
  /** The team's own decision; absent: the balance decides. Never throws: what fails is `unknown`. */
  readonly decide?: (request: DecisionRequest) => Promise<Decision>;
  /**
   * HOME_REGION: identities of those entries that the copies of other regions have, on the account and with the items behind them. Never
   * throws.
   */
  readonly arrived?: (context: CallContext, accountId: string, entries: readonly EntryToLeave[]) => Promise<Arrived>;
}

export interface LedgerSettings {
  readonly region: string;
  /** Whether other regions' copies follow later (HOME_REGION): entries wait until those have them and their items. @default false */
  readonly copiesFollow?: boolean;
  /** What the team's decision function is given, and what its silence means. Needed with `ports.decide`. */
  readonly decision?: { readonly timeoutMs: number; readonly onUnknown: 'RETRY' | 'DECLINE' };
}
