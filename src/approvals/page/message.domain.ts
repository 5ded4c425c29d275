import { ApprovalView } from '../model';
import { stateOf, timeOf } from './page.domain';
import { lines, mail, Mail, mailLink, mailQuote, snsSubject } from '../../kernel/markup';
import { ApprovalMessage } from '../ports';
import { checksOf } from '../report-shape.domain';

/** A message to people: no token, no credential, and a link that shows but does not decide. */
export interface MessageText {
  readonly subject: string;
  readonly body: string;
}

/** A message is read on a telephone: what failed comes first, and the page has the rest. */
const mostChecks = 40;

const openings: Readonly<Record<ApprovalMessage, { readonly tag: string; readonly text: string }>> = {
  asked: { tag: 'Approval', text: 'Your decision is asked for.' },
  reminder: { tag: 'Reminder', text: 'This decision is still open.' },
  escalation: { tag: 'Escalation', text: 'This decision is overdue. An execution waits for it.' },
  withdrawn: { tag: 'Withdrawn', text: 'The execution has ended without an answer. No decision is needed any more.' },
};

/** What people are told. `baseUrl` is where the page is reached. */
export function messageText(message: ApprovalMessage, view: ApprovalView, baseUrl: string, nowMs: number): MessageText {
  const { tag, text } = openings[message];
  const pieces = [
    mail`${text}`,
    mail``,
    mail`${view.subject}`,
    mail``,
    mailQuote(view.question),
    mail``,
    ...Object.entries(view.details).map(([name, value]) => mail`${name}: ${cut(value, 500)}`),
    ...(view.startedBy === undefined ? [] : [mail`Started by: ${view.startedBy}`]),
    mail`State: ${stateOf(view, nowMs)}`,
    ...(message === 'withdrawn'
      ? []
      : [
          mail`Expires: ${timeOf(view.expiresAtMs)}, then it is ${view.expiryDecision === 'REJECTED' ? 'rejected' : 'approved'}`,
          mail``,
          ...checkLines(view.report),
          mail`See what was checked, and decide:`,
          mailLink(baseUrl, 'approvals', view.id),
          mail``,
          mail`Opening the link decides nothing. You will be asked who you are. The page shows how to decide by command line.`,
        ]),
  ];
  return { subject: snsSubject(`[${tag}] ${view.subject}`), body: lines('mail', pieces).toString() };
}

/** A line for each check, failing ones first; nothing where the report is of another form. */
function checkLines(report: string | undefined): Mail[] {
  const checks = report === undefined ? undefined : checksOf(report);
  if (!checks) return [];
  const failed = checks.filter(({ passed }) => !passed).length;
  const shown = checks
    .slice(0, mostChecks)
    .map(
      ({ name, found, allowed, passed }) =>
        mail`${passed ? 'passed' : 'FAILED'}  ${cut(name, 200)}: found ${cut(found, 200)}; allowed ${cut(allowed, 200)}`,
    );
  const rest = checks.length - shown.length;
  return [
    failed === 0 ? mail`Checks: all ${checks.length} passed` : mail`Checks: ${failed} of ${checks.length} failed`,
    ...shown,
    ...(rest > 0 ? [mail`and ${rest} more, see the page`] : []),
    mail``,
  ];
}

export function approvalUrl(baseUrl: string, id: string): string {
  return `${baseUrl}/approvals/${id}`;
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}...`;
}
