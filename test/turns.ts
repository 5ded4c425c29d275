/**
 * Counts the turns of a loop that ends by what the code under test says. When it does not end, the test fails and says what went on and on;
 * without this it would hang, and the whole suite with it, without a word.
 *
 * @param what is done in the loop, for the message
 */
export function turns(what: string, most = 2_000): () => void {
  let done = 0;
  return () => {
    done += 1;
    if (done > most) {
      throw new Error(
        `${what}: not over after ${most} turns. Look at what should end it: a cursor that repeats, a queue that is never empty, a ` +
          `state that never comes`,
      );
    }
  };
}
