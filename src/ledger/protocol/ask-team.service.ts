import { Attempt } from './attempt.service';
import { keyItemPk, paymentIdOf, PaymentItem } from './domain';
import { Decision } from '../ports';
import { isDeclineReason } from '../values.contract';

/** Asks the team's own decision; `unknown` where it is to be asked once more. */
export async function askTeam(
  attempt: Attempt,
  claim: PaymentItem,
  nonce: string,
): Promise<{ kind: 'approve' | 'unknown' } | { kind: 'decline'; reason: string }> {
  const { timeoutMs, onUnknown } = attempt.settings.decision!;
  const { id, tenant, accountId, amount, currency, reference } = claim;
  const decision = knownDecision(
    await attempt.ports.decide!({
      paymentId: paymentIdOf(id),
      tenant,
      accountId,
      amount,
      currency,
      ...(reference === undefined ? {} : { reference }),
      traceId: attempt.context.traceId,
      deadlineMs: Math.min(attempt.ports.nowMs() + timeoutMs, attempt.context.deadlineMs),
    }),
  );
  if (decision.kind !== 'unknown') return decision;
  attempt.context.observe?.('unknownOutcome');
  if (onUnknown === 'DECLINE') return { kind: 'decline', reason: 'decision_unavailable' };
  // This attempt is over: the client's retry need not wait for its time to run out.
  await attempt.bestEffort(() =>
    attempt.change({
      pk: keyItemPk(id),
      require: [
        { test: 'equals', path: ['nonce'], value: nonce },
        { test: 'absent', path: ['outcome'] },
      ],
      set: [[['attemptAt'], 0]],
    }),
  );
  return { kind: 'unknown' };
}

/** A reason becomes part of the account's entry, and some are the ledger's own: anything else is no answer. */
function knownDecision(decision: Decision): Decision {
  return decision.kind === 'decline' && !isDeclineReason(decision.reason) ? { kind: 'unknown' } : decision;
}
