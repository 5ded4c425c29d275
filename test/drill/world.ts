import type { CallerLookup } from '../../src/cutover/machine/caller.service';
import type { DrillKind } from '../../src/drill/contract';
import { drillKeys, DrillPlan } from '../../src/drill/contract';
import { faultAction } from '../../src/drill/fault/contract';
import type { ExperimentRecord, FaultTemplate } from '../../src/drill/fault/model';
import { DrillCall } from '../../src/drill/machine/contract';
import type { ProbeAudit, ProbedCalls } from '../../src/drill/model';
import type { DrillExecution, RegionFaults } from '../../src/drill/ports';
import { lookSteps, LookServices } from '../../src/drill/steps/look.service';
import { regionSteps } from '../../src/drill/steps/region.service';
import { reportSteps } from '../../src/drill/steps/report.service';
import { drillWorker } from '../../src/drill/steps/service';
import { Watchdog } from '../../src/drill/watchdog/service';
import { isDrainedBy } from '../../src/ledger/drain-mark.domain';
import { DrainMark } from '../../src/ledger/model';
import type { SeenCall } from '../../src/scenario/model';

export const plan: DrillPlan = {
  systemName: 'acme-pay',
  drilled: 'us-east-1',
  regions: ['us-east-1', 'us-west-2'],
  publicName: 'pay.example.com',
  tableName: 'acme-pay-ledger',
  budgetSeconds: 30,
  expectedSeconds: 26,
  beforeSeconds: 30,
  duringSeconds: 30,
  returnSeconds: 180,
  longestSeconds: 300,
  intervalDays: 100,
  eventMs: 60_000,
};

export const run = 'arn:aws:states:us-west-2:111122223333:execution:acme-pay-drill-us-east-1:first';
export const machineArn = 'arn:aws:states:us-west-2:111122223333:stateMachine:acme-pay-drill-us-east-1';
const callEveryMs = 500;
/** A health check sees a drained region within it. */
const detectionMs = 10_000;

export interface WorldSettings {
  readonly ttlSeconds?: number;
  readonly audit?: Partial<ProbeAudit>;
  /** Alarms that are raised in a region, by what is expected and whether the drilled region is away. */
  readonly raised?: (region: string, isAway: boolean, expected?: readonly string[]) => readonly string[];
  /** They are quiet again so long after the beginning. */
  readonly quietAfterMs?: number;
  /** Where callers are led who stand near the other region; its own by default. */
  readonly nearOther?: string;
  readonly cutover?: string;
  /** The prober stops writing at this moment after the beginning. */
  readonly proberDiesAtMs?: number;
  readonly kind?: DrillKind;
  /** What FIS says of an experiment, besides that it runs. */
  readonly fault?: (record: ExperimentRecord, runsForMs: number) => Partial<ExperimentRecord>;
  /** Without a template, or what FIS says instead of a beginning. */
  readonly noFault?: 'no template' | string;
  readonly templates?: readonly string[];
  /** The template, where it is not as it was deployed. */
  readonly template?: Partial<FaultTemplate>;
  /** Why the safety lever is engaged. */
  readonly engaged?: string;
  /** The answer to its first start does not come. */
  readonly startUnheard?: true;
  /** The extension sees an experiment so late. */
  readonly effectMs?: number;
  /** Region beside, which another experiment takes away. */
  readonly faultBeside?: string;
  /** Whether the look for it fails, by whether the drilled region is away. */
  readonly faultLookFails?: (isAway: boolean) => boolean;
  /** The switch of the other region, by whether the drilled one's is set. */
  readonly beside?: (isDrained: boolean) => DrainMark | undefined;
  readonly metric?: (name: string, minutes: number) => readonly number[];
  readonly minuteMs?: number;
}

/** A system that is drilled, with a clock of its own: what callers are told follows the switch after a health check and the TTL. */
export class DrillWorld {
  public nowMs = Date.parse('2026-03-03T09:00:00Z');
  public readonly beganMs = this.nowMs;
  public readonly objects = new Map<string, string>();
  public readonly told: { readonly subject: string; readonly text: string }[] = [];
  public mark?: DrainMark;
  public experiment: ExperimentRecord | undefined;
  public executions: DrillExecution[] = [];
  /** A step that fails whenever it is asked. */
  public broken?: string;
  /** The table does not answer for the drilled region's switch. */
  public switchFails?: 'read' | 'clear';
  /** FIS does not end this one. */
  public endless?: string;
  /** Experiments of other runs. */
  public readonly forgotten: ExperimentRecord[] = [];
  public readonly asked: string[] = [];
  private readonly changes: { readonly atMs: number; readonly inService: boolean }[] = [];
  private proberMs?: number;
  private calls: SeenCall[] = [];
  private seenMs = 0;

