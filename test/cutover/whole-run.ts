import { AslResult, runAsl } from './asl';
import { addresses, source, stateMachineArn, target } from './settings';
import { Crash, Disturb, shapeOf, World } from './world';
import { requestOf, resultOf } from '../../src/approvals/domain';
import { ApprovalRequest, ApprovalResult, ApprovalTaskInput } from '../../src/approvals/model';
import { verify, VerifyCall } from '../../src/approvals/verify.service';
import { HomeRequest } from '../../src/cutover/checks/authority-move.service';
import { AlarmState } from '../../src/cutover/checks/model';
import { AccountName, ReplicaPage } from '../../src/cutover/checks/reconcile-round.service';
import { accountOfKey, ReplicaItem } from '../../src/cutover/checks/reconcile-window.domain';
import { CutoverPlan } from '../../src/cutover/contract';
import { StepCall, StepOutcome } from '../../src/cutover/machine/contract';
import { CutoverPorts, CutoverSteps } from '../../src/cutover/steps/service';
import { OperatorResult } from '../../src/ledger/operator/operate.service';
import { StatusResult } from '../../src/ledger/operator/status.service';
import { rules as gateRules } from '../approvals/world';

/** Everything around a cutover, with switches to break it. */
export class Surroundings extends World {
  public alarm: AlarmState['state'] = 'OK';
  /** Where the alarms of one region are in another state. */
  public readonly alarmsIn = new Map<string, AlarmState['state']>();
  /** The last minutes of the source's health check, newest first. */
  public sourceHealth: () => readonly number[] = () => [1, 1, 1];
  public lag: readonly number[] = [100, 90, 80, 70, 60];
  public healthy = 14;
  public targetConcurrency = 1000;
  /** What the last comparison of the documents came to. */
  public parity?: string;
  public readonly lostRegions = new Set<string>();
  public homes = [source, source];
  /** Units whose move an overtaken worker has begun, and may still be making. */
  public readonly leftMoving = new Set<number>();
  /** Units that a person is taking over, which stops their homes. */
  public readonly stopped = new Set<number>();
  /** How many moves of authority are made without the answer arriving. */
  public loseAnswers = 0;
  public relocations: string[] = [];
  /** What people answer, by what they are asked. */
  public answer: (about: string) => Partial<ApprovalResult> = () => ({ decision: 'APPROVED', reason: 'DECIDED', by: ['bob'] });
  public readonly asked: any[] = [];
  /** Done once while the gate is asked. */
  public readonly atGate: (() => Promise<unknown>)[] = [];
  public readonly replicas = new Map<string, ReplicaItem[]>([
    [source, []],
    [target, []],
  ]);
  /** The gate's table. */
  public readonly approvals = new Map<string, ApprovalRequest>();
  /** What is sent to the execution in the gate's place, when something is. */
  public forge?: (request: ApprovalRequest) => unknown;
  /** What the gate's verification has found to be forged. */
  public readonly forgeries: string[] = [];
  private readonly gateStore = {
    read: async (id: string): Promise<ApprovalRequest | undefined> => structuredClone(this.approvals.get(id)),
  };
  /** Calls of all ports in the last run. */
  public calls = 0;
  /** Executions as Step Functions tells of them. */
  public readonly executions = new Map<
    string,
    { status: string; stateMachineArn: string; input: string; definition: string; given?: unknown }
  >();
  /** Called when an operator has done what it was asked, before it answers. */
  public operated: (request: HomeRequest) => Promise<unknown> = async () => undefined;
  /** Called before each step, to change the world in mid-run. */
  public before: (step: string, last: any) => unknown = () => undefined;

  public constructor() {
    super();
    this.syncMs = 20_000;
  }

  /** Records made a day ago, all to the source. */
  public async withRecords(): Promise<this> {
    await this.change().carryOut(
      this.order({ key: 'create', kind: 'create', run: 'deploy', to: () => shapeOf(100, 0, 10), deadlineMs: this.nowMs + 60_000 }),
    );
    this.nowMs += 25 * 3_600_000;
    return this;
  }

  private reach(region: string): void {
    if (this.lostRegions.has(region)) throw new Error(`${region} does not answer`);
  }

