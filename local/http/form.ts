import { headerOf, send, sendJson, sendProblem, type Exchange } from './answers';
import { readBody } from './body';

const largestBody = 4096;

/** What a caller sent: JSON, or the fields of one of the page's forms, which are text. */
export interface Parsed {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly form: boolean;
}

/** A form's sender wants the page again, anyone else what came of it. */
export function sendDone(exchange: Exchange, parsed: Parsed, result: object, region: string | undefined): void {
  if (!parsed.form) return sendJson(exchange, 200, result, { region });
  // The page's own script gets what changed over its stream.
  if (headerOf(exchange.request, 'hx-request') === 'true') return send(exchange, 204, 'text/plain; charset=utf-8', '');
  send(exchange, 303, 'text/plain; charset=utf-8', 'done', { headers: { Location: '/' } });
}

/** The body's fields; without a body none. Answers by itself when there is no reading it. */
export async function parsedBody(exchange: Exchange): Promise<Parsed | undefined> {
  const read = await readBody(exchange.request, largestBody);
  if (read.kind === 'gone') return undefined;
  if (read.kind === 'tooLarge') sendProblem(exchange, 'body_too_large', `A body has at most ${largestBody} bytes here.`);
  if (read.kind === 'slow') {
    sendProblem(exchange, 'invalid_request', 'The body did not arrive within 10 s.', { status: 408, headers: { Connection: 'close' } });
  }
  if (read.kind !== 'read') return undefined;
  const text = read.body.toString('utf8');
  const form =
    (headerOf(exchange.request, 'content-type') ?? '').startsWith('application/x-www-form-urlencoded') && !text.trimStart().startsWith('{');
  if (form || text === '') return { fields: form ? Object.fromEntries(new URLSearchParams(text)) : {}, form };
  try {
    const fields: unknown = JSON.parse(text);
    if (typeof fields === 'object' && fields !== null && !Array.isArray(fields)) {
      return { fields: fields as Record<string, unknown>, form: false };
    }
    sendProblem(exchange, 'invalid_request', 'The body is a JSON object.');
  } catch {
    sendProblem(exchange, 'invalid_json', 'The body is not valid JSON.');
  }
  return undefined;
}
