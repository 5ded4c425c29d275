import type { Execution, ExecutionStatus } from './execution';

/** Detail of the event `Step Functions Execution Status Change`. */
export interface StatusChange {
  readonly executionArn: string;
  readonly stateMachineArn: string;
  readonly name: string;
  readonly status: ExecutionStatus;
  /** Epoch milliseconds. */
  readonly startDate: number;
  readonly stopDate: number | null;
  readonly input: string;
  readonly output: string | null;
  readonly error: string | null;
  readonly cause: string | null;
}

/** What is told of an execution now. */
export function statusChange({ settings, status, startedAt, endedAt, output, error, cause }: Execution): StatusChange {
  const { arn: executionArn, machine, name, input } = settings;
  return {
    executionArn,
    stateMachineArn: machine.arn,
    name,
    status,
    startDate: startedAt,
    stopDate: endedAt ?? null,
    input: JSON.stringify(input),
    output: output === undefined ? null : JSON.stringify(output),
    error: error ?? null,
    cause: cause ?? null,
  };
}