  public ports(disturb?: Disturb): CutoverPorts {
    return {
      log: this.log(disturb),
      records: this.records(disturb),
      clock: this.clock,
      checks: {
        metric: async (region, { name, dimensions }) => {
          // Route 53's metrics come from us-east-1, which may be the lost source: the check then fails as any that cannot be read.
          if (name === 'HealthCheckStatus') {
            if (dimensions.HealthCheckId === addresses[source].healthCheckId) return this.sourceHealth();
            return this.healthy > 8 ? [1, 1, 1] : [0, 0, 0];
          }
          this.reach(region);
          return this.lag;
        },
        alarms: async (region, names) => {
          this.reach(region);
          return names.map((name) => ({ region, name, state: this.alarmsIn.get(region) ?? this.alarm }));
        },
        queueDepth: async (region) => {
          this.reach(region);
          return 0;
        },
        lambdaConcurrency: async (region) => {
          this.reach(region);
          return region === target ? this.targetConcurrency : 1000;
        },
        apiThrottles: async (region) => {
          this.reach(region);
          return { rate: 10_000, burst: 5_000 };
        },
        parityRecord: async (region) => {
          this.reach(region);
          return this.parity;
        },
        ownCheck: async () => ({ passed: true, value: 'fine' }),
      },
      operate: async (region, request) => {
        const { after } = await (disturb ?? (async () => ({ after: () => undefined })))('operate');
        this.reach(region);
        const result = this.operate(region, request);
        await this.operated(request);
        after();
        if (request.action === 'relocate' && this.loseAnswers > 0) {
          this.loseAnswers -= 1;
          throw new Error('the connection was closed');
        }
        return result;
      },
      replicas: {
        scan: (region) => this.scan(region),
        items: async (region, pks) => {
          this.reach(region);
          return this.replicas.get(region)!.filter(({ pk }) => pks.includes(pk));
        },
        accounts: (region) => this.accounts(region),
      },
      executions: {
        describe: async (run) => this.executions.get(run),
        definition: async (run) => this.executions.get(run)!.definition,
        given: async (run) => this.executions.get(run)?.given,
      },
      stateMachineArn,
      approvals: this.gateStore,
      isRunning: async (run) => this.executions.get(run)?.status === 'RUNNING',
    };
  }

  private async *scan(region: string): AsyncIterable<ReplicaPage<ReplicaItem>> {
    this.reach(region);
    yield { items: this.replicas.get(region)! };
  }

  private async *accounts(region: string): AsyncIterable<ReplicaPage<AccountName>> {
    this.reach(region);
    yield { items: this.replicas.get(region)!.flatMap(({ pk }) => accountOfKey(pk) ?? []) };
  }

  private operate(region: string, request: HomeRequest): StatusResult | OperatorResult {
    // As the function that moves homes: only for a run that is under way.
    if ('run' in request && this.executions.get(request.run)?.status !== 'RUNNING') {
      return { kind: 'refused', detail: `${request.run} is no run that is under way` };
    }
    const record = (unit: number): any => ({
      home: this.homes[unit],
      epoch: 1 + this.relocations.length,
      state: this.stopped.has(unit) ? 'DRAINING' : 'OPEN',
      leaseUntil: 0,
      ...(this.leftMoving.has(unit) ? { move: { to: target } } : {}),
    });
    if (request.action === 'status') {
      return { kind: 'status', region, units: this.homes.map((_, unit) => ({ unit, ...record(unit), takeoverInMs: 0 })) };
    }
    if (request.action === 'abort') {
      this.leftMoving.delete(request.unit);
      this.stopped.delete(request.unit);
      return { kind: 'aborted', record: record(request.unit) };
    }
    if (request.action === 'relocate') {
      this.reach(this.homes[request.unit]);
      this.homes[request.unit] = region;
      this.relocations.push(`${request.unit}->${region}`);
      return { kind: 'moved', record: record(request.unit), compared: 7, pausedMs: 900 };
    }
    return {
      kind: 'reconciled',
      home: region,
      epoch: 2,
      addsUp: true,
      account: {
        accountId: 'a',
        kept: { available: 1, held: 0, settled: 0 },
        recomputed: { available: 1, held: 0, settled: 0 },
        payments: 0,
        lateWrites: [],
        unanswered: [],
      },
    };
  }

