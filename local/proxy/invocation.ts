import { EngineAddress } from '../network/network';

/** How long after a region's return its emulator needs to end the functions that outlived their timeout. */
const endedWithinMs = 5_000;

/** Seconds of its root are the only clock that a trace ID carries; what began in the second of the stop began before it. */
const traceRoot = /Root=1-([0-9a-f]{8})-[0-9a-f]{24}/i;

/** When the invocation began that a call comes from, epoch milliseconds, from the trace ID that Lambda gave it. */
export function invocationStart(traceHeader: string | undefined): number | undefined {
  const seconds = traceRoot.exec(traceHeader ?? '')?.[1];
  return seconds === undefined ? undefined : parseInt(seconds, 16) * 1000;
}

/**
 * Whether AWS would have ended the invocation by now: it was running when its region stopped, and its function's timeout is
 * over. A frozen function knows nothing of that and goes on when it thaws; what it still wants to write comes too late. Only shortly
 * after the return: the emulator ends such functions by then, and whoever goes on with a trace that began earlier is none of them.
 */
export function outlivedItsTimeout(
  started: number,
  timeoutMs: number,
  region: Pick<EngineAddress, 'lastStoppedAt' | 'lastResumedAt'>,
  now: number,
): boolean {
  const stopped = region.lastStoppedAt;
  if (region.lastResumedAt !== undefined && now > region.lastResumedAt + endedWithinMs) return false;
  if (stopped === undefined || started > stopped || started < stopped - timeoutMs - 1000) return false;
  return now > started + 1000 + timeoutMs;
}

/** The longest timeout of a function on AWS, milliseconds: what is older has ended whatever its function's own timeout was. */
export const longestTimeoutMs = 900_000;
