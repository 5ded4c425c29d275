import { Duration, Stack } from 'aws-cdk-lib';
import { Grant } from 'aws-cdk-lib/aws-iam';
import { IFunction } from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { ArnNames, grantedReads } from '../checks/contract';
import { cutoverBundles, cutoverLimits, CutoverPlan, stepsEnv } from '../contract';
import { PhasedCutoverStateMachineProps } from './phased-cutover-props';
import { WeightedRecords } from './weighted-records';
import { BundledFunction } from '../../cdk/bundled-function';
import { cutoverName } from '../../kernel/system-names';
import { LedgerEncryption } from '../../ledger/constructs/ledger-encryption';
import { LedgerReplica } from '../../ledger/constructs/ledger-replica';
import { homeMoveName, homeStatusName } from '../../ledger/contract';

/** The function that does the steps, with the rights to what they need. */
export function defineSteps(
  scope: Construct,
  records: WeightedRecords,
  plan: CutoverPlan,
  { systemName, gate, regions, source, target, checks, encryption, logRetention }: PhasedCutoverStateMachineProps,
): IFunction {
  const { partition, region: own, account } = Stack.of(scope);
  const arns: ArnNames = {
    ofAccount: (service, region, resource) => `arn:${partition}:${service}:${region}:${account}:${resource}`,
    ofAws: (service, region, resource) => `arn:${partition}:${service}:${region}::${resource}`,
  };
  const machine = cutoverName(systemName);
  const stepsFunction = new BundledFunction(scope, 'Steps', {
    bundle: cutoverBundles.steps,
    functionName: `${systemName}-cutover-steps`,
    description: `${systemName}: steps of the cutover`,
    environment: {
      ...records._environment(),
      ...stepsEnv.write({ stateMachineArn: arns.ofAccount('states', own, `stateMachine:${machine}`), gateTable: gate?.table.tableName }),
    },
    timeout: Duration.seconds(cutoverLimits.stepSeconds),
    memorySize: 1769,
    logRetention: logRetention ?? RetentionDays.ONE_YEAR,
  });
  const grantee = stepsFunction.function;
  const grant = (actions: string[], resourceArns: string[]): Grant => Grant.addToPrincipal({ grantee, actions, resourceArns });
  records._grantChange(grantee);
  records._grantAudit(grantee);
  const keys = encryption ?? LedgerEncryption.customerManaged();
  for (const region of [source, target]) LedgerReplica._in(scope, systemName, regions, region, keys)._grantCompare(grantee);
  if (regions._home) {
    const ofHomes = [homeStatusName(systemName), homeMoveName(systemName)];
    grant(
      ['lambda:InvokeFunction'],
      [source, target].flatMap((region) => ofHomes.map((name) => arns.ofAccount('lambda', region, `function:${name}`))),
    );
  }
  for (const { actions, resources } of grantedReads(plan, arns)) grant(actions, resources);
  checks?.ownCheck?.grantInvoke(grantee);
  // Who calls is looked up. By name: a grant on the machine itself would need the machine, which needs the function.
  grant(
    ['states:DescribeExecution', 'states:DescribeStateMachineForExecution', 'states:GetExecutionHistory'],
    [`${arns.ofAccount('states', own, `execution:${machine}`)}:*`],
  );
  gate?._grantVerify(grantee);
  return grantee;
}
