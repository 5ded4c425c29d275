import type { ApiScope } from './caller.contract';
import { EnvCodec } from '../kernel/env';
import { valueLimits } from '../ledger/values.contract';

/** Base path of everything but `/health`. */
export const apiBasePath = '/api/v1';

/** The API's functions, and where each one's bundle lies under `assets/`. */
export const apiBundles = {
  payments: 'api/functions/payments',
  accounts: 'api/functions/accounts',
  transactions: 'api/functions/transactions',
  health: 'api/functions/health',
  authorizer: 'api/functions/authorizer',
} as const;

/** A function that answers HTTP calls. */
export type ApiFunctionName = 'payments' | 'accounts' | 'transactions' | 'health';

/** One call of the API. */
export interface ApiRoute {
  readonly method: 'GET' | 'PUT' | 'POST';
  /** Path template, base path included, as API Gateway and OpenAPI write it. */
  readonly path: string;
  readonly function: ApiFunctionName;
  /** Whether the call takes an `Idempotency-Key`. */
  readonly keyed: boolean;
  /** What the caller must be allowed to; absent: the call is open to everyone. */
  readonly scope?: ApiScope;
}

const read = { keyed: false, scope: 'read' } as const;
const pay = { keyed: true, scope: 'pay' } as const;

/** Every call. The gateway makes each path with ANY: the function answers 405 itself, after the authorizer. */
export const apiRoutes: readonly ApiRoute[] = [
  { method: 'PUT', path: `${apiBasePath}/accounts/{accountId}`, function: 'accounts', keyed: false, scope: 'operate' },
  { method: 'GET', path: `${apiBasePath}/accounts/{accountId}`, function: 'accounts', ...read },
  { method: 'POST', path: `${apiBasePath}/payments`, function: 'payments', ...pay },
  { method: 'GET', path: `${apiBasePath}/payments/{paymentId}`, function: 'payments', ...read },
  { method: 'POST', path: `${apiBasePath}/payments/{paymentId}/capture`, function: 'payments', ...pay },
  { method: 'POST', path: `${apiBasePath}/payments/{paymentId}/void`, function: 'payments', ...pay },
  { method: 'POST', path: `${apiBasePath}/payments/{paymentId}/refund`, function: 'payments', ...pay },
  { method: 'GET', path: `${apiBasePath}/transactions`, function: 'transactions', ...read },
  { method: 'GET', path: '/health', function: 'health', keyed: false },
];

/** Takes what no route matches (`ANY /` and `ANY /{proxy+}`, authorized) and answers 404: not the function that takes payments. */
export const fallbackFunction: ApiFunctionName = 'transactions';

/** Bounds that construct, handler and document share. */
export const apiLimits = {
  /** Largest request body after base64 decoding, in bytes. */
  bodyBytes: 64 * 1024,
  ...valueLimits,
  listLimitDefault: 20,
  /** A call gives up and answers 503 after this long; below the function's timeout, which is below API Gateway's 29 s. */
  requestDeadlineMs: 10_000,
  functionTimeoutSeconds: 15,
  /** Route 53 waits 2 s for an answer: the health check's own read must end well before. */
  healthReadTimeoutMs: 1_000,
  healthTimeoutSeconds: 3,
  /** The health function answers from memory for this long, so that whoever calls it cannot cause a read per call. */
  healthCacheMs: 1_000,
  /** A fixed key set travels in the authorizer's environment, of which Lambda allows 4 KB for all variables together. */
  fixedJwksBytes: 2_560,
  /** The list of IAM callers travels in the environment too. */
  callersBytes: 2_560,
} as const;

/** Request and response headers of the contract. */
export const apiHeaders = {
  idempotencyKey: 'Idempotency-Key',
  idempotencyReplayed: 'Idempotency-Replayed',
  traceId: 'X-Amzn-Trace-Id',
  servedByRegion: 'X-Served-By-Region',
  cacheControl: 'Cache-Control',
  retryAfter: 'Retry-After',
} as const;

/** For the environment of functions that answer HTTP calls; the ledger's own variables (`ledgerEnv`) come beside it. */
export const apiEnv = new EnvCodec(
  {
    /** `CallerSource` as JSON, see `writeCallerSource`. */
    callerSource: 'API_CALLER_SOURCE',
  },
  {
    /** Milliseconds; default `apiLimits.requestDeadlineMs`. */
    requestDeadlineMs: 'API_REQUEST_DEADLINE_MS',
    /** Tenants that no business metric counts, see `writeSyntheticTenants`. */
    syntheticTenants: 'SYNTHETIC_TENANTS',
  },
);

/**
 * For the authorizer's environment. Lists are JSON arrays of strings. With a Cognito user pool give `userPoolId` instead of
 * `issuer`: issuer and key set follow from it, and `audience` holds the app clients' IDs.
 */
