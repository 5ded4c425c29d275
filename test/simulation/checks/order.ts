import { hasExpired } from './answers';
import { AccountBooks, paymentIdOf } from './books';
import { describeOperation, describeOutcome, History, Intent, isFinal, Outcome, Violation } from '../history';

/**
 * Is there one order of an account's operations that explains every answer, in which whatever was answered before another was asked
 * stands before it? Found by search (Wing and Gong), with a memory of the states that lead nowhere; exact for short histories.
 */
export interface OrderVerdict {
  readonly violations: readonly Violation[];
  readonly decided: boolean;
}

const longest = 28;
const searchAtMost = 150_000;

interface Step {
  readonly number?: number;
  readonly intent: Intent;
  readonly from: number;
  readonly to: number;
  readonly outcome: Outcome;
}

interface Money {
  readonly amount: number;
  state: 'held' | 'captured' | 'voided' | 'declined';
  captured: number;
  refunded: number;
  moves: number;
}

/** What one account is, for whoever sees it from outside. */
interface Model {
  available: number;
  held: number;
  settled: number;
  payments: Record<string, Money>;
}

export function checkOrder({ plan, account, payments }: AccountBooks, history: History, movesPerPayment: number): OrderVerdict {
  const ours = history.of(plan).filter(({ operation }) => ['authorise', 'move', 'readAccount'].includes(operation.kind));
  const steps = ours.flatMap((intent) => stepsOf(intent, (id) => payments.get(id)));
  const { tenant: holder, accountId: name } = plan;
  const last: Intent = {
    number: -1,
    plan: -1,
    tenant: holder,
    accountId: name,
    operation: { kind: 'readAccount', accountId: name },
    answers: [],
  };
  steps.push({ intent: last, from: Number.MAX_SAFE_INTEGER - 1, to: Number.MAX_SAFE_INTEGER, outcome: { kind: 'found', account } });
  if (steps.length > longest) return { violations: [], decided: false };
  const found = search(
    steps.map((step, number) => ({ ...step, number })),
    { available: plan.balance, held: 0, settled: 0, payments: {} },
    movesPerPayment,
    ours.flatMap(attemptsOf),
  );
  if (found !== 'none') return { violations: [], decided: found === 'order' };
  const lines = steps.map(
    ({ intent, from, to, outcome }) => `  ${from}-${to}  ${describeOperation(intent)} -> ${describeOutcome(outcome)}`,
  );
  return {
    decided: true,
    violations: [
      {
        invariant: 'one order explains all',
        detail: `${plan.tenant}/${plan.accountId}, opened with ${plan.balance}:\n${lines.join('\n')}`,
      },
    ],
  };
}

/** The amounts that a payment's request may have held for a moment without being the payment, twice at most. */
function attemptsOf({ operation }: Intent): readonly number[] {
  return operation.kind === 'authorise' ? [operation.command.amount, operation.command.amount] : [];
}

function stepsOf(intent: Intent, paymentOf: (id: string) => unknown): Step[] {
  const from = intent.firstStep ?? 0;
  const final = intent.answers.filter(({ outcome }) => isFinal(outcome));
  if (intent.operation.kind === 'readAccount') {
    return final.map(({ sentStep, step, outcome }) => ({ intent, from: sentStep, to: step, outcome }));
  }
  if (final.length > 0) {
    const first = final[0];
    return first.outcome.kind === 'keyReused'
      ? []
      : [{ intent, from, to: Math.min(...final.map(({ step }) => step)), outcome: first.outcome }];
  }
  // Nobody was answered: what the payment turned out to be tells whether it took place, at some time after it was asked for.
  if (intent.operation.kind !== 'authorise') return [];
  const payment = paymentOf(paymentIdOf(intent.tenant, intent.operation.command.idempotencyKey)) as
    { status?: string; amount?: number } | undefined;
  if (!payment || payment.status === 'DECLINED' || payment.amount !== intent.operation.command.amount) return [];
  return [
    {
      intent,
      from,
      to: Number.MAX_SAFE_INTEGER - 2,
      outcome: { kind: 'answered', replayed: false, payment: { ...payment, status: 'AUTHORISED' } as never },
    },
  ];
}

/** Whether an amount is the sum of some of others: what attempts that came to nothing hold is shown as held until somebody looks. */
function isSumOf(amount: number, others: readonly number[]): boolean {
  if (amount <= 0 || others.length === 0) return amount === 0;
  return isSumOf(amount, others.slice(1)) || isSumOf(amount - others[0], others.slice(1));
}

