import { createHash, createHmac, generateKeyPairSync, KeyObject, sign } from 'node:crypto';
import { FakeSts } from './fake-sts';
import { GateWorld, rules } from './world';
import { CallerProofs } from '../../src/approvals/callers/caller-proof.service';
import { GateAnswer, GateEvent } from '../../src/approvals/callers/event.domain';
import { hmacSealer, oidcProvider } from '../../src/approvals/callers/oidc.aws';
import { GateSessions, OidcIdentity, OidcProvider } from '../../src/approvals/callers/session.service';
import { GateIdentity } from '../../src/approvals/contract';
import { GateRules } from '../../src/approvals/model';
import { gateHttp } from '../../src/approvals/page/http.service';

export const baseUrl = 'https://gate.example.com/live';
export const issuer = 'https://login.example.com';

export const oidc: OidcIdentity = {
  kind: 'oidc',
  issuer,
  clientId: 'gate',
  audience: ['gate'],
  scopes: ['openid', 'email'],
  identityClaim: 'sub',
  nameClaim: 'name',
  groupsClaim: 'groups',
  authorizationEndpoint: `${issuer}/authorize`,
  tokenEndpoint: `${issuer}/token`,
};

/** An issuer with keys of its own, and codes that it has given out. */
export class TestIssuer {
  private readonly pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  private readonly codes = new Map<string, { readonly challenge: string; readonly token: string }>();

  public jwks(): string {
    return JSON.stringify({ keys: [{ ...this.pair.publicKey.export({ format: 'jwk' }), kid: 'k1', alg: 'ES256', use: 'sig' }] });
  }

