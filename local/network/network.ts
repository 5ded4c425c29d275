import type { RegionHandle } from '../ground/model';

/** What the proxies need to know of a region's emulator; every `RegionHandle` has it. */
export type EngineAddress = Pick<RegionHandle, 'engineSocket' | 'state' | 'lastStoppedAt' | 'lastResumedAt'>;

/**
 * The engines of the run, by region; the witness's is one of them. A proxy starts before its engine, so addresses are asked for at each
 * call.
 */
export interface EngineDirectory {
  /** Undefined: the run has no engine for this region, or it was not started yet. */
  engine(region: string): EngineAddress | undefined;
}

/** Where data is: a process of the run, and the region under which that process keeps it. */
export interface Place {
  /** Key in the `EngineDirectory`. */
  readonly engine: string;
  readonly region: string;
}

/** A region's own process. */
export function placeOf(region: string): Place {
  return { engine: region, region };
}

export const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
