import { gateLimits } from './contract';
import {
  ApprovalAnswer,
  AnswerRecord,
  ApprovalDecision,
  ApprovalReason,
  ApprovalRequest,
  ApprovalResult,
  ApprovalTaskInput,
  ApprovalView,
  GateRules,
  Person,
} from './model';
import { countPeople, entitlementOf, hasGroup, isStarter, samePerson } from './person.domain';
import { questionDigest } from './question.domain';

/** Why an answer changes nothing. */
export type Refusal =
  /** Neither named nor in a group that may decide. */
  | 'not_approver'
  /** Started what they would approve. */
  | 'starter'
  /** The decision has been made. */
  | 'decided'
  /** Nobody may decide any more. */
  | 'expired'
  /** The execution no longer waits. */
  | 'withdrawn'
  /** The same person has given this answer already. */
  | 'repeated';

/** What an answer comes to. */
export type Judgement =
  | { readonly kind: 'refused'; readonly why: Refusal }
  | { readonly kind: 'counted'; readonly next: ApprovalRequest; readonly answer: AnswerRecord };

/** A new request. */
export function requestOf(input: ApprovalTaskInput, rules: GateRules, id: string, nowMs: number): ApprovalRequest {
  const expirySeconds = input.expirySeconds ?? rules.expirySeconds;
  return scheduled(
    {
      id,
      token: input.token,
      questionDigest: questionDigest(input),
      execution: input.execution,
      state: input.state,
      subject: input.subject,
      question: input.question,
      details: textsOf(input.details ?? {}),
      ...(input.report === undefined ? {} : { report: JSON.stringify(input.report) }),
      ...(input.startedBy === undefined ? {} : { startedBy: input.startedBy }),
      required: input.required ?? rules.required,
      createdAtMs: nowMs,
      expiresAtMs: nowMs + expirySeconds * 1000,
      expiryDecision: rules.expiryDecision,
      status: 'OPEN',
      answers: [],
      version: 1,
      told: 0,
      toldAtMs: nowMs,
      escalated: false,
      seenAtMs: nowMs,
    },
    rules,
  );
}

/** What is wrong with what a state machine asks; undefined when nothing is. */
export function inputProblem(input: ApprovalTaskInput, rules: GateRules): string | undefined {
  const texts: [string, unknown, number][] = [
    ['token', input.token, 2048],
    ['execution', input.execution, 512],
    ['state', input.state, 256],
    ['asked', input.asked, 64],
    ['subject', input.subject, gateLimits.subjectLength],
    ['question', input.question, gateLimits.questionLength],
  ];
  const wrong = texts.find(([, text, length]) => typeof text !== 'string' || text.trim() === '' || text.length > length);
  if (wrong) return `'${wrong[0]}' must be a text of 1 to ${wrong[2]} characters`;
  // Whom to exclude must be known: an empty name would exclude nobody.
  if (rules.excludeStarter && (typeof input.startedBy !== 'string' || input.startedBy.trim() === '')) {
    return "'startedBy' must say who started the execution: with this gate a person may not approve an execution that they started";
  }
  const bytes = JSON.stringify([input.details ?? null, input.report ?? null]).length;
  if (bytes > gateLimits.reportBytes) {
    return (
      `details and report take ${bytes} characters as JSON, at most ${gateLimits.reportBytes} are allowed: put a digest and a ` +
      `link into them`
    );
  }
  if (input.required !== undefined && !(Number.isInteger(input.required) && input.required >= 1)) {
    return "'required' must be a whole number of at least 1";
  }
  if (input.expirySeconds !== undefined && !(input.expirySeconds > 0)) return "'expirySeconds' must be more than 0";
  return undefined;
}

