import type { Edit, Mistake } from './catalogue';

const ledger = (name: string, find: string, replace: string): Edit => ({ file: `ledger/protocol/${name}.service.ts`, find, replace });

/** Mistakes that show when many call at once on one account, or when they have: an open load meets them. No answer is wrong for them. */
export const openLoad: readonly Mistake[] = (
  [
    {
      name: 'a refused removal that is not tried in parts',
      edits: [ledger('trim', 'for (const choose of [all, steady, older, older]) {', 'for (const choose of [all]) {')],
    },
    {
      name: "a call that gives up at the first conflict with another region's write",
      edits: [ledger('attempt', "if (error.fault !== 'throttled') triesLeft -= 1;", "if (error.fault === 'conflict') triesLeft = 0;")],
    },
    {
      name: 'a look in a new epoch that makes nothing its own of what was carried over',
      table: 'HOME',
      payments: 60,
      edits: [ledger('trim', 'await takeOver(attempt, [...seen.values()].filter(isPlainCopy));', '')],
    },
    {
      name: 'a look that asks no other region, however many entries may go',
      table: 'HOME',
      payments: 60,
      edits: [ledger('trim', 'asked.length >= bounds.askFrom ||', '')],
    },
  ] satisfies Mistake[]
).map((mistake): Mistake => ({ ...mistake, modes: ['LIVENESS'] }));
