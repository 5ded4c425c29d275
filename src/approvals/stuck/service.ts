import { HistoryEvent, openTasks } from './domain';

/** An execution that runs. */
export interface RunningExecution {
  readonly arn: string;
  readonly startedMs: number;
}

export interface SamplerPorts {
  /** Running executions, and whether these are all of them. */
  readonly running: () => Promise<{ readonly executions: readonly RunningExecution[]; readonly all: boolean }>;
  /** The whole history; undefined when the execution is gone. */
  readonly history: (arn: string) => Promise<readonly HistoryEvent[] | undefined>;
  readonly nowMs: () => number;
  /** Something could not be read. */
  readonly fault: (execution: string, thrown: unknown) => void;
}

/** What a sample found. */
export interface Sample {
  readonly running: number;
  readonly open: number;
  readonly oldestAgeSeconds: number;
  /** Where the oldest one waits. */
  readonly oldest?: { readonly execution: string; readonly state: string };
  /** Whether everything that runs was seen. The age is the least that it can be otherwise. */
  readonly complete: boolean;
}

/** Looks at what runs, the oldest first: whoever runs out of time has seen those that matter most. */
export async function sampleApprovals(ports: SamplerPorts, states: readonly string[] | undefined, deadlineMs: number): Promise<Sample> {
  const { executions, all } = await ports.running();
  let complete = all;
  let open = 0;
  let oldest: { readonly execution: string; readonly state: string; readonly sinceMs: number } | undefined;
  for (const { arn } of [...executions].sort((a, b) => a.startedMs - b.startedMs)) {
    if (ports.nowMs() >= deadlineMs) {
      complete = false;
      break;
    }
    const events = await ports.history(arn).catch((thrown: unknown) => {
      ports.fault(arn, thrown);
      complete = false;
      return undefined;
    });
    const tasks = openTasks(events ?? []).filter(({ state }) => states === undefined || states.includes(state));
    open += tasks.length;
    for (const { state, sinceMs } of tasks) {
      if (oldest === undefined || sinceMs < oldest.sinceMs) oldest = { execution: arn, state, sinceMs };
    }
  }
  const oldestAgeSeconds = oldest === undefined ? 0 : Math.max(0, Math.floor((ports.nowMs() - oldest.sinceMs) / 1000));
  return {
    running: executions.length,
    open,
    oldestAgeSeconds,
    ...(oldest ? { oldest: { execution: oldest.execution, state: oldest.state } } : {}),
    complete,
  };
}
