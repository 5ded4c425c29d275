import { approvalUrl } from './message.domain';
import { approvalPage, messagePage, PageModel, pageSecurity, Visitor } from './page.domain';
import { CallerProofs } from '../callers/caller-proof.service';
import { bearerIn, bodyOf, GateAnswer, GateEvent, headerOf, json, plain, problemJson, rawBody } from '../callers/event.domain';
import { GateSessions, Session } from '../callers/session.service';
import { GateIdentity, gateLimits, gatePaths, proofLimits } from '../contract';
import { Refusal, unentitled } from '../domain';
import { ApprovalAnswer, ApprovalView, GateRules, Person } from '../model';
import { ApprovalGateService } from '../service';

export interface GateHttpPorts {
  readonly gate: Pick<ApprovalGateService, 'view' | 'answer'>;
  readonly rules: GateRules;
  readonly identity: GateIdentity;
  /** With OIDC only. */
  readonly sessions?: GateSessions;
  /** With IAM only. */
  readonly proofs?: CallerProofs;
  readonly baseUrl: string;
  readonly nowMs: () => number;
  /** What is known of a call once it is answered: never a header or a body. */
  readonly record: (call: CallRecord, thrown?: unknown) => void;
}

export interface CallRecord {
  readonly route: string;
  readonly method: string;
  readonly status: number;
  readonly code?: string;
  readonly approval?: string;
  /** Whose answer it was. */
  readonly by?: string;
}

const problems = {
  invalid_request: { status: 400, title: 'The decision is not valid' },
  unauthorized: { status: 401, title: 'No valid credentials were sent' },
  stale: { status: 401, title: 'The proof of identity is too old, or its time is in the future' },
  other_caller: { status: 403, title: 'The proof of identity belongs to another caller' },
  not_approver: { status: 403, title: 'You are not one of the approvers' },
  starter: { status: 403, title: 'You started this execution, so another person must decide' },
  forged: { status: 403, title: 'The form was not made by this page' },
  unknown: { status: 404, title: 'There is no such approval' },
  method_not_allowed: { status: 405, title: 'This path accepts only GET and POST' },
  decided: { status: 409, title: 'The decision was made already' },
  expired: { status: 409, title: 'The time to decide is over' },
  withdrawn: { status: 409, title: 'The execution no longer waits' },
  repeated: { status: 409, title: 'You have given this answer already' },
  too_large: { status: 413, title: 'The body is too large' },
  unsupported: { status: 415, title: 'The body is neither JSON nor a form' },
  unknown_caller: { status: 503, title: 'Your identity cannot be checked now' },
  unavailable: { status: 503, title: 'The service cannot answer now' },
} as const;

type PageProblemCode = keyof typeof problems;

const cookies = { session: '__Host-approval-session', signIn: '__Host-approval-sign-in' } as const;

/** Answers the page's and API's calls. GET changes nothing; POST decides for whoever proves who they are. */
export function gateHttp(ports: GateHttpPorts): (event: GateEvent) => Promise<GateAnswer> {
  const calls = new GateCalls(ports);
  return async (event) => {
    const { answer, code, by, thrown } = await calls
      .answer(event)
      .catch((error: unknown): AnsweredPage => ({ ...calls.problem(event, 'unavailable'), thrown: error }));
    const approval = event.pathParameters?.id?.slice(0, 22);
    ports.record({ route: event.resource, method: event.httpMethod, status: answer.statusCode, code, approval, by }, thrown);
    return answer;
  };
}

interface AnsweredPage {
  readonly answer: GateAnswer;
  readonly code?: PageProblemCode;
  readonly by?: string;
  readonly thrown?: unknown;
}

/** Who decides, and by which kind of proof: a browser's session needs a form of ours. */
type PageCaller =
  | { readonly kind: 'known'; readonly person: Person; readonly session?: Session }
  | { readonly kind: 'nobody'; readonly code: PageProblemCode; readonly thrown?: unknown };

class GateCalls {
  constructor(private readonly ports: GateHttpPorts) {}

  public answer(event: GateEvent): Promise<AnsweredPage> {
    const { resource, httpMethod: method } = event;
    const id = event.pathParameters?.id ?? '';
    if (resource === gatePaths.callback && method === 'GET') return this.callback(event);
    if (resource === gatePaths.signIn && method === 'GET') return this.signIn(event, id);
    if (resource === gatePaths.approval && (method === 'GET' || method === 'HEAD')) return this.look(event, id);
    if (resource === gatePaths.approval && method === 'POST') return this.decide(event, id);
    return Promise.resolve(this.problem(event, resource === gatePaths.approval ? 'method_not_allowed' : 'unknown'));
  }

  private async look(event: GateEvent, id: string): Promise<AnsweredPage> {
    const view = await this.ports.gate.view(id);
    if (!view) return this.problem(event, 'unknown');
    if (wantsJson(event)) return { answer: json(200, apiView(view)) };
    return { answer: await this.page(200, view, await this.sessionOf(event)) };
  }

