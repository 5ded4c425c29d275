import { gateLimits } from './contract';
import {
  delivered,
  dueMessage,
  expired,
  heartbeatDue,
  inputProblem,
  judge,
  Refusal,
  requestOf,
  resultOf,
  afterSight,
  afterMessage,
  standing,
  viewOf,
  withdrawn,
} from './domain';
import { ApprovalAnswer, ApprovalRecord, ApprovalRequest, ApprovalTaskInput, ApprovalView, GateRules, Person } from './model';
import { GatePorts } from './ports';

/** What came of an answer. */
export type AnswerOutcome =
  | { readonly kind: 'counted'; readonly view: ApprovalView }
  | { readonly kind: 'refused'; readonly why: Refusal; readonly view: ApprovalView }
  | { readonly kind: 'unknown' };

/** What one sweep did. */
export interface SweepReport {
  readonly looked: number;
  readonly delivered: number;
  readonly expired: number;
  readonly told: number;
  readonly withdrawn: number;
  readonly failed: number;
  /** Whether some were left for the next sweep. */
  readonly more: boolean;
}

/**
 * The use cases of a gate. A request is one item, and every change names the version that it saw: of two that race, one is refused and
 * looks again. The outcome is written before it is sent, with its sending still open; whoever dies in between leaves it to the sweep.
 */
export class ApprovalGateService {
  constructor(
    private readonly ports: GatePorts,
    private readonly rules: GateRules,
  ) {}

  /** Takes a request from a state machine. Throws when it cannot be taken: the state machine's own fallback answers then. */
  public async ask(input: ApprovalTaskInput): Promise<ApprovalView> {
    const problem = inputProblem(input, this.rules);
    if (problem) throw new Error(`the request for approval is refused: ${problem}`);
    const { nowMs, newId, store } = this.ports;
    const request = requestOf(input, this.rules, newId(), nowMs());
    const content = {
      subject: request.subject,
      execution: request.execution,
      state: request.state,
      startedBy: request.startedBy,
      required: request.required,
    };
    if ((await store.create(request, recordOf(request, 'ASKED', nowMs(), content))) === 'exists') {
      throw new Error('this approval ID is taken: ask again');
    }
    // If this fails the sweep tells them.
    await this.tell(request).catch((thrown: unknown) => this.ports.fault('notify', request.id, thrown));
    return viewOf(request);
  }

  /** What everyone who holds the link may see. It changes nothing. */
  public async view(id: string): Promise<ApprovalView | undefined> {
    const request = await this.read(id);
    return request && viewOf(standing(request, this.rules));
  }

  /** Takes a person's answer. */
  public async answer(id: string, person: Person, answer: ApprovalAnswer, comment?: string): Promise<AnswerOutcome> {
    for (let tries = 0; tries < gateLimits.raceTries; tries += 1) {
      const request = await this.read(id);
      if (!request) return { kind: 'unknown' };
      const nowMs = this.ports.nowMs();
      const judgement = judge(request, person, answer, comment, this.rules, nowMs);
      if (judgement.kind === 'refused') {
        return { kind: 'refused', why: judgement.why, view: viewOf(await this.settleLate(request, judgement.why)) };
      }
      const { next } = judgement;
      const what = next.status === 'DECIDED' ? 'DECIDED' : 'ANSWERED';
      const content = { ...judgement.answer, ...(next.outcome ? { outcome: next.outcome } : {}) };
      if ((await this.ports.store.replace(next, recordOf(next, what, nowMs, content))) === 'lost') continue;
      return { kind: 'counted', view: viewOf(next.status === 'DECIDED' ? await this.deliverOrLeave(next) : next) };
    }
    throw new Error(`approval ${id} was changed by other answers at the same time: send your answer again`);
  }

  /** Whoever comes too late need not wait for the sweep: the state machine is told at once that nobody decided. */
  private async settleLate(request: ApprovalRequest, why: Refusal): Promise<ApprovalRequest> {
    if (why !== 'expired') return request;
    const next = expired(request, this.ports.nowMs());
    if (!next || !(await this.record(next, 'DECIDED', { outcome: next.outcome }))) return request;
    return this.deliverOrLeave(next);
  }

