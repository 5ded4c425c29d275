/** One line of an account in the ledger, as `GET /transactions` has it. */
export interface AccountLine {
  readonly paymentId: string;
  readonly type: string;
  readonly amount: number;
}

/** What the scenario reads of a body; all absent where the body is no JSON object. */
export interface ApiBody {
  readonly paymentId?: string;
  readonly status?: string;
  readonly declineReason?: string;
  readonly region?: string;
  readonly homeRegion?: string;
  readonly code?: string;
  readonly available?: number;
  readonly held?: number;
  readonly settled?: number;
  readonly version?: number;
  readonly items?: readonly AccountLine[];
  readonly nextCursor?: string;
}

export interface ApiAnswer<Body = ApiBody> {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The body as JSON; an empty object when it is none. */
  readonly body: Body;
  readonly ms: number;
}

export interface ApiCall {
  readonly method?: string;
  /** Path inside the API, query included. */
  readonly path: string;
  /** Sent as JSON, unless it is text already. */
  readonly body?: unknown;
  readonly key?: string;
  readonly token?: string;
  /** Past the public name to this region. */
  readonly region?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A caller of the payments API who knows nothing but its contract. */
export interface PaymentsCaller<Body = ApiBody> {
  /** One request, one answer. Rejects when the connection breaks. */
  once(call: ApiCall): Promise<ApiAnswer<Body>>;
  /** Asks until the answer is final, as the contract tells a caller to: same key, after the time in `Retry-After`. */
  call(call: ApiCall, withinMs?: number): Promise<ApiAnswer<Body>>;
  nowMs(): number;
  /** Rejects when the run is ended meanwhile. */
  sleep(ms: number): Promise<void>;
}

/** Where the scenario says what it found. */
export interface ScenarioReport {
  heading(title: string): void;
  /** A figure that is as promised or not. */
  check(name: string, ok: boolean, value: unknown, note?: string): void;
  /** A figure to know, without a promise. */
  note(name: string, value: unknown, note?: string): void;
}

/** What the parts of the scenario share. */
export interface ScenarioSetting {
  readonly client: PaymentsCaller;
  readonly figures: ScenarioReport;
  readonly regions: readonly string[];
  /** Accounts opened by this run with what they were funded with, in minor units. */
  readonly accounts: Map<string, number>;
  /** Payments that were answered AUTHORISED: ID to the region that took it. */
  readonly accepted: Map<string, string>;
  /** Unique to this run, so that it can be repeated against the same system. */
  readonly run: string;
  /** A token that the API takes; the scenario spoils its signature. */
  readonly token: () => Promise<string>;
}

/** One call through the public name, as its caller saw it. */
export interface SeenCall {
  /** One of the callers, each of which resolves the name for itself. */
  readonly caller: number;
  readonly beganMs: number;
  readonly endedMs: number;
  /** Who answered; undefined without an answer. */
  readonly region?: string;
  /** A final answer, or none: the caller has to ask again. */
  readonly answered: boolean;
}
