import { Duration, Stack } from 'aws-cdk-lib';
import { Grant } from 'aws-cdk-lib/aws-iam';
import { Function, IFunction } from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { homeMoveName, homeOperatorName, homeStatusName, ledgerBundles, ledgerEnv } from '../contract';
import { HomeAccess } from './home-access';
import { LedgerProof } from './ledger-proof';
import { LedgerReplica } from './ledger-replica';
import { BundledFunction } from '../../cdk/bundled-function';
import { invalidProps } from '../../cdk/checks/invalid-props';
import { checkLiterals } from '../../cdk/checks/literals';
import { checkNames } from '../../cdk/checks/name-limits';
import { declareOnce } from '../../cdk/checks/one-of-a-kind';
import { checkPlaces } from '../../cdk/checks/places';
import { cutoverName } from '../../kernel/system-names';

/** Properties of `HomeOperator`. */
export interface HomeOperatorProps {
  /** The ledger in this stack's region, in mode `HOME_REGION`. */
  readonly ledger: LedgerReplica;

  /**
   * How long the functions' logs are kept: they say who moved which home, and when.
   *
   * @default RetentionDays.ONE_YEAR
   */
  readonly logRetention?: RetentionDays;
}

/**
 * The functions with which homes are looked at and moved, one for each kind of right, called by `aws lambda invoke`. Each acts in the
 * region in which it stands. `ActiveActivePaymentsApi` makes them in each region of a `HOME_REGION` system.
 */
export class HomeOperator extends Construct {
  /**
   * For people on call, `<systemName>-home-operator`: `{"action": "takeover" | "relocate" | "abort", "by": ..., "reason": ...}`. Grant
   * whoever may move homes by hand `lambda:InvokeFunction` on it, and nobody else: it believes its caller, and records who he says he is
   * and why.
   */
  public readonly function: IFunction;

  /**
   * For everybody on call, `<systemName>-home-status`: `{"action": "status"}`, or `"reconcile"` with `tenant` and `accountId`. Its role can
   * only read. What it tells of an account are its balances and payments.
   */
  public readonly statusFunction: IFunction;

  /**
   * For a cutover, `<systemName>-home-move`: `{"action": "relocate" | "abort", "run": ...}`. It takes over nothing, and works only for an
   * execution of `<systemName>-cutover` whose history says that it is moving homes to this region now. `PhasedCutoverStateMachine` gives
   * its own function the right to call it.
   */
  public readonly moveFunction: IFunction;

  constructor(scope: Construct, id: string, props: HomeOperatorProps) {
    super(scope, id);
    checkNames(this);
    const { ledger } = props;
    checkLiterals(this, props);
    checkPlaces(this, 'HomeOperatorProps', props);
    declareOnce(this, { kind: 'HomeOperator', prop: 'systemName', name: ledger.systemName });
    const access = HomeAccess.of(this, ledger);
    if (!access) {
      throw invalidProps(this, {
        prop: 'ledger',
        given: 'in mode STRONG',
        allowed: 'mode HOME_REGION: elsewhere no region is home',
        mend: 'leave HomeOperator out',
      });
    }
    const { systemName } = ledger;
    const status = this.make(props, access, 'Status', ledgerBundles.homeStatus, homeStatusName(systemName), 'home status');
    access.grantLookUp(status);
    ledger.grantRead(status);
    const operator = this.make(props, access, 'Operator', ledgerBundles.homeOperator, homeOperatorName(systemName), 'home operator');
    const move = this.make(props, access, 'Move', ledgerBundles.homeMove, homeMoveName(systemName), 'home move');
    for (const mover of [operator, move]) {
      access.grantHold(mover);
      for (const region of ledger.regions.replicas) {
        const replica = LedgerReplica._in(this, systemName, ledger.regions, region, ledger.encryption);
        replica._grantScan(mover);
        replica._grantReadItems(mover);
      }
    }
    const stack = Stack.of(this);
    Grant.addToPrincipal({
      grantee: move,
      actions: ['states:DescribeExecution', 'states:DescribeStateMachineForExecution', 'states:GetExecutionHistory'],
      resourceArns: ledger.regions
        ._home!.cutoverRegions()
        .map((region) => `arn:${stack.partition}:states:${region}:${stack.account}:execution:${cutoverName(systemName)}:*`),
    });
    [this.function, this.statusFunction, this.moveFunction] = [operator, status, move];
  }

  private make(
    { ledger, logRetention }: HomeOperatorProps,
    access: HomeAccess,
    id: string,
    bundle: string,
    functionName: string,
    says: string,
  ): Function {
    const { systemName, tableName, regions } = ledger;
    return new BundledFunction(this, id, {
      bundle,
      functionName,
      description: `${systemName}: ${says}`,
      environment: ledgerEnv.write({
        systemName,
        tableName,
        mode: regions.consistency,
        home: access.environment(),
        ...LedgerProof.of(this, ledger).environment,
      }),
      // Comparing two replicas item by item takes as long as reading both, and an account as long as it has payments.
      timeout: Duration.minutes(15),
      memorySize: 1769,
      logRetention: logRetention ?? RetentionDays.ONE_YEAR,
    }).function;
  }
}
