/** Who may write, and until when: one record for each unit of accounts, in a table that is strongly consistent across regions. */
export interface AuthorityRecord {
  readonly home: string;
  /** Rises with every change of home. */
  readonly epoch: number;
  /** Epoch milliseconds, by the home's clock; nobody writes for the home later than this. */
  readonly leaseUntil: number;
  readonly state: 'OPEN' | 'DRAINING';
  /** While draining: who comes next. */
  readonly drainTo?: string;
  /** While draining for a takeover: epoch milliseconds after which nobody can still be about to take over, and the home goes on. */
  readonly drainUntil?: number;
  /** Another region could not reach the home and waits for the lease's end: only work renews it now. */
  readonly contested?: boolean;
  /** A planned move that is being made. */
  readonly move?: MoveNotice;
  /** Who asked last for a takeover, a planned move, or for calling one off; what regions do by themselves is not in it. */
  readonly lastAsked?: LastAsked;
  /** Page of the move's journal that the home writes; rises with every page, also from one move to the next. */
  readonly page?: number;
}

/** A person on call, by his own words; or the run of a cutover, which was found running. */
export type AskedBy = { readonly by: string; readonly reason: string } | { readonly run: string };

/** What somebody asked for, in which region, and when. */
export type LastAsked = AskedBy & {
  readonly action: 'takeover' | 'relocate' | 'abort';
  readonly region: string;
  /** Epoch milliseconds. */ readonly at: number;
};

/** A planned move, as the home is told of it. */
export interface MoveNotice {
  readonly to: string;
  /** Of one mover and no other: another one's steps are refused. */
  readonly by: string;
  /** Epoch milliseconds. Whoever still finds it then, a mover that died having left it, calls the move off. */
  readonly until: number;
  /**
   * Requests get `moveRequestMs`, and the record is read again after `moveRefreshMs`: the home is about to stop, and shall do so quickly.
   */
  readonly hurry: boolean;
}

/** How HOME_REGION is run; the same in every region. */
export interface HomeSettings {
  /** Regions that can be home; without a record, a unit begins in one of them by its number. */
  readonly regions: readonly string[];
  /** How many units the tenants are spread over, by hash; 1: all accounts have one home. */
  readonly units: number;
  /** Length of a lease. Longer than `requestMs`. */
  readonly leaseMs: number;
  /** Longest that one request's writing may take: the functions' timeout. */
  readonly requestMs: number;
  /** How far apart two regions' clocks may stand. */
  readonly clockMarginMs: number;
  /** How old a copy of the record may be when a request begins. */
  readonly refreshMs: number;
  /** The same two, while a home is about to be moved. Together they are the pause that its callers see. */
  readonly moveRequestMs: number;
  readonly moveRefreshMs: number;
  /** Longest that a home may be stopped in order to be moved; then it writes again, and the move is off. */
  readonly movePauseMs: number;
  /** Who takes over from a home that cannot be reached. */
  readonly takeover: 'AUTOMATIC' | 'OPERATOR';
}

/** What this region may do for a unit now. */
export type HomeStanding =
  /** Write, in this epoch, until then (own clock), and answer until then; note what is written on the journal's page, if there is one. */
  | { readonly kind: 'home'; readonly epoch: number; readonly untilMs: number; readonly page?: number }
  | { readonly kind: 'elsewhere'; readonly record: AuthorityRecord }
  | { readonly kind: 'draining'; readonly record: AuthorityRecord };

export type TakeoverResult =
  | { readonly kind: 'taken'; readonly record: AuthorityRecord }
  /** The home's lease, or a request under it, may still be alive: not before so many milliseconds have passed. */
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'changed' };
