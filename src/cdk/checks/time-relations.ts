import { describeProblem, PropProblem } from './invalid-props';

/** Two times of which one must not outlast the other. */
export interface TimeRelation {
  /** The construct whose synthesis checks it. */
  readonly of: string;
  readonly shorter: string;
  readonly longer: string;
  /** What happens otherwise. */
  readonly otherwise: string;
}

/** The relations of times that a team's own props and functions can break, each stated once: checked from here, and shown in docs/reliability.md. */
export const timeRelations = {
  leaseInFunction: {
    of: 'IdempotentConsumer', shorter: 'a wrapped handler\'s lease: `handlerTimeout` and 5 seconds', longer: 'the timeout of the function that reads the queue (Lambda\'s default: 3 seconds)',
    otherwise: 'no event is begun with so little time, and every one ends in the dead-letter queue',
  },
  functionInVisibility: {
    of: 'IdempotentConsumer', shorter: 'the timeout of the function that reads the queue', longer: 'the queue\'s visibility: two times two leases and 5 seconds',
    otherwise: 'messages come again while the function still works on them, and Lambda refuses the mapping',
  },
  functionInHandler: {
    of: 'IdempotentConsumer', shorter: 'the called handler\'s own timeout', longer: '`handlerTimeout`', otherwise: 'a second attempt begins while the first runs',
  },
  alarmInTask: {
    of: 'StuckApprovalAlarm', shorter: '`threshold` or `escalationThreshold`, and `interval`', longer: 'the timeout of a task that waits, and that of its state machine', otherwise: 'the alarm could never rise',
  },
} as const satisfies Readonly<Record<string, TimeRelation>>;

/** The two sides in seconds; undefined where one is known at deployment alone. */
export interface MeasuredTimes {
  readonly shorter: number | undefined;
  readonly longer: number | undefined;
}

/** What is wrong with two times; undefined when they stand right, or cannot be known. */
export function relationProblem(relation: TimeRelation, prop: string, { shorter, longer }: MeasuredTimes, mend: string): PropProblem | undefined {
  if (shorter === undefined || longer === undefined || shorter <= longer) return undefined;
  return {
    prop, given: `${relation.shorter}, ${shorter} s, against ${relation.longer}, ${longer} s`,
    allowed: `the first at most as long as the second: ${relation.otherwise}`, mend,
  };
}

/** As a line for a list of validation errors. */
export function relationMessages(...given: Parameters<typeof relationProblem>): string[] {
  const problem = relationProblem(...given);
  return problem ? [describeProblem(problem)] : [];
}
