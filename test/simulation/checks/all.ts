import { checkAnswered, checkExpiry, checkFirstAnswers, checkNoDenial, checkOneAnswer, checkReuse } from './answers';
import { checkBalances, checkHistories } from './balances';
import { FinalBooks } from './books';
import { checkOrder } from './order';
import { History, Violation } from '../history';

export interface Evidence {
  readonly history: History;
  readonly books: FinalBooks;
  readonly mode: 'SAFETY' | 'LIVENESS';
  readonly faultsEndMs: number;
  readonly decides: boolean;
  readonly bounds: { readonly trimAfterUnderPressureMs: number; readonly movesPerPayment: number };
}

export interface Verdict {
  readonly violations: readonly Violation[];
  readonly ordered: number;
  readonly undecided: number;
}

const answerWithinMs = 60_000;
/** The furthest that two clocks stand apart while they are kept. */
const clocksApartMs = 3_000;

/** All checks of a finished run. They know what clients saw and what the ledger's API says at the end, and nothing else. */
export function checkAll(evidence: Evidence): Verdict {
  const { history, books, mode, faultsEndMs, bounds } = evidence;
  const orders = books.filter(({ plan }) => plan.small).map((book) => checkOrder(book, history, bounds.movesPerPayment));
  return {
    violations: [
      ...history.broken,
      ...checkOneAnswer(history),
      ...checkReuse(history),
      ...checkFirstAnswers(history),
      ...checkNoDenial(history),
      ...books.flatMap(checkBalances),
      ...books.flatMap((book) => checkHistories(book, history)),
      ...orders.flatMap(({ violations }) => violations),
      ...(mode === 'LIVENESS' ? checkAnswered(history, faultsEndMs, answerWithinMs) : []),
      ...(mode === 'LIVENESS' && bounds.trimAfterUnderPressureMs > 0 ? checkExpiry(history, bounds.trimAfterUnderPressureMs - clocksApartMs) : []),
    ],
    ordered: orders.filter(({ decided }) => decided).length,
    undecided: orders.filter(({ decided }) => !decided).length,
  };
}
