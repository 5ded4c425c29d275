/** How an execution waits. */
export interface Timers {
  /** For a time, or for a part of it. */
  readonly sleep: (ms: number) => Promise<void>;
  /** Looks again and again, until the returned function is called. */
  readonly every: (ms: number, look: () => void) => () => void;
}

/** Longest time between two looks at a deadline, milliseconds. */
export const lookMs = 250;

/** By the machine's own clock. */
export const timers: Timers = {
  sleep: (ms) =>
    new Promise((resolve) => {
      setTimeout(resolve, Math.min(ms, lookMs));
    }),
  every: (ms, look) => {
    const timer = setInterval(look, ms);
    return () => clearInterval(timer);
  },
};
