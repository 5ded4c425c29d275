import { refusalOf, StepHandler, WarrantedRequest } from './request.service';
import { DecisionOutcome } from '../machine/contract';
import { decisionOf } from '../machine/phases.domain';
import { gateAnswerOf, recordedDecision } from '../machine/recorded-decision.domain';

/** Records what people decided, as the gate has it. */
export const recordDecision: StepHandler<'decided'> = async ({ approvals, log }, asked) => {
  const { run, last } = asked;
  const about = last.about ?? 'the run';
  const { approvalId, reason } = gateAnswerOf(asked.decision);
  // The gate has no record of these: they come from the machine itself, and approve nothing.
  if (reason === 'UNANSWERED') return resultOf(asked, 'expired', [], `${about}: the gate did not answer, so no decision was made in time`);
  if (reason === 'FORGED') return resultOf(asked, 'forged', [], `${about}: the execution was answered by another caller than the gate`);
  const result = recordedDecision({ run, about, digest: last.digest ?? '' }, approvalId, await approvals?.read(approvalId));
  if (typeof result === 'string') return refusalOf(result);
  const decision = decisionOf(result);
  await log.append(() => ({
    key: `${run}/decision/${result.approvalId}`,
    by: result.by,
    entry: {
      what: 'decision',
      run,
      about,
      decision,
      comments: result.comments.map(({ name, comment }) => (comment ? `${name}: ${comment}` : name)),
      ...(last.digest === undefined ? {} : { digest: last.digest }),
    },
  }));
  switch (decision) {
    case 'APPROVED':
      return resultOf(asked, 'approved', result.by, '');
    case 'REJECTED':
      return resultOf(asked, 'rejected', result.by, `${about}: rejected by ${result.by.join(', ')}`);
    case 'EXPIRED':
      return resultOf(asked, 'expired', result.by, `${about}: no decision was made in time`);
  }
};

function resultOf(
  { phase, last }: WarrantedRequest,
  outcome: DecisionOutcome['outcome'],
  by: readonly string[],
  detail: string,
): DecisionOutcome {
  return { outcome, phase, by, digest: last.digest, detail };
}
