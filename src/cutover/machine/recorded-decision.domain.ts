import { membersOf } from './carried.domain';
import { resultOf } from '../../approvals/domain';
import { ApprovalRequest, ApprovalResult } from '../../approvals/model';

/** What a run has asked people. */
export interface AskedDecision {
  readonly run: string;
  readonly about: string;
  /** Of what they were shown. */
  readonly digest: string;
}

/** What the gate has recorded of a decision; a text says why it counts for nothing here. */
export function recordedDecision(
  { run, about, digest }: AskedDecision,
  approvalId: string,
  found: ApprovalRequest | undefined,
): ApprovalResult | string {
  if (!found || found.id !== approvalId) return `the gate has no approval ${JSON.stringify(approvalId)}`;
  if (found.execution !== run) return `approval ${approvalId} was asked for by ${found.execution}`;
  if (found.details.about !== about) return `approval ${approvalId} is about '${found.details.about}', not '${about}'`;
  if (found.details.digest !== digest) return `approval ${approvalId} was given on another report, sha256 ${found.details.digest}`;
  return found.status === 'DECIDED' ? resultOf(found) : `approval ${approvalId} is ${found.status}`;
}

/** What the execution was answered: which approval to look up, or the machine's own reason why there is none. */
export function gateAnswerOf(decision: unknown): { readonly approvalId: string; readonly reason?: unknown } {
  const { approvalId, reason } = membersOf(decision);
  return { approvalId: typeof approvalId === 'string' ? approvalId : '', reason };
}
