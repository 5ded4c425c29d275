import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import http from 'node:http';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';
import { EngineDirectory, Place } from './network';
import { localCredentials } from '../engine/credentials';

export interface EngineAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface EngineRequest {
  /** Process that answers, and region of the signature's scope. */
  readonly place: Place;
  readonly service: string;
  readonly method?: string;
  /** With the query string, as sent. */
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
}

/** SHA-256 of node:crypto in the form that the signer wants: several times faster than one in JavaScript. */
export class Sha256 {
  private readonly hash: Hash | Hmac;

  public constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.hash = secret === undefined ? createHash('sha256') : createHmac('sha256', typeof secret === 'string' ? secret : bytes(secret));
  }

  public update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.hash.update(typeof data === 'string' ? data : bytes(data));
  }

  public async digest(): Promise<Uint8Array> {
    return this.hash.digest();
  }

  public reset(): void {
    throw new Error('a digest is made once');
  }
}

function bytes(data: ArrayBuffer | ArrayBufferView): Buffer {
  return ArrayBuffer.isView(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : Buffer.from(data);
}

/** Calls to the emulator processes, signed as the account root. */
export class EngineClient {
  // Idle sockets go before the emulator closes them (75 s), so that no call meets a socket that is being closed.
  private readonly agent = new http.Agent({ keepAlive: true, timeout: 30_000 });
  private readonly signers = new Map<string, SignatureV4>();

  public constructor(private readonly engines: EngineDirectory) {}

  /** Rejects when there is no engine for the region, or the connection fails. */
  public async call(request: EngineRequest): Promise<EngineAnswer> {
    const engine = this.engines.engine(request.place.engine);
    if (!engine) throw new Error(`no emulator runs for ${request.place.engine}`);
    const body = Buffer.from(request.body ?? '');
    const headers = await this.sign(request, body);
    return new Promise((resolve, reject) => {
      const outgoing = http.request(
        { socketPath: engine.engineSocket, method: request.method ?? 'POST', path: request.path ?? '/', headers, agent: this.agent },
        (answer) => {
          readAll(answer).then((content) => resolve({ status: answer.statusCode!, headers: answer.headers, body: content }), reject);
        },
      );
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  /** One DynamoDB operation. */
  public dynamodb(place: Place, operation: string, input: unknown, api = 'DynamoDB_20120810'): Promise<EngineAnswer> {
    return this.call({
      place,
      service: 'dynamodb',
      headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `${api}.${operation}` },
      body: Buffer.isBuffer(input) ? input : JSON.stringify(input),
    });
  }

  public close(): void {
    this.agent.destroy();
  }

  private async sign(request: EngineRequest, body: Buffer): Promise<Record<string, string>> {
    const [path, query] = splitPath(request.path ?? '/');
    const signed = await this.signer(request.service, request.place.region).sign(
      new HttpRequest({
        protocol: 'http:',
        hostname: '127.0.0.1',
        method: request.method ?? 'POST',
        path,
        query,
        headers: { ...request.headers, host: '127.0.0.1', 'content-length': String(body.length) },
        body,
      }),
    );
    return signed.headers;
  }

  private signer(service: string, region: string): SignatureV4 {
    const key = `${service}/${region}`;
    let signer = this.signers.get(key);
    if (!signer) {
      // S3 signs its path as sent, the other services the escaped path.
      signer = new SignatureV4({ service, region, credentials: localCredentials, sha256: Sha256, uriEscapePath: service !== 's3' });
      this.signers.set(key, signer);
    }
    return signer;
  }
}

export function splitPath(pathAndQuery: string): [string, Record<string, string | string[]>] {
  const at = pathAndQuery.indexOf('?');
  if (at < 0) return [pathAndQuery, {}];
  // A parameter may be called `valueOf` or `__proto__`: an object would find its own.
  const query = new Map<string, string | string[]>();
  for (const [name, value] of new URLSearchParams(pathAndQuery.slice(at + 1))) {
    const before = query.get(name);
    query.set(name, before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value]);
  }
  return [pathAndQuery.slice(0, at), Object.fromEntries(query)];
}

/** The whole of a message's body. */
export async function readAll(message: http.IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
}
