import { ExecutionsPort } from './caller.service';
import { definitionOfExecution, describeExecution, givenToTask, isNoExecution } from '../../runtime/executions';
import { CallRefused } from '../../runtime/signed-call';

/** Executions in Step Functions of a region. */
export function executionsIn(region: string): ExecutionsPort {
  return {
    describe: async (run) => {
      try {
        return await describeExecution(region, run);
      } catch (error) {
        if (isUnknown(error)) return undefined;
        throw error;
      }
    },
    definition: (run) => definitionOfExecution(region, run),
    given: (run) => givenToTask(region, run),
  };
}

/** Whether an execution of a state machine still runs. Throws when that cannot be told, as without the right to look at it. */
export async function isExecutionRunning(region: string, executionArn: string): Promise<boolean> {
  try {
    const { status } = await describeExecution(region, executionArn);
    return status === 'RUNNING' || status === 'PENDING_REDRIVE';
  } catch (error) {
    if (error instanceof CallRefused && error.code === 'ExecutionDoesNotExist') return false;
    throw error;
  }
}

/** Also what is no ARN of an execution, and one of another account or machine, which this role may not look at. */
function isUnknown(error: unknown): boolean {
  return isNoExecution(error) || (error instanceof CallRefused && ['ValidationException', 'AccessDeniedException'].includes(error.code));
}
