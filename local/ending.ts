import v8 from 'node:v8';
import { LocalRunError } from './ground/failure';

/** How a command that starts a local run comes to its end. */
export interface Ending {
  /** Settles with the reason when somebody wants the run to end. A second signal while it ends changes nothing. */
  readonly requested: Promise<string>;
  /** Aborted at the same time. */
  readonly signal: AbortSignal;
}

/**
 * Runs a command and ends the process with its exit code, or with one line of what the user can mend.
 *
 * @param codeWhenEnded exit code when the end was asked for before there was a run to end
 */
export function runCommand(main: (ending: Ending) => Promise<number>, codeWhenEnded: number): void {
  // The run's own heap would take what is free on the machine, a hundred megabytes more than it holds.
  v8.setFlagsFromString('--optimize-for-size');
  const abort = new AbortController();
  const requested = new Promise<string>((settle) => {
    const resolve = (reason: string): void => {
      abort.abort();
      settle(reason);
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve(signal));
  });
  // What fails after the end was asked for is only its consequence: requests that were under way find nobody.
  process.on('uncaughtException', (error) => {
    if (!abort.signal.aborted) fail(error);
  });
  main({ requested, signal: abort.signal }).then(
    (code) => process.exit(code),
    (error: unknown) => (abort.signal.aborted ? process.exit(codeWhenEnded) : fail(error)),
  );
}

/** What the user can mend is one line; anything else is a defect and needs its stack. */
function fail(error: unknown): never {
  process.stderr.write(`${error instanceof LocalRunError ? error.message : (error as Error).stack}\n`);
  process.exit(1);
}
