import { describeProblem, PropProblem } from './invalid-props';

/** Two times of which one must not outlast the other. */
export interface TimeRelation {
  /**
   * The construct whose synthesis checks it, since props or functions of a team can break it; or whose template a test holds to it, where
   * both are ours.
   */
  readonly of: string;
  /** Whether no prop can break it. */
  readonly isFixed?: boolean;
  readonly shorter: string;
  readonly longer: string;
  /** What happens otherwise. */
  readonly otherwise: string;
}

/**
 * The relations of times, each stated once: those that a team's own props and functions can break, and those between our own. Shown in
 * docs/reliability.md.
 */
export const timeRelations = {
  leaseInFunction: {
    of: 'IdempotentConsumer',
    shorter: "a wrapped handler's lease: `handlerTimeout` and 5 seconds",
    longer: "the timeout of the function that reads the queue (Lambda's default: 3 seconds)",
    otherwise: 'the handler is never called, and every event goes to the dead-letter queue',
  },
  functionInVisibility: {
    of: 'IdempotentConsumer',
    shorter: 'the timeout of the function that reads the queue',
    longer: "the queue's visibility: two times two leases and 5 seconds",
    otherwise: 'a message is delivered again while the function still works on it, and Lambda refuses the event source mapping',
  },
  functionInHandler: {
    of: 'IdempotentConsumer',
    shorter: "the called handler's own timeout",
    longer: '`handlerTimeout`',
    otherwise: 'a second attempt begins while the first runs',
  },
  alarmInTask: {
    of: 'StuckApprovalAlarm',
    shorter: '`threshold` or `escalationThreshold`, and `interval`',
    longer: 'the timeout of a task that waits, and that of its state machine',
    otherwise: 'the alarm could never rise',
  },
  approvalInMachine: {
    of: 'ApprovalGate',
    shorter: "a task's `expiry` and 15 minutes",
    longer: 'the timeout of its state machine',
    otherwise: 'the execution ends while people may still decide, and nothing is told of it',
  },
  escalationInExpiry: {
    of: 'ApprovalGate',
    shorter: '`escalateAfter`',
    longer: '`expiry`, less a second',
    otherwise: 'an approval expires before it is escalated',
  },
  sweepsInHeartbeat: {
    of: 'ApprovalGate',
    shorter: 'five sweeps, one a minute',
    longer: '`heartbeatTimeout`',
    otherwise: 'a sweep that fails once ends executions that wait',
  },
  publisherInFunction: {
    of: 'CrossRegionEventMesh',
    shorter: 'the time for which `createPublisher` tries, and then writes dead letters: 10 seconds',
    longer: "the timeout of the function that publishes (Lambda's default: 3 seconds)",
    otherwise: 'the function ends before it has put what it could not send into the dead-letter queue',
  },
  lettersInInbox: {
    of: 'IdempotentConsumer',
    shorter: "a dead letter's 14 days, and one for what is under way",
    longer: '`remember`',
    otherwise: 'an event that is redriven late has its effect twice',
  },
  recordsInStream: {
    of: 'LedgerOutbox',
    shorter: '`maxRecordAge`, and four hours to redrive in',
    longer: "the stream's 24 hours",
    otherwise: 'a range that is given up is gone before anybody can publish it again',
  },
  requestInLease: {
    of: 'PaymentRegions.homeRegion',
    shorter: 'the longest request of a home, 6 seconds, and one',
    longer: '`lease`',
    otherwise: 'a request would still write when another region is home',
  },
  recoveryInTarget: {
    of: 'RecoveryBudget',
    shorter: '`healthCheckInterval` x `failureThreshold`, 6 seconds, `recordTtl` and `margin`',
    longer: '`target`',
    otherwise: 'callers are away later than promised',
  },
  weightedInRecovery: {
    of: 'WeightedRecords',
    shorter: "the weighted records' `recordTtl`",
    longer: "`recovery.recordTtl` of each region's API in the same app",
    otherwise: 'callers are away later than `RecoveryBudget` says, also after the cutover',
  },
  decisionInRequest: {
    of: 'ActiveActivePaymentsApi',
    shorter: '`decision.timeout`',
    longer: "half of a request's deadline; 2 seconds in `HOME_REGION`",
    otherwise: 'no time is left to hold what was approved',
  },
  requestInFunction: {
    of: 'ActiveActivePaymentsApi',
    isFixed: true,
    shorter: "a request's deadline, 10 seconds; 5 in `HOME_REGION`",
    longer: "its function's timeout, 15 seconds; 6 in `HOME_REGION`",
    otherwise: 'the function is ended before it can answer that it is not sure',
  },
  functionInGateway: {
    of: 'ActiveActivePaymentsApi',
    isFixed: true,
    shorter: "a function's timeout",
    longer: "its integration's in API Gateway, which is at most 29 seconds",
    otherwise: 'API Gateway answers 504 while the payment may still be made',
  },
  sweepInPeriod: {
    of: 'ApprovalGate',
    isFixed: true,
    shorter: 'the timeout of a sweep, 55 seconds',
    longer: 'its period, a minute',
    otherwise: 'two sweeps work at once',
  },
  batchInVisibility: {
    of: 'LedgerOutbox',
    isFixed: true,
    shorter: "a batch's window and the function's timeout",
    longer: 'the visibility of the queue of hints',
    otherwise: 'hints are worked on twice at once',
  },
} as const satisfies Readonly<Record<string, TimeRelation>>;

/** The two sides in seconds; undefined where one is known at deployment alone. */
export interface MeasuredTimes {
  readonly shorter: number | undefined;
  readonly longer: number | undefined;
}

/** What is wrong with two times; undefined when they stand right, or cannot be known. */
export function relationProblem(
  relation: TimeRelation,
  prop: string,
  { shorter, longer }: MeasuredTimes,
  mend: string,
): PropProblem | undefined {
  if (shorter === undefined || longer === undefined || shorter <= longer) return undefined;
  return {
    prop,
    given: `${relation.shorter}, ${shorter} s, against ${relation.longer}, ${longer} s`,
    allowed: `the first at most as long as the second; otherwise ${relation.otherwise}`,
    mend,
  };
}

/** As a line for a list of validation errors. */
export function relationMessages(...given: Parameters<typeof relationProblem>): string[] {
  const problem = relationProblem(...given);
  return problem ? [describeProblem(problem)] : [];
}
