import { stateOf, timeOf } from './gate-page.domain';
import { ApprovalView } from './gate.model';
import { ApprovalMessage } from './gate.ports';

/** A message to people: no token, no credential, and a link that shows but does not decide. */
export interface MessageText {
  readonly subject: string;
  readonly body: string;
}

const openings: Readonly<Record<ApprovalMessage, { readonly tag: string; readonly text: string }>> = {
  asked: { tag: 'Approval', text: 'Your decision is asked for.' },
  reminder: { tag: 'Reminder', text: 'This decision is still waited for.' },
  escalation: { tag: 'Escalation', text: 'Nobody has decided this yet, and an execution stands still.' },
  withdrawn: { tag: 'Withdrawn', text: 'The execution has ended without an answer. Nothing is left to decide.' },
};

/** What people are told. `baseUrl` is where the page is reached. */
export function messageText(message: ApprovalMessage, view: ApprovalView, baseUrl: string, nowMs: number): MessageText {
  const { tag, text } = openings[message];
  const lines = [
    text, '', view.subject, '', view.question, '',
    ...Object.entries(view.details).map(([name, value]) => `${name}: ${cut(value, 500)}`),
    ...(view.startedBy === undefined ? [] : [`Started by: ${view.startedBy}`]),
    `State: ${stateOf(view, nowMs)}`,
    ...(message === 'withdrawn' ? [] : [
      `Expires: ${timeOf(view.expiresAtMs)}, then it is ${view.expiryDecision === 'REJECTED' ? 'rejected' : 'approved'}`, '',
      'See what was checked, and decide:', approvalUrl(baseUrl, view.id), '',
      'Opening the link decides nothing. You will be asked who you are. The page shows how to decide by command line.',
    ]),
  ];
  return { subject: subjectLine(`[${tag}] ${view.subject}`), body: lines.join('\n') };
}

export function approvalUrl(baseUrl: string, id: string): string {
  return `${baseUrl}/approvals/${id}`;
}

/** SNS takes subjects of less than 100 printable ASCII characters. */
function subjectLine(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, '?').trim().slice(0, 99);
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}...`;
}
