import type { Edit, Mistake } from './catalogue';

const ledger = (name: string, find: string, replace: string): Edit => ({ file: `ledger/protocol/${name}.service.ts`, find, replace });

const twoAttempts = 'two attempts of one capture of a hold that has left, and a look after the account that is old enough to remove it';

/** Mistakes with holds that leave their accounts. Each with the scenario that finds it, where chance alone would take long. */
export const leaving: readonly Mistake[] = [
  {
    name: 'a hold that leaves its account before its payment says that it is authorised',
    explored: 'an attempt and a look after the account',
    edits: [ledger('trim', "if (isHold(entry)) return payment.outcome?.status === 'AUTHORISED';", 'if (isHold(entry)) return true;')],
  },
  {
    name: 'a closure decided on a payment whose hold may still stand on its account',
    explored: 'a capture and a void of a hold that may have left',
    edits: [ledger('closing', 'if (payment.released) return decideOnPayment', 'if (claim.type === "VOID") return decideOnPayment')],
  },
  {
    name: 'a closure that its account takes as often as it is sent',
    explored: 'two attempts of one capture of a hold that has left',
    edits: [
      ledger(
        'closing',
        "{ test: 'absent', path: ['entries', id] }, { test: 'below', path: ['trimmedThrough'], value: dueAt },",
        "{ test: 'below', path: ['trimmedThrough'], value: dueAt },",
      ),
    ],
  },
  {
    name: 'a closure that its account takes again when its entry has gone',
    explored: twoAttempts,
    edits: [
      ledger(
        'closing',
        "{ test: 'absent', path: ['entries', id] }, { test: 'below', path: ['trimmedThrough'], value: dueAt },",
        "{ test: 'absent', path: ['entries', id] },",
      ),
    ],
  },
  {
    name: 'a closure dated again that has come to its account and gone',
    explored: twoAttempts,
    edits: [ledger('closing', 'if (await isApplied(attempt, payment.closure!, account)) {', 'if (payment.amount < 0) {')],
  },
  {
    name: 'a closure dated again by each that wants to',
    edits: [ledger('closing', "require: [{ test: 'equals', path: ['dueAt'], value: dueAt }],", 'require: [],')],
  },
  {
    name: 'a closure trimmed before its own item tells that the account has taken it',
    explored: twoAttempts,
    edits: [ledger('trim', '(!entry.late || isDone(items.get(entry.closure.by)))', 'entry.amount > 0')],
  },
  {
    name: 'a closure told as done before its account has taken it',
    explored: 'a capture and a void of a hold that has left',
    edits: [ledger('move', 'const applied = isShown ? await takeToAccount(attempt, payment) : payment;', 'const applied = payment;')],
  },
  {
    name: "a refund refused as not captured without the payment's turn",
    explored: 'two attempts of one refund, and a capture of a hold that has left',
    edits: [
      ledger(
        'refund',
        'if (payment.released) return takeRefusal(attempt, claim, payment);',
        'if (payment.released) return refuseUncaptured(attempt, claim);',
      ),
    ],
  },
  {
    name: 'a hold told as gone by a copy of its account from before it came',
    edits: [ledger('find', 'return !entry && isBehind(account, entryDateOf(known)) ?', 'return !entry ?')],
  },
  {
    name: 'a claim dated again of which the release before says all the same that it has expired',
    rolling: true,
    payments: 60,
    edits: [ledger('dates', "[['kind'], kinds[kind][1]],", '')],
  },
  { name: 'a claim dated again whose hold has come and gone', edits: [ledger('dates', "{ test: 'absent', path: ['outcome'] },", '')] },
];

/** Mistakes that who reads meets in a moment of two requests: chance does not find them soon. */
export const leavingByOrder: readonly Mistake[] = [
  {
    name: 'a closure shown to who reads before its account has taken it',
    explored: 'a capture of a hold that has left, and a refund of it',
    edits: [
      ledger('find', 'return isThere ? { ...payment, applied: true } :', 'return payment.amount > 0 ? { ...payment, applied: true } :'),
    ],
  },
  {
    name: 'lines of a closure that its account has not taken',
    explored: 'a capture of a hold that has left, and a refund of it',
    edits: [ledger('reading', 'isDue ? taken(move) : payment', 'payment')],
  },
  {
    name: 'a refund of a capture that its account has not taken',
    explored: 'a capture of a hold that has left, and a refund of it',
    edits: [ledger('refund', 'payment = await takeToAccount(attempt, payment);', 'payment = { ...payment, applied: true };')],
  },
  {
    name: 'a refund that another attempt has completed answered before its payment shows it',
    explored: 'two attempts of one refund, which come behind the watermark, and a capture',
    edits: [ledger('refund', "if (decision.status === 'DONE') await showRefund", "if (decision.status === 'REFUSED') await showRefund")],
  },
];
