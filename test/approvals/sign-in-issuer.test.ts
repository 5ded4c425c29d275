import { createServer, Server } from 'node:http';
import { AddressInfo } from 'node:net';
import { GateSite, issuer, oidc } from './site';
import { oidcProvider } from '../../src/approvals/callers/oidc.aws';
import { OidcProvider } from '../../src/approvals/callers/session.service';

describe('an answer of the provider says whose it is (RFC 9207)', () => {
  /** Whether a return with this `iss` signs the person in, and whether its code was sent to the token endpoint. */
  const returned = async (iss: string | undefined, namesItself: boolean): Promise<{ kind: string; exchanged: boolean }> => {
    let exchanged = false;
    const site: GateSite = new GateSite({}, oidc, {
      namesItself: () => Promise.resolve(namesItself),
      exchange: (code, verifier) => {
        exchanged = true;
        return Promise.resolve(site.issuer.exchange(code, verifier));
      },
    } satisfies Partial<OidcProvider>);
    const { location, cookie } = await site.sessions.begin('a-1');
    const query = { ...site.issuer.authorize(location, { sub: 'ann' }), ...(iss === undefined ? {} : { iss }) };
    const { kind } = await site.sessions.finish(query, cookie);
    return { kind, exchanged };
  };

  test.each<[string, string | undefined, boolean, boolean]>([
    ['its own name', issuer, true, true],
    ['its own name, unannounced', issuer, false, true],
    ['no name, of a provider that gives none', undefined, false, true],
    ['no name, of a provider that gives one', undefined, true, false],
    ["another issuer's name", 'https://evil.example.com', true, false],
    ["another issuer's name, unannounced", 'https://evil.example.com', false, false],
    ['its own name with a slash', `${issuer}/`, true, false],
  ])('with %s', async (_what, iss, namesItself, good) => {
    expect(await returned(iss, namesItself)).toEqual({ kind: good ? 'signedIn' : 'failed', exchanged: good });
  });
});

describe("the provider's documents", () => {
  let server: Server;
  let address: string;
  let body: () => string;
  beforeEach(async () => {
    server = createServer((_request, response) => response.end(body()));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  const provider = (): OidcProvider =>
    oidcProvider({ identity: { ...oidc, issuer: address, authorizationEndpoint: undefined, tokenEndpoint: undefined } });
  const document = (more: object): string =>
    JSON.stringify({
      issuer: address,
      authorization_endpoint: `${address}/in`,
      token_endpoint: `${address}/token`,
      jwks_uri: `${address}/keys`,
      ...more,
    });

  test('say whether its answers name it', async () => {
    for (const [supported, expected] of [
      [true, true],
      ['true', false],
      [undefined, false],
    ]) {
      body = () => document({ authorization_response_iss_parameter_supported: supported });
      expect(await provider().namesItself()).toBe(expected);
    }
    expect(await oidcProvider({ identity: oidc, jwks: '{}' }).namesItself()).toBe(false);
  });

  test('are read up to 256 KiB', async () => {
    body = () => document({ text: 'x'.repeat(250 * 1024) });
    expect(await provider().authorizationUrl({})).toBe(`${address}/in`);
    body = () => document({ text: 'x'.repeat(256 * 1024) });
    await expect(provider().authorizationUrl({})).rejects.toThrow('answered more than 262144 bytes');
  });

  test.each(['', 'null', '[]', '<html>'])('that are no object (%j) name no issuer', async (text) => {
    body = () => text;
    await expect(provider().authorizationUrl({})).rejects.toThrow("answered 200 for the issuer 'undefined'");
  });
});
