import { GateRules } from './model';
import { EnvCodec } from '../kernel/env';

/** Bundles of the gate's functions under `assets/`. */
export const gateBundles = {
  request: 'approvals/functions/request',
  page: 'approvals/functions/page',
  sweep: 'approvals/functions/sweep',
  start: 'approvals/functions/start',
  verify: 'approvals/functions/verify',
} as const;

/** Attribute names of the gate's table that the construct declares. */
export const gateSchema = {
  /** `r#<id>` the request, `d#<id>` its record. */
  partitionKey: 'pk',
  /** `request`, or the record's number. */
  sortKey: 'sk',
  /** Index of what is still to do; sparse. */
  dueIndex: 'byDue',
  duePartitionKey: 'due',
  dueSortKey: 'dueAt',
} as const;

/** Bounds that construct, handler and document share. */
export const gateLimits = {
  /** 128 bits, base64url. */
  idPattern: /^[A-Za-z0-9_-]{22}$/,
  subjectLength: 100,
  questionLength: 2_000,
  commentLength: 1_000,
  /** Details and report together, as JSON; DynamoDB's item holds 400 KB, Step Functions' payload 256 KB. */
  reportBytes: 100_000,
  bodyBytes: 16 * 1024,
  /** How often an answer looks again after it lost a race. */
  raceTries: 10,
  /** Requests that one sweep attends to. */
  sweepAtOnce: 100,
  functionTimeoutSeconds: 20,
  sweepTimeoutSeconds: 55,
  /** How long a sign-in may take, and then last. */
  signInSeconds: 600,
  sessionSeconds: 1_800,
  /** A fixed key set travels in the function's environment, of which Lambda allows 4 KB for all variables together. */
  fixedJwksBytes: 2_000,
  rulesBytes: 1_200,
} as const;

/** The header in which callers with AWS credentials prove who they are. */
export const proofHeader = 'x-caller-proof';

/** Bounds of a caller's proof. */
export const proofLimits = {
  /** How old it may be. STS takes a signed request for 15 minutes. */
  validSeconds: 300,
  /** How far a caller's clock may be ahead. */
  aheadSeconds: 60,
  /** API Gateway takes 10,240 bytes of headers, in which a session token stands twice. */
  length: 5_000,
  /** STS's answer; an ARN has at most 2,048 characters. */
  answerBytes: 8_192,
  /** Of one of two tries. */
  timeoutMs: 3_000,
  /** When to ask again that STS did not answer. */
  retryAfterSeconds: 5,
} as const;

/**
 * Bounds of the page and API in calls a second and at once, a bucket for each route. What nobody has to prove anything for, looking and
 * beginning to sign in, can use up its own bucket only: the decision and each start keep theirs. People decide here: more than this is
 * somebody trying.
 */
export const gateThrottles = {
  open: { rateLimit: 20, burstLimit: 40 },
  proven: { rateLimit: 10, burstLimit: 20 },
  /** From one address: 20 approvers of one office, the most that can be asked for, with 15 calls each to look, sign in and decide. */
  clientCallsPerMinute: 300,
} as const;

/** Paths of the page and API, below the stage. */
export const gatePaths = {
  approval: '/approvals/{id}',
  signIn: '/approvals/{id}/sign-in',
  callback: '/sign-in/callback',
  /** Below it, the name of what is started. */
  starts: '/starts',
} as const;

/** Metrics in embedded metric format, with the dimensions of `ledgerMetrics`; the system is the gate's name. */
export const gateMetrics = {
  /** One for each sweep that came to its end. */
  sweeps: 'ApprovalSweeps',
  pending: 'PendingApprovals',
  /** What did not work and will be tried again. */
  faults: 'ApprovalFaults',
  /** Executions that were started for somebody. */
  starts: 'ApprovalStarts',
  /** Answers that an execution got from somebody else than the gate. */
  forged: 'ForgedApprovals',
} as const;

