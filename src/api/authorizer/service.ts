import { TokenVerification } from '../../kernel/jwt';
import { scopeContextKey, tenantContextKey, tenantPattern } from '../caller.contract';

export interface AuthorizerPorts {
  readonly verify: (token: string) => Promise<TokenVerification>;
  readonly tenantClaim: string;
  /** Names of the scopes that the API asks for; absent: it asks for none. */
  readonly scopes?: readonly string[];
  /** Claim that holds a token's scopes; default `scope`, else `scp`. */
  readonly scopeClaim?: string;
}

/** What the gateway sends to an authorizer of type TOKEN or REQUEST. */
export interface AuthorizerEvent {
  /** Of the call, `arn:aws:execute-api:region:account:api/stage/METHOD/path`. */
  readonly methodArn: string;
  readonly authorizationToken?: string;
  readonly headers?: Readonly<Record<string, string | undefined>> | null;
}

export interface AuthorizerPolicy {
  readonly principalId: string;
  readonly policyDocument: {
    readonly Version: '2012-10-17';
    readonly Statement: { readonly Action: string; readonly Effect: 'Allow' | 'Deny'; readonly Resource: string }[];
  };
  readonly context?: Record<string, string>;
}

export type Authorization =
  | { readonly kind: 'allowed'; readonly tenant: string; readonly policy: AuthorizerPolicy }
  | { readonly kind: 'denied'; readonly reason: string; readonly policy: AuthorizerPolicy }
  | { readonly kind: 'unauthorized'; readonly reason: string };

/**
 * Decides who calls. The policy speaks of the whole API, since the gateway remembers it by token: one that named the call it was
 * made for would refuse the token's next call.
 */
export async function authorize(ports: AuthorizerPorts, event: AuthorizerEvent): Promise<Authorization> {
  const token = bearerToken(event);
  if (token === undefined) return { kind: 'unauthorized', reason: 'no bearer token' };
  const verification = await ports.verify(token);
  if (verification.kind === 'invalid') return { kind: 'unauthorized', reason: verification.reason };
  const { claims } = verification;
  const tenant = ownMember(claims, ports.tenantClaim);
  if (typeof tenant !== 'string' || !tenantPattern.test(tenant)) return denied(event, 'the tenant claim is missing or malformed');
  const principalId = typeof claims.sub === 'string' && claims.sub !== '' ? claims.sub : tenant;
  const context = { [tenantContextKey]: tenant, ...(ports.scopes && { [scopeContextKey]: grantedScopes(ports, claims).join(' ') }) };
  return { kind: 'allowed', tenant, policy: { ...policyOf(event, 'Allow', principalId), context } };
}

/** Of the scopes that the API asks for, those that the token bears; whether they are enough for a call is for its function to say. */
function grantedScopes({ scopes = [], scopeClaim }: AuthorizerPorts, claims: Readonly<Record<string, unknown>>): readonly string[] {
  const held = scopeClaim === undefined ? (ownMember(claims, 'scope') ?? ownMember(claims, 'scp')) : ownMember(claims, scopeClaim);
  const granted: readonly unknown[] = typeof held === 'string' ? held.split(' ') : Array.isArray(held) ? held : [];
  return scopes.filter((name) => granted.includes(name));
}

function ownMember(claims: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(claims, name) ? claims[name] : undefined;
}

function denied(event: AuthorizerEvent, reason: string): Authorization {
  return { kind: 'denied', reason, policy: policyOf(event, 'Deny', 'denied') };
}

function bearerToken(event: AuthorizerEvent): string | undefined {
  const header =
    event.authorizationToken ?? Object.entries(event.headers ?? {}).find(([name]) => name.toLowerCase() === 'authorization')?.[1];
  return /^Bearer +(\S+)$/i.exec(header?.trim() ?? '')?.[1];
}

function policyOf(event: AuthorizerEvent, effect: 'Allow' | 'Deny', principalId: string): AuthorizerPolicy {
  const [api, stage] = event.methodArn.split('/');
  return {
    principalId,
    policyDocument: { Version: '2012-10-17', Statement: [{ Action: 'execute-api:Invoke', Effect: effect, Resource: `${api}/${stage}/*` }] },
  };
}
