import { AccountBooks } from './books';
import { LostKeys } from './lost-keys';
import { LedgerLine, Payment } from '../../../src/ledger/model';
import { describeOperation, History, Intent, isFinal, Violation } from '../history';

const sumOf = <T>(of: Iterable<T>, amount: (one: T) => number): number => [...of].reduce((sum, one) => sum + amount(one), 0);

/** Held and settled funds are those of the payments that can be read, no more and no less. */
export function checkBalances({ plan, account, payments, lines: listed }: AccountBooks, lost: LostKeys): Violation[] {
  const violations: Violation[] = [];
  const where = `${plan.tenant}/${plan.accountId}`;
  const all = [...payments.values()];
  // Of a payment whose key another account has, moves may be listed, and it is not.
  const shared = lost.shared(plan);
  const lines = listed.filter(({ paymentId }) => !shared.has(paymentId));
  const held = sumOf(
    all.filter(({ status }) => status === 'AUTHORISED'),
    ({ amount }) => amount,
  );
  const settled = sumOf(all, ({ captured, refunded }) => captured - refunded);
  if (account.available + account.held + account.settled !== plan.balance) {
    violations.push({ invariant: 'money is conserved', detail: `${where}: ${JSON.stringify(account)}, opened with ${plan.balance}` });
  }
  if (account.held !== held) {
    violations.push({ invariant: 'no phantom hold', detail: `${where}: ${account.held} held, its authorised payments are worth ${held}` });
  }
  const unanswered = lost.unanswered(plan);
  if (account.settled !== settled + unanswered) {
    violations.push({
      invariant: 'money moves once',
      detail: `${where}: ${account.settled} settled, its payments' captures less refunds are ${settled}, of lost keys ${unanswered}`,
    });
  }
  const total = (...types: LedgerLine['type'][]): number =>
    sumOf(
      lines.filter(({ type }) => types.includes(type)),
      ({ amount }) => amount,
    );
  const lineHeld = total('AUTHORISATION') - total('CAPTURE', 'RELEASE', 'VOID');
  const lineSettled = total('CAPTURE') - total('REFUND');
  if (lineHeld !== held || lineSettled !== settled) {
    violations.push({
      invariant: 'lines add up',
      detail: `${where}: lines give ${lineHeld} held and ${lineSettled} settled, payments ${held} and ${settled}`,
    });
  }
  for (const [paymentId, count] of countBy(lines.filter(({ type }) => type === 'AUTHORISATION'))) {
    if (count > 1) violations.push({ invariant: 'one debit per key', detail: `${where}: ${paymentId} was authorised ${count} times` });
  }
  return violations;
}

function countBy(lines: readonly LedgerLine[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { paymentId } of lines) counts.set(paymentId, (counts.get(paymentId) ?? 0) + 1);
  return counts;
}

interface Strictness {
  /** Reads show what was answered before. */
  readonly fresh: boolean;
  /** Whose answers stay to the letter, times and places too; of the others what they say was done. */
  readonly toTheLetter: (intent: Intent) => boolean;
}

/** What was answered is found at the end, in the same or a later state; each payment's history is a legal one. */
export function checkHistories({ plan, payments }: AccountBooks, history: History, { fresh, toTheLetter }: Strictness): Violation[] {
  const ours = history.of(plan);
  // Who reads a key's payment may find that another request for another account was first.
  const isOthers = (intent: Intent, { accountId }: Payment): boolean =>
    intent.operation.kind === 'readPayment' && accountId !== plan.accountId;
  const seen = ours.flatMap((intent) =>
    intent.answers.flatMap(({ outcome }) =>
      'payment' in outcome && !isOthers(intent, outcome.payment) ? [{ intent, payment: outcome.payment }] : [],
    ),
  );
  return [
    ...seen.flatMap(({ intent, payment }) => checkStays(intent, payment, payments.get(payment.paymentId), toTheLetter(intent))),
    // Of all accounts: who was answered for one may move a payment that is another's now, its key having been lost.
    ...[...payments.values()].flatMap((payment) => [...checkLegal(payment), ...checkMoves(payment, history.movesOf(payment.paymentId))]),
    ...(fresh ? checkFreshness(ours) : []),
  ];
}

