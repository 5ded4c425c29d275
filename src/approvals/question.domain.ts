import { ApprovalQuestion } from './model';
import { digestOf } from '../kernel/digest';
import { Json } from '../kernel/fingerprint';

/** Tells one question from every other, of this execution too: what is asked, of whom, why, and when. */
export function questionDigest({
  execution,
  asked,
  subject,
  question,
  details,
  report,
  startedBy,
  required,
  expirySeconds,
}: ApprovalQuestion): string {
  const all = { execution, asked, subject, question, details, report, startedBy, required, expirySeconds };
  // As JSON leaves out what is not there, so that both ends see the same.
  return digestOf(JSON.parse(JSON.stringify(all)) as Json);
}