/** All of a request but its token and what only the gate needs. */
export function viewOf(request: ApprovalRequest): ApprovalView {
  const { id, subject, question, details, report, execution, state, startedBy, required } = request;
  const { createdAtMs, expiresAtMs, expiryDecision, status, outcome, delivery } = request;
  const answers = request.answers.map(({ names, entitledBy, ...shown }) => shown);
  const asked = { id, subject, question, details, report, execution, state, startedBy, required };
  return {
    ...asked,
    createdAtMs,
    expiresAtMs,
    expiryDecision,
    status,
    answers,
    approvals: approvalsOf(request.answers),
    outcome,
    delivery,
  };
}

/** Why this person may not decide at all, whatever the request's state. */
export function unentitled(
  view: Pick<ApprovalView, 'startedBy'>,
  person: Person,
  rules: GateRules,
): 'not_approver' | 'starter' | undefined {
  if (entitlementOf(person, rules) === undefined) return 'not_approver';
  return rules.excludeStarter && view.startedBy !== undefined && isStarter(person, view.startedBy) ? 'starter' : undefined;
}

/**
 * An open request without the answers of people that the rules no longer name: a deployment took them, or their group, out since they
 * answered. The record of the answers keeps them.
 */
export function standing(request: ApprovalRequest, { people, groups }: GateRules): ApprovalRequest {
  if (request.status !== 'OPEN') return request;
  return { ...request, answers: request.answers.filter(({ entitledBy }) => people.includes(entitledBy) || hasGroup(groups, entitledBy)) };
}

/** Judges an answer against a request as it was read. */
export function judge(
  read: ApprovalRequest,
  person: Person,
  answer: ApprovalAnswer,
  comment: string | undefined,
  rules: GateRules,
  nowMs: number,
): Judgement {
  const request = standing(read, rules);
  const refusedVote = (why: Refusal): Judgement => ({ kind: 'refused', why });
  const entitledBy = entitlementOf(person, rules);
  const why = unentitled(request, person, rules);
  if (why || entitledBy === undefined) return refusedVote(why ?? 'not_approver');
  if (request.status === 'WITHDRAWN') return refusedVote('withdrawn');
  if (request.status === 'DECIDED') return refusedVote(request.outcome?.reason === 'EXPIRED' ? 'expired' : 'decided');
  // By the clock, not by the sweep: the sweep may be late.
  if (nowMs >= request.expiresAtMs) return refusedVote('expired');
  const { id, name, names } = person;
  if (request.answers.some((given) => given.answer === answer && samePerson(given.names, names))) return refusedVote('repeated');
  const record: AnswerRecord = { by: id, name, names, entitledBy, answer, ...(comment ? { comment } : {}), atMs: nowMs };
  const answers = [...request.answers, record];
  const decision = decisionOf(answers, request.required);
  const next = decision
    ? withOutcome(request, answers, decision, 'DECIDED', nowMs)
    : scheduled({ ...request, answers, version: request.version + 1 }, rules);
  return { kind: 'counted', next, answer: record };
}

/** One rejection ends it; approvals count by person. */
function decisionOf(answers: readonly AnswerRecord[], required: number): ApprovalDecision | undefined {
  if (answers.some(({ answer }) => answer === 'reject')) return 'REJECTED';
  return approvalsOf(answers) >= required ? 'APPROVED' : undefined;
}

function approvalsOf(answers: readonly AnswerRecord[]): number {
  return countPeople(answers.filter(({ answer }) => answer === 'approve').map(({ names }) => names));
}

/** The request after its time; undefined while it is open in time, or decided. */
export function expired(request: ApprovalRequest, nowMs: number): ApprovalRequest | undefined {
  if (request.status !== 'OPEN' || nowMs < request.expiresAtMs) return undefined;
  return withOutcome(request, request.answers, request.expiryDecision, 'EXPIRED', nowMs);
}

