import { RemovalPolicy } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { LedgerCapacityProps } from './ledger-billing';
import { IdempotentLedgerTableProps } from './ledger-table-props';
import { LedgerConsistency, PaymentRegions } from './payment-regions';
import { PropProblem, describeProblem, invalidProps } from '../../cdk/checks/invalid-props';
import { KeptProperty } from '../../cdk/checks/kept-resource';

/** Throws on the first prop that cannot be meant. */
export function checkLedgerTableProps(scope: Construct, props: IdempotentLedgerTableProps): void {
  const problem = removalProblem(props) ?? recoveryProblem(props) ?? billingProblem(props);
  if (problem) throw invalidProps(scope, problem);
}

/** What the removal of a table with such props would need. */
type RemovalProps = Pick<IdempotentLedgerTableProps, 'removalPolicy' | 'acceptDataLoss' | 'deletionProtection'>;

/** Throws when the table could be lost with its stack and nobody says that this is meant. */
export function checkRemoval(scope: Construct, props: RemovalProps): void {
  const problem = removalProblem(props);
  if (problem) throw invalidProps(scope, problem);
}

function removalProblem(props: RemovalProps): PropProblem | undefined {
  if (props.removalPolicy === RemovalPolicy.SNAPSHOT) {
    return {
      prop: 'removalPolicy',
      given: 'SNAPSHOT',
      allowed: 'RETAIN or DESTROY: DynamoDB makes no snapshot',
      mend: 'leave it out to retain the table',
    };
  }
  if (props.removalPolicy !== RemovalPolicy.DESTROY) return undefined;
  if (!props.acceptDataLoss) {
    return {
      prop: 'removalPolicy',
      given: 'DESTROY',
      allowed: 'RETAIN, or DESTROY together with acceptDataLoss: true',
      mend: 'leave it out: every account and payment would go with the stack, and with them the keys that stop second debits',
    };
  }
  return props.deletionProtection === false
    ? undefined
    : {
        prop: 'deletionProtection',
        given: 'on (its default) with removalPolicy DESTROY',
        allowed: "false with DESTROY: a protected table cannot be deleted and the stack's deletion would fail",
        mend: 'set deletionProtection: false, or leave removalPolicy out',
      };
}

function recoveryProblem(props: IdempotentLedgerTableProps): PropProblem | undefined {
  const days = props.recoveryPeriodDays;
  if (days === undefined || (Number.isInteger(days) && days >= 1 && days <= 35)) return undefined;
  return { prop: 'recoveryPeriodDays', given: `${days}`, allowed: 'a whole number of days from 1 to 35', mend: 'leave it out for 35 days' };
}

function billingProblem(props: IdempotentLedgerTableProps): PropProblem | undefined {
  const provisioned = props.billing?.provisionedProps;
  if (provisioned) return capacityProblem('billing.write', provisioned.write) ?? capacityProblem('billing.read', provisioned.read);
  for (const name of ['maxWriteRequestUnits', 'maxReadRequestUnits'] as const) {
    const units = props.billing?.onDemandProps?.[name];
    if (units !== undefined && !(Number.isInteger(units) && units >= 1)) {
      return { prop: `billing.${name}`, given: `${units}`, allowed: 'a whole number of at least 1', mend: 'leave it out for no bound' };
    }
  }
  return undefined;
}

function capacityProblem(prop: string, capacity: LedgerCapacityProps): PropProblem | undefined {
  const { min, max, targetUtilizationPercent: target = 50 } = capacity;
  if (!Number.isInteger(min) || !Number.isInteger(max) || min < 1 || max <= min) {
    return {
      prop,
      given: `min ${min}, max ${max}`,
      allowed: 'whole numbers with 1 <= min < max: capacity that cannot grow turns a busy day into 429s',
      mend: 'raise max, or use LedgerBilling.onDemand()',
    };
  }
  if (target >= 20 && target <= 90) return undefined;
  return { prop: `${prop}.targetUtilizationPercent`, given: `${target}`, allowed: '20 to 90 percent', mend: 'leave it out for 50' };
}

/** In each replica, unless the props say otherwise. */
export function keptReplicas(props: Pick<IdempotentLedgerTableProps, 'deletionProtection' | 'pointInTimeRecovery'>): KeptProperty[] {
  const { deletionProtection = true, pointInTimeRecovery = true } = props;
  const each =
    (holds: (replica: Record<string, unknown>) => boolean) =>
    ({ Replicas }: Readonly<Record<string, unknown>>): boolean =>
      (Replicas as Record<string, unknown>[]).every(holds);
  return [
    ...(deletionProtection
      ? [{ name: 'Replicas.DeletionProtectionEnabled', isKept: each((replica) => replica.DeletionProtectionEnabled === true) }]
      : []),
    ...(pointInTimeRecovery
      ? [
          {
            name: 'Replicas.PointInTimeRecoverySpecification',
            isKept: each(
              ({ PointInTimeRecoverySpecification: given }) =>
                (given as { PointInTimeRecoveryEnabled?: boolean } | undefined)?.PointInTimeRecoveryEnabled === true,
            ),
          },
        ]
      : []),
  ];
}

/** How the copies agree: on any other table the ledger would debit twice, or two regions would be home. */
export function keptConsistency(consistency: LedgerConsistency): KeptProperty {
  const mode = consistency === LedgerConsistency.STRONG ? 'STRONG' : 'EVENTUAL';
  return { name: 'MultiRegionConsistency', isKept: ({ MultiRegionConsistency: given }) => given === mode };
}

/** What an escape hatch put into the template that would break the ledger, as messages. */
export function ledgerTemplateProblems(properties: Record<string, unknown>, regions: PaymentRegions): string[] {
  const strong = regions.consistency === LedgerConsistency.STRONG;
  const problems: PropProblem[] = [];
  const ttl = properties.TimeToLiveSpecification as { Enabled?: boolean } | undefined;
  if (ttl && ttl.Enabled !== false) {
    problems.push({
      prop: 'TimeToLiveSpecification',
      given: 'set on the table',
      allowed: strong
        ? 'none: a strongly consistent global table has no TTL'
        : 'none: an expired key would let its payment be debited again',
      mend: 'remove the override',
    });
  }
  if (strong && properties.LocalSecondaryIndexes !== undefined) {
    problems.push({
      prop: 'LocalSecondaryIndexes',
      given: 'set on the table',
      allowed: 'none: a strongly consistent global table has no local secondary indexes',
      mend: 'remove the override, and use a table of your own fed by the stream',
    });
  }
  return problems.map(describeProblem);
}