  public token(claims: Record<string, unknown>, key: KeyObject = this.pair.privateKey): string {
    const seconds = Math.floor(Date.now() / 1000);
    const all = { iss: issuer, aud: 'gate', iat: seconds, exp: seconds + 900, ...claims };
    const input = [{ alg: 'ES256', typ: 'JWT', kid: 'k1' }, all]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    return `${input}.${sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
  }

  /** What the authorization endpoint does once the person has said who they are: back to the gate with a code. */
  public authorize(location: string, claims: Record<string, unknown>): { readonly code: string; readonly state: string } {
    const { searchParams } = new URL(location);
    const code = createHash('sha256').update(location).digest('base64url');
    this.codes.set(code, {
      challenge: searchParams.get('code_challenge')!,
      token: this.token({ nonce: searchParams.get('nonce'), ...claims }),
    });
    return { code, state: searchParams.get('state')! };
  }

  /** The token endpoint: a code works once, for whoever began. */
  public exchange(code: string, verifier: string): string | undefined {
    const given = this.codes.get(code);
    this.codes.delete(code);
    return given && createHash('sha256').update(verifier).digest('base64url') === given.challenge ? given.token : undefined;
  }
}

/** The gate's page and API with everything behind it faked but the proof of who somebody is. */
export class GateSite {
  public readonly issuer = new TestIssuer();
  public readonly world: GateWorld;
  public readonly calls: unknown[] = [];
  public readonly sessions: GateSessions;
  /** With IAM. */
  public readonly sts = new FakeSts(() => this.world.nowMs);
  public readonly handler: (event: GateEvent) => Promise<GateAnswer>;
  private randoms = 0;

  constructor(change: Partial<GateRules> = {}, identity: GateIdentity = oidc, provider: Partial<OidcProvider> = {}) {
    this.world = new GateWorld(change);
    this.world.nowMs = Date.now();
    const real = oidcProvider({ identity: oidc, jwks: this.issuer.jwks() });
    this.sessions = new GateSessions(
      {
        sealer: hmacSealer(() => Promise.resolve('a secret of this test')),
        provider: { ...real, exchange: (code, verifier) => Promise.resolve(this.issuer.exchange(code, verifier)), ...provider },
        nowMs: () => this.world.nowMs,
        random: () =>
          createHmac('sha256', 'chance')
            .update(String((this.randoms += 1)))
            .digest('base64url'),
      },
      identity.kind === 'oidc' ? identity : oidc,
      `${baseUrl}/sign-in/callback`,
      rulesOf(change).groups,
    );
    this.handler = gateHttp({
      gate: this.world.gate,
      rules: rulesOf(change),
      identity,
      sessions: identity.kind === 'oidc' ? this.sessions : undefined,
      baseUrl,
      proofs: identity.kind === 'iam' ? new CallerProofs({ ask: this.sts.ask, nowMs: () => this.world.nowMs }, identity) : undefined,
      nowMs: () => this.world.nowMs,
      record: (call, thrown) => {
        this.calls.push(call, thrown);
      },
    });
  }

  public get(id: string, headers: Record<string, string> = {}): Promise<GateAnswer> {
    return this.handler({ resource: '/approvals/{id}', httpMethod: 'GET', pathParameters: { id }, headers });
  }

  public post(id: string, body: unknown, headers: Record<string, string> = {}): Promise<GateAnswer> {
    return this.handler({
      resource: '/approvals/{id}',
      httpMethod: 'POST',
      pathParameters: { id },
      headers: { 'Content-Type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  }

  /** A signed call, as API Gateway passes it on; with the proof of whom it names unless another is given. */
  public async signed(arn: string, id: string, body: unknown = { decision: 'approve' }, proof?: string): Promise<GateAnswer> {
    const text = JSON.stringify(body);
    const given = proof ?? (await this.sts.proof(arn, { url: `${baseUrl}/approvals/${id}`, body: text }));
    return this.handler(iamEvent('/approvals/{id}', arn, text, { 'X-Caller-Proof': given }, id));
  }

  public form(id: string, fields: Record<string, string>, cookie: string): Promise<GateAnswer> {
    return this.post(id, new URLSearchParams(fields).toString(), {
      'Content-Type': 'application/x-www-form-urlencoded',
      Accept: 'text/html',
      Cookie: cookie,
    });
  }

  public bearer(claims: Record<string, unknown>): Record<string, string> {
    return { Authorization: `Bearer ${this.issuer.token(claims)}` };
  }

  /** Signs in as a browser does; returns its cookies. */
  public async signIn(id: string, claims: Record<string, unknown>): Promise<string> {
    const begun = await this.handler({ resource: '/approvals/{id}/sign-in', httpMethod: 'GET', pathParameters: { id } });
    const query = this.issuer.authorize(begun.headers.Location, claims);
    const ended = await this.handler({
      resource: '/sign-in/callback',
      httpMethod: 'GET',
      queryStringParameters: query,
      headers: { cookie: cookiesOf(begun) },
    });
    return cookiesOf(ended);
  }
}

/** What API Gateway sends for a signed call. Whoever may invoke the function can send the same, with any ARN. */
export function iamEvent(
  resource: string,
  userArn: string | undefined,
  body: string,
  headers: Record<string, string> = {},
  id?: string,
): GateEvent {
  return {
    resource,
    httpMethod: 'POST',
    body,
    headers: { 'Content-Type': 'application/json', ...headers },
    ...(id === undefined ? {} : { pathParameters: { id } }),
    requestContext: { identity: { userArn, accountId: userArn?.split(':')[4] } },
  };
}

function rulesOf(change: Partial<GateRules>): GateRules {
  return { ...rules, ...change };
}

/** The cookies that a browser would send back. */
export function cookiesOf(answer: GateAnswer): string {
  return (answer.multiValueHeaders?.['Set-Cookie'] ?? [])
    .filter((cookie) => !cookie.includes('Max-Age=0'))
    .map((cookie) => cookie.split(';')[0])
    .join('; ');
}

/** The form's own value on a page. */
export function csrfOf(page: GateAnswer): string {
  return /name="csrf" value="([^"]+)"/.exec(page.body)?.[1] ?? '';
}
