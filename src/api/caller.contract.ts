/** Whom the API knows a caller as, and what the caller may do: shared by construct, authorizer, functions and document. */

/**
 * What a caller may do. A call needs one of them. Whoever may pay does not open funded accounts: that would be money of the caller's own
 * making.
 */
export const apiScopes = ['operate', 'pay', 'read'] as const;

/** One of them. */
export type ApiScope = (typeof apiScopes)[number];

/** Names of the scopes in tokens and in an authorizer's context. */
export type ScopeNames = Readonly<Record<ApiScope, string>>;

/** Identifier of the Cognito resource server, and prefix of the names, unless the team has others. */
export const defaultResourceServer = 'payments';

/** The names below an identifier, as Cognito writes them: `identifier/scope`. */
export function scopeNamesOf(resourceServer: string): ScopeNames {
  return { operate: `${resourceServer}/operate`, pay: `${resourceServer}/pay`, read: `${resourceServer}/read` };
}

/** The names as the API reference lists them. */
export const defaultScopeNames: ScopeNames = scopeNamesOf(defaultResourceServer);

/** A caller that is known by an IAM principal. */
export interface KnownPrincipal {
  readonly tenant: string;
  readonly scopes: readonly ApiScope[];
}

/** Where a function finds who calls. */
export type CallerSource =
  /**
   * The authorizer's context: `key` holds the tenant, `scopeKey` the names of the scopes, with blanks between. Without `names` each caller
   * has every scope: the team has asked for that.
   */
  | { readonly kind: 'context'; readonly key: string; readonly scopeKey?: string; readonly names?: ScopeNames }
  /** SigV4A callers: the tenant is the caller's AWS account ID. API Gateway has asked IAM about the call, method and path. */
  | { readonly kind: 'iamAccount' }
  /**
   * SigV4A callers, keyed by the ARN of an IAM role or user, or by an account ID for all principals of an account. A role is matched by
   * account and name: a session does not tell the role's path. Anyone else gets 403.
   */
  | { readonly kind: 'iamPrincipals'; readonly callers: Readonly<Record<string, KnownPrincipal>> };

/** Key of the authorizer's context under which this package's authorizer puts the tenant. */
export const tenantContextKey = 'tenant';

/** Key of the authorizer's context under which this package's authorizer puts the scopes. */
export const scopeContextKey = 'scope';

export { tenantPattern } from '../ledger/values.contract';

/** The source for the environment. */
export function writeCallerSource(source: CallerSource): string {
  return JSON.stringify(source);
}

/** Reads it back; the construct wrote it, so only its form is checked. */
export function readCallerSource(text: string): CallerSource {
  const source = JSON.parse(text) as CallerSource;
  if (source.kind === 'context' && source.key && (source.names === undefined || source.scopeKey)) return source;
  if (source.kind === 'iamAccount') return source;
  if (source.kind === 'iamPrincipals' && source.callers) return source;
  throw new Error(`caller source ${text} is not one of context, iamAccount, iamPrincipals: the construct that makes this function sets it`);
}
