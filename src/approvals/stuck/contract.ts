import { EnvCodec } from '../../kernel/env';

/** Bundle of the sampler under `assets/`. */
export const stuckBundle = 'approvals/stuck/sampler';

/** Metrics in embedded metric format, with the dimensions of `ledgerMetrics`; the system is the state machine's name. */
export const stuckMetrics = {
  /** How long the oldest open token task has been waiting; 0 when there is none. */
  oldestAge: 'OldestApprovalAgeSeconds',
  open: 'OpenApprovals',
  /** One for each sample that saw everything. One that did not counts as none. */
  samples: 'ApprovalSamples',
} as const;

/** Environment of the sampler. */
export const stuckEnv = new EnvCodec(
  { stateMachineArn: 'STUCK_STATE_MACHINE_ARN', name: 'STUCK_NAME' },
  {
    /** JSON array of state names; absent: all token tasks. */
    states: 'STUCK_STATES',
  },
);

export const stuckLimits = {
  /** Pages of 1,000 running executions. */
  executionPages: 10,
  /** An execution's history has at most 25,000 events, in pages of 1,000. */
  historyPages: 25,
} as const;
