import type { GatewayContext } from './request';
import { tenantPattern } from '../contract';
import type { TenantSource } from '../contract';

/** The caller's tenant, or nothing: then the caller has no access, whatever the gateway let through. */
export function tenantOf(source: TenantSource, context: GatewayContext | undefined): string | undefined {
  const tenant = candidate(source, context);
  return typeof tenant === 'string' && tenantPattern.test(tenant) ? tenant : undefined;
}

function candidate(source: TenantSource, context: GatewayContext | undefined): unknown {
  if (source.kind === 'context') return own(context?.authorizer ?? {}, source.key);
  const { accountId, userArn } = context?.identity ?? {};
  if (!accountId || !userArn) return undefined;
  if (source.kind === 'iamAccount') return accountId;
  return tenantOfPrincipal(source.tenants, userArn) ?? own(source.tenants, accountId);
}

/** A principal's own entry wins over its account's. */
function tenantOfPrincipal(tenants: Readonly<Record<string, string>>, userArn: string): string | undefined {
  const principal = principalOf(userArn);
  if (principal === undefined) return undefined;
  const entry = Object.entries(tenants).find(([arn]) => principalOf(arn) === principal);
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

function own(values: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(values, key) ? values[key] : undefined;
}
