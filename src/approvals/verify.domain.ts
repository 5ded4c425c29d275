import { resultOf } from './domain';
import { ApprovalQuestion, ApprovalRequest, ApprovalResult } from './model';
import { questionDigest } from './question.domain';
import { canonicalJson, Json } from '../kernel/fingerprint';

/** What came out of a task that waited for its token: what the gate has recorded, whoever sent it. */
export interface VerifiedAnswer {
  readonly result: ApprovalResult;
  /** What is wrong with the answer that the execution got; undefined when it is the gate's to the letter. */
  readonly forged?: string;
}

/** Judges an answer by the gate's own record of the approval that it names; undefined: there is none. */
export function verifyAnswer(asked: ApprovalQuestion, answer: unknown, found: ApprovalRequest | undefined, at: string): VerifiedAnswer {
  const none = (forged: string): VerifiedAnswer => ({
    forged,
    result: { approvalId: found?.id ?? '', decision: 'REJECTED', reason: 'FORGED', by: [], at, comments: [] },
  });
  if (!found) return none('it names no approval of this gate');
  if (found.questionDigest !== questionDigest(asked)) return none(`approval ${found.id} was asked for something else`);
  if (found.status !== 'DECIDED') return none(`approval ${found.id} is ${found.status}`);
  const result = resultOf(found);
  if (canonicalJson(result as unknown as Json) === canonicalJson((answer ?? null) as Json)) return { result };
  return { result, forged: `approval ${found.id} has the outcome ${result.decision}, but the answer that arrived says another one` };
}
