import { cutoverName } from '../cutover/cutover.contract';
import { CallRefused, jsonCall } from '../runtime/signed-call';

/** Tells whether an execution of this system's cutover is under way, by its ARN: whatever else is named does not run. */
export function cutoverRuns(systemName: string): (run: string) => Promise<boolean> {
  const own = new RegExp(`^arn:[a-z0-9-]+:states:([a-z0-9-]+):\\d{12}:execution:${cutoverName(systemName)}:[^:\\s]+$`);
  return async (executionArn) => {
    const region = own.exec(executionArn)?.[1];
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
