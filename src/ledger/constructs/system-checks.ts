import { Stack, Token } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { LedgerEncryption } from './ledger-encryption';
import { PaymentRegions } from './payment-regions';
import { PropProblem, invalidProps } from '../../cdk/checks/invalid-props';
import { checkNames } from '../../cdk/checks/name-limits';
import { declarePart } from '../../cdk/checks/system-parts';
import { isTenant } from '../values.contract';

/** Parameter Store refuses names that begin with aws or ssm. */
const systemNamePattern = /^(?!aws|ssm)[a-z][a-z0-9-]{1,38}[a-z0-9]$/;

/** Names of tables and keys are made of the system's name in every region: it must be literal and short. */
export function checkSystemName(scope: Construct, systemName: string): void {
  if (!Stack.isStack(scope)) checkNames(scope);
  if (!Token.isUnresolved(systemName) && systemNamePattern.test(systemName)) return;
  throw invalidProps(scope, {
    prop: 'systemName',
    given: Token.isUnresolved(systemName) ? 'a token, unknown at synthesis' : `'${systemName}'`,
    allowed:
      '3 to 40 lower-case letters, digits and hyphens, starting with a letter, not ending with a hyphen; not beginning with aws or ' +
      'ssm, which Parameter Store refuses',
    mend: 'write one literal name and use it in every stack of the system',
  });
}

/** The regions are well formed, and the scope's stack stands in one of the replicas. */
export function checkRegions(scope: Construct, regions: PaymentRegions): string {
  const problem = regions._problem();
  if (problem) throw invalidProps(scope, problem);
  const region = Stack.of(scope).region;
  if (Token.isUnresolved(region)) {
    throw invalidProps(scope, {
      prop: 'env.region of the stack',
      given: 'not set',
      allowed: regions.replicas.join(', '),
      mend: "give the stack an env with a region: the ledger's names and grants differ by region",
    });
  }
  checkReplicaRegion(scope, regions, region, 'env.region of the stack');
  return region;
}

/** The region is one of those that take payments. */
export function checkReplicaRegion(scope: Construct, regions: PaymentRegions, region: string, prop: string): void {
  if (regions.replicas.includes(region)) return;
  throw invalidProps(scope, {
    prop,
    given: region === regions.witness ? `${region}, the witness, which holds no readable data` : region,
    allowed: regions.replicas.join(', '),
    mend: "use one of the replicas, or add the region to 'regions'",
  });
}

/** What a part of the ledger says of its system. */
interface LedgerPart {
  readonly systemName: string;
  readonly regions: PaymentRegions;
  readonly encryption?: LedgerEncryption;
  readonly syntheticTenants?: readonly string[];
}

const mostSyntheticTenants = 10;

/** Each is one that a caller can have, once. */
export function syntheticTenantsProblem(tenants: readonly string[]): PropProblem | undefined {
  const wrong = tenants.find((tenant, at) => !isTenant(tenant) || tenants.indexOf(tenant) !== at);
  if (wrong === undefined && tenants.length <= mostSyntheticTenants) return undefined;
  return {
    prop: 'syntheticTenants',
    given: wrong === undefined ? `${tenants.length} tenants` : `'${wrong}'`,
    allowed: `at most ${mostSyntheticTenants} tenants, each once, of 1 to 128 visible ASCII characters without #`,
    mend: "name the tenants of canaries and probers, as the callers' tokens have them",
  };
}

/**
 * Notes a part of the ledger, which must agree with the others that the app has: on the regions, and on whose keys encrypt it and which
 * tenants are synthetic where it says so.
 */
export function declareLedgerPart(scope: Construct, kind: string, { systemName, regions, encryption, syntheticTenants }: LedgerPart): void {
  declarePart(scope, {
    systemName,
    kind,
    about: 'ledger',
    regions: regions.replicas,
    facts: [
      ...regions._facts(),
      ...(encryption ? [{ prop: 'encryption', value: encryption.usesCustomerKeys ? 'customerManaged' : 'awsOwned' }] : []),
      ...(syntheticTenants ? [{ prop: 'syntheticTenants', value: [...syntheticTenants].sort().join(', ') || 'none' }] : []),
    ],
  });
}