  private async decide(event: GateEvent, id: string): Promise<AnsweredPage> {
    const caller = await this.callerOf(event, id);
    if (caller.kind === 'nobody') return { ...this.problem(event, caller.code), thrown: caller.thrown };
    const { person, session } = caller;
    const by = person.id;
    const view = await this.ports.gate.view(id);
    if (!view) return { ...this.problem(event, 'unknown'), by };
    const body = decisionOf(event);
    if ('why' in body) return { ...this.problem(event, body.why, body.detail), by };
    // A cookie comes with every request of a browser; the form's own value only with ours.
    if (session && !(await this.ports.sessions!.csrfHolds(session, id, body.csrf))) return { ...this.problem(event, 'forged'), by };
    const outcome = await this.ports.gate.answer(id, person, body.decision, body.comment);
    if (outcome.kind === 'unknown') return { ...this.problem(event, 'unknown'), by };
    if (outcome.kind === 'refused') return { ...(await this.refused(event, outcome.why, outcome.view, session)), by };
    // Shown by GET, so that a reload does not decide again. Relative, like all links here: the page works below whatever address it has.
    const answer = wantsJson(event) ? json(200, apiView(outcome.view)) : redirect(303, id);
    return { answer, by };
  }

  private async refused(event: GateEvent, why: Refusal, view: ApprovalView, session: Session | undefined): Promise<AnsweredPage> {
    if (wantsJson(event)) return this.problem(event, why);
    return {
      answer: await this.page(problems[why].status, view, session, `Your answer changes nothing: ${lowered(problems[why].title)}.`),
      code: why,
    };
  }

  private async signIn(event: GateEvent, id: string): Promise<AnsweredPage> {
    const { sessions, gate } = this.ports;
    if (!sessions || !(await gate.view(id))) return this.problem(event, 'unknown');
    const { location, cookie } = await sessions.begin(id);
    return { answer: redirect(302, location, [cookieOf(cookies.signIn, cookie, gateLimits.signInSeconds)]) };
  }

  private async callback(event: GateEvent): Promise<AnsweredPage> {
    const { sessions } = this.ports;
    if (!sessions) return this.problem(event, 'unknown');
    const done = await sessions.finish(event.queryStringParameters ?? {}, cookieIn(event, cookies.signIn));
    if (done.kind === 'failed') return { answer: page(400, messagePage('You are not signed in', done.detail)), code: 'unauthorized' };
    const set = [cookieOf(cookies.session, done.cookie, done.seconds), cookieOf(cookies.signIn, '', 0)];
    return { answer: redirect(302, `../approvals/${done.approvalId}`, set) };
  }

  private async callerOf(event: GateEvent, id: string): Promise<PageCaller> {
    const { identity, sessions } = this.ports;
    if (identity.kind === 'iam') return this.provenCaller(event, id);
    const token = bearerIn(event);
    if (token !== undefined) {
      const person = await sessions!.bearer(token);
      return person ? { kind: 'known', person } : { kind: 'nobody', code: 'unauthorized' };
    }
    const session = await this.sessionOf(event);
    return session ? { kind: 'known', person: session.person, session } : { kind: 'nobody', code: 'unauthorized' };
  }

  /** The proof is for this approval and this body, which holds the decision. */
  private async provenCaller(event: GateEvent, id: string): Promise<PageCaller> {
    if (!gateLimits.idPattern.test(id)) return { kind: 'nobody', code: 'unknown' };
    const caller = await this.ports.proofs!.callerOf(event, { url: approvalUrl(this.ports.baseUrl, id), body: rawBody(event) });
    if (caller.kind === 'refused') return { kind: 'nobody', code: caller.why };
    return caller.kind === 'known'
      ? caller
      : { kind: 'nobody', code: 'unknown_caller', thrown: new Error(`STS did not confirm the caller: ${caller.detail}`) };
  }

  private async sessionOf(event: GateEvent): Promise<Session | undefined> {
    return this.ports.sessions?.session(cookieIn(event, cookies.session));
  }

  private async page(status: number, view: ApprovalView, session: Session | undefined, notice?: string): Promise<GateAnswer> {
    const { rules, nowMs } = this.ports;
    const visitor = await this.visitorOf(view, session);
    const model: PageModel = {
      view,
      rules,
      nowMs: nowMs(),
      command: this.command(view.id),
      visitor,
      ...(notice === undefined ? {} : { notice }),
    };
    return page(status, approvalPage(model));
  }

  private async visitorOf(view: ApprovalView, session: Session | undefined): Promise<Visitor> {
    const { sessions, rules } = this.ports;
    if (!sessions) return { kind: 'unknown' };
    if (!session) return { kind: 'unknown', signIn: `${view.id}/sign-in` };
    const why = unentitled(view, session.person, rules);
    if (why) return { kind: 'unentitled', name: session.person.name, why };
    return { kind: 'entitled', name: session.person.name, csrf: await sessions.csrf(session, view.id) };
  }

