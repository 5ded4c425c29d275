import { CallerProofs } from './caller-proof.service';
import { bearerIn, bodyOf, GateAnswer, GateEvent, headerOf, json, problemJson, rawBody, sentTwice } from './event.domain';
import { bearerPerson, OidcProvider } from './session.service';
import { canonicalJson } from '../../kernel/fingerprint';
import { starterText } from '../../kernel/person-name';
import { GateIdentity, gateLimits, proofLimits, StartRules } from '../contract';
import { Person } from '../model';
import { entitlementOf } from '../person.domain';

/** Starts executions. */
export interface Starter {
  /**
   * Starts one, once for a name: `taken` when an execution of that name got another input, or has ended.
   * Throws when it is not known whether one was started.
   */
  start(
    stateMachineArn: string,
    input: string,
    name: string,
  ): Promise<{ readonly kind: 'started'; readonly execution: string } | { readonly kind: 'taken' }>;
  /** A name within Step Functions' bounds: the same for the same text, a new one without. */
  nameOf(text?: string): string;
}

export interface StartPorts {
  readonly identity: GateIdentity;
  /** With OIDC only. */
  readonly provider?: Pick<OidcProvider, 'verify'>;
  /** With IAM only. */
  readonly proofs?: CallerProofs;
  /** Where people send the start. */
  readonly url: string;
  readonly rules: StartRules;
  readonly starter: Starter;
  /** What is known of a call once it is answered: never a header or a body. */
  readonly record: (call: StartRecord, thrown?: unknown) => void;
}

export interface StartRecord {
  readonly status: number;
  readonly code?: string;
  readonly by?: string;
  readonly execution?: string;
}

const problems = {
  invalid_request: {
    status: 400,
    title: 'The input is not valid',
    detail: 'Send a JSON object without startedBy: the gate sets it from your identity.',
  },
  unauthorized: {
    status: 401,
    title: 'No valid credentials were sent',
    detail:
      "Send a valid bearer token. With AWS credentials send X-Caller-Proof for this very call: 'npx cdk-multi-region-payments start " +
      "URL' makes it.",
  },
  stale: {
    status: 401,
    title: 'The proof of identity is too old, or its time is in the future',
    detail:
      `A proof is valid for ${proofLimits.validSeconds / 60} minutes: check your computer's clock, and make a new proof. ` +
      `Nothing was started.`,
  },
  other_caller: {
    status: 403,
    title: 'The proof of identity belongs to another caller',
    detail: 'Sign the call and the proof with the same credentials. Nothing was started.',
  },
  not_starter: {
    status: 403,
    title: 'You may not start this execution',
    detail: 'Ask an administrator of the gate to add you to its starters. Nothing was started.',
  },
  taken: {
    status: 409,
    title: 'This Idempotency-Key was used before',
    detail: 'It was sent with another input, or its execution has ended: send a new key. Nothing was started.',
  },
  too_large: { status: 413, title: 'The body is too large', detail: `At most ${gateLimits.bodyBytes} bytes are allowed.` },
  unsupported: { status: 415, title: 'The body is not JSON', detail: 'Send Content-Type: application/json.' },
  unknown_caller: {
    status: 503,
    title: 'Your identity cannot be checked now',
    detail: 'AWS STS did not answer: ask again in some seconds. Nothing was started.',
  },
  unavailable: {
    status: 503,
    title: 'The service cannot answer now',
    detail: 'The execution may have started: send the request again with the same Idempotency-Key, or look at the executions.',
  },
} as const;

const nothing = 'Nothing was started.';

type StartProblemCode = keyof typeof problems;

interface AnsweredStart {
  readonly answer: GateAnswer;
  readonly code?: StartProblemCode;
  readonly by?: string;
  readonly execution?: string;
  readonly thrown?: unknown;
}

/**
 * Starts a state machine for whoever proves who they are, and writes that into its input as `startedBy`: the one way by which an execution
 * knows its starter. A cookie does not count here, so a browser that is signed in cannot be led to it.
 */
export function startHttp(ports: StartPorts): (event: GateEvent) => Promise<GateAnswer> {
  return async (event) => {
    const { answer, code, by, execution, thrown } = await answerTo(ports, event).catch((error: unknown): AnsweredStart => ({
      ...problem('unavailable'),
      thrown: error,
    }));
    ports.record({ status: answer.statusCode, code, by, execution }, thrown);
    return answer;
  };
}

async function answerTo(ports: StartPorts, event: GateEvent): Promise<AnsweredStart> {
  const { rules, starter } = ports;
  const key = headerOf(event, 'idempotency-key');
  if (sentTwice(event, 'idempotency-key') || (key !== undefined && !/^[\x21-\x7e]{1,255}$/.test(key))) {
    return problem('invalid_request', undefined, 'Send one Idempotency-Key of 1 to 255 visible ASCII characters, or none.');
  }
  const caller = await callerOf(ports, event, key);
  if (caller.kind === 'nobody') return { ...problem(caller.code), thrown: caller.thrown };
  const { person, proof } = caller;
  if (entitlementOf(person, rules) === undefined) return problem('not_starter', person.id);
  const body = bodyOf(event, 'no form');
  if (body.kind === 'refused') return problem(body.why, person.id, 'detail' in body ? body.detail : undefined);
  if (Object.hasOwn(body.fields, 'startedBy')) return problem('invalid_request', person.id);
  // A proof is worth one start: whoever sends it again means that one.
  const once = key ?? (proof === undefined ? undefined : `proof ${proof}`);
  const name = starter.nameOf(once === undefined ? undefined : `${person.id} ${once}`);
  const startedBy = starterText(person.names);
  // In one spelling: Step Functions compares the inputs of a repeated start letter by letter.
  const started = await starter.start(rules.stateMachineArn, canonicalJson({ ...body.fields, startedBy }), name);
  if (started.kind === 'taken') return problem('taken', person.id);
  const { execution } = started;
  return { answer: json(202, { execution, startedBy }), by: person.id, execution };
}

type StartCaller =
  | { readonly kind: 'known'; readonly person: Person; readonly proof?: string }
  | { readonly kind: 'nobody'; readonly code: StartProblemCode; readonly thrown?: unknown };

/** A proof is for this start, this input and this key. */
async function callerOf({ identity, provider, proofs, url }: StartPorts, event: GateEvent, key: string | undefined): Promise<StartCaller> {
  if (identity.kind === 'iam') {
    const caller = await proofs!.callerOf(event, { url, body: rawBody(event), key });
    if (caller.kind === 'refused') return { kind: 'nobody', code: caller.why };
    return caller.kind === 'known'
      ? caller
      : { kind: 'nobody', code: 'unknown_caller', thrown: new Error(`STS did not confirm the caller: ${caller.detail}`) };
  }
  const token = bearerIn(event);
  const person = token === undefined ? undefined : await bearerPerson(provider!, identity, token);
  return person ? { kind: 'known', person } : { kind: 'nobody', code: 'unauthorized' };
}

function problem(code: StartProblemCode, by?: string, found?: string): AnsweredStart {
  const { status, title, detail } = problems[code];
  const more: Record<string, string> =
    code === 'unauthorized'
      ? { 'WWW-Authenticate': 'Bearer' }
      : code === 'unknown_caller'
        ? { 'Retry-After': String(proofLimits.retryAfterSeconds) }
        : {};
  return { answer: problemJson(code, status, title, found === undefined ? detail : `${found} ${nothing}`, more), code, by };
}
