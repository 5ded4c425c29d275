import type { State } from './definition';
import { StateFault } from './paths';
import { causeOf } from '../../src/kernel/cause';

/** What was thrown, by the name that Retry and Catch know. */
export function faultOf(thrown: unknown): StateFault {
  return thrown instanceof StateFault ? thrown : new StateFault('States.Runtime', causeOf(thrown));
}

/** Faults that nothing catches in general. */
const notCaught = new Set(['States.DataLimitExceeded', 'States.Runtime']);

/** Whether a Retry or a Catch is for an error. */
export function matches({ ErrorEquals }: State, error: string): boolean {
  const names = ErrorEquals as string[];
  if (names.includes(error)) return true;
  if (names.includes('States.ALL')) return !notCaught.has(error);
  if (error === 'States.HeartbeatTimeout' && names.includes('States.Timeout')) return true;
  return names.includes('States.TaskFailed') && error !== 'States.Timeout' && error !== 'States.HeartbeatTimeout' && !notCaught.has(error);
}
