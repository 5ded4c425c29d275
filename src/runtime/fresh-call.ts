import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';

/** A request that goes by a connection of its own, so that its name is resolved for it alone. */
export interface FreshRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Host to connect to in place of the one in the address, whose certificate it must have. */
  readonly connectTo?: string;
  readonly timeoutMs: number;
}

export interface FreshAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** Larger answers are none of the payments API. */
const mostBytes = 4 * 1024 * 1024;

/** Sends it once. Follows nothing. Rejects when the connection breaks, or there is no whole answer in time. */
export function freshCall({ url, method, headers, body, connectTo, timeoutMs }: FreshRequest): Promise<FreshAnswer> {
  const target = new URL(url);
  const secure = target.protocol === 'https:';
  return new Promise((resolve, reject) => {
    const request = (secure ? https : http).request(
      {
        protocol: target.protocol,
        hostname: connectTo ?? target.hostname,
        port: target.port || undefined,
        path: `${target.pathname}${target.search}`,
        method,
        headers: { host: target.host, ...headers },
        agent: false,
        ...(secure && isIP(target.hostname) === 0 ? { servername: target.hostname } : {}),
        signal: AbortSignal.timeout(timeoutMs),
      },
      (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > mostBytes) request.destroy(new Error(`the answer has more than ${mostBytes} bytes`));
          else chunks.push(chunk);
        });
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString('utf8') }),
        );
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}