function withOutcome(
  request: ApprovalRequest,
  answers: readonly AnswerRecord[],
  decision: ApprovalDecision,
  reason: ApprovalReason,
  nowMs: number,
): ApprovalRequest {
  // Due at once: whoever writes this sends it too, and the sweep does if they cannot.
  return {
    ...request,
    answers,
    status: 'DECIDED',
    outcome: { decision, reason, atMs: nowMs },
    delivery: 'PENDING',
    dueAtMs: nowMs,
    version: request.version + 1,
  };
}

/** The request once the state machine has been told, or cannot be told. */
export function delivered(request: ApprovalRequest, delivery: 'SENT' | 'CLOSED'): ApprovalRequest {
  return settled({ ...request, delivery, version: request.version + 1 });
}

/** The request once its execution has ended without an answer. */
export function withdrawn(request: ApprovalRequest): ApprovalRequest {
  return settled({ ...request, status: 'WITHDRAWN', version: request.version + 1 });
}

/** Nothing is left to do, and the token has served. */
function settled(request: ApprovalRequest): ApprovalRequest {
  const { token, dueAtMs, ...rest } = request;
  return rest;
}

/** What a state machine is told. It depends on the stored request alone: told twice, it is told the same. */
export function resultOf(request: ApprovalRequest): ApprovalResult {
  const { id, outcome, answers } = request;
  if (!outcome) throw new Error(`approval ${id} has no outcome yet`);
  const vote = outcome.decision === 'APPROVED' ? 'approve' : 'reject';
  return {
    approvalId: id,
    decision: outcome.decision,
    reason: outcome.reason,
    at: isoOf(outcome.atMs),
    by: outcome.reason === 'DECIDED' ? [...new Set(answers.filter(({ answer }) => answer === vote).map(({ by }) => by))] : [],
    comments: answers.map(({ by, name, answer, atMs, comment }) => ({
      by,
      name,
      decision: answer,
      at: isoOf(atMs),
      comment: comment ?? '',
    })),
  };
}

/** What people are told of an open request at this time. */
export function dueMessage(request: ApprovalRequest, rules: GateRules, nowMs: number): 'asked' | 'escalation' | 'reminder' | undefined {
  if (request.status !== 'OPEN') return undefined;
  if (request.told === 0) return 'asked';
  if (!request.escalated && nowMs >= request.createdAtMs + rules.escalationSeconds * 1000) return 'escalation';
  return nowMs >= request.toldAtMs + rules.reminderSeconds * 1000 ? 'reminder' : undefined;
}

/** The request once that message has left. */
export function afterMessage(
  request: ApprovalRequest,
  message: 'asked' | 'escalation' | 'reminder',
  rules: GateRules,
  nowMs: number,
): ApprovalRequest {
  return scheduled(
    {
      ...request,
      told: request.told + 1,
      toldAtMs: nowMs,
      escalated: request.escalated || message === 'escalation',
      version: request.version + 1,
    },
    rules,
  );
}

export function heartbeatDue(request: ApprovalRequest, rules: GateRules, nowMs: number): boolean {
  return request.status === 'OPEN' && nowMs >= request.seenAtMs + rules.heartbeatSeconds * 1000;
}

/** The request once its execution was seen waiting. */
export function afterSight(request: ApprovalRequest, rules: GateRules, nowMs: number): ApprovalRequest {
  return scheduled({ ...request, seenAtMs: nowMs, version: request.version + 1 }, rules);
}

/** An open request with the time of what comes next. */
function scheduled(request: ApprovalRequest, rules: GateRules): ApprovalRequest {
  const times = [
    request.expiresAtMs,
    request.told === 0 ? request.toldAtMs : request.toldAtMs + rules.reminderSeconds * 1000,
    ...(request.escalated ? [] : [request.createdAtMs + rules.escalationSeconds * 1000]),
    request.seenAtMs + rules.heartbeatSeconds * 1000,
  ];
  return { ...request, dueAtMs: Math.min(...times) };
}

function textsOf(details: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(details).map(([name, value]) => [name, typeof value === 'string' ? value : (JSON.stringify(value) ?? '')]),
  );
}

export function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