export const authorizerEnv = new EnvCodec(
  {
    systemName: 'PAYMENTS_SYSTEM_NAME',
    /** Audiences (`aud`) of which a token must bear one; for Cognito the app client IDs. */
    audience: 'AUTHORIZER_AUDIENCE',
    /** Top-level claim that holds the tenant, taken literally (`https://acme.example/tenant` is one name). */
    tenantClaim: 'AUTHORIZER_TENANT_CLAIM',
  },
  {
    issuer: 'AUTHORIZER_ISSUER',
    /** Where the keys are; default `<issuer>/.well-known/jwks.json`. */
    jwksUri: 'AUTHORIZER_JWKS_URI',
    /** A fixed key set as JSON, at most `apiLimits.fixedJwksBytes`: then no key is ever fetched. */
    jwks: 'AUTHORIZER_JWKS',
    /** Signature algorithms accepted; default `jwtAlgorithms`. */
    algorithms: 'AUTHORIZER_ALGORITHMS',
    /** Names of the scopes that the functions ask for; absent: they ask for none. */
    scopes: 'AUTHORIZER_SCOPES',
    /** Top-level claim that holds a token's scopes, a list or a text with blanks between; default `scope`, else `scp`. */
    scopeClaim: 'AUTHORIZER_SCOPE_CLAIM',
    userPoolId: 'AUTHORIZER_USER_POOL_ID',
    /** `access` (default) or `id`; Cognito only. */
    tokenUse: 'AUTHORIZER_TOKEN_USE',
  },
);

/** Prefix of the keys of drain switches, for a `dynamodb:LeadingKeys` condition on the health function's read. */
export const drainKeyPrefix = 'drain#';

/** Name of a region's REST API, the same in every region: its metrics are found by it. */
export function restApiName(systemName: string): string {
  return `${systemName}-payments`;
}

/** Name of the API's one stage. */
export const apiStageName = 'live';

/** Names of the API's metrics, beside the ledger's; namespace and dimensions are the ledger's. */
export const apiMetrics = {
  /** Answers 503 and other faults of ours, API Gateway's own not counted. */
  faults: 'ApiFaults',
  /** Health checks that answered 503, for whatever reason; 0 for each other one. */
  unhealthy: 'UnhealthyAnswers',
  /** Payments by what became of them. */
  authorised: 'PaymentsAuthorised',
  declined: 'PaymentsDeclined',
  replayed: 'AnswersReplayed',
  inFlight: 'RequestsInFlight',
} as const;

/** Media type of every error. */
export const problemMediaType = 'application/problem+json';

/** A problem's `type`: stable, and not an address that must be kept alive. */
export function problemType(code: string): string {
  return `urn:problem-type:payments:${code}`;
}

/** One entry of the documented list of problems. */
export interface ProblemDefinition {
  readonly status: number;
  readonly title: string;
}

/** Every `code` an error can carry: its status and title. */
export const problems = {
  invalid_request: { status: 400, title: 'The request does not match the schema of this call' },
  invalid_json: { status: 400, title: 'The body is not valid JSON, or can be read in two ways' },
  unknown_field: { status: 400, title: 'The request has a field that this call does not know' },
  invalid_amount: { status: 400, title: 'The amount is not a whole number of minor units in range' },
  invalid_currency: { status: 400, title: 'The currency is not an ISO 4217 code' },
  currency_mismatch: { status: 400, title: "The currency is not the account's" },
  invalid_account_id: { status: 400, title: 'The account ID is malformed' },
  invalid_path: { status: 400, title: 'The path is malformed' },
  invalid_limit: { status: 400, title: 'The limit is out of range' },
  invalid_cursor: { status: 400, title: 'The cursor does not belong to this list' },
  missing_idempotency_key: { status: 400, title: 'The Idempotency-Key header is missing' },
  invalid_idempotency_key: { status: 400, title: 'The Idempotency-Key header is malformed' },
  unauthorized: { status: 401, title: 'The caller is not authenticated' },
  forbidden: { status: 403, title: 'The caller may not do this' },
  forbidden_scope: { status: 403, title: 'The credentials lack the scope of this call' },
  unknown_route: { status: 404, title: 'There is no such resource' },
  unknown_account: { status: 404, title: 'There is no such account' },
  unknown_payment: { status: 404, title: 'There is no such payment' },
  method_not_allowed: { status: 405, title: 'The resource does not take this method' },
  account_differs: { status: 409, title: 'The account was opened with other content' },
  request_in_flight: { status: 409, title: 'The first request with this key is still running' },
  payment_declined: { status: 409, title: 'The payment was declined' },
  already_captured: { status: 409, title: 'The payment was captured already' },
  already_voided: { status: 409, title: 'The payment was voided already' },
  not_captured: { status: 409, title: 'The payment was not captured' },
  amount_exceeds_authorised: { status: 409, title: 'The amount exceeds what was authorised' },
  amount_exceeds_captured: { status: 409, title: 'The amount exceeds what can be refunded' },
  too_many_operations: { status: 409, title: 'The payment has as many operations as it can have' },
  expired: { status: 409, title: 'The request came too late to be carried out' },
  body_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The body is not JSON' },
  idempotency_key_reused: { status: 422, title: 'The key was used for another request' },
  account_busy: { status: 429, title: 'The account is busy' },
  throttled: { status: 429, title: 'Too many requests' },
  outcome_unknown: { status: 503, title: 'The outcome is not known yet' },
  region_fenced: { status: 503, title: 'This region does not accept this request now' },
  home_unreachable: { status: 503, title: "The account's home region cannot be reached" },
  unavailable: { status: 503, title: 'The service cannot answer now' },
} as const satisfies Readonly<Record<string, ProblemDefinition>>;

