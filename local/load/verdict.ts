import { sameAnswer } from '../../src/scenario/figures.domain';
import type { AccountLine as Line } from '../../src/scenario/model';

/** A final answer: one that asks for no further try. */
export interface Answered {
  readonly status: number;
  readonly text: string;
  readonly body: any;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** One idempotency key and all that its callers were told. */
export interface Asked {
  readonly key: string;
  readonly kind: 'payment' | 'capture' | 'void' | 'refund';
  /** Of the payment itself, or of the payment that is moved. */
  readonly paymentKey: string;
  /** Minor units; a void has the payment's. */
  readonly amount: number;
  readonly answers: Answered[];
  /** Callers that gave up. */
  unanswered: number;
}

export interface Evidence {
  readonly asked: readonly Asked[];
  readonly linesByRegion: ReadonlyMap<string, readonly Line[]>;
  /** Accounts whose balances are not what their lines make, described. */
  readonly wrongBalances: readonly string[];
  /** Times, epoch milliseconds, in which an asynchronous copy may lack what was answered; none where copies are strong. */
  readonly lossWindows: readonly { readonly from: number; readonly to: number }[];
}

export interface Finding {
  readonly name: string;
  readonly ok: boolean;
  readonly value: string;
  readonly note?: string;
}

/** A payment with its moves. */
interface Group {
  readonly payment: Asked;
  readonly moves: readonly Asked[];
  readonly paymentId?: string;
}

/** What callers were told against what the ledgers show. Knows the contract, nothing of how it is kept. */
export function verdictOf(evidence: Evidence): readonly Finding[] {
  const groups = groupsOf(evidence.asked);
  const linesOfPayment = [...evidence.linesByRegion.values()].map(byPayment);
  const suspects = groups.filter((group) => !isConsistent(group, linesOfPayment));
  const excused = new Set(suspects.filter((group) => mayHaveBeenLost(group, evidence)));
  const judged = groups.filter((group) => !excused.has(group));
  const asked = judged.flatMap(({ payment, moves }) => [payment, ...moves]);
  const unanswered = evidence.asked.filter(({ unanswered: left, answers }) => left > 0 || answers.length === 0);
  const differing = asked.filter(({ answers }) => answers.some((answer) => !sameAnswer(answer, answers[0])));
  const strange = asked.filter((one) => one.answers.some((answer) => !isExpected(one, answer)));
  const excusedIds = new Set([...excused].flatMap(({ payment }) => paymentIdsOf(payment)));
  const keyOf = new Map(groups.flatMap(({ payment }) => paymentIdsOf(payment).map((id) => [id, payment.key])));
  const debits = [...evidence.linesByRegion.values()].map((lines) => mostDebits(lines, keyOf));
  const books = [...evidence.linesByRegion].map(([region, lines]) => {
    return {
      region,
      ...compare(
        judged,
        lines.filter(({ paymentId }) => !excusedIds.has(paymentId)),
      ),
    };
  });
  const lost = books.flatMap(({ region, missing }) => missing.map((line) => `${line} in ${region}`));
  const extra = books.flatMap(({ region, unasked }) => unasked.map((line) => `${line} in ${region}`));
  const none = (name: string, wrong: readonly string[], of: string): Finding => {
    return { name, ok: wrong.length === 0, value: `${wrong.length} of ${of}`, note: wrong.slice(0, 3).join('; ') };
  };
  return [
    none(
      'keys without an answer',
      unanswered.map(({ key }) => key),
      `${evidence.asked.length}`,
    ),
    none(
      'keys with more than one answer',
      differing.map(({ key, answers }) => `${key}: ${answersInWords(answers)}`),
      `${asked.length}`,
    ),
    none(
      'keys with an answer outside the contract',
      strange.map(({ key, answers }) => `${key}: ${answersInWords(answers)}`),
      `${asked.length}`,
    ),
    { name: 'debits per key, in each region', ok: debits.length > 0 && Math.max(...debits) <= 1, value: `max ${Math.max(0, ...debits)}` },
    none('answered and not in the ledger', lost, `${asked.length} keys`),
    none('in the ledger and never answered', extra, `${books.map(({ lines }) => lines).join(' and ')} lines`),
    none('balances that are not their lines', evidence.wrongBalances, `${evidence.linesByRegion.size} regions`),
    ...(evidence.lossWindows.length
      ? [{ name: 'payments lost before they had replicated', ok: true, value: `${excused.size} of ${groups.length}`, note: 'decided anew' }]
      : []),
  ];
}

function groupsOf(asked: readonly Asked[]): Group[] {
  const moves = new Map<string, Asked[]>();
  for (const one of asked.filter(({ kind }) => kind !== 'payment')) moves.set(one.paymentKey, [...(moves.get(one.paymentKey) ?? []), one]);
  return asked
    .filter(({ kind }) => kind === 'payment')
    .map((payment) => ({ payment, moves: moves.get(payment.key) ?? [], paymentId: paymentIdsOf(payment)[0] }));
}

function paymentIdsOf({ answers }: Asked): string[] {
  return [...new Set(answers.flatMap(({ body }) => (typeof body?.paymentId === 'string' ? [body.paymentId as string] : [])))];
}

function byPayment(lines: readonly Line[]): ReadonlyMap<string, readonly Line[]> {
  const groups = new Map<string, Line[]>();
  for (const line of lines) {
    const known = groups.get(line.paymentId);
    if (known) known.push(line);
    else groups.set(line.paymentId, [line]);
  }
  return groups;
}

function isConsistent(group: Group, linesOfPayment: readonly ReadonlyMap<string, readonly Line[]>[]): boolean {
  const same = [group.payment, ...group.moves].every((one) =>
    one.answers.every((answer) => sameAnswer(answer, one.answers[0]) && isExpected(one, answer)),
  );
  return (
    same &&
    linesOfPayment.every((lines) => {
      const { missing, unasked } = compare([group], lines.get(group.paymentId ?? '') ?? []);
      return missing.length === 0 && unasked.length === 0;
    })
  );
}

function mayHaveBeenLost({ payment, moves }: Group, { lossWindows }: Evidence): boolean {
  return lossWindows.some(({ from, to }) => [payment, ...moves].some(({ answers }) => answers.some(({ at }) => at >= from && at <= to)));
}

function isExpected({ kind }: Asked, { status, body }: Answered): boolean {
  if (kind === 'payment') return status === 201 && ['AUTHORISED', 'DECLINED'].includes(body?.status);
  // What is refused by state or amount is an answer too.
  return status === 200 || status === 409;
}

/** What the answers say the ledger holds, against what it holds; each line counts as often as it is there. */
function compare(groups: readonly Group[], lines: readonly Line[]): { missing: string[]; unasked: string[]; lines: number } {
  const count = new Map<string, number>();
  const add = (line: string, by: number): void => void count.set(line, (count.get(line) ?? 0) + by);
  groups.flatMap(linesOf).forEach((line) => add(line, 1));
  lines.forEach(({ paymentId, type, amount }) => add(`${type} ${amount} of ${paymentId}`, -1));
  const all = [...count];
  const those = (which: (left: number) => boolean): string[] => all.filter(([, left]) => which(left)).map(([line]) => line);
  return { missing: those((left) => left > 0), unasked: those((left) => left < 0), lines: lines.length };
}

function linesOf({ payment, moves, paymentId }: Group): string[] {
  if (!payment.answers.some(({ status, body }) => status === 201 && body?.status === 'AUTHORISED')) return [];
  const lines = [`AUTHORISATION ${payment.amount}`];
  for (const { kind, amount, answers } of moves) {
    if (!answers.some(({ status }) => status === 200)) continue;
    if (kind === 'capture') lines.push(`CAPTURE ${amount}`, ...(amount < payment.amount ? [`RELEASE ${payment.amount - amount}`] : []));
    if (kind === 'void') lines.push(`VOID ${payment.amount}`);
    if (kind === 'refund') lines.push(`REFUND ${amount}`);
  }
  return lines.map((line) => `${line} of ${paymentId}`);
}

/** Payments of one key count together; a payment that nobody was told of counts by itself. */
function mostDebits(lines: readonly Line[], keyOf: ReadonlyMap<string, string>): number {
  const debits = new Map<string, number>();
  let most = 0;
  for (const { paymentId } of lines.filter(({ type }) => type === 'AUTHORISATION')) {
    const key = keyOf.get(paymentId) ?? paymentId;
    const count = (debits.get(key) ?? 0) + 1;
    debits.set(key, count);
    most = Math.max(most, count);
  }
  return most;
}

function answersInWords(answers: readonly Answered[]): string {
  return [...new Set(answers.map(({ status, text }) => `${status} ${text.slice(0, 80)}`))].slice(0, 3).join(' | ');
}
