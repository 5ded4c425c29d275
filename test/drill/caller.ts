import { machineArn } from './world';
import type { AwsCall, AwsReply } from '../runtime/fake-aws';

/** What Step Functions says of an execution that asks: it runs, and its newest task was given this. */
export function callerAnswer({ action }: AwsCall, given: object, more: object = {}): AwsReply | undefined {
  if (action === 'DescribeExecution') return { body: { status: 'RUNNING', stateMachineArn: machineArn, input: '{}', ...more } };
  if (action !== 'GetExecutionHistory') return undefined;
  const scheduled = { type: 'LambdaFunctionScheduled', lambdaFunctionScheduledEventDetails: { input: JSON.stringify(given) } };
  return { body: { events: [{ type: 'LambdaFunctionStarted' }, scheduled] } };
}

/** It is looked for twenty times, a second apart: here at once. */
export function hurried(): void {
  const { setTimeout: later } = global;
  jest.spyOn(global, 'setTimeout').mockImplementation(((act: () => void, ms: number) => later(act, ms === 1_000 ? 0 : ms)) as never);
}
