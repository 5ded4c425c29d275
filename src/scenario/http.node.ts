import http from 'node:http';
import https from 'node:https';
import type { ApiAnswer, ApiCall } from './model';
import { fieldsIn } from '../kernel/json/fields';

/** Longer than API Gateway waits for a function. */
const timeoutMs = 60_000;

/**
 * One request on a connection of its own, so that the name is resolved for each: what a caller sees of a region that is taken away.
 *
 * @param signal ends it
 */
export function sendOnce<Body>(
  url: string,
  { method, body, key, headers }: ApiCall,
  token: string,
  signal?: AbortSignal,
): Promise<ApiAnswer<Body>> {
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const target = new URL(url);
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const request = (target.protocol === 'https:' ? https : http).request(
      target,
      {
        method: method ?? (text === undefined ? 'GET' : 'POST'),
        headers: {
          Authorization: `Bearer ${token}`,
          ...(text === undefined ? {} : { 'Content-Type': 'application/json' }),
          ...(key === undefined ? {} : { 'Idempotency-Key': key }),
          ...headers,
        },
        agent: false,
        signal,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const answer = Buffer.concat(chunks).toString('utf8');
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: answer,
            body: fieldsIn(answer) as Body,
            ms: performance.now() - started,
          });
        });
      },
    );
    request.setTimeout(timeoutMs, () => request.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
    request.on('error', reject);
    request.end(text);
  });
}
