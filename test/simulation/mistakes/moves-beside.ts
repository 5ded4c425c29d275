import type { Edit, Mistake } from './catalogue';

const ledger = (name: string, find: string, replace: string): Edit => ({ file: `ledger/protocol/${name}.service.ts`, find, replace });

const capture = 'a capture, somebody who reads, and a look after the account';
const refund = 'a refund, and a look after the account that is old enough to remove it';

/** Mistakes with moves whose two items are written at once: each with the scenario that finds it. */
export const movesBeside: readonly Mistake[] = [
  {
    name: 'a closed entry taken for a hold by who reads its payment',
    explored: capture,
    edits: [ledger('find', "if (entry?.kind !== 'closed') return", 'if (entry) return')],
  },
  {
    name: "a payment read without the refund that its account has decided, in the item's own words",
    explored: refund,
    edits: [ledger('find', 'if (closure && !pending) return payment;', 'if (closure) return payment;')],
  },
  {
    name: 'lines without the moves that only the account shows',
    explored: capture,
    edits: [ledger('reading', 'isFirst: lags(attempt)', 'isFirst: false')],
  },
  {
    name: 'a refund trimmed before its payment shows it, and passed over by who reads',
    explored: refund,
    edits: [
      ledger('trim', 'return moveOf(own).outcome !== undefined && isShownToo;', 'return moveOf(own).outcome !== undefined;'),
      ledger('find', "return item !== undefined && isMove(item) && moveOf(item).outcome?.status === 'DONE';", 'return false;'),
    ],
  },
  {
    name: 'a refund trimmed before its own item is complete',
    explored: 'two attempts of one refund, and a look after the account that is old enough to remove it',
    edits: [ledger('trim', 'return moveOf(own).outcome !== undefined && isShownToo;', 'return isShownToo;')],
  },
  {
    name: 'a capture trimmed before its payment shows it',
    explored: capture,
    edits: [ledger('trim', 'return payment.closure !== undefined && (!entry.late', 'return (!entry.late')],
  },
  {
    name: 'a payment shown as it was, when its entry went between the two reads',
    explored: capture,
    edits: [ledger('find', 'if (shown) return shown;', 'if (shown || payment.amount > 0) return shown ?? payment;')],
  },
  {
    name: 'a capture answered from its own item, which its payment does not show yet',
    explored: 'two attempts of one capture',
    edits: [ledger('move', 'if (claim.outcome && lags(attempt) && isLeft) {', 'if (claim.outcome && !lags(attempt) && isLeft) {')],
  },
  {
    name: 'a refund answered while its payment is still written to',
    explored: 'two attempts of one refund',
    edits: [
      ledger(
        'finish',
        'const [decision] = await bothOf(completeMove(attempt, claim, after), show());\n  return decision;',
        'void show();\n  return completeMove(attempt, claim, after);',
      ),
    ],
  },
];
