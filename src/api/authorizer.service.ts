import { tenantContextKey, tenantPattern } from './contract';

/** What a token's verification came to. Throws instead when the keys cannot be had: then nothing is known of the token. */
export type Verification =
  | { readonly kind: 'valid'; readonly claims: Readonly<Record<string, unknown>> }
  /** Forged, expired, for someone else, or no token at all. */
  | { readonly kind: 'invalid'; readonly reason: string }
  /** Genuine, but it does not give access to this API. */
  | { readonly kind: 'insufficient'; readonly reason: string };

export interface AuthorizerPorts {
  readonly verify: (token: string) => Promise<Verification>;
  readonly tenantClaim: string;
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
  if (verification.kind === 'insufficient') return denied(event, verification.reason);
  const { claims } = verification;
  const tenant = Object.hasOwn(claims, ports.tenantClaim) ? claims[ports.tenantClaim] : undefined;
  if (typeof tenant !== 'string' || !tenantPattern.test(tenant)) return denied(event, 'the tenant claim is missing or malformed');
  const principalId = typeof claims.sub === 'string' && claims.sub !== '' ? claims.sub : tenant;
  return { kind: 'allowed', tenant, policy: { ...policyOf(event, 'Allow', principalId), context: { [tenantContextKey]: tenant } } };
}

function denied(event: AuthorizerEvent, reason: string): Authorization {
  return { kind: 'denied', reason, policy: policyOf(event, 'Deny', 'denied') };
}

function bearerToken(event: AuthorizerEvent): string | undefined {
  const header = event.authorizationToken ?? Object.entries(event.headers ?? {}).find(([name]) => name.toLowerCase() === 'authorization')?.[1];
  return /^Bearer +(\S+)$/i.exec(header?.trim() ?? '')?.[1];
}

function policyOf(event: AuthorizerEvent, effect: 'Allow' | 'Deny', principalId: string): AuthorizerPolicy {
  const [api, stage] = event.methodArn.split('/');
  return { principalId, policyDocument: { Version: '2012-10-17', Statement: [{ Action: 'execute-api:Invoke', Effect: effect, Resource: `${api}/${stage}/*` }] } };
}
