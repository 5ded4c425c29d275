/** Undefined where AWS says that there is no such thing; every other error is one. */
export async function unlessAbsent<T>(absent: new (...args: never[]) => Error, ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof absent) return undefined;
    throw error;
  }
}