/** A problem's stable code. */
export type ProblemCode = keyof typeof problems;

/** Seconds a caller is told to wait when nothing better is known. */
export const retryAfterSeconds = 1;

/** What API Gateway answers by itself, in the API's own form: gateway response type, problem, and what to tell the caller. */
export interface GatewayProblem {
  /** Gateway response type, such as `UNAUTHORIZED`. */
  readonly type: string;
  readonly code: ProblemCode;
  readonly detail: string;
  /** Whether the answer carries `Retry-After`. */
  readonly retry?: boolean;
}

const retry = 'Repeat the request with the same Idempotency-Key after the time in Retry-After.';

/** The gateway responses to define in each region. The most general two come last. */
export const gatewayProblems: readonly GatewayProblem[] = [
  { type: 'UNAUTHORIZED', code: 'unauthorized', detail: 'Send a valid bearer token in the Authorization header.' },
  { type: 'EXPIRED_TOKEN', code: 'unauthorized', detail: 'The credentials have expired.' },
  { type: 'INVALID_SIGNATURE', code: 'unauthorized', detail: 'The signature does not match the request.' },
  { type: 'MISSING_AUTHENTICATION_TOKEN', code: 'unauthorized', detail: 'Send credentials in the Authorization header.' },
  { type: 'ACCESS_DENIED', code: 'forbidden', detail: 'The credentials are valid but give no access to this API.' },
  { type: 'INVALID_API_KEY', code: 'forbidden', detail: 'The API key is not valid.' },
  { type: 'WAF_FILTERED', code: 'forbidden', detail: 'A firewall rule refused the request.' },
  { type: 'RESOURCE_NOT_FOUND', code: 'unknown_route', detail: 'This API has no call with this path: see the API reference.' },
  { type: 'REQUEST_TOO_LARGE', code: 'body_too_large', detail: 'A body has at most 65536 bytes.' },
  { type: 'UNSUPPORTED_MEDIA_TYPE', code: 'unsupported_media_type', detail: 'Send the body as application/json.' },
  { type: 'BAD_REQUEST_BODY', code: 'invalid_request', detail: 'The body does not match the schema of this call: see the API reference.' },
  {
    type: 'BAD_REQUEST_PARAMETERS',
    code: 'invalid_request',
    detail: 'A parameter does not match the schema of this call: see the API reference.',
  },
  { type: 'THROTTLED', code: 'throttled', detail: retry, retry: true },
  { type: 'QUOTA_EXCEEDED', code: 'throttled', detail: retry, retry: true },
  { type: 'INTEGRATION_TIMEOUT', code: 'outcome_unknown', detail: retry, retry: true },
  { type: 'INTEGRATION_FAILURE', code: 'outcome_unknown', detail: retry, retry: true },
  { type: 'AUTHORIZER_FAILURE', code: 'unavailable', detail: retry, retry: true },
  { type: 'AUTHORIZER_CONFIGURATION_ERROR', code: 'unavailable', detail: retry, retry: true },
  { type: 'API_CONFIGURATION_ERROR', code: 'unavailable', detail: retry, retry: true },
  { type: 'DEFAULT_4XX', code: 'invalid_request', detail: 'The request was refused before it reached the API.' },
  { type: 'DEFAULT_5XX', code: 'outcome_unknown', detail: retry, retry: true },
];

/** What IAM's refusal means where it is asked about each call: the principal has no right to this method and path. */
export const forbiddenByIam: Pick<GatewayProblem, 'code' | 'detail'> = {
  code: 'forbidden_scope',
  detail: 'The principal may not make this call: it needs execute-api:Invoke for this method and path.',
};

/** A problem's fields; `instance` says which request it was. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly code: ProblemCode;
  /** X-Ray root ID, absent in what API Gateway answers by itself. */
  readonly traceId?: string;
}

/** A problem in its one and only form, fields in fixed order so that a repeated answer has the same bytes. */
export function problemOf(code: ProblemCode, detail: string, instance: string, traceId?: string): Problem {
  const { title, status } = problems[code];
  return { type: problemType(code), title, status, detail, instance, code, ...(traceId === undefined ? {} : { traceId }) };
}
