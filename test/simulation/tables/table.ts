import { Change, FaultKind, IndexEntry, Item, WriteResult } from '../../../src/ledger/ports';

/** A request to a table, as it travels. */
export type Request =
  | { readonly kind: 'create'; readonly item: Item }
  | { readonly kind: 'change'; readonly change: Change }
  | { readonly kind: 'read'; readonly pk: string; readonly strong: boolean }
  | { readonly kind: 'readMany'; readonly pks: readonly string[] }
  | { readonly kind: 'list'; readonly account: string; readonly limit: number; readonly from?: string };

export type Answer = WriteResult | Item | undefined | readonly Item[] | readonly IndexEntry[];

/** A table refuses a request: what the port will throw. */
export class TableFault extends Error {
  constructor(
    public readonly fault: FaultKind,
    message: string,
  ) {
    super(message);
    this.name = 'TableFault';
  }
}

/** A simulated global table: every request takes effect at one moment, in the region where it arrived. */
export interface Table {
  /** `sentAt`: when the request left its sender. May throw a `TableFault`. */
  perform(request: Request, region: string, sentAt: number): Answer;
  /** Told of every write, for the checks that look at each step. */
  onWrite: (item: Item, region: string) => void;
  /** The streams: told of an item before and after a write, in the order of the item's writes; `replica`: in its stream alone. */
  onStream: (change: { readonly old?: Item; readonly new: Item }, replica?: string) => void;
}

/** What a table needs to know of the regions around it. */
export interface Surroundings {
  readonly nowMs: () => number;
  readonly chance: () => number;
  /** Whether a region gets a majority of the copies. */
  readonly hasQuorum: (region: string) => boolean;
  /** How far a region's eventual reads may lie behind. */
  readonly staleByMs: (region: string) => number;
  /** Whether a region is catching up after it was lost. */
  readonly catchingUp: (region: string) => boolean;
}