/** Environment of the three functions. */
export const gateEnv = new EnvCodec(
  {
    gateName: 'GATE_NAME',
    tableName: 'GATE_TABLE_NAME',
    /** `GateRules` as JSON. */
    rules: 'GATE_RULES',
    /** Where approvers reach the page, without a slash at the end. */
    baseUrl: 'GATE_BASE_URL',
  },
  {
    topicArn: 'GATE_TOPIC_ARN',
    escalationTopicArn: 'GATE_ESCALATION_TOPIC_ARN',
    /** `GateIdentity` as JSON; the page's function only. */
    identity: 'GATE_IDENTITY',
    /** Secret that signs session cookies. */
    sessionSecretArn: 'GATE_SESSION_SECRET_ARN',
    /** Secret of the OIDC client; none for a public client. */
    clientSecretArn: 'GATE_CLIENT_SECRET_ARN',
    /** A fixed key set as JSON: then no key is fetched. */
    jwks: 'GATE_OIDC_JWKS',
  },
);

/** Environment of the function that tells what an approval came to. */
export const verifyEnv = new EnvCodec({ gateName: 'GATE_NAME', tableName: 'GATE_TABLE_NAME' });

/** Environment of a function that starts a state machine for people. */
export const startEnv = new EnvCodec(
  {
    gateName: 'GATE_NAME',
    /** `GateIdentity` as JSON. */
    identity: 'GATE_IDENTITY',
    /** `StartRules` as JSON. */
    start: 'GATE_START',
    /** Where people send the start. */
    url: 'GATE_START_URL',
  },
  { jwks: 'GATE_OIDC_JWKS' },
);

/** Who may start what. */
export interface StartRules {
  readonly stateMachineArn: string;
  readonly people: readonly string[];
  readonly groups: readonly string[];
}

/** Reads them back; the construct wrote them, so only their presence is checked. */
export function readStartRules(text: string): StartRules {
  const rules = JSON.parse(text) as Partial<StartRules>;
  if (rules.stateMachineArn && rules.people && rules.groups) return rules as StartRules;
  throw new Error(`environment variable GATE_START is '${text}': the construct that makes this function sets it`);
}

/** How a gate knows people. */
export type GateIdentity =
  | {
      readonly kind: 'oidc';
      readonly issuer: string;
      readonly clientId: string;
      /** Audiences of which a bearer token must bear one. */
      readonly audience: readonly string[];
      readonly scopes: readonly string[];
      readonly identityClaim: string;
      readonly nameClaim: string;
      readonly groupsClaim: string;
      /** What stands between groups in a claim that is one text; such a claim is one group when absent. */
      readonly groupsSeparator?: string;
      /** Found at the issuer when absent. */
      readonly authorizationEndpoint?: string;
      readonly tokenEndpoint?: string;
      readonly jwksUri?: string;
    }
  | {
      readonly kind: 'iam';
      readonly region: string;
      /** Whether two sessions of one role are two people. */
      readonly trustSessionNames: boolean;
    };

/** The rules for the environment. */
export function writeRules(rules: GateRules): string {
  return JSON.stringify(rules);
}

/** Reads them back; the construct wrote them, so only their presence is checked. */
export function readRules(text: string): GateRules {
  const rules = JSON.parse(text) as Partial<GateRules>;
  if (rules.people && rules.groups && rules.required) return rules as GateRules;
  throw new Error(`environment variable GATE_RULES is '${text}': the construct that makes this function sets it`);
}

/** The identity for the environment. */
export function writeIdentity(identity: GateIdentity): string {
  return JSON.stringify(identity);
}

export function readIdentity(text: string | undefined): GateIdentity {
  const identity = JSON.parse(text ?? '{}') as Partial<GateIdentity>;
  if (identity.kind === 'oidc' || identity.kind === 'iam') return identity as GateIdentity;
  throw new Error(`environment variable GATE_IDENTITY is '${text ?? ''}': the construct that makes this function sets it`);
}

/** A problem's content (RFC 9457). */
export function problemBody(code: string, status: number, title: string, detail: string): object {
  return { type: `urn:problem-type:approvals:${code}`, title, status, detail, code };
}
