import type { ApiAnswer, ApiCall } from './model';
import { fieldsIn } from '../kernel/json/fields';
import { freshCall, type FreshRequest } from '../runtime/fresh-call';

/** How a call is sent, besides what it says. */
export interface ApiSending extends Pick<FreshRequest, 'connectTo' | 'timeoutMs'> {
  readonly headers?: Readonly<Record<string, string>>;
  /** The request's headers with the caller's proof: a token, or a signature over the request. */
  readonly proven: (request: FreshRequest) => Promise<Readonly<Record<string, string>>>;
}

/** The proof of a caller who has a token. */
export const byToken =
  (token: string): ApiSending['proven'] =>
  ({ headers }) =>
    Promise.resolve({ ...headers, Authorization: `Bearer ${token}` });

/** Sends a call of the payments API, on a connection of its own: its name is resolved for it alone. */
export async function sendFresh(url: string, { method, body, key }: ApiCall, sending: ApiSending): Promise<ApiAnswer> {
  const { headers, proven, ...how } = sending;
  const text = body === undefined ? undefined : JSON.stringify(body);
  const request: FreshRequest = {
    url,
    method: method ?? (text === undefined ? 'GET' : 'POST'),
    headers: {
      ...(text === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(text)) }),
      ...(key === undefined ? {} : { 'Idempotency-Key': key }),
      ...headers,
    },
    body: text,
    ...how,
  };
  const began = performance.now();
  const answer = await freshCall({ ...request, headers: await proven(request) });
  return { ...answer, body: fieldsIn(answer.text), ms: performance.now() - began };
}
