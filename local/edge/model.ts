/** A choice among headers, cookies or parameters of a query, as CloudFront's policies make it. */
export interface NamedChoice {
  readonly kind: 'none' | 'all' | 'listed' | 'allBut';
  /** In lower case. */
  readonly names: readonly string[];
}

/** What of a viewer's request counts: for the key of the cache, or for what an origin is told. */
export interface Choices {
  readonly headers: NamedChoice;
  readonly cookies: NamedChoice;
  readonly query: NamedChoice;
}

/** Seconds, and what tells cached answers apart; that goes to the origin too. */
export interface EdgeCachePolicy extends Choices {
  readonly min: number;
  readonly default: number;
  readonly max: number;
}

/** Headers set on an answer; one that does not override yields to the origin's. */
export interface EdgeHeaders {
  readonly set: readonly { readonly name: string; readonly value: string; readonly override: boolean }[];
  readonly removed: readonly string[];
}

export type FunctionEvent = 'viewer-request' | 'viewer-response';

export interface EdgeBehavior {
  /** `*` for the default one. */
  readonly pattern: string;
  /** Of an origin, or of a group. */
  readonly target: string;
  readonly methods: readonly string[];
  readonly cachedMethods: readonly string[];
  readonly cache: EdgeCachePolicy;
  readonly told: Choices;
  readonly headers: EdgeHeaders;
  /** Code by event. */
  readonly functions: Readonly<Partial<Record<FunctionEvent, string>>>;
}

export interface EdgeOrigin {
  readonly id: string;
  readonly domain: string;
  readonly path: string;
  /** Of an S3 bucket's regional name. */
  readonly bucket?: { readonly name: string; readonly region: string };
  readonly signed: boolean;
  /** How long may pass until it is connected to, all attempts together. */
  readonly connectMs: number;
  readonly answerMs: number;
}

export interface OriginGroup {
  readonly id: string;
  readonly members: readonly string[];
  readonly codes: readonly number[];
}

export interface EdgeError {
  readonly ttl: number;
  readonly page?: string;
  readonly status?: number;
}

/** One distribution of a template. */
export interface EdgeDistribution {
  readonly id: string;
  readonly arn: string;
  /** In the order in which CloudFront tries them; the default one is last. */
  readonly behaviors: readonly EdgeBehavior[];
  readonly origins: readonly EdgeOrigin[];
  readonly groups: readonly OriginGroup[];
  /** By status. */
  readonly errors: ReadonlyMap<number, EdgeError>;
  readonly root: string;
  /** Whether the additional metrics are counted. */
  readonly countsMore: boolean;
}

/** What a viewer asked. */
export interface EdgeRequest {
  readonly method: string;
  readonly uri: string;
  readonly query: string;
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** What an origin or the edge answered. */
export interface EdgeAnswer {
  readonly status: number;
  /** By name as it was sent. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Region that answered; absent for the edge itself. */
  readonly region?: string;
}

/** An origin that could not be reached, or did not answer in time. */
export type FromOrigin = EdgeAnswer | 'unreachable' | 'late';
