import type { Definition } from '../../local/stepfunctions/definition';
import { Execution, type TaskToken } from '../../local/stepfunctions/execution';
import { StateFault, type Json } from '../../local/stepfunctions/paths';

/** What a machine meets that is run with a clock of the test's own. */
export interface AslHost {
  /** Answers a function that is called. Throws an error whose `name` is the error's name in the machine. */
  readonly call: (functionName: string, payload: Json) => Promise<unknown>;
  /** Answers a task that waits for its token, in the same way. */
  readonly answer: (payload: Json) => Promise<unknown>;
  readonly nowMs: () => number;
  readonly wait: (ms: number) => void;
  readonly executionId: string;
}

export interface AslResult {
  readonly status: string;
  readonly output: any;
  readonly error?: string;
  readonly cause?: string;
  /** Events that Step Functions would have in the history. */
  readonly events: number;
  readonly visited: readonly string[];
}

/** Runs a definition by the local run's interpreter. No time limit of a task ends it: what takes long here moves the clock itself. */
export async function runAsl(definition: Definition, input: Json, host: AslHost): Promise<AslResult> {
  const opened: TaskToken[] = [];
  const execution = new Execution({
    arn: host.executionId,
    name: host.executionId.split(':').pop()!,
    machine: { arn: 'arn:machine', name: 'machine', roleArn: 'arn:role', definition },
    input,
    opened: (token) => opened.push(token),
    ended: () => undefined,
    ports: {
      now: host.nowMs,
      random: () => 1,
      regionBackAt: () => 0,
      regionRuns: async () => undefined,
      timers: { sleep: async (ms) => host.wait(ms), every: () => () => undefined },
      invoke: async (functionName, payload) => {
        const token = opened.pop();
        if (!token) return faulting(() => host.call(functionName, payload));
        token.settle(
          await faulting(() => host.answer(payload)).then(
            (output) => ({ output }),
            (fault: StateFault) => fault,
          ),
        );
        return {};
      },
    },
  });
  await execution.run();
  const { status, output, error, cause, history } = execution;
  const visited = history.events(true).flatMap((event) => (event.stateEnteredEventDetails as { name: string } | undefined)?.name ?? []);
  return { status, output: output ?? execution.data, error, cause, events: history.size, visited };
}

/** As a function answers: by JSON, or by an error that has a name. */
async function faulting(work: () => Promise<unknown>): Promise<Json> {
  try {
    return JSON.parse(JSON.stringify((await work()) ?? null));
  } catch (error) {
    throw new StateFault((error as Error).name, (error as Error).message);
  }
}
