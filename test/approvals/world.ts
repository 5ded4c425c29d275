import {
  ApprovalRecord,
  ApprovalRequest,
  ApprovalResult,
  ApprovalTaskInput,
  ApprovalView,
  GateRules,
  Person,
} from '../../src/approvals/model';
import { ApprovalMessage, ApprovalStore, GatePorts, TokenTasks } from '../../src/approvals/ports';
import { ApprovalGateService } from '../../src/approvals/service';

/** The gate's store as a map. */
export class MemoryApprovals implements ApprovalStore {
  public readonly requests = new Map<string, ApprovalRequest>();
  public readonly records: ApprovalRecord[] = [];

  public create(request: ApprovalRequest, record: ApprovalRecord): Promise<'created' | 'exists'> {
    if (this.requests.has(request.id)) return Promise.resolve('exists');
    this.requests.set(request.id, structuredClone(request));
    this.records.push(structuredClone(record));
    return Promise.resolve('created');
  }

  public read(id: string): Promise<ApprovalRequest | undefined> {
    return Promise.resolve(structuredClone(this.requests.get(id)));
  }

  public replace(next: ApprovalRequest, record?: ApprovalRecord): Promise<'replaced' | 'lost'> {
    if (this.requests.get(next.id)?.version !== next.version - 1) return Promise.resolve('lost');
    if (record && this.records.some(({ id, version }) => id === record.id && version === record.version)) return Promise.resolve('lost');
    this.requests.set(next.id, structuredClone(next));
    if (record) this.records.push(structuredClone(record));
    return Promise.resolve('replaced');
  }

  public due(nowMs: number, limit: number): Promise<readonly string[]> {
    const due = [...this.requests.values()].filter(({ dueAtMs }) => dueAtMs !== undefined && dueAtMs <= nowMs);
    return Promise.resolve(
      due
        .sort((a, b) => a.dueAtMs! - b.dueAtMs!)
        .slice(0, limit)
        .map(({ id }) => id),
    );
  }

  public pending(): Promise<number> {
    return Promise.resolve([...this.requests.values()].filter(({ dueAtMs }) => dueAtMs !== undefined).length);
  }
}

/** Executions that wait for a token: each takes one result, and then none. */
export class FakeTasks implements TokenTasks {
  public readonly waiting = new Set<string>();
  /** What was taken, by token. */
  public readonly taken = new Map<string, ApprovalResult>();
  /** Everything that was sent, taken or not. */
  public readonly sent: { readonly token: string; readonly result: ApprovalResult }[] = [];
  public beats = 0;

  public succeed(token: string, result: ApprovalResult): Promise<'sent' | 'closed'> {
    this.sent.push({ token, result: structuredClone(result) });
    if (!this.waiting.delete(token)) return Promise.resolve('closed');
    this.taken.set(token, structuredClone(result));
    return Promise.resolve('sent');
  }

  public heartbeat(token: string): Promise<'waiting' | 'closed'> {
    this.beats += 1;
    return Promise.resolve(this.waiting.has(token) ? 'waiting' : 'closed');
  }
}

export const rules: GateRules = {
  people: ['sub-ann', 'sub-ben'],
  groups: ['approvers'],
  excludeStarter: true,
  required: 1,
  expirySeconds: 3600,
  expiryDecision: 'REJECTED',
  reminderSeconds: 900,
  escalationSeconds: 1800,
  heartbeatSeconds: 300,
};

export const ann: Person = { id: 'sub-ann', name: 'Ann', vouched: [], names: ['sub-ann'], aliases: ['ann@example.com'], groups: [] };
export const ben: Person = { id: 'sub-ben', name: 'Ben', vouched: [], names: ['sub-ben'], aliases: [], groups: [] };
export const cem: Person = {
  id: 'sub-cem',
  name: 'Cem',
  vouched: [],
  names: ['sub-cem'],
  aliases: ['cem@example.com'],
  groups: ['approvers'],
};
export const stranger: Person = {
  id: 'sub-eve',
  name: 'Eve',
  vouched: [],
  names: ['sub-eve'],
  aliases: ['eve@example.com', 'sub-ann'],
  groups: ['others'],
};
export const starter: Person = {
  id: 'sub-sam',
  name: 'Sam',
  vouched: [],
  names: ['sub-sam'],
  aliases: ['sam@example.com'],
  groups: ['approvers'],
};

export function inputOf(change: Partial<ApprovalTaskInput> = {}): ApprovalTaskInput {
  return {
    token: 'TOKEN-secret-0',
    execution: 'arn:aws:states:eu-central-1:111122223333:execution:cutover:run-1',
    asked: '2026-11-22T02:59:59.000Z',
    state: 'Approve25',
    subject: 'Move 25 %',
    question: 'Send 25 % of the traffic to eu-central-1?',
    details: { phase: '2 of 5' },
    report: { lag: 'passed' },
    startedBy: 'sam@example.com',
    ...change,
  };
}

/** A gate with a clock to move, whose messages can be read. */
export class GateWorld {
  public nowMs = Date.UTC(2026, 10, 22, 3);
  public readonly store = new MemoryApprovals();
  public readonly tasks = new FakeTasks();
  public readonly messages: { readonly message: ApprovalMessage; readonly view: ApprovalView }[] = [];
  public readonly faults: { readonly what: string; readonly thrown: unknown }[] = [];
  public readonly ports: GatePorts;
  public readonly gate: ApprovalGateService;
  private ids = 0;

  constructor(change: Partial<GateRules> = {}, ports: Partial<GatePorts> = {}) {
    this.ports = {
      store: this.store,
      tasks: this.tasks,
      notify: (message, view) => {
        this.messages.push({ message, view });
        return Promise.resolve();
      },
      nowMs: () => this.nowMs,
      newId: () => `id-${String((this.ids += 1)).padStart(19, '0')}`,
      fault: (what, _id, thrown) => this.faults.push({ what, thrown }),
      ...ports,
    };
    this.gate = new ApprovalGateService(this.ports, { ...rules, ...change });
  }

  /** Asks, and returns the approval's ID; the execution waits for the token. */
  public async ask(change: Partial<ApprovalTaskInput> = {}): Promise<string> {
    const input = inputOf(change);
    this.tasks.waiting.add(input.token);
    return (await this.gate.ask(input)).id;
  }

  public sweep(): ReturnType<ApprovalGateService['sweep']> {
    return this.gate.sweep(this.nowMs + 50_000);
  }

  public advance(seconds: number): void {
    this.nowMs += seconds * 1000;
  }
}
