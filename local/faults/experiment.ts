import { durationMs } from './duration';
import { faultAction } from '../../src/drill/fault/contract';

/** A template of an experiment, with resolved properties. */
export interface ExperimentTemplate {
  readonly id: string;
  readonly region: string;
  readonly roleArn: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly targets: Readonly<Record<string, readonly string[]>>;
  /** Kinds of the targets, by their names. */
  readonly kinds: Readonly<Record<string, string>>;
  readonly actions: Readonly<Record<string, TemplateAction>>;
  /** ARNs of alarms. */
  readonly stops: readonly string[];
}

interface TemplateAction {
  readonly actionId: string;
  readonly durationMs?: number;
}

type ExperimentStatus = 'pending' | 'initiating' | 'running' | 'completed' | 'stopping' | 'stopped' | 'failed' | 'skipped' | 'cancelled';

interface ActionRun {
  readonly template: TemplateAction;
  status: ExperimentStatus;
  reason: string;
}

/** What an experiment needs of the run. */
export interface ExperimentPorts {
  /** Those of some functions that are there. */
  readonly existing: (region: string, functionArns: readonly string[]) => Promise<readonly string[]>;
  /** Makes exactly these functions of a region fail. */
  readonly fail: (region: string, functionArns: readonly string[]) => Promise<void>;
  readonly alarmState: (region: string, name: string) => string | undefined;
  /** Whether actions are skipped, as a test wants it. */
  readonly isSkipping: () => boolean;
  readonly nowMs: () => number;
}

/** The extension looks for an experiment every few seconds. */
const effectMs = 3_000;

/** One experiment: it goes on when it is looked at, and by a clock. */
export class Experiment {
  public status: ExperimentStatus = 'pending';
  public reason = 'Experiment is pending.';
  public readonly createdMs: number;
  public endedMs?: number;
  /** Undefined until its targets are resolved. */
  public resolved?: readonly string[];
  public readonly actions: Readonly<Record<string, ActionRun>>;
  /** What makes functions fail, or lets them be again: one after the other. */
  private striking: Promise<void> = Promise.resolve();
  private isStriking = false;

  constructor(
    public readonly id: string,
    public readonly template: ExperimentTemplate,
    public readonly tags: Readonly<Record<string, string>>,
    private readonly ports: ExperimentPorts,
  ) {
    this.createdMs = ports.nowMs();
    this.actions = Object.fromEntries(
      Object.entries(template.actions).map(([name, action]) => [name, { template: action, status: 'pending', reason: '' }]),
    );
  }

  public get isOver(): boolean {
    return ['completed', 'stopped', 'failed', 'cancelled'].includes(this.status);
  }

  /** Does what is due. It may be asked again before it is through. */
  public async goOn(): Promise<void> {
    if (this.isOver) return this.heal();
    if (this.status === 'pending') return this.initiate();
    if (this.status === 'initiating') return;
    const { region, stops } = this.template;
    const raised = stops.find((arn) => this.ports.alarmState(region, arn.split(':').slice(6).join(':')) === 'ALARM');
    if (raised !== undefined) return this.end('stopped', `Experiment halted by stop condition ${raised}.`);
    const runsForMs = this.ports.nowMs() - this.createdMs;
    const running = Object.values(this.actions).filter(({ status }) => status === 'running');
    for (const action of running) {
      if (action.template.durationMs !== undefined && runsForMs >= action.template.durationMs) action.status = 'completed';
    }
    if (running.length === 0 || running.every(({ status }) => status === 'completed')) {
      return this.end('completed', 'Experiment completed.');
    }
    if (!this.isStriking && runsForMs >= effectMs) {
      this.isStriking = true;
      await this.strike(this.resolved ?? []);
    }
  }

  public async end(status: 'stopped' | 'completed' | 'failed', reason: string): Promise<void> {
    if (this.isOver) return;
    this.status = status;
    this.reason = reason;
    this.endedMs = this.ports.nowMs();
    for (const action of Object.values(this.actions)) {
      if (action.status === 'running') action.status = status;
      if (action.status === 'pending') action.status = 'cancelled';
    }
    await this.heal();
  }

  /** Lets the functions be, also after a try that did not reach them. */
  private async heal(): Promise<void> {
    if (!this.isStriking) return;
    await this.strike([]);
    this.isStriking = false;
  }

  private strike(functionArns: readonly string[]): Promise<void> {
    const strike = this.striking.then(() => this.ports.fail(this.template.region, functionArns));
    this.striking = strike.catch(() => undefined);
    return strike;
  }

  private async initiate(): Promise<void> {
    const { region, targets } = this.template;
    this.status = 'initiating';
    const wanted = Object.values(targets).flat();
    this.resolved = await this.ports.existing(region, wanted);
    // It may have been stopped meanwhile.
    if (this.isOver) return;
    if (this.resolved.length === 0) return this.end('failed', 'Target resolution returned empty set.');
    for (const action of Object.values(this.actions)) {
      const isKnown = action.template.actionId === faultAction.id && action.template.durationMs !== undefined;
      const isSkipped = this.ports.isSkipping() || !isKnown;
      action.status = isSkipped ? 'skipped' : 'running';
      action.reason = isSkipped ? 'Action was skipped.' : 'Action is running.';
    }
    this.status = 'running';
    this.reason = 'Experiment is running.';
  }
}

/** A template's properties, as CloudFormation has them. */
export function experimentTemplate(id: string, region: string, properties: Readonly<Record<string, any>>): ExperimentTemplate {
  const { Targets = {}, Actions = {}, Tags = {}, StopConditions = [], RoleArn } = properties;
  return {
    id,
    region,
    roleArn: String(RoleArn),
    tags: Tags as Record<string, string>,
    targets: Object.fromEntries(
      Object.entries(Targets as Record<string, { ResourceArns?: string[] }>).map(([name, { ResourceArns = [] }]) => [name, ResourceArns]),
    ),
    kinds: Object.fromEntries(
      Object.entries(Targets as Record<string, { ResourceType?: string }>).map(([name, { ResourceType }]) => [name, String(ResourceType)]),
    ),
    actions: Object.fromEntries(
      Object.entries(Actions as Record<string, Record<string, any>>).map(([name, { ActionId, Parameters = {} }]) => [
        name,
        { actionId: String(ActionId), durationMs: durationMs(Parameters.duration as string | undefined) },
      ]),
    ),
    stops: (StopConditions as { Source: string; Value?: string }[]).flatMap(({ Value }) => (Value === undefined ? [] : [Value])),
  };
}
