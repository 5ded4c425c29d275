import type { GatewayContext } from './request';
import { apiScopes, tenantPattern } from '../caller.contract';
import type { ApiScope, CallerSource, KnownPrincipal } from '../caller.contract';

/** Who calls, and what the caller may do. */
export interface Caller {
  readonly tenant: string;
  readonly scopes: readonly ApiScope[];
}

/** The caller, or nothing: then there is no access, whatever the gateway let through. */
export function callerOf(source: CallerSource, context: GatewayContext | undefined): Caller | undefined {
  const { tenant, scopes } = candidate(source, context);
  return typeof tenant === 'string' && tenantPattern.test(tenant) ? { tenant, scopes } : undefined;
}

/** What a scope is called in the credentials that the API takes. */
export function scopeNameOf(source: CallerSource, scope: ApiScope): string {
  return source.kind === 'context' && source.names ? source.names[scope] : scope;
}

interface CallerCandidate {
  readonly tenant?: unknown;
  readonly scopes: readonly ApiScope[];
}

const nobody: CallerCandidate = { scopes: [] };

function candidate(source: CallerSource, context: GatewayContext | undefined): CallerCandidate {
  if (source.kind === 'context') {
    const values = context?.authorizer ?? {};
    return { tenant: ownMember(values, source.key), scopes: scopesIn(source, values) };
  }
  const { accountId, userArn } = context?.identity ?? {};
  if (!accountId || !userArn) return nobody;
  if (source.kind === 'iamAccount') return { tenant: accountId, scopes: apiScopes };
  return knownPrincipal(source.callers, userArn) ?? (Object.hasOwn(source.callers, accountId) ? source.callers[accountId] : nobody);
}

/** Without the names of scopes to look for, the team has given every caller all of them. */
function scopesIn(source: Extract<CallerSource, { kind: 'context' }>, values: Readonly<Record<string, unknown>>): readonly ApiScope[] {
  const { names, scopeKey } = source;
  if (names === undefined) return apiScopes;
  const held = scopeKey === undefined ? undefined : ownMember(values, scopeKey);
  const granted = typeof held === 'string' ? held.split(' ') : [];
  return apiScopes.filter((scope) => granted.includes(names[scope]));
}

/** A principal's own entry wins over its account's. */
function knownPrincipal(callers: Readonly<Record<string, KnownPrincipal>>, userArn: string): KnownPrincipal | undefined {
  const principal = principalOf(userArn);
  if (principal === undefined) return undefined;
  const entry = Object.entries(callers).find(([arn]) => principalOf(arn) === principal);
  return entry?.[1];
}

const assumedRole = /^arn:[^:]+:sts::(\d{12}):assumed-role\/([^/]+)\/[^/]+$/;
const roleOrUser = /^arn:[^:]+:iam::(\d{12}):(role|user)\/(?:.*\/)?([^/]+)$/;

/** One spelling for a role and its sessions, which tell the role's name but not its path. */
function principalOf(arn: string): string | undefined {
  const session = assumedRole.exec(arn);
  if (session) return `${session[1]}:role/${session[2]}`;
  const identity = roleOrUser.exec(arn);
  return identity ? `${identity[1]}:${identity[2]}/${identity[3]}` : undefined;
}

function ownMember(values: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(values, key) ? values[key] : undefined;
}