function checkStays(intent: Intent, answered: Payment, found: Payment | undefined, toTheLetter: boolean): Violation[] {
  const problem = (detail: string): Violation[] => [
    { payment: answered.paymentId, invariant: 'what was answered stays', detail: `${describeOperation(intent)}: ${detail}` },
  ];
  if (!found) return problem(`${answered.paymentId} was answered ${answered.status} and cannot be found`);
  if ((answered.status === 'DECLINED') !== (found.status === 'DECLINED')) {
    return problem(`answered ${answered.status}, found ${found.status}`);
  }
  const prefix = answered.operations.every(({ type, amount, at, region }, place) => {
    const now = found.operations.at(place);
    return now?.type === type && now.amount === amount && (!toTheLetter || (now.at === at && now.region === region));
  });
  if (!prefix || found.amount !== answered.amount) {
    return problem(`answered ${JSON.stringify(answered.operations)}, found ${JSON.stringify(found.operations)}`);
  }
  return checkLegal(answered);
}

/** A payment by itself: one capture or void, first; refunds within what was captured; a status that says what its moves did. */
function checkLegal(payment: Payment): Violation[] {
  const { amount, captured, refunded, operations, status, paymentId } = payment;
  const of = (type: string): number =>
    sumOf(
      operations.filter((move) => move.type === type),
      (move) => move.amount,
    );
  const closings = operations.filter(({ type }) => type !== 'REFUND');
  const expected =
    status === 'DECLINED'
      ? 'DECLINED'
      : closings.length === 0
        ? 'AUTHORISED'
        : closings[0].type === 'VOID'
          ? 'VOIDED'
          : refunded === 0
            ? 'CAPTURED'
            : refunded < captured
              ? 'PARTIALLY_REFUNDED'
              : 'REFUNDED';
  const legal =
    closings.length <= 1 &&
    (closings.length === 0 || operations[0] === closings[0]) &&
    captured === of('CAPTURE') &&
    refunded === of('REFUND') &&
    captured <= amount &&
    refunded <= captured &&
    status === expected &&
    (status !== 'DECLINED' || operations.length === 0);
  return legal ? [] : [{ payment: paymentId, invariant: 'legal histories', detail: `${paymentId}: ${JSON.stringify(payment)}` }];
}

/** The payment's operations are the moves that were answered with success, and each answer shows the payment right after its own. */
function checkMoves(payment: Payment, intents: readonly Intent[]): Violation[] {
  const lengths = intents
    .flatMap(({ answers }) => {
      const done = answers.find(({ outcome }) => outcome.kind === 'answered');
      if (!done || !('payment' in done.outcome) || done.outcome.payment.accountId !== payment.accountId) return [];
      return [done.outcome.payment.operations.length];
    })
    .sort((one, other) => one - other);
  const unanswered = intents.filter(({ answers }) => !answers.some(({ outcome }) => isFinal(outcome))).length;
  const distinct = new Set(lengths).size === lengths.length && !lengths.includes(0);
  const extra = payment.operations.length - lengths.length;
  const fits = distinct && extra >= 0 && extra <= unanswered;
  return fits
    ? []
    : [
        {
          payment: payment.paymentId,
          invariant: 'money moves once',
          detail:
            `${payment.paymentId} shows ${payment.operations.length} operations; moves answered with success: ${lengths.length} ` +
            `(after ${lengths.join(', ')} operations), not answered: ${unanswered}`,
        },
      ];
}

/**
 * Who asks after an answer sees at least what that answer showed: payments never go back. The release before is excused, for it reads a
 * payment's item alone, also where that lags behind a completed move.
 */
function checkFreshness(intents: readonly Intent[]): Violation[] {
  const answers = intents.flatMap((intent) => intent.answers);
  const known = new Map<string, { readonly step: number; readonly payment: Payment }[]>();
  for (const { outcome, step } of answers) {
    if (!('payment' in outcome)) continue;
    const { payment } = outcome;
    const others = known.get(payment.paymentId);
    if (others) others.push({ step, payment });
    else known.set(payment.paymentId, [{ step, payment }]);
  }
  return intents
    .filter(({ operation }) => operation.kind === 'readPayment')
    .flatMap((intent) =>
      intent.answers.flatMap(({ outcome, sentStep, older: byTheReleaseBefore }) => {
        if (byTheReleaseBefore || outcome.kind !== 'found' || !('payment' in outcome)) return [];
        const { payment } = outcome;
        const shown = payment.operations.length;
        const older = known.get(payment.paymentId)?.find((one) => one.step < sentStep && one.payment.operations.length > shown);
        return older
          ? [
              {
                invariant: 'what was answered stays',
                detail: `${describeOperation(intent)}: shows ${shown} operations, an earlier answer ${older.payment.operations.length}`,
              },
            ]
          : [];
      }),
    );
}