  constructor(private readonly settings: WorldSettings = {}) {}

  public readonly store = {
    read: async <T>(key: string): Promise<T | undefined> => {
      this.probe();
      const text = this.objects.get(key);
      return text === undefined ? undefined : (JSON.parse(text) as T);
    },
    write: async (key: string, text: string): Promise<string> => {
      this.objects.set(key, text);
      return `v${this.objects.size}`;
    },
    claim: async (key: string): Promise<boolean> => !this.objects.has(key),
  };

  public readonly topic = {
    tell: async (subject: string, text: string): Promise<void> => {
      this.told.push({ subject, text });
    },
  };

  public readonly switches = {
    read: async (region: string) => {
      if (region !== plan.drilled) return this.settings.beside?.(this.mark !== undefined);
      if (this.switchFails === 'read') throw new Error('the table does not answer');
      return this.mark;
    },
    set: async (_: string, mark: DrainMark) => {
      if (this.mark && isDrainedBy(this.mark, this.nowMs)) return this.mark.owner === mark.owner ? this.mark : undefined;
      this.mark = mark;
      this.change(this.nowMs, false);
      return mark;
    },
    clear: async (_: string, owner: string) => {
      if (this.switchFails === 'clear') throw new Error('the table does not answer');
      if (this.mark?.owner !== owner) return;
      this.mark = undefined;
      this.change(this.nowMs, true);
    },
  };

  public readonly faults: RegionFaults = {
    templates: async () => (this.settings.noFault === 'no template' ? [] : (this.settings.templates ?? ['EXT1'])),
    template: async (id) => ({
      id,
      actions: [{ name: 'fail-1', actionId: faultAction.id }],
      targets: [{ name: 'functions-1', resourceType: faultAction.resourceType }],
      ...this.settings.template,
    }),
    engaged: async () => this.settings.engaged,
    begin: async (name) => {
      if (this.settings.noFault !== undefined) return this.settings.noFault;
      if (this.experiment === undefined) {
        this.experiment = { id: 'EXP1', template: 'EXT1', run: name, status: 'pending', startedMs: this.nowMs, actions: [] };
        if (this.settings.startUnheard) throw new Error('FIS did not answer');
      }
      return this.experiment;
    },
    look: async () => this.seenExperiment(),
    running: async () => [...(this.runs ? [this.seenExperiment()] : []), ...this.forgotten],
    runningBeside: async () => {
      if (this.settings.faultLookFails?.(!this.inService)) throw new Error('FIS does not answer');
      return this.settings.faultBeside;
    },
    stop: async (id) => {
      this.asked.push(id);
      if (id === this.endless) throw new Error(`FIS does not end ${id}`);
      if (!this.runs || id !== this.experiment!.id) return;
      this.change(this.nowMs, true);
      this.experiment = { ...this.experiment!, status: 'stopped', endedMs: this.nowMs };
    },
  };

  public get inService(): boolean {
    return !(this.mark && isDrainedBy(this.mark, this.nowMs)) && !this.runs;
  }

  private get runs(): boolean {
    return this.experiment !== undefined && this.experiment.endedMs === undefined;
  }

  private seenExperiment(): ExperimentRecord {
    const known = this.experiment!;
    const runsForMs = (known.endedMs ?? this.nowMs) - known.startedMs!;
    const status = known.endedMs === undefined ? (runsForMs < 2_000 ? 'initiating' : 'running') : known.status;
    const action = { name: 'fail-1', actionId: faultAction.id, status: status === 'initiating' ? 'pending' : status };
    const record = { ...known, status, named: 5, ...(status === 'initiating' ? {} : { resolved: 5 }), actions: [action] };
    return { ...record, ...this.settings.fault?.(record, runsForMs) };
  }

