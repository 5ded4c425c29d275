import { Duration } from 'aws-cdk-lib';
import { IFunction } from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { homeOperatorName, ledgerBundles, ledgerEnv } from './contract';
import { HomeAccess } from './home-access';
import { LedgerReplica } from './ledger-replica';
import { BundledFunction } from '../cdk/bundled-function';
import { invalidProps } from '../cdk/invalid-props';
import { checkNames } from '../cdk/name-limits';

/** Properties of `HomeOperator`. */
export interface HomeOperatorProps {
  /** The ledger in this stack's region, in mode `HOME_REGION`. */
  readonly ledger: LedgerReplica;

  /**
   * How long the function's log is kept: it says who moved which home, and when.
   *
   * @default RetentionDays.ONE_YEAR
   */
  readonly logRetention?: RetentionDays;
}

/**
 * The function with which an operator looks at homes, moves them, and reconciles accounts: `aws lambda invoke` with
 * `{"action": "status" | "takeover" | "relocate" | "abort" | "reconcile", ...}`. It acts for the region in which it stands, and nothing
 * but an operator calls it. `ActiveActivePaymentsApi` makes one in each region of a `HOME_REGION` system.
 */
export class HomeOperator extends Construct {
  /** The function, `<systemName>-home-operator`. Grant whoever operates `lambda:InvokeFunction` on it. */
  public readonly function: IFunction;

  constructor(scope: Construct, id: string, props: HomeOperatorProps) {
    super(scope, id);
    checkNames(this);
    const { ledger, logRetention } = props;
    const access = HomeAccess.of(this, ledger);
    if (!access) {
      throw invalidProps(this, { prop: 'ledger', given: 'in mode STRONG', allowed: 'mode HOME_REGION: elsewhere no region is home', mend: 'leave HomeOperator out' });
    }
    const { systemName, tableName, regions } = ledger;
    const made = new BundledFunction(this, 'Operator', {
      bundle: ledgerBundles.homeOperator,
      functionName: homeOperatorName(systemName),
      description: `${systemName}: home operator`,
      environment: ledgerEnv.write({ systemName, tableName, mode: regions.consistency, home: access.environment() }),
      // Comparing two replicas item by item takes as long as reading both.
      timeout: Duration.minutes(15),
      memorySize: 1769,
      logRetention: logRetention ?? RetentionDays.ONE_YEAR,
    });
    access.grantHold(made.function);
    ledger.grantRead(made.function);
    for (const region of regions.replicas) {
      const replica = LedgerReplica._in(this, systemName, regions, region, ledger.encryption);
      replica._grantScan(made.function);
      replica._grantReadItems(made.function);
    }
    this.function = made.function;
  }
}
