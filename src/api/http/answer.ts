import { apiHeaders, problemMediaType, problemOf, problems, retryAfterSeconds } from '../contract';
import type { ProblemCode } from '../contract';
import type { RequestRecord } from '../http.contract';

/** What a call comes to, before the headers that every answer carries. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: object;
  /** Present with errors. */
  readonly code?: ProblemCode;
  /** The payment it is about, for the log. */
  readonly paymentId?: string;
  /** What became of a keyed call, for the metrics. */
  readonly became?: RequestRecord['became'];
  /** Region that decided it, of a payment that is decided now. */
  readonly decidedIn?: string;
  /** What lies behind it, for the log only. */
  readonly fault?: unknown;
}

/** Ends a call early: what was sent is not what the call takes. */
export class ProblemError extends Error {
  constructor(
    public readonly code: ProblemCode,
    public readonly detail: string,
    public readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(detail);
    this.name = 'ProblemError';
  }
}

/** An answer with a JSON body. */
export function jsonAnswer(status: number, body: object, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
  return { status, headers: { 'Content-Type': 'application/json', ...headers }, body };
}

/**
 * An error in its one form. `instance` is the path asked for, so that a stored refusal reads the same whenever it is repeated; for the
 * same reason it names the trace in which it was made. Others name the trace of the request.
 */
export function problemAnswer(
  code: ProblemCode,
  detail: string,
  instance: string,
  headers: Readonly<Record<string, string>> = {},
  traceId?: string,
): HttpAnswer {
  return {
    status: problems[code].status,
    headers: { 'Content-Type': problemMediaType, ...headers },
    body: problemOf(code, asSentence(detail), instance, traceId),
    code,
  };
}

/** The ledger tells why in a clause: a detail is a sentence. */
function asSentence(detail: string): string {
  const text = detail.charAt(0).toUpperCase() + detail.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** The header that tells when to ask again. */
export function retryAfter(seconds: number = retryAfterSeconds): Readonly<Record<string, string>> {
  return { [apiHeaders.retryAfter]: String(Math.max(1, Math.ceil(seconds))) };
}

const notInPath = /[^A-Za-z0-9\-._~!$&'()*+,;=:@%/]/gu;
const longestInstance = 512;

/** The path as a URI reference, whatever was sent. */
export function instanceOf(path: string): string {
  const safe = path.replace(notInPath, (character) => (/\p{Surrogate}/u.test(character) ? '%EF%BF%BD' : encodeURIComponent(character)));
  return safe.slice(0, longestInstance);
}