  /** Answers the state machine. */
  public async call(payload: unknown): Promise<unknown> {
    const asked = payload as DrillCall;
    if (asked.step === this.broken) throw Object.assign(new Error('it is broken'), { name: 'Broken' });
    this.nowMs += 200;
    const { store, topic, switches, faults } = this;
    const bucket = 'evidence';
    const shared = { plan, nowMs: () => this.nowMs, caller: this.caller(asked) };
    const looks: LookServices = {
      store,
      switches,
      faults,
      reads: {
        metric: async (_, { name }, minutes) => this.settings.metric?.(name, minutes) ?? (name === 'UnhealthyAnswers' ? [0] : []),
        queueDepth: async () => 0,
      },
      minuteMs: this.settings.minuteMs ?? 60_000,
      raised: async (region, expected) => {
        const isQuiet = this.nowMs - this.beganMs >= (this.settings.quietAfterMs ?? Infinity);
        return isQuiet ? [] : (this.settings.raised?.(region, !this.inService, expected) ?? []);
      },
      cutover: async () => this.settings.cutover,
    };
    const startProber = async (): Promise<void> => {
      this.proberMs ??= this.nowMs;
    };
    const workers = [
      drillWorker({ worker: 'look', services: looks, steps: lookSteps, ...shared }),
      drillWorker({ worker: 'region', services: { switches, faults }, steps: regionSteps, ...shared }),
      drillWorker({ worker: 'report', services: { store, bucket, topic, startProber }, steps: reportSteps, ...shared }),
    ];
    const results = await Promise.allSettled(workers.map((work) => work(asked)));
    const done = results.find(({ status }) => status === 'fulfilled');
    if (done?.status === 'fulfilled') return done.value;
    throw (results.find(({ reason }: any) => !/does not do/.test(String(reason))) as PromiseRejectedResult).reason;
  }

  /** Step Functions, which says that the execution is making the call. */
  private caller(asked: unknown): CallerLookup {
    return {
      executions: { describe: async () => ({ status: 'RUNNING', stateMachineArn: machineArn, input: '{}' }), given: async () => asked },
      stateMachineArn: machineArn,
      sleep: async () => undefined,
    };
  }

  public watchdog(): Watchdog {
    const { store, topic, switches, faults } = this;
    return new Watchdog(plan, {
      store,
      topic,
      switches,
      faults,
      bucket: 'evidence',
      executions: async () => this.executions.slice(0, 5),
      statusOf: async (arn) => this.executions.find((one) => one.arn === arn)?.status,
      nowMs: () => this.nowMs,
    });
  }

  private change(atMs: number, inService: boolean): void {
    this.changes.push({ atMs, inService });
  }

  /** Whether a call in the drilled region fails: the extension looks for experiments every few seconds. */
  private fails(atMs: number): boolean {
    if (this.experiment === undefined) return false;
    const { startedMs = 0, endedMs = Infinity } = this.experiment;
    const struckMs = startedMs + (this.settings.effectMs ?? 20_000);
    const isStruck = atMs >= struckMs && atMs < endedMs;
    if (isStruck && !this.changes.some((change) => change.atMs === struckMs)) this.change(struckMs, false);
    return isStruck;
  }

  /** What the prober has seen until now: it is asked for when somebody reads. */
  private probe(): void {
    if (this.proberMs === undefined) return;
    const { ttlSeconds = 5, proberDiesAtMs = Infinity } = this.settings;
    const until = Math.min(this.nowMs, this.beganMs + proberDiesAtMs);
    const [id] = run.split(':').slice(-1);
    for (let atMs = Math.max(this.proberMs, this.seenMs); atMs < until; atMs += callEveryMs) {
      for (let caller = 0; caller < 4; caller += 1) {
        const near = caller % 2 === 0 ? plan.drilled : 'us-west-2';
        const led = near === plan.drilled ? near : (this.settings.nearOther ?? near);
        const region = led === plan.drilled && !this.leadsTo(atMs, ttlSeconds * 1000) ? 'us-west-2' : led;
        const answered = region !== plan.drilled || !this.fails(atMs);
        this.calls.push({ caller, beganMs: atMs, endedMs: atMs + 100, region, answered });
      }
      this.seenMs = atMs + callEveryMs;
    }
    const seen: ProbedCalls = { account: 'probe', beganMs: this.proberMs, writtenMs: until, calls: this.calls, ttlSeconds };
    this.objects.set(drillKeys.calls(id), JSON.stringify(seen));
    if (!this.objects.has(drillKeys.end(id)) || until < this.nowMs) return;
    const audit: ProbeAudit = {
      paid: this.calls.length,
      sentAgain: 0,
      failed: [],
      lost: 0,
      duplicates: 0,
      wrong: [],
      ...this.settings.audit,
    };
    this.objects.set(drillKeys.audit(id), JSON.stringify(audit));
  }

  /** Whether callers near the region are led there, by what DNS said when their answer was new. */
  private leadsTo(atMs: number, ttlMs: number): boolean {
    const known = this.changes
      .filter((change) => change.atMs + detectionMs + ttlMs <= atMs)
      .sort((one, two) => one.atMs - two.atMs)
      .pop();
    return known?.inService ?? true;
  }
}