function search(
  steps: readonly Step[],
  start: Model,
  movesPerPayment: number,
  attempted: readonly number[],
): 'order' | 'none' | 'given up' {
  const dead = new Set<string>();
  let visits = 0;
  const explore = (left: readonly Step[], model: Model): boolean | undefined => {
    if (left.length === 0) return true;
    const key = (): string => `${left.map(({ number }) => number).join()}|${JSON.stringify(model)}`;
    // Most histories are explained at the first try: then nothing need be remembered.
    if (dead.size > 0 && dead.has(key())) return false;
    visits += 1;
    if (visits > searchAtMost) return undefined;
    let soonest = Infinity;
    for (const { to } of left) if (to < soonest) soonest = to;
    for (const step of left) {
      if (step.from > soonest) continue;
      const next = after(model, step, movesPerPayment, attempted);
      if (!next) continue;
      const result = explore(
        left.filter((other) => other !== step),
        next,
      );
      if (result !== false) return result;
    }
    dead.add(key());
    return false;
  };
  const result = explore(steps, start);
  return result === undefined ? 'given up' : result ? 'order' : 'none';
}

/** The account after an operation with this outcome; undefined where the outcome would be wrong. */
function after(model: Model, { intent, outcome }: Step, movesPerPayment: number, attempted: readonly number[]): Model | undefined {
  const { operation } = intent;
  if (operation.kind === 'readAccount') {
    const seen = outcome.kind === 'found' && 'account' in outcome ? outcome.account : undefined;
    if (!seen || seen.settled !== model.settled) return undefined;
    const more = seen.held - model.held;
    return seen.available === model.available - more && (more === 0 || isSumOf(more, attempted)) ? model : undefined;
  }
  if (operation.kind === 'authorise') {
    return outcome.kind === 'answered'
      ? afterPayment(model, paymentIdOf(intent.tenant, operation.command.idempotencyKey), operation.command.amount, outcome)
      : undefined;
  }
  if (operation.kind !== 'move') return undefined;
  const { paymentId, type, amount } = operation.command;
  const money = model.payments[paymentId] as Money | undefined;
  if (!money) return undefined;
  if (outcome.kind === 'refused') {
    return hasExpired(outcome) || refusalHolds(money, outcome.code, amount, movesPerPayment) ? model : undefined;
  }
  if (outcome.kind !== 'answered' || !('payment' in outcome)) return undefined;
  const next = afterMove(money, type, amount);
  const { captured, refunded, operations } = outcome.payment;
  if (!next || captured !== next.captured || refunded !== next.refunded || operations.length !== next.moves) return undefined;
  const back = (money.state === 'held' ? money.amount - next.captured : 0) + next.refunded - money.refunded;
  return {
    available: model.available + back,
    held: model.held - (money.state === 'held' ? money.amount : 0),
    settled: model.settled + (next.captured - next.refunded) - (money.captured - money.refunded),
    payments: { ...model.payments, [paymentId]: next },
  };
}

function afterPayment(model: Model, id: string, amount: number, outcome: Extract<Outcome, { kind: 'answered' }>): Model | undefined {
  if (id in model.payments) return undefined;
  const { status, declineReason } = outcome.payment;
  const declined = status === 'DECLINED';
  if (declined && declineReason === 'insufficient_funds' && model.available >= amount) return undefined;
  if (!declined && model.available < amount) return undefined;
  const money: Money = { amount, state: declined ? 'declined' : 'held', captured: 0, refunded: 0, moves: 0 };
  const taken = declined ? 0 : amount;
  return { ...model, available: model.available - taken, held: model.held + taken, payments: { ...model.payments, [id]: money } };
}

function afterMove(money: Money, type: 'CAPTURE' | 'VOID' | 'REFUND', amount: number | undefined): Money | undefined {
  const moves = money.moves + 1;
  if (type === 'REFUND') {
    const left = money.captured - money.refunded;
    const refunded = amount ?? left;
    return money.state === 'captured' && refunded > 0 && refunded <= left
      ? { ...money, moves, refunded: money.refunded + refunded }
      : undefined;
  }
  if (money.state !== 'held') return undefined;
  if (type === 'VOID') return { ...money, moves, state: 'voided' };
  const captured = amount ?? money.amount;
  return captured <= money.amount ? { ...money, moves, state: 'captured', captured } : undefined;
}

function refusalHolds(money: Money, code: string, amount: number | undefined, movesPerPayment: number): boolean {
  const left = money.captured - money.refunded;
  switch (code) {
    case 'payment_declined':
      return money.state === 'declined';
    case 'already_captured':
      return money.state === 'captured';
    case 'already_voided':
      return money.state === 'voided';
    case 'not_captured':
      return money.state === 'held';
    case 'amount_exceeds_authorised':
      return (amount ?? 0) > money.amount;
    case 'amount_exceeds_captured':
      return money.state === 'captured' && (amount === undefined ? left === 0 : amount > left);
    case 'too_many_operations':
      return money.moves >= movesPerPayment;
    default:
      return false;
  }
}