  /** Runs the definition; each step is done by a worker of its own, as after any cold start. */
  public async run(definition: any, id: string, input: object = {}, crash?: { at: number; when: 'before' | 'after' }): Promise<AslResult> {
    this.calls = 0;
    let dead = false;
    const die = (): never => {
      dead = true;
      throw new Crash('killed');
    };
    const disturb: Disturb = async () => {
      this.calls += 1;
      const now = crash?.at === this.calls;
      // A worker that is gone does nothing more, whatever it would have made of the fault.
      if (dead || (now && crash!.when === 'before')) die();
      return {
        after: () => {
          if (now && crash!.when === 'after') die();
        },
      };
    };
    const request = { startedBy: 'alice', attested: { 'documents-backfilled': 'alice, by count' }, ...input };
    const execution: { status: string; given?: unknown } = { status: 'RUNNING' };
    this.executions.set(
      id,
      Object.assign(execution, { stateMachineArn, input: JSON.stringify(request), definition: JSON.stringify(definition) }),
    );
    const result = await runAsl(definition, request, {
      executionId: id,
      nowMs: this.clock.nowMs,
      wait: (ms) => {
        this.nowMs += ms;
      },
      answer: async (payload) => {
        const answer = this.approve(payload);
        for (const act of this.atGate.splice(0)) await act();
        return answer;
      },
      call: async (functionName, payload) => {
        if (functionName.includes('GateVerify')) {
          const forged = (_call: unknown, why: string): void => {
            this.forgeries.push(why);
          };
          return verify({ store: this.gateStore, nowMs: this.clock.nowMs, forged }, JSON.parse(JSON.stringify(payload)) as VerifyCall);
        }
        execution.given = JSON.parse(JSON.stringify(payload));
        await this.before(payload.step, payload.last);
        dead = false;
        const outcome = await this.call(payload, disturb);
        if (dead) throw new Crash('killed');
        execution.given = undefined;
        return outcome;
      },
    });
    execution.status = result.status;
    return result;
  }

  /** Calls the steps' function, as anybody can who may invoke it. */
  public call(payload: any, disturb?: Disturb): Promise<StepOutcome> {
    return new CutoverSteps(this.ports(disturb)).run(payload as StepCall, { deadlineMs: this.nowMs + 600_000 });
  }

  /** What people answer, as the gate records and sends it; a reason alone is what the machine makes of a gate that says nothing. */
  private approve(asked: any): unknown {
    this.asked.push(asked);
    this.nowMs += 600_000;
    const said = this.answer(asked.details.about);
    if (said.reason === 'UNANSWERED') throw Object.assign(new Error('no heartbeat'), { name: 'States.HeartbeatTimeout' });
    const id = `approval-${String(this.asked.length).padStart(13, '0')}`;
    const request = this.gateRequest(asked as ApprovalTaskInput, id, { decision: 'REJECTED', reason: 'DECIDED', by: [], ...said });
    this.approvals.set(request.id, request);
    return this.forge?.(request) ?? resultOf(request);
  }

  /** A request as the gate would have it once it is decided. */
  public gateRequest(
    asked: ApprovalTaskInput,
    id: string,
    { decision, reason, by }: Pick<ApprovalResult, 'decision' | 'reason' | 'by'>,
  ): ApprovalRequest {
    const { token, dueAtMs, ...request } = requestOf(JSON.parse(JSON.stringify(asked)) as ApprovalTaskInput, gateRules, id, this.nowMs);
    const answers = by.map((name) => ({
      by: name,
      name,
      names: [name],
      entitledBy: name,
      answer: decision === 'APPROVED' ? ('approve' as const) : ('reject' as const),
      atMs: this.nowMs,
    }));
    return { ...request, answers, status: 'DECIDED', outcome: { decision, reason, atMs: this.nowMs }, delivery: 'SENT' };
  }
}

/** The plan inside a definition, to change it for one test. */
export function withPlan(definition: any, change: (plan: CutoverPlan) => Partial<CutoverPlan>): any {
  const copy = structuredClone(definition);
  Object.assign(copy.States.Plan.Parameters.plan, change(copy.States.Plan.Parameters.plan as CutoverPlan));
  return copy;
}
