import { CallRefused, jsonCall } from './signed-call';

interface ScheduledCall {
  readonly type: string;
  readonly lambdaFunctionScheduledEventDetails?: { readonly input?: string };
}

/** An execution as Step Functions knows it. */
export interface KnownExecution {
  readonly status: string;
  readonly stateMachineArn: string;
  /** As it was started with: JSON. */
  readonly input: string;
}

/** Events that stand behind a task's beginning while it is worked on. */
const working: readonly string[] = ['LambdaFunctionStarted'];
/** A task's beginning is the newest event but one; a few more cost nothing. */
const newest = 4;

const call = <T>(region: string, action: string, body: object): Promise<T> =>
  jsonCall<T>('states', region, `AWSStepFunctions.${action}`, body);

/** Throws `CallRefused` for what there is not, or what may not be looked at. */
export function describeExecution(region: string, executionArn: string): Promise<KnownExecution> {
  return call<KnownExecution>(region, 'DescribeExecution', { executionArn });
}

/** The definition that an execution goes by, whatever was deployed since: JSON. */
export async function definitionOfExecution(region: string, executionArn: string): Promise<string> {
  return (await call<{ definition: string }>(region, 'DescribeStateMachineForExecution', { executionArn })).definition;
}

/** What the function was given that an execution waits for at this moment; undefined when it waits for none. */
export async function givenToTask(region: string, executionArn: string): Promise<unknown> {
  const { events = [] } = await call<{ events?: ScheduledCall[] }>(region, 'GetExecutionHistory', {
    executionArn,
    reverseOrder: true,
    maxResults: newest,
    includeExecutionData: true,
  });
  const [last] = events.filter(({ type }) => !working.includes(type));
  const { input } = (last?.type === 'LambdaFunctionScheduled' ? last.lambdaFunctionScheduledEventDetails : undefined) ?? {};
  return input === undefined ? undefined : (JSON.parse(input) as unknown);
}

/** Whether a refusal says that there is no such execution. */
export function isNoExecution(error: unknown): boolean {
  return error instanceof CallRefused && (error.code === 'ExecutionDoesNotExist' || error.code === 'InvalidArn');
}
