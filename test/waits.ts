/** By the timers of the test, which may be jest's own. */
const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

/** How long, and how often, a test looks. */
export interface Patience {
  /** The longest wait in milliseconds. A slow machine needs it, a fast one does not: 10,000 by default. */
  readonly withinMs?: number;
  /** Milliseconds between two looks, 25 by default. */
  readonly everyMs?: number;
  /** What stands beside the thing that did not come, for the message. */
  readonly beside?: () => unknown;
}

/**
 * Looks again and again until there is something, and returns it. A wait of a fixed time would be too long on most machines, and too
 * short on the slowest.
 *
 * @param what is waited for, for the message
 * @param look returns undefined, null or false as long as it is not there
 */
export async function until<T>(
  what: string,
  look: () => T | undefined | null | false | Promise<T | undefined | null | false>,
  { withinMs = 10_000, everyMs = 25, beside }: Patience = {},
): Promise<T> {
  for (const deadline = Date.now() + withinMs; ;) {
    const there = await look();
    if (there !== undefined && there !== null && there !== false) return there;
    if (Date.now() > deadline) {
      throw new Error(`not within ${withinMs} ms: ${what}${beside === undefined ? '' : `; ${JSON.stringify(await beside())}`}`);
    }
    await sleep(everyMs);
  }
}

/**
 * Lets time pass, where there is nothing to look for: something must not come, or goes on for a while.
 *
 * @param why time has to pass; it stands here so that a reader can judge it
 */
export async function timePasses(ms: number, why: string): Promise<void> {
  if (why === '') throw new Error('say why time has to pass');
  await sleep(ms);
}
