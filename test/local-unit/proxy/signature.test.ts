import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4a } from '@aws-sdk/signature-v4a';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';
import fc from 'fast-check';
import { signatureOf, verifySignature, type SignedRequest } from '../../../local/proxy/signature';

const credentials = { accessKeyId: 'AK0123456789', secretAccessKey: 'a secret of this run' };
const now = Date.parse('2026-11-28T23:59:30Z');

interface Made {
  readonly method: string;
  readonly path: string;
  readonly query: Record<string, string | string[]>;
  readonly headers: Record<string, string>;
  readonly body: string;
}

const made = (change: Partial<Made> = {}): Made => ({
  method: 'POST',
  path: '/2015-03-31/functions/arn%3Aaws%3Alambda/invocations',
  query: { b: '2 3+4', a: ['x', 'ü'] },
  headers: { 'x-amz-target': 'T.Op' },
  body: '{"a":1}',
  ...change,
});

/** As a client sends it, by the signer of the SDK. */
async function sent(
  of: Made,
  service = 'lambda',
  kind: 'hmac' | 'asymmetric' = 'hmac',
  at = now,
  secret = credentials,
): Promise<SignedRequest> {
  const settings = { credentials: secret, region: 'us-east-1', service, sha256: Sha256, uriEscapePath: service !== 's3' };
  const signer = kind === 'hmac' ? new SignatureV4(settings) : new SignatureV4a({ ...settings, region: '*' });
  const { headers } = await signer.sign(
    new HttpRequest({ ...of, protocol: 'http:', hostname: '127.0.0.1', headers: { ...of.headers, host: '127.0.0.1:4566' } }),
    { signingDate: new Date(at) },
  );
  const search = Object.entries(of.query)
    .flatMap(([name, value]) => [value].flat().map((one) => `${encodeURIComponent(name)}=${encodeURIComponent(one)}`))
    .join('&');
  const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])) as IncomingHttpHeaders;
  return { method: of.method, url: of.path + (search ? `?${search}` : ''), headers: lower };
}

async function isTaken(
  request: SignedRequest,
  body: string | undefined,
  { secret = credentials.secretAccessKey, at = now } = {},
): Promise<boolean> {
  const signature = signatureOf(request);
  return (
    signature !== undefined &&
    (await verifySignature(request, signature, secret, body === undefined ? undefined : Buffer.from(body), at)).ok
  );
}

describe.each(['hmac', 'asymmetric'] as const)('a signature (%s)', (kind) => {
  it.each([
    ['lambda', made()],
    ['s3', made({ method: 'PUT', path: '/bucket/a%20b//c' })],
    ['dynamodb', made({ path: '/', query: {} })],
    ['apigateway', made({ method: 'GET', body: '' })],
    ['lambda', made({ query: { valueOf: ' ' } })],
  ])('of the SDK for %s is taken', async (service, of) => {
    expect(await isTaken(await sent(of, service, kind), of.body)).toBe(true);
  });

  it('of any request is taken', async () => {
    const text = fc.string({ minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(fc.array(text, { maxLength: 3 }), fc.dictionary(text, text, { maxKeys: 3 }), text, async (segments, query, body) => {
        const of = made({ path: `/${segments.map(encodeURIComponent).join('/')}`, query, body });
        expect(await isTaken(await sent(of, 'lambda', kind), body)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it('is refused for any other request, secret, time or body', async () => {
    const request = await sent(made(), 'lambda', kind);
    const changed = (headers: IncomingHttpHeaders) => ({ ...request, headers: { ...request.headers, ...headers } });
    const attempts: Record<string, Promise<boolean>> = {
      method: isTaken({ ...request, method: 'PUT' }, '{"a":1}'),
      path: isTaken({ ...request, url: request.url.replace('lambda', 'other') }, '{"a":1}'),
      query: isTaken({ ...request, url: `${request.url}&c=1` }, '{"a":1}'),
      operation: isTaken(changed({ 'x-amz-target': 'T.Other' }), '{"a":1}'),
      host: isTaken(changed({ host: 'evil.example' }), '{"a":1}'),
      body: isTaken(request, '{"a":2}'),
      hash: isTaken(changed({ 'x-amz-content-sha256': createHash('sha256').update('{"a":2}').digest('hex') }), '{"a":2}'),
      noHash: isTaken(changed({ 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }), undefined),
      secret: isTaken(request, '{"a":1}', { secret: 'test' }),
      early: isTaken(request, '{"a":1}', { at: now - 16 * 60_000 }),
      late: isTaken(request, '{"a":1}', { at: now + 16 * 60_000 }),
      date: isTaken(changed({ 'x-amz-date': '20261128T235931Z' }), '{"a":1}'),
      signature: isTaken(
        changed({ authorization: request.headers.authorization!.replace(/Signature=\w{8}/, 'Signature=00000000') }),
        '{"a":1}',
      ),
      short: isTaken(changed({ authorization: request.headers.authorization!.replace(/Signature=\w+/, 'Signature=00') }), '{"a":1}'),
      key: isTaken(changed({ authorization: request.headers.authorization!.replace('AK0123', 'AK0124') }), '{"a":1}', { secret: 'test' }),
      service: isTaken(changed({ authorization: request.headers.authorization!.replace('/lambda/', '/iam/') }), '{"a":1}'),
    };
    for (const [name, attempt] of Object.entries(attempts)) expect([name, await attempt]).toEqual([name, false]);
  });
});

describe('an Authorization header', () => {
  const good = 'AWS4-HMAC-SHA256 Credential=AK/20261128/us-west-2/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=0a';
  const read = (authorization?: string) => signatureOf({ headers: { authorization, 'x-amz-date': '20261128T235930Z' } });

  it('says whose it is, and for what', () => {
    expect(read(good)).toMatchObject({
      accessKeyId: 'AK',
      region: 'us-west-2',
      service: 'dynamodb',
      signedHeaders: ['host', 'x-amz-date'],
    });
    expect(read('AWS4-ECDSA-P256-SHA256 Credential=AK/20261128/events/aws4_request, SignedHeaders=host, Signature=0a')).toMatchObject({
      accessKeyId: 'AK',
      service: 'events',
      region: undefined,
    });
  });

  it.each([
    [undefined],
    ['garbage'],
    ['Bearer x'],
    ['AWS AK:signature'],
    [good.replace('AK/', '/')],
    [good.replace('/dynamodb', '')],
    [good.replace(', Signature=0a', '')],
    [good.replace('0a', 'xyz')],
    // Another reader could take the other one of two.
    [`${good}, Credential=ROOT/20261128/us-west-2/dynamodb/aws4_request`],
    [good.replace('Credential=', 'Credential=ROOT/20261128/us-west-2/dynamodb/aws4_request, Credential=')],
  ])('that is broken, double or of another kind is none: %s', (authorization) => {
    expect(read(authorization)).toBeUndefined();
  });

  it('must cover host and date', async () => {
    const request = await sent(made({ headers: {} }), 'lambda');
    const bare = { ...request, headers: { ...request.headers, authorization: request.headers.authorization!.replace('host;', '') } };
    expect(await verifySignature(bare, signatureOf(bare)!, credentials.secretAccessKey, Buffer.from('{"a":1}'), now)).toMatchObject({
      ok: false,
      code: 'IncompleteSignatureException',
    });
  });
});
