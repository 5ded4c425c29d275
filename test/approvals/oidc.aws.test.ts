import { createServer, IncomingMessage, Server } from 'node:http';
import { AddressInfo } from 'node:net';
import { oidc } from './site';
import { hmacSealer, oidcProvider } from '../../src/approvals/callers/oidc.aws';
import { OidcIdentity } from '../../src/approvals/callers/session.service';

let server: Server;
let issuer: string;
let answers: Record<string, { readonly status?: number; readonly body: object }>;
let seen: { readonly path: string; readonly authorization?: string; readonly body: string }[];

beforeEach(async () => {
  [answers, seen] = [{}, []];
  server = createServer((request: IncomingMessage, response) => {
    const chunks: Buffer[] = [];
    request
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('end', () => {
        seen.push({ path: request.url!, authorization: request.headers.authorization, body: Buffer.concat(chunks).toString() });
        const { status = 200, body } = answers[request.url!] ?? { status: 404, body: {} };
        response
          .writeHead(status, { 'content-type': 'application/json', ...(status === 302 ? { location: 'http://127.0.0.1:1/' } : {}) })
          .end(JSON.stringify(body));
      });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(
  () =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(resolve);
    }),
);

const identity = (): OidcIdentity => ({ ...oidc, issuer, authorizationEndpoint: undefined, tokenEndpoint: undefined });
const document = (change: object = {}): object => ({
  issuer,
  authorization_endpoint: `${issuer}/in?ui=1`,
  token_endpoint: `${issuer}/token`,
  jwks_uri: `${issuer}/keys`,
  ...change,
});

test('endpoints are found at the issuer, once, and keep their own parameters', async () => {
  answers['/.well-known/openid-configuration'] = { body: document() };
  const provider = oidcProvider({ identity: identity() });
  for (let times = 0; times < 3; times += 1) {
    expect(await provider.authorizationUrl({ state: 'a b&c' })).toBe(`${issuer}/in?ui=1&state=a+b%26c`);
  }
  expect(seen).toHaveLength(1);
});

test("another issuer's document, a broken one or none is refused, and asked for again the next time", async () => {
  const provider = oidcProvider({ identity: identity() });
  await expect(provider.authorizationUrl({})).rejects.toThrow('answered 404');
  answers['/.well-known/openid-configuration'] = { body: document({ issuer: 'https://evil.example.com' }) };
  await expect(provider.authorizationUrl({})).rejects.toThrow("for the issuer 'https://evil.example.com'");
  answers['/.well-known/openid-configuration'] = { body: document({ token_endpoint: undefined }) };
  await expect(provider.authorizationUrl({})).rejects.toThrow('names no token_endpoint');
  answers['/.well-known/openid-configuration'] = { body: document() };
  expect(await provider.authorizationUrl({})).toContain('/in');
});

test("a code is changed with the verifier, and the client's secret when there is one", async () => {
  answers['/.well-known/openid-configuration'] = { body: document() };
  answers['/token'] = { body: { id_token: 'the token' } };
  expect(await oidcProvider({ identity: identity() }).exchange('c', 'v', 'https://gate/cb')).toBe('the token');
  expect(
    await oidcProvider({ identity: identity(), clientSecret: () => Promise.resolve('s:1') }).exchange('c', 'v', 'https://gate/cb'),
  ).toBe('the token');
  const [open, secret] = seen.filter(({ path }) => path === '/token');
  expect(Object.fromEntries(new URLSearchParams(open.body))).toEqual({
    grant_type: 'authorization_code',
    code: 'c',
    redirect_uri: 'https://gate/cb',
    client_id: 'gate',
    code_verifier: 'v',
  });
  expect([open.authorization, secret.authorization]).toEqual([undefined, `Basic ${Buffer.from('gate:s%3A1').toString('base64')}`]);
});

test('a refused code is none; a provider in trouble, or one that sends elsewhere, is a fault', async () => {
  answers['/.well-known/openid-configuration'] = { body: document() };
  const provider = oidcProvider({ identity: identity() });
  answers['/token'] = { status: 400, body: { error: 'invalid_grant' } };
  expect(await provider.exchange('c', 'v', 'r')).toBeUndefined();
  for (const status of [503, 302]) {
    answers['/token'] = { status, body: {} };
    await expect(provider.exchange('c', 'v', 'r')).rejects.toThrow();
  }
});

test('what is sealed opens for its purpose and with its secret only', async () => {
  const [ours, theirs] = ['one', 'two'].map((secret) => hmacSealer(() => Promise.resolve(secret)));
  const sealed = await ours.seal('session', 'Ann');
  expect(await ours.open('session', sealed)).toBe('Ann');
  expect(await ours.open('csrf', sealed)).toBeUndefined();
  expect(await theirs.open('session', sealed)).toBeUndefined();
  for (const broken of ['', '.', 'QW5u', 'QW5u.', `${sealed}x`, sealed.replace(/^./, 'R')]) {
    expect(await ours.open('session', broken)).toBeUndefined();
  }
});
