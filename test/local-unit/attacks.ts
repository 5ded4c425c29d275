import { createHash } from 'node:crypto';
import http from 'node:http';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';
import { localCredentials } from '../../local/engine/credentials';
import { Sha256 } from '../../local/network/engine-client';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}
export interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}
export interface Said {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** A request as it is, to a port or a socket. */
export function ask(to: number | string, { method = 'POST', path = '/', headers = {}, body = '' }: Asked): Promise<Said> {
  return new Promise((resolve, reject) => {
    const place = typeof to === 'number' ? { host: '127.0.0.1', port: to } : { socketPath: to };
    const request = http.request(
      { ...place, method, path, headers: { 'content-length': String(Buffer.byteLength(body)), ...headers }, agent: false },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () => resolve({ status: answer.statusCode!, headers: answer.headers, body: Buffer.concat(chunks).toString() }));
      },
    );
    request.setTimeout(10_000, () => request.destroy(new Error('no answer')));
    request.on('error', reject);
    request.end(body);
  });
}

/** What lists a region's tables, which takes rights. */
export const listTables: Asked = {
  headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'DynamoDB_20120810.ListTables' },
  body: '{}',
};

/** The headers of a request that is signed for a port. */
export async function signed(
  asked: Asked,
  credentials: Credentials,
  port: number,
  { region = 'us-east-1', service = 'dynamodb', host = `127.0.0.1:${port}` } = {},
): Promise<Record<string, string>> {
  const signer = new SignatureV4({ region, service, credentials, sha256: Sha256 });
  const { headers } = await signer.sign(
    new HttpRequest({
      method: asked.method ?? 'POST',
      path: asked.path ?? '/',
      headers: { ...asked.headers, host },
      body: asked.body ?? '',
    }),
  );
  return headers;
}

/** The key and secret that the emulator would derive for a function from what anybody can guess. */
export function guessable(functionArn: string, roleArn: string): Credentials {
  const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
  const digest = hash(`${functionArn}:${roleArn}`);
  return {
    accessKeyId: `ASIA${digest.slice(0, 16).toUpperCase()}`,
    secretAccessKey: hash(`secret:${digest}`),
    sessionToken: hash(`token:${digest}`),
  };
}

/**
 * Requests of somebody who knows no secret of the run, of a page in its user's browser, and of a page of elsewhere that took a name of this
 * machine.
 */
export async function attacksOn(port: number): Promise<Readonly<Record<string, Asked>>> {
  const scope = `/20261128/us-east-1/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=${'0'.repeat(64)}`;
  const claiming = (key: string) => ({
    ...listTables.headers,
    authorization: `AWS4-HMAC-SHA256 Credential=${key}${scope}`,
    'x-amz-date': '20261128T000000Z',
  });
  const own = await signed(listTables, localCredentials, port);
  const wrong = (credentials: Credentials) => signed(listTables, credentials, port).then((headers) => ({ ...listTables, headers }));
  const token = '0'.repeat(8) + '-0000-4000-8000-000000000000';
  return {
    'no signature': listTables,
    "a signature that claims the run's key": { ...listTables, headers: claiming(localCredentials.accessKeyId) },
    "a signature that claims the emulator's root": { ...listTables, headers: claiming('test') },
    "the emulator's root and its secret": await wrong({ accessKeyId: 'test', secretAccessKey: 'test' }),
    'an account as key': await wrong({ accessKeyId: '000000000000', secretAccessKey: 'test' }),
    "the run's key with another secret": await wrong({ ...localCredentials, secretAccessKey: 'test' }),
    'a token of some other API': { ...listTables, headers: { ...listTables.headers, authorization: 'Bearer x' } },
    'a signed address': {
      ...listTables,
      path:
        '/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=test%2F20261128%2Fus-east-1%2Fdynamodb%2Faws4_request' +
        '&X-Amz-Signature=00&X-Amz-SignedHeaders=host&X-Amz-Date=20261128T000000Z',
    },
    "an account's key of old": { ...listTables, headers: { ...listTables.headers, authorization: 'AWS test:c2lnbmF0dXJl' } },
    "a page's preflight": {
      method: 'OPTIONS',
      headers: {
        origin: 'https://evil.example',
        'access-control-request-method': 'POST',
        'access-control-request-private-network': 'true',
      },
    },
    'a page, well signed': { ...listTables, headers: { ...own, origin: 'https://evil.example' } },
    'a page without an origin, well signed': { ...listTables, headers: { ...own, origin: 'null' } },
    'a page of elsewhere, well signed': { ...listTables, headers: { ...own, 'sec-fetch-site': 'cross-site' } },
    'a page of this machine, well signed': { ...listTables, headers: { ...own, 'sec-fetch-site': 'same-site' } },
    'an image of a page': { method: 'GET', headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' } },
    'a rebound name, well signed': { ...listTables, headers: await signed(listTables, localCredentials, port, { host: 'evil.example' }) },
    "the emulator's own calls: reset": { path: '/_ministack/reset' },
    "the emulator's own calls: health": { method: 'GET', path: '/_ministack/health' },
    "the emulator's own calls: secrets": { method: 'GET', path: '/_run/secrets/AKIA0' },
    "an API's function, past the front door": { method: 'GET', path: '/_aws/execute-api/api/prod/health' },
    "a function's code": { method: 'GET', path: '/_ministack/lambda-code/x' },
    'an answer that CloudFormation does not wait for': {
      method: 'PUT',
      path: `/_ministack/cfn-response/${token}`,
      body: '{"Status":"SUCCESS"}',
    },
    'a signal that CloudFormation does not wait for': {
      method: 'PUT',
      path: `/_ministack/cfn-signal/${token}`,
      body: '{"Status":"SUCCESS"}',
    },
    "such an answer that claims to be the root's call": {
      method: 'PUT',
      path: `/_ministack/cfn-response/${token}`,
      body: '{}',
      headers: { ...claiming(localCredentials.accessKeyId), 'x-amz-target': 'AWSStepFunctions.StartExecution' },
    },
  };
}

/** The attacks that came through: with any other answer than a refusal, or with an answer that a page may read. */
export async function cameThrough(port: number): Promise<string[]> {
  const through: string[] = [];
  for (const [name, asked] of Object.entries(await attacksOn(port))) {
    const { status, headers } = await ask(port, asked);
    if (status !== 403 || Object.keys(headers).some((header) => header.startsWith('access-control-'))) through.push(`${name}: ${status}`);
  }
  return through;
}