  private command(id: string): string {
    const { identity, baseUrl } = this.ports;
    const url = approvalUrl(baseUrl, id);
    if (identity.kind === 'oidc') {
      return [
        `# APPROVER_TOKEN: your ID token of ${identity.issuer}, for ${identity.audience.join(' or ')}`,
        'curl -X POST -H "Authorization: Bearer $APPROVER_TOKEN" \\',
        `  -H 'Content-Type: application/json' -d '{"decision": "approve", "comment": "..."}' \\\n  ${url}`,
      ].join('\n');
    }
    return (
      `# with the credentials of an approver; "reject" instead of "approve" to reject\nnpx cdk-multi-region-payments approve ` +
      `${url} \\\n  --region ${identity.region} --comment "..."`
    );
  }

  /** An error in the form that was asked for. */
  public problem(event: GateEvent, code: PageProblemCode, found?: string): AnsweredPage {
    const { status, title } = problems[code];
    const { kind } = this.ports.identity;
    const more: Record<string, string> =
      code === 'unauthorized' && kind === 'oidc'
        ? { 'WWW-Authenticate': 'Bearer' }
        : code === 'unknown_caller'
          ? { 'Retry-After': String(proofLimits.retryAfterSeconds) }
          : {};
    const hint = (kind === 'iam' ? proofHints[code] : undefined) ?? hints[code] ?? 'Nothing was changed.';
    const detail = found === undefined ? hint : `${found} Nothing was changed.`;
    if (!wantsJson(event)) return { answer: page(status, messagePage(title, detail), more), code };
    return { answer: problemJson(code, status, title, detail, more), code };
  }
}

const hints: Partial<Readonly<Record<PageProblemCode, string>>> = {
  invalid_request: 'Send {"decision": "approve" or "reject", "comment"?: a text of at most 1,000 characters}.',
  unauthorized: "Open the approval's page and sign in, or send a valid bearer token. Nothing was changed.",
  forged: "Open the approval's page again and decide there. Nothing was changed.",
  unknown: 'Check that the link is complete.',
  unavailable: 'Look at the approval again in a minute: if you sent an answer, it may have been recorded.',
};

/** With AWS credentials. */
const proofHints: Partial<Readonly<Record<PageProblemCode, string>>> = {
  unauthorized: "Send X-Caller-Proof for this very call: 'npx cdk-multi-region-payments approve URL' makes it. Nothing was changed.",
  stale:
    `A proof is valid for ${proofLimits.validSeconds / 60} minutes: check your computer's clock, and make a new proof. Nothing ` +
    `was changed.`,
  other_caller: 'Sign the call and the proof with the same credentials. Nothing was changed.',
  unknown_caller: 'AWS STS did not answer: ask again in some seconds. Nothing was changed.',
};

/** What everyone may know, in the API's words. */
function apiView(view: ApprovalView): object {
  const { id, outcome, ...rest } = view;
  return { approvalId: id, ...rest, ...(outcome ? { decision: outcome.decision, reason: outcome.reason, decidedAtMs: outcome.atMs } : {}) };
}

function page(statusCode: number, body: string, more: Readonly<Record<string, string>> = {}): GateAnswer {
  return {
    statusCode,
    headers: { ...pageSecurity, ...more, 'Cache-Control': 'no-store', 'Content-Type': 'text/html; charset=utf-8' },
    body,
  };
}

function redirect(statusCode: 302 | 303, location: string, set: string[] = []): GateAnswer {
  return {
    statusCode,
    headers: { ...plain, Location: location },
    ...(set.length > 0 ? { multiValueHeaders: { 'Set-Cookie': set } } : {}),
    body: '',
  };
}

function cookieOf(name: string, value: string, seconds: number): string {
  return `${name}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; Secure; SameSite=Lax`;
}

function cookieIn(event: GateEvent, name: string): string | undefined {
  const pair = (headerOf(event, 'cookie') ?? '').split(/; */).find((part) => part.startsWith(`${name}=`));
  return pair?.slice(name.length + 1) || undefined;
}

/** Browsers ask for HTML; everything else is answered as it asked, or in JSON. */
function wantsJson(event: GateEvent): boolean {
  const type = headerOf(event, 'content-type') ?? '';
  if (/^application\/json\b/i.test(type)) return true;
  return !/text\/html|^\s*$/.test(headerOf(event, 'accept') ?? '') && /json/.test(headerOf(event, 'accept') ?? '');
}

interface DecisionBody {
  readonly decision: ApprovalAnswer;
  readonly comment?: string;
  readonly csrf?: string;
}

function decisionOf(event: GateEvent): DecisionBody | { readonly why: PageProblemCode; readonly detail?: string } {
  const body = bodyOf(event, 'form');
  if (body.kind === 'refused') return body;
  const { decision, comment, csrf, ...others } = body.fields;
  if ((decision !== 'approve' && decision !== 'reject') || Object.keys(others).length > 0) return { why: 'invalid_request' };
  if (comment !== undefined && (typeof comment !== 'string' || comment.length > gateLimits.commentLength)) {
    return { why: 'invalid_request' };
  }
  return { decision, ...(comment?.trim() ? { comment: comment.trim() } : {}), ...(typeof csrf === 'string' ? { csrf } : {}) };
}

function lowered(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
