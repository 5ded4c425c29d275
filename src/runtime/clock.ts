/** Time as Lambda has it: what services take as their clock. */
export const clock = { nowMs: Date.now, sleep: (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms)) };
