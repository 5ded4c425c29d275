import { exportJWK, generateKeyPair, JWTPayload, SignJWT, UnsecuredJWT } from './jose';
import { authorize, AuthorizerEvent } from '../../../src/api/authorizer/service';
import { namesIn, tokenVerifier } from '../../../src/api/authorizer/tokens.aws';
import { defaultScopeNames } from '../../../src/api/caller.contract';
import { authorizerEnv } from '../../../src/api/contract';

const issuer = 'https://issuer.example/pool';
const methodArn = 'arn:aws:execute-api:us-east-1:111122223333:abc123/prod/POST/api/v1/payments';

type Pair = Awaited<ReturnType<typeof generateKeyPair>>;
let key: Pair;
let foreign: Pair;
let jwks: string;

beforeAll(async () => {
  key = await generateKeyPair('RS256', { extractable: true });
  foreign = await generateKeyPair('RS256', { extractable: true });
  const elliptic = await generateKeyPair('ES256', { extractable: true });
  ellipticKey = elliptic;
  jwks = JSON.stringify({
    keys: [
      { ...(await exportJWK(key.publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' },
      { ...(await exportJWK(elliptic.publicKey)), kid: 'k2', alg: 'ES256', use: 'sig' },
    ],
  });
});
let ellipticKey: Pair;

function environment(change: Record<string, string | undefined> = {}): Record<string, string> {
  const values = { systemName: 's', issuer, audience: '["payments","other"]', tenantClaim: 'tenant', jwks, ...change };
  return authorizerEnv.write(values as Parameters<typeof authorizerEnv.write>[0]);
}

interface Shape {
  claims?: JWTPayload;
  exp?: string | null;
  iss?: string;
  aud?: string | string[];
  kid?: string;
  alg?: string;
  by?: Parameters<SignJWT['sign']>[0];
  nbf?: string;
}

function token(shape: Shape = {}): Promise<string> {
  const {
    claims = { tenant: 'acme', sub: 'client-7' },
    exp = '5m',
    iss = issuer,
    aud = 'payments',
    kid = 'k1',
    alg = 'RS256',
    by = key.privateKey,
    nbf,
  } = shape;
  const jwt = new SignJWT(claims).setProtectedHeader({ alg, kid }).setIssuer(iss).setAudience(aud).setIssuedAt();
  if (exp !== null) jwt.setExpirationTime(exp);
  if (nbf) jwt.setNotBefore(nbf);
  return jwt.sign(by);
}

async function decide(text: string, env = environment(), event: Partial<AuthorizerEvent> = {}) {
  const verify = tokenVerifier(env);
  const { tenantClaim, scopes, scopeClaim } = authorizerEnv.read(env);
  return authorize(
    { verify, tenantClaim, scopeClaim, scopes: scopes === undefined ? undefined : namesIn('AUTHORIZER_SCOPES', scopes) },
    { methodArn, authorizationToken: `Bearer ${text}`, ...event },
  );
}

test('a good token opens the whole API to its tenant, so that the gateway may remember it', async () => {
  expect(await decide(await token())).toEqual({
    kind: 'allowed',
    tenant: 'acme',
    policy: {
      principalId: 'client-7',
      policyDocument: {
        Version: '2012-10-17',
        Statement: [
          { Action: 'execute-api:Invoke', Effect: 'Allow', Resource: 'arn:aws:execute-api:us-east-1:111122223333:abc123/prod/*' },
        ],
      },
      context: { tenant: 'acme' },
    },
  });
});

test.each<[string, () => Promise<string> | string]>([
  ['that has expired', () => token({ exp: '-1s' })],
  ['without an end', () => token({ exp: null })],
  ['that is not valid yet', () => token({ nbf: '1h' })],
  ['for someone else', () => token({ aud: 'accounts' })],
  ['of another issuer', () => token({ iss: 'https://evil.example' })],
  ['of an issuer with a slash more', () => token({ iss: `${issuer}/` })],
  ['signed by another key', () => token({ by: foreign.privateKey })],
  ['of an unknown key', () => token({ kid: 'k9' })],
  [
    'signed with the public key as a secret',
    async () => token({ alg: 'HS256', by: new TextEncoder().encode(JSON.stringify(await exportJWK(key.publicKey))) }),
  ],
  ["of another algorithm than its key's", () => token({ alg: 'ES256', by: ellipticKey.privateKey, kid: 'k1' })],
  [
    'without a signature',
    () => new UnsecuredJWT({ tenant: 'acme' }).setIssuer(issuer).setAudience('payments').setExpirationTime('5m').encode(),
  ],
  [
    'with its claims changed',
    async () => {
      const [header, , signature] = (await token()).split('.');
      const claims = Buffer.from(JSON.stringify({ tenant: 'other', iss: issuer, aud: 'payments', exp: 9_999_999_999 })).toString(
        'base64url',
      );
      return `${header}.${claims}.${signature}`;
    },
  ],
  ['that is none', () => 'nonsense'],
  ['that is three times nothing', () => '..'],
  ['whose parts are no JSON', () => 'YQ.YQ.YQ'],
])("a token %s is nobody's", async (_, make) => {
  expect(await decide(await make())).toMatchObject({ kind: 'unauthorized', reason: expect.any(String) });
});

test.each(['', 'Basic abc', 'Bearer', 'Bearer a b', 'bearer\tx'])('a header %j is no token', async (authorizationToken) => {
  expect(await decide('', environment(), { authorizationToken })).toEqual({ kind: 'unauthorized', reason: 'no bearer token' });
});

test('the header is found in the event of a REQUEST authorizer too', async () => {
  const headers = { authorization: `bearer ${await token()}` };
  expect(await decide('', environment(), { authorizationToken: undefined, headers })).toMatchObject({ kind: 'allowed' });
  expect(await decide('', environment(), { authorizationToken: undefined, headers: null })).toMatchObject({ kind: 'unauthorized' });
});

test.each<[string, JWTPayload]>([
  ['no tenant', { sub: 'x' }],
  ['an empty tenant', { tenant: '' }],
  ['a tenant that is a list', { tenant: ['acme'] }],
  ['a tenant that would run into the account', { tenant: 'acme#x' }],
  ['too long a tenant', { tenant: 'x'.repeat(129) }],
])('a good token with %s is denied, not unknown', async (_, claims) => {
  const authorization = await decide(await token({ claims }));
  expect(authorization).toMatchObject({
    kind: 'denied',
    policy: { policyDocument: { Statement: [{ Effect: 'Deny', Resource: expect.stringMatching(/\/prod\/\*$/) }] } },
  });
  expect(authorization).not.toHaveProperty('policy.context');
});

test('a claim named by a URL is taken literally', async () => {
  const env = environment({ tenantClaim: 'https://acme.example/tenant' });
  expect(await decide(await token({ claims: { 'https://acme.example/tenant': 'acme' } }), env)).toMatchObject({
    kind: 'allowed',
    tenant: 'acme',
    policy: { principalId: 'acme' },
  });
});

test('only the algorithms asked for are accepted', async () => {
  const elliptic = await token({ alg: 'ES256', kid: 'k2', by: ellipticKey.privateKey });
  expect(await decide(elliptic)).toMatchObject({ kind: 'allowed' });
  expect(await decide(elliptic, environment({ algorithms: '["RS256"]' }))).toMatchObject({ kind: 'unauthorized' });
});

describe('scopes', () => {
  const scopes = JSON.stringify(Object.values(defaultScopeNames));
  const granted = async (claims: JWTPayload, change: Record<string, string | undefined> = {}) => {
    const decided = await decide(await token({ claims: { tenant: 'acme', ...claims } }), environment({ scopes, ...change }));
    return decided.kind === 'allowed' ? decided.policy.context : decided;
  };

  test.each<[JWTPayload, string]>([
    [{}, ''],
    [{ scope: '' }, ''],
    [{ scope: 'openid email' }, ''],
    [{ scope: 'openid payments/pay' }, 'payments/pay'],
    [{ scope: 'payments/read payments/operate' }, 'payments/operate payments/read'],
    [{ scp: 'payments/pay payments/read' }, 'payments/pay payments/read'],
    [{ scp: ['payments/pay', 7, 'other'] }, 'payments/pay'],
    // `scope` is the standard's claim: what another one says beside it does not add to it.
    [{ scope: 'payments/read', scp: ['payments/pay'] }, 'payments/read'],
    [{ scope: 'payments/pay\tpayments/read' }, ''],
    [{ permissions: ['payments/pay'] }, ''],
  ])('of a token with %j are %j in the context, and no other text of the token is', async (claims, scope) => {
    expect(await granted(claims)).toEqual({ tenant: 'acme', scope });
  });

  test.each([[['payments/read']], [{ 'payments/pay': true }], [7]])(
    "that are %j where the standard has a text are nobody's",
    async (scope) => {
      expect(await granted({ scope })).toMatchObject({ kind: 'unauthorized' });
    },
  );

  test("can be in a claim of the issuer's own, which is then the only one", async () => {
    expect(await granted({ 'cognito:groups': ['payments/pay'], scope: 'payments/read' }, { scopeClaim: 'cognito:groups' })).toEqual({
      tenant: 'acme',
      scope: 'payments/pay',
    });
    expect(await granted({ scope: 'payments/read' }, { scopeClaim: 'permissions' })).toEqual({ tenant: 'acme', scope: '' });
  });

  test('are not looked for where the API asks for none', async () => {
    expect(await granted({ scope: 'payments/pay' }, { scopes: undefined })).toEqual({ tenant: 'acme' });
  });
});

test("Cognito's access tokens name their client", async () => {
  const env = environment({ issuer: undefined, userPoolId: 'us-east-1_AbCdEfGhI', audience: '["client-7"]', tenantClaim: 'custom:tenant' });
  const cognito = {
    iss: 'https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI',
    claims: { token_use: 'access', client_id: 'client-7', 'custom:tenant': 'acme' },
  };
  expect(await decide(await token(cognito), env)).toMatchObject({ kind: 'allowed', tenant: 'acme' });
  expect(await decide(await token({ ...cognito, claims: { ...cognito.claims, client_id: 'client-8' } }), env)).toMatchObject({
    kind: 'unauthorized',
  });
  expect(await decide(await token({ ...cognito, claims: { ...cognito.claims, token_use: 'id' } }), env)).toMatchObject({
    kind: 'unauthorized',
  });
});

test('keys that cannot be fetched say nothing of the token', async () => {
  const env = environment({ jwks: undefined, jwksUri: 'https://127.0.0.1:1/jwks.json' });
  await expect(decide(await token(), env)).rejects.toThrow('Failed to fetch');
});

test('a fixed key set that is none says nothing of the token', async () => {
  await expect(decide(await token(), environment({ jwks: '{"keys":7}' }))).rejects.toThrow('JWKS keys should be an array');
});

test.each([
  [{ issuer: undefined }, 'AUTHORIZER_ISSUER is missing'],
  [{ audience: '[]' }, 'AUTHORIZER_AUDIENCE is []'],
  [{ audience: undefined }, 'AUTHORIZER_AUDIENCE is missing'],
])('settings like %j fail at the start', (change, message) => {
  expect(() => tokenVerifier(environment(change))).toThrow(message);
});
