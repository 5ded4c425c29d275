import { SeenCall } from './model';

/** No answer from the region for so long: it is left for good, not by chance. */
export const quietMs = 5_000;

/**
 * When each caller was away from the region: the end of its first call elsewhere after the last one that the region answered. Undefined
 * while one of them is not, or not for long enough.
 *
 * @param sinceMs when the region was taken out of service
 */
export function leftAt(calls: readonly SeenCall[], region: string, callers: number, sinceMs: number, nowMs: number): number | undefined {
  const left: number[] = [];
  for (let caller = 0; caller < callers; caller += 1) {
    const own = calls.filter((call) => call.caller === caller && call.answered && call.endedMs >= sinceMs);
    const last = Math.max(sinceMs, ...own.filter((call) => call.region === region).map(({ endedMs }) => endedMs));
    const away = own.filter((call) => call.region !== region && call.endedMs > last).map(({ endedMs }) => endedMs);
    if (away.length === 0 || nowMs - last < quietMs) return undefined;
    left.push(Math.min(...away));
  }
  return Math.max(...left);
}
