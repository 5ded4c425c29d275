import { gateLimits } from '../../approvals/contract';
import { namedCauseOf } from '../../kernel/cause';
import { isRegionName } from '../../kernel/region';

/** What came back from the gate. */
export interface GateReply {
  readonly status: number;
  /** The JSON object in it; empty when there is none. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What is sent, and proven with it. */
export interface GateCall {
  readonly url: string;
  readonly body: string;
  readonly key?: string;
}

export interface GateCallPorts {
  /** Proves the caller for this call, signs it and sends it once. Throws when there is no answer. */
  send(region: string, call: GateCall): Promise<GateReply>;
  /** A key that was never used. */
  newKey(): string;
}

export type GateCallResult =
  | {
      readonly outcome: 'decided';
      readonly decision?: string;
      readonly status: string;
      readonly approvals: number;
      readonly required: number;
    }
  | { readonly outcome: 'started'; readonly execution: string; readonly startedBy: string }
  /** Nothing was changed, or it was before. */
  | { readonly outcome: 'refused'; readonly status: number; readonly code: string; readonly why: string }
  /** It may have been done. `key`: with it the same start is asked for again. */
  | { readonly outcome: 'unanswered'; readonly why: string; readonly key?: string };

/** Where a call goes. */
export interface GateTarget {
  /** As the message and the page have it. */
  readonly url: string;
  readonly region: string;
}

/** Reads what a person gave; a text says what is wrong with it. */
export function gateTarget(given: string, path: 'approvals' | 'starts', region?: string): GateTarget | string {
  if (!URL.canParse(given)) return `${given}: give the whole address, as the message or the page has it`;
  const { protocol, hostname, origin, pathname } = new URL(given);
  const local = hostname === '127.0.0.1' || hostname === 'localhost';
  if (protocol !== 'https:' && !(local && protocol === 'http:')) return `${given}: the address must begin with https://`;
  const [kind, last] = pathname.split('/').slice(-2);
  const named = kind === path && (path === 'approvals' ? gateLimits.idPattern : /^[A-Za-z][A-Za-z0-9-]{2,79}$/).test(last);
  if (!named) return `${given}: the address must end in /${path}/ and ${path === 'starts' ? 'a name' : "an approval's ID"}`;
  const known = region ?? /^[a-z0-9]+\.execute-api\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?$/.exec(hostname)?.[1];
  if (known === undefined) return `${given}: the address does not name the gate's region: give --region`;
  if (!isRegionName(known)) return `--region ${known}: it is not the name of a region`;
  return { url: `${origin}${pathname}`, region: known };
}

/** Decides an approval. */
export async function decide(
  ports: GateCallPorts,
  { url, region }: GateTarget,
  decision: 'approve' | 'reject',
  comment?: string,
): Promise<GateCallResult> {
  const body = JSON.stringify({ decision, ...(comment === undefined ? {} : { comment }) });
  return callResult(
    () => ports.send(region, { url, body }),
    200,
    (fields) => ({
      outcome: 'decided',
      status: String(fields.status),
      approvals: Number(fields.approvals),
      required: Number(fields.required),
      ...(typeof fields.decision === 'string' ? { decision: fields.decision } : {}),
    }),
  );
}

/** Starts what a gate lets people start, once for a key. */
export async function start(ports: GateCallPorts, { url, region }: GateTarget, input: string, given?: string): Promise<GateCallResult> {
  const key = given ?? ports.newKey();
  const result = await callResult(
    () => ports.send(region, { url, body: input, key }),
    202,
    (fields) => ({ outcome: 'started', execution: String(fields.execution), startedBy: String(fields.startedBy) }),
  );
  return result.outcome === 'unanswered' ? { ...result, key } : result;
}

async function callResult(
  send: () => Promise<GateReply>,
  good: number,
  done: (fields: GateReply['fields']) => GateCallResult,
): Promise<GateCallResult> {
  let reply: GateReply;
  try {
    reply = await send();
  } catch (error) {
    return { outcome: 'unanswered', why: namedCauseOf(error) };
  }
  const { status, fields } = reply;
  if (status === good) return done(fields);
  const texts = [fields.title, fields.detail, fields.message].filter((text) => typeof text === 'string');
  const why = `${texts.join('. ') || 'an answer without a reason'} (${status})`;
  return status >= 500 ? { outcome: 'unanswered', why } : { outcome: 'refused', status, code: String(fields.code ?? ''), why };
}
