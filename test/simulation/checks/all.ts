import { checkAnswered, checkExpiry, checkFirstAnswers, checkNoDenial, checkOneAnswer, checkReuse } from './answers';
import { checkBalances, checkHistories } from './balances';
import { FinalBooks } from './books';
import { checkEvents, Consumed } from './events';
import { LostKeys, nameOf, Reconciled } from './lost-keys';
import { checkOrder } from './order';
import { History, Intent, Violation } from '../history';

export interface Evidence {
  readonly history: History;
  readonly books: FinalBooks;
  readonly mode: 'SAFETY' | 'LIVENESS';
  readonly faultsEndMs: number;
  readonly bounds: { readonly movesPerPayment: number };
  /** The youngest that an entry is trimmed. */
  readonly trimAfterMs: number;
  /** What consumers of events did, in the regions that are left; absent: there were none. */
  readonly consumed?: readonly Consumed[];
  /** One region writes for each account; absent: the table is strong. */
  readonly home?: HomeEvidence;
}

export interface HomeEvidence {
  /** What the ledger's own reconciliation reports as lost with a region. */
  readonly reported: readonly Reconciled[];
  /** Changes of home that were not planned, or of whose plan nothing was heard. */
  readonly takeovers: number;
}

export interface Verdict {
  readonly violations: readonly Violation[];
  readonly ordered: number;
  readonly undecided: number;
}

const answerWithinMs = 60_000;
/** A home that was lost is replaced after its lease, a request's time and a margin. */
const homeAnswerWithinMs = 150_000;
/** The furthest that two clocks stand apart while they are kept. */
const clocksApartMs = 3_000;

/** All checks of a finished run. They know what clients saw and what the ledger's API says at the end, and nothing else. */
export function checkAll(evidence: Evidence): Verdict {
  const { history, books, mode, faultsEndMs, bounds, trimAfterMs, home, consumed = [] } = evidence;
  // Reads elsewhere than at home may lag, and what a lost region took along is out of order: only calm runs are searched.
  const searched = home ? [] : books.filter(({ plan }) => plan.small);
  const orders = searched.map((book) => checkOrder(book, history, bounds.movesPerPayment));
  const lossy = home !== undefined && home.takeovers > 0;
  const lost = new LostKeys(history, home?.reported ?? []);
  // Who reads elsewhere than at home may see an operation before the item that says when it was: the payment's time stands in for it.
  const toTheLetter = ({ operation }: Intent): boolean => !lossy && (home === undefined || operation.kind !== 'readPayment');
  const violations = [
    ...history.broken,
    ...checkOneAnswer(history, !lossy),
    ...checkReuse(history),
    ...checkFirstAnswers(history),
    // A payment that had not replicated is unknown until its region is back or its client asks again.
    ...(lossy ? [] : checkNoDenial(history, home === undefined)),
    ...books.flatMap((book) => checkBalances(book, lost)),
    ...books.flatMap((book) => {
      const found = checkHistories(book, history, { fresh: home === undefined, toTheLetter });
      return found.map((violation): Violation => ({ ...violation, account: nameOf(book.plan) }));
    }),
    ...lost.violations(),
    ...orders.flatMap((order) => order.violations),
    ...checkEvents(books, consumed),
    ...(mode === 'LIVENESS' ? checkAnswered(history, faultsEndMs, home ? homeAnswerWithinMs : answerWithinMs, lossy) : []),
    ...((mode === 'LIVENESS' && trimAfterMs > 0) || trimAfterMs === Infinity ? checkExpiry(history, trimAfterMs - clocksApartMs) : []),
  ];
  return {
    violations: violations.filter((violation) => !lost.excuses(violation) || !(lossy || violation.invariant === toldInVain)),
    ordered: orders.filter(({ decided }) => decided).length,
    undecided: orders.filter(({ decided }) => !decided).length,
  };
}

/**
 * A request that lands only after a planned move, of a call that died, writes into the epoch that has ended: its event is told, its payment
 * is nowhere, and the reconciliation reports it. All else of such a payment is judged.
 */
const toldInVain = 'nothing is told that is not so';
