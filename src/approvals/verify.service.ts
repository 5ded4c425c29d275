import { gateLimits } from './contract';
import { ApprovalQuestion, ApprovalResult } from './model';
import { ApprovalStore } from './ports';
import { verifyAnswer, VerifiedAnswer } from './verify.domain';

/** What the step behind a gate's task asks: the question once more, and what came back. */
export interface VerifyCall extends ApprovalQuestion {
  readonly answer?: unknown;
}

export interface VerifyPorts {
  readonly store: Pick<ApprovalStore, 'read'>;
  readonly nowMs: () => number;
  /** An execution got an answer that is not the gate's. */
  readonly forged: (call: Pick<VerifyCall, 'execution'>, why: string) => void;
}

/**
 * Reads what a gate has recorded of an approval, for the execution that waited for it. Task tokens stand in executions' histories, so
 * whoever may read those and send answers can end the waiting; what it came to is what the gate says. It changes nothing.
 */
export async function verify({ store, nowMs, forged }: VerifyPorts, call: VerifyCall): Promise<ApprovalResult> {
  const { approvalId } = (typeof call.answer === 'object' && call.answer !== null ? call.answer : {}) as { readonly approvalId?: unknown };
  const request = typeof approvalId === 'string' && gateLimits.idPattern.test(approvalId) ? await store.read(approvalId) : undefined;
  const verified: VerifiedAnswer = verifyAnswer(call, call.answer, request, new Date(nowMs()).toISOString());
  if (verified.forged !== undefined) forged(call, verified.forged);
  return verified.result;
}
