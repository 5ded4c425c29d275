import { JwtVerifier } from 'aws-jwt-verify';
import type { CfnTemplate, StackPlan } from '../../../local/ground/model';
import { injectKeySet, issuerFor, issuerSettings } from '../../../local/issuer/issuer';
import { authorizerEnv } from '../../../src/api/contract';

const settings = { issuer: 'https://login.example.com/', audience: ['payments'], tenantClaim: 'tenant' };

function verifier(jwks: unknown, change: Partial<{ issuer: string; audience: string }> = {}) {
  const made = JwtVerifier.create({
    issuer: change.issuer ?? settings.issuer,
    audience: change.audience ?? 'payments',
    jwksUri: 'https://keys.invalid/jwks.json',
  });
  made.cacheJwks(jwks as Parameters<typeof made.cacheJwks>[0]);
  return made;
}

function templateWith(environment: Record<string, unknown>): CfnTemplate {
  return {
    Resources: {
      Authorizer: { Type: 'AWS::Lambda::Function', Properties: { Environment: { Variables: environment } } },
      Other: { Type: 'AWS::Lambda::Function', Properties: { Environment: { Variables: { A: 'b' } } } },
      Bare: { Type: 'AWS::Lambda::Function', Properties: {} },
    },
  };
}

function stackWith(name: string, change: Record<string, unknown> = {}): StackPlan {
  const environment = {
    ...authorizerEnv.write({ systemName: 'acme', audience: '["payments"]', tenantClaim: 'tenant', issuer: settings.issuer }),
    ...change,
  };
  return { name, region: 'us-east-1', templateFile: `${name}.json`, template: templateWith(environment) };
}

describe('the tokens of the local issuer', () => {
  test.each([undefined, ['RS256'], ['ES256']])('pass aws-jwt-verify with the given key set, signed with %p', async (algorithms) => {
    const issuer = issuerFor({ ...settings, algorithms });
    const claims = await verifier(issuer.jwks).verify(issuer.token({ tenant: 'acme' }));
    expect(claims).toMatchObject({ tenant: 'acme', iss: settings.issuer, aud: 'payments' });
  });

  test("are refused for another issuer, another audience, another run's key, a changed tenant, and after their time", async () => {
    const issuer = issuerFor(settings);
    const token = issuer.token({ tenant: 'acme' });
    await expect(verifier(issuer.jwks, { issuer: 'https://other.example.com/' }).verify(token)).rejects.toThrow();
    await expect(verifier(issuer.jwks, { audience: 'other' }).verify(token)).rejects.toThrow();
    await expect(verifier(issuerFor(settings).jwks).verify(token)).rejects.toThrow();
    const [header, body, signature] = token.split('.');
    const forged = Buffer.from(Buffer.from(body, 'base64url').toString().replace('"acme"', '"evil"')).toString('base64url');
    await expect(verifier(issuer.jwks).verify([header, forged, signature].join('.'))).rejects.toThrow();
    await expect(verifier(issuer.jwks).verify(issuer.token({ tenant: 'acme', lifetimeSeconds: -60 }))).rejects.toThrow();
  });

  const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());

  test('carry every scope that the API asks for, unless fewer are asked for, and a public key only', () => {
    const issuer = issuerFor({ ...settings, scopes: ['payments/pay', 'payments/read'] });
    expect(claimsOf(issuer.token({ tenant: 'acme' })).scope).toBe('payments/pay payments/read');
    expect(claimsOf(issuer.token({ tenant: 'acme', scopes: ['payments/read'] })).scope).toBe('payments/read');
    expect(claimsOf(issuer.token({ tenant: 'acme', scopes: [] })).scope).toBe('');
    expect(issuerFor(settings).scopes).toEqual([]);
    expect(Object.keys(issuer.jwks.keys[0]).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
  });

  test("are as Cognito's, where the pool's clients are the tenants or its groups the scopes", () => {
    const access = issuerFor({
      ...settings,
      audience: ['acme', 'shop'],
      tenantClaim: 'client_id',
      tokenUse: 'access',
      scopes: ['payments/pay'],
    });
    expect(claimsOf(access.token({ tenant: 'shop' }))).toMatchObject({ client_id: 'shop', scope: 'payments/pay', token_use: 'access' });
    const id = issuerFor({
      ...settings,
      tenantClaim: 'custom:tenant',
      tokenUse: 'id',
      scopeClaim: 'cognito:groups',
      scopes: ['payments/pay'],
    });
    expect(claimsOf(id.token({ tenant: 'shop' }))).toMatchObject({ 'custom:tenant': 'shop', 'cognito:groups': ['payments/pay'] });
  });

  test('cannot be made when the authorizer takes other algorithms only', () => {
    expect(() => issuerFor({ ...settings, algorithms: ['EdDSA'] })).toThrow(/accepts EdDSA only/);
  });
});

describe('what the deployed authorizer expects', () => {
  test('is read from its environment in the template', () => {
    expect(issuerSettings([stackWith('a'), stackWith('b')])).toMatchObject(settings);
    expect(issuerSettings([])).toBeUndefined();
  });

  test('must be the same in every region, and known before a deploy', () => {
    expect(() => issuerSettings([stackWith('a'), stackWith('b', { AUTHORIZER_ISSUER: 'https://other.example.com/' })])).toThrow(
      /a\/Authorizer and b\/Authorizer expect different tokens/,
    );
    expect(() => issuerSettings([stackWith('a', { AUTHORIZER_ISSUER: { Ref: 'Pool' } })])).toThrow(
      /AUTHORIZER_ISSUER of the authorizer a\/Authorizer is {"Ref":"Pool"}/,
    );
  });

  test("gets the run's key set, and no other function does", () => {
    const { template } = stackWith('a');
    const issuer = issuerFor(settings);
    expect(injectKeySet(template, issuer)).toBe(1);
    expect(template.Resources.Authorizer.Properties?.Environment.Variables.AUTHORIZER_JWKS).toBe(JSON.stringify(issuer.jwks));
    expect(template.Resources.Other.Properties?.Environment.Variables).toEqual({ A: 'b' });
  });
});
