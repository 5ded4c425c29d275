import { AccountBooks, FinalBooks } from './books';
import { PaymentEvent, PaymentEventType } from '../../../src/events/model';
import { Payment } from '../../../src/ledger/model';
import { Violation } from '../history';

/** What the handler of one consumer did, in one region: its effects in the order in which they came about. */
export interface Consumed {
  readonly region: string;
  /** Whether it left out what was older than what it had done. */
  readonly stale: 'DELIVER' | 'SKIP';
  readonly effects: PaymentEvent[];
}

interface Told {
  readonly type: PaymentEventType;
  readonly amount: number;
}

const typeOfMove = { CAPTURE: 'payment.captured', VOID: 'payment.voided', REFUND: 'payment.refunded' } as const;

/** What has to be told of a payment, in its order. */
function toBeTold({ status, amount, operations }: Payment): readonly Told[] {
  if (status === 'DECLINED') return [{ type: 'payment.declined', amount }];
  return [{ type: 'payment.authorised', amount }, ...operations.map((move) => ({ type: typeOfMove[move.type], amount: move.amount }))];
}

const text = ({ type, amount }: Told): string => `${type.slice('payment.'.length)} ${amount}`;

/**
 * Every payment and every move that the ledger shows at the end was told to each region's consumers once in effect, in the payment's own
 * order, and nothing else was. It knows what the handlers did and what the ledger's API says, and nothing else.
 */
export function checkEvents(books: FinalBooks, consumers: readonly Consumed[]): Violation[] {
  return consumers.flatMap((consumer) => {
    const byPayment = new Map<string, PaymentEvent[]>();
    for (const event of consumer.effects) {
      const { paymentId } = event.data;
      const others = byPayment.get(paymentId);
      if (others) others.push(event);
      else byPayment.set(paymentId, [event]);
    }
    const known = books.flatMap((book) =>
      [...book.payments.values()].flatMap((payment) => {
        const effects = byPayment.get(payment.paymentId) ?? [];
        byPayment.delete(payment.paymentId);
        return checkPayment(consumer, book, payment, effects);
      }),
    );
    const invented = [...byPayment].map(([payment, effects]) => ({
      payment,
      invariant: 'nothing is told that is not so',
      detail: `${consumer.region}: ${payment} was told (${effects.map(({ type }) => type).join()}) and cannot be found`,
    }));
    return [...known, ...invented];
  });
}

function checkPayment(
  { region, stale }: Consumed,
  { plan }: AccountBooks,
  payment: Payment,
  effects: readonly PaymentEvent[],
): Violation[] {
  const { paymentId } = payment;
  const problem = (invariant: string, detail: string): Violation[] => [
    { payment: paymentId, invariant, detail: `${region}, ${stale}: ${paymentId}: ${detail}` },
  ];
  const ids = new Set(effects.map(({ id }) => id));
  if (ids.size < effects.length) {
    return problem('every event has its effect once', `effects ${effects.map(({ id, type }) => `${type} ${id}`).join(', ')}`);
  }
  const isForeign = ({ tenant, data: { accountId, currency } }: PaymentEvent): boolean =>
    tenant !== plan.tenant || accountId !== plan.accountId || currency !== payment.currency;
  const foreign = effects.find(isForeign);
  if (foreign) return problem('nothing is told that is not so', JSON.stringify(foreign));
  const expected = toBeTold(payment).map(text);
  const inOrder = [...effects]
    .sort((one, other) => one.sequence! - other.sequence!)
    .map(({ type, data }) => text({ type, amount: data.amount }));
  const described =
    `to be told: ${expected.join(', ')}; told in order: ${inOrder.join(', ')} ` + `(${effects.map(({ sequence }) => sequence).join(', ')})`;
  // Who leaves out what is older than what was done has at least the last one.
  const hasLast = inOrder[inOrder.length - 1] === expected[expected.length - 1];
  if (stale === 'SKIP' ? hasLast && isPartOf(inOrder, expected) : inOrder.join() === expected.join()) return [];
  const left = [...expected];
  const more = inOrder.filter((told) => !left.includes(told) || left.splice(left.indexOf(told), 1).length === 0);
  if (more.length > 0) return problem('nothing is told that is not so', described);
  return problem(
    left.length > 0 && !(stale === 'SKIP' && inOrder.includes(expected[expected.length - 1]))
      ? 'no event is missing'
      : "sequences are in the payment's order",
    described,
  );
}

/** Whether some things are among others, in the same order. */
function isPartOf(some: readonly string[], all: readonly string[]): boolean {
  let at = 0;
  for (const one of all) if (one === some[at]) at += 1;
  return at === some.length;
}