  /** Does what is due: outcomes not sent, expiries, messages, heartbeats. Meant to run every minute; two at once do no harm. */
  public async sweep(deadlineMs: number): Promise<SweepReport> {
    const report = { looked: 0, delivered: 0, expired: 0, told: 0, withdrawn: 0, failed: 0 };
    const ids = await this.ports.store.due(this.ports.nowMs(), gateLimits.sweepAtOnce);
    for (const id of ids) {
      if (this.ports.nowMs() >= deadlineMs) return { ...report, more: true };
      report.looked += 1;
      try {
        const request = await this.read(id);
        if (request) for (const done of await this.attend(request)) report[done] += 1;
      } catch (thrown) {
        // One that cannot be attended to must not keep the others waiting.
        report.failed += 1;
        this.ports.fault('sweep', id, thrown);
      }
    }
    return { ...report, more: ids.length === gateLimits.sweepAtOnce };
  }

  private async attend(found: ApprovalRequest): Promise<('delivered' | 'expired' | 'told' | 'withdrawn')[]> {
    if (found.status === 'DECIDED') return found.delivery === 'PENDING' ? [await this.deliver(found).then(() => 'delivered' as const)] : [];
    const late = expired(found, this.ports.nowMs());
    if (late) {
      if (!(await this.record(late, 'DECIDED', { outcome: late.outcome }))) return [];
      await this.deliver(late);
      return ['expired', 'delivered'];
    }
    if (found.status !== 'OPEN') return [];
    const current = await this.beat(found);
    if (current === 'withdrawn') return [current];
    return current !== 'lost' && (await this.tell(current)) ? ['told'] : [];
  }

  /** Asks whether the execution still waits; when it does not, nobody need answer any more. */
  private async beat(request: ApprovalRequest): Promise<ApprovalRequest | 'withdrawn' | 'lost'> {
    const { tasks, store, nowMs } = this.ports;
    if (!heartbeatDue(request, this.rules, nowMs())) return request;
    if ((await tasks.heartbeat(tokenOf(request))) === 'waiting') {
      const next = afterSight(request, this.rules, nowMs());
      return (await store.replace(next)) === 'replaced' ? next : 'lost';
    }
    const gone = withdrawn(request);
    // Lost: it was answered this very moment, which is why the token no longer waits.
    if (!(await this.record(gone, 'WITHDRAWN', { execution: gone.execution }))) return 'lost';
    await this.ports.notify('withdrawn', viewOf(gone)).catch((thrown: unknown) => this.ports.fault('notify', gone.id, thrown));
    return 'withdrawn';
  }

  /** Tells people what is due. First the message, then the note of it: told twice is better than never. */
  private async tell(request: ApprovalRequest): Promise<boolean> {
    const { notify, store, nowMs } = this.ports;
    const message = dueMessage(request, this.rules, nowMs());
    if (!message) return false;
    await notify(message, viewOf(standing(request, this.rules)));
    await store.replace(afterMessage(request, message, this.rules, nowMs()));
    return true;
  }

  private async deliverOrLeave(request: ApprovalRequest): Promise<ApprovalRequest> {
    return this.deliver(request).catch((thrown: unknown) => {
      this.ports.fault('deliver', request.id, thrown);
      return request;
    });
  }

  /** Tells the state machine, then notes that it was told. A second telling finds the token closed. */
  private async deliver(request: ApprovalRequest): Promise<ApprovalRequest> {
    const answer = await this.ports.tasks.succeed(tokenOf(request), resultOf(request));
    const next = delivered(request, answer === 'sent' ? 'SENT' : 'CLOSED');
    return (await this.ports.store.replace(next)) === 'replaced' ? next : request;
  }

  private async record(next: ApprovalRequest, what: ApprovalRecord['what'], content: object): Promise<boolean> {
    return (await this.ports.store.replace(next, recordOf(next, what, this.ports.nowMs(), content))) === 'replaced';
  }

  /** What does not look like an ID is not looked up. */
  private async read(id: string): Promise<ApprovalRequest | undefined> {
    return gateLimits.idPattern.test(id) ? this.ports.store.read(id) : undefined;
  }
}

function tokenOf(request: ApprovalRequest): string {
  if (request.token !== undefined) return request.token;
  throw new Error(`approval ${request.id} has no token although it is ${request.status}: its item was changed by hand`);
}

function recordOf(request: ApprovalRequest, what: ApprovalRecord['what'], atMs: number, content: object): ApprovalRecord {
  return { id: request.id, version: request.version, atMs, what, content: JSON.stringify(content) };
}
