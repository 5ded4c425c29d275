import { idOfPaymentId, MoveItem } from './domain';
import { Entry, entryOf } from './entries.domain';
import { Item } from '../ports';

/** What a move has moved, going by its account; undefined: nothing, or what its entry tells no more. */
export function movedOn(account: Item, move: MoveItem): number | undefined {
  return move.type === 'REFUND'
    ? refundedBy(entryOf(account, move.id), move)
    : closedBy(entryOf(account, idOfPaymentId(move.paymentId)!), move);
}

const refundedBy = (entry: Entry | undefined, { paymentId }: MoveItem): number | undefined =>
  entry?.kind === 'refund' && entry.payment === idOfPaymentId(paymentId) ? entry.amount : undefined;

function closedBy(entry: Entry | undefined, move: MoveItem): number | undefined {
  if (entry?.kind !== 'closed' || entry.closure.by !== move.id) return undefined;
  return entry.closure.type === 'CAPTURE' ? entry.closure.captured : move.authorised;
}
