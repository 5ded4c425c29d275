import { paymentIdOf } from './books';
import { Answered, describeOperation, History, Intent, isFinal, keyOf, Outcome, scopedKey, Violation } from '../history';

/** The payment that an intent is about. */
export function paymentFor({ tenant, operation }: Intent): string {
  if (operation.kind === 'authorise') return paymentIdOf(tenant, operation.command.idempotencyKey);
  if (operation.kind === 'move') return operation.command.paymentId;
  return operation.kind === 'readPayment' ? operation.paymentId : '';
}

const text = (outcome: Outcome): string => JSON.stringify({ ...outcome, replayed: undefined });

const toTheLetter: ReadonlySet<string> = new Set(['replayed']);
/** What an answer did, without where and when: a payment that was lost with its region may be made again by its client's retry. */
const byEffect: ReadonlySet<string> = new Set(['replayed', 'at', 'createdAt', 'region']);

/** Whether two answers are the same, some of their members left out. */
function alike(one: unknown, other: unknown, without: ReadonlySet<string>): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  const [first, second] = [one, other] as [Record<string, unknown>, Record<string, unknown>];
  for (const name in first) if (!without.has(name) && !alike(first[name], second[name], without)) return false;
  for (const name in second) if (!without.has(name) && first[name] === undefined && second[name] !== undefined) return false;
  return true;
}

/** One key, one answer: the same for every attempt, in every region, for ever. */
export function checkOneAnswer(history: History, exact: boolean): Violation[] {
  const without = exact ? toTheLetter : byEffect;
  const violations: Violation[] = [];
  const answeredKeys = new Map<string, Intent>();
  for (const intent of history.intents) {
    const final = intent.answers.filter(({ outcome }) => isFinal(outcome));
    const key = scopedKey(intent);
    if (key === undefined || final.length === 0) continue;
    const [first, ...more] = final;
    const other = more.find(({ outcome }) => !alike(outcome, first.outcome, without));
    if (other) {
      violations.push({
        payment: paymentFor(intent),
        invariant: 'one answer per key',
        detail: `${describeOperation(intent)}: ${text(first.outcome)} and ${text(other.outcome)}`,
      });
    }
    if (first.outcome.kind === 'keyReused') continue;
    const earlier = answeredKeys.get(key);
    if (earlier) {
      violations.push({
        payment: paymentFor(intent),
        invariant: 'one answer per key',
        detail: `one key was answered for two requests: ${describeOperation(earlier)}; ${describeOperation(intent)}`,
      });
    }
    answeredKeys.set(key, intent);
    if (
      intent.operation.kind === 'authorise' &&
      first.outcome.kind === 'answered' &&
      first.outcome.payment.paymentId !== paymentIdOf(intent.tenant, keyOf(intent)!)
    ) {
      violations.push({
        invariant: 'one answer per key',
        detail: `${describeOperation(intent)}: answered for ${first.outcome.payment.paymentId}`,
      });
    }
  }
  return violations;
}

/** A key is refused as reused only if another request has it. */
export function checkReuse(history: History): Violation[] {
  const byKey = new Map<string, Intent[]>();
  for (const intent of history.intents) {
    const key = scopedKey(intent);
    if (key === undefined) continue;
    const others = byKey.get(key);
    if (others) others.push(intent);
    else byKey.set(key, [intent]);
  }
  return [...byKey.values()].flatMap((intents) =>
    intents
      .filter(({ answers }) => answers.some(({ outcome }) => outcome.kind === 'keyReused'))
      .filter(() => intents.length === 1)
      .map((intent) => ({
        payment: paymentFor(intent),
        invariant: 'one answer per key',
        detail: `${describeOperation(intent)}: refused as reused, and nobody else used the key`,
      })),
  );
}

/** The first answer to a key is no replay, and nobody is told to wait for himself. */
export function checkFirstAnswers(history: History): Violation[] {
  return history.intents.flatMap((intent) => {
    const key = scopedKey(intent);
    if (key === undefined || history.deliveries.get(key) !== 1) return [];
    return intent.answers
      .filter(({ outcome }) => ('replayed' in outcome && outcome.replayed) || outcome.kind === 'inFlight')
      .map(({ outcome }) => ({
        invariant: 'a first request is no duplicate',
        detail: `${describeOperation(intent)}: sent once, and answered ${text(outcome)} as if sent before`,
      }));
  });
}

/** What exists is never denied: an account that was opened, a payment that was answered. */
export function checkNoDenial(history: History, readsAreStrong: boolean): Violation[] {
  const answered = new Map<string, number>();
  for (const { answers } of history.intents) {
    for (const { outcome, step } of answers) {
      if ('payment' in outcome) {
        answered.set(outcome.payment.paymentId, Math.min(step, answered.get(outcome.payment.paymentId) ?? Infinity));
      }
    }
  }
  const existed = ({ operation }: Intent, sentStep: number): boolean => {
    if (!readsAreStrong && operation.kind.startsWith('read')) return false;
    return operation.kind !== 'readPayment' || (answered.get(operation.paymentId) ?? Infinity) < sentStep;
  };
  return history.intents.flatMap((intent) =>
    intent.answers
      .filter(({ outcome, sentStep }) => outcome.kind === 'rejected' && existed(intent, sentStep))
      .map(({ outcome }) => ({
        payment: paymentFor(intent),
        invariant: 'what was answered stays',
        detail: `${describeOperation(intent)}: ${text(outcome)}`,
      })),
  );
}

/** A key that was opened by its holder is answered "expired" only after the time that the ledger allows itself. */
export function checkExpiry(history: History, soonestMs: number): Violation[] {
  return history.intents.flatMap((intent) =>
    intent.answers
      .filter(({ outcome }) => hasExpired(outcome))
      .slice(0, 1)
      .filter(({ atMs }: Answered) => atMs - intent.firstMs! < soonestMs)
      .map(({ atMs }) => ({
        invariant: 'nothing expires early',
        detail: `${describeOperation(intent)}: expired after ${Math.round(atMs - intent.firstMs!)} ms`,
      })),
  );
}

export function hasExpired(outcome: Outcome): boolean {
  return (
    (outcome.kind === 'answered' && 'payment' in outcome && outcome.payment.declineReason === 'expired') ||
    (outcome.kind === 'refused' && outcome.code === 'expired')
  );
}

/** When faults have ended, whoever asks again is answered within the bound. */
export function checkAnswered(history: History, faultsEndMs: number, withinMs: number, lossy: boolean): Violation[] {
  // A payment that was lost with its region is unknown, and so nothing of it can be moved, until its client asks for it again.
  const denied = ({ answers }: Intent): boolean =>
    lossy && answers.some(({ outcome, atMs }) => atMs > faultsEndMs && outcome.kind === 'rejected' && outcome.code === 'unknown_payment');
  const tookMs = ({ doneMs, firstMs }: Intent): number => (doneMs === undefined ? Infinity : doneMs - Math.max(faultsEndMs, firstMs!));
  return history.intents
    .filter((intent) => scopedKey(intent) !== undefined && !denied(intent) && tookMs(intent) > withinMs)
    .map((intent) => ({
      payment: paymentFor(intent),
      invariant: 'what is asked again is answered',
      detail:
        `${describeOperation(intent)}: ` +
        (intent.doneMs === undefined ? 'never answered' : `answered after ${Math.round(tookMs(intent))} ms`),
    }));
}
