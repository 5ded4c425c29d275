import { cutoverName } from '../cutover/cutover.contract';
import { isRegionName } from '../kernel/region';
import { CallRefused, jsonCall } from '../runtime/signed-call';

/** Tells whether an execution of this system's cutover is under way, by its ARN: whatever else is named does not run. */
export function cutoverRuns(systemName: string): (run: string) => Promise<boolean> {
  return async (executionArn) => {
    const region = regionOfRun(executionArn, cutoverName(systemName));
    if (region === undefined) return false;
    try {
      const { status } = await jsonCall<{ readonly status: string }>('states', region, 'AWSStepFunctions.DescribeExecution', { executionArn });
      return status === 'RUNNING';
    } catch (error) {
      if (error instanceof CallRefused && (error.code === 'ExecutionDoesNotExist' || error.code === 'InvalidArn')) return false;
      throw error;
    }
  };
}

/** Region of an execution of the named state machine; undefined for anything else. */
function regionOfRun(executionArn: string, stateMachineName: string): string | undefined {
  const [arn, partition, service, region, account, kind, machine, name, ...more] = executionArn.split(':');
  const whole = arn === 'arn' && service === 'states' && kind === 'execution' && machine === stateMachineName && more.length === 0;
  const formed = /^[a-z0-9-]+$/.test(partition ?? '') && isRegionName(region ?? '') && /^\d{12}$/.test(account ?? '') && /^[^\s]{1,80}$/.test(name ?? '');
  return whole && formed ? region : undefined;
}
