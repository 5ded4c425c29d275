import { ExecutionsPort, ExecutionSight } from './caller.service';
import { CallRefused, jsonCall } from '../runtime/signed-call';

interface HistoryEvent {
  readonly type: string;
  readonly lambdaFunctionScheduledEventDetails?: { readonly input?: string };
}

/** Events that stand behind a task's beginning while it is worked on. */
const working: readonly string[] = ['LambdaFunctionStarted'];
/** A task's beginning is the newest event but one; a few more cost nothing. */
const newest = 4;

/** Executions in Step Functions of a region. */
export function executionsIn(region: string): ExecutionsPort {
  const call = <T>(action: string, body: object): Promise<T> => jsonCall<T>('states', region, `AWSStepFunctions.${action}`, body);
  return {
    describe: async (executionArn) => {
      try {
        return await call<ExecutionSight>('DescribeExecution', { executionArn });
      } catch (error) {
        if (isUnknown(error)) return undefined;
        throw error;
      }
    },
    definition: async (executionArn) => (await call<{ definition: string }>('DescribeStateMachineForExecution', { executionArn })).definition,
    given: async (executionArn) => {
      const { events = [] } = await call<{ events?: HistoryEvent[] }>('GetExecutionHistory', { executionArn, reverseOrder: true, maxResults: newest, includeExecutionData: true });
      const [last] = events.filter(({ type }) => !working.includes(type));
      const { input } = (last?.type === 'LambdaFunctionScheduled' ? last.lambdaFunctionScheduledEventDetails : undefined) ?? {};
      return input === undefined ? undefined : JSON.parse(input) as unknown;
    },
  };
}

/** Whether an execution of a state machine still runs. */
export async function isExecutionRunning(region: string, executionArn: string): Promise<boolean> {
  const sight = await executionsIn(region).describe(executionArn);
  return sight?.status === 'RUNNING' || sight?.status === 'PENDING_REDRIVE';
}

/** Also what is no ARN of an execution, and one of another account or machine, which this role may not look at. */
function isUnknown(error: unknown): boolean {
  return error instanceof CallRefused && ['ExecutionDoesNotExist', 'InvalidArn', 'ValidationException', 'AccessDeniedException'].includes(error.code);
}
