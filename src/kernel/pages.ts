/** A list whose pages lead round in a circle: whoever follows them would read for ever. */
export class PagesRepeat extends Error {
  constructor(list: string) {
    super(
      `the pages of ${list} do not end: a page names a next one that was read before. Nothing was concluded from them: try again, ` +
        `and report it to who answers so`,
    );
    this.name = 'PagesRepeat';
  }
}

/**
 * Follows a list's cursors, which it passes on: where the next page begins, or undefined behind the last one. Throws `PagesRepeat` once
 * they go round, after at most three rounds and with one cursor in memory (Brent's way of finding a cycle).
 *
 * @param list what is read, for the message
 */
export function onwards<C>(list: string): (cursor: C | undefined) => C | undefined {
  let kept: string | undefined;
  let steps = 0;
  let keepAt = 1;
  return (cursor) => {
    if (cursor === undefined) return undefined;
    const text = JSON.stringify(cursor);
    if (text === kept) throw new PagesRepeat(list);
    steps += 1;
    if (steps === keepAt) {
      kept = text;
      keepAt *= 2;
    }
    return cursor;
  };
}
