import { Duration } from 'aws-cdk-lib';
import { IFunction } from 'aws-cdk-lib/aws-lambda';
import {
  Choice,
  Condition,
  Fail,
  IChainable,
  JsonPath,
  Pass,
  State,
  Succeed,
  TaskInput,
  Timeout,
  Wait,
  WaitTime,
} from 'aws-cdk-lib/aws-stepfunctions';
import { LambdaInvoke } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import { Construct } from 'constructs';
import { ApprovalGate } from '../../approvals/constructs/approval-gate';
import { cutoverLimits, CutoverPlan } from '../contract';

/** What the states are made of. */
export interface CutoverDefinitionProps {
  readonly plan: CutoverPlan;
  readonly steps: IFunction;
  readonly gate?: ApprovalGate;
  readonly residency: boolean;
}

/** Names of steps and ends, as the function knows them. */
type Step =
  | 'begin'
  | 'next'
  | 'prechecks'
  | 'recheck'
  | 'decided'
  | 'shift'
  | 'soak'
  | 'rollback'
  | 'authority'
  | 'authorityBack'
  | 'reconcile'
  | 'drift'
  | 'adopt'
  | 'revert'
  | 'residency'
  | 'retire'
  | 'end';

/** A step with what follows from each of its outcomes; whatever else comes out of it ends the run paused. */
interface Branches {
  readonly [outcome: string]: IChainable;
}

/** A step of the run and the choice by its outcome. */
interface Station {
  readonly task: LambdaInvoke;
  readonly name: string;
}

const stepTimeout = Duration.seconds(cutoverLimits.stepSeconds);

/** The states of a cutover. A step's outcome is a value in `$.last`; an error is a fault, retried and then the end. */
export class CutoverDefinition {
  public readonly start: IChainable;
  private readonly ends: Readonly<Record<'SUCCEEDED' | 'ROLLED_BACK' | 'PAUSED' | 'FAILED', State>>;

  constructor(
    private readonly scope: Construct,
    private readonly props: CutoverDefinitionProps,
  ) {
    this.ends = this.defineEnds();
    const stations = {
      next: this.station('next', 'Next phase'),
      shift: this.station('shift', 'Shift weights'),
      rollback: this.station('rollback', 'Roll back'),
    };
    const finish = this.defineFinish();
    this.definePhases(stations.next, stations.shift, stations.rollback, finish);
    this.defineRollback(stations.rollback);
    const drift = this.defineDrift();
    const begin = this.station('begin', 'Begin');
    this.choose(begin, {
      cutover: stations.next.task,
      rollback: stations.rollback.task,
      adopt: drift,
      revert: drift,
      refused: this.ends.FAILED,
    });
    this.start = new Pass(scope, 'Plan', {
      comment: 'The plan is part of the definition: a deployment does not change a run that is under way',
      parameters: { plan: props.plan, request: JsonPath.entirePayload, last: {} },
    }).next(begin.task);
  }

  /** With strong consistency every region writes for every account: there is no authority to move. */
  private get movesAuthority(): boolean {
    return this.props.plan.mode === 'HOME_REGION';
  }

  private definePhases(next: Station, shift: Station, rollback: Station, finish: IChainable): void {
    const prechecks = this.station('prechecks', 'Prechecks');
    const soak = this.station('soak', 'Soak');
    this.choose(next, { phase: prechecks.task, soak: soak.task, complete: finish, refused: this.ends.FAILED });
    const asked = this.props.gate && this.defineApproval(this.props.gate, shift, rollback);
    this.choose(prechecks, { ...(asked ? { ask: asked } : {}), passed: shift.task, unreachable: this.wait(prechecks) });
    const shiftWait = this.wait(shift);
    this.choose(shift, { changed: soak.task, pending: shiftWait, unreachable: shiftWait });
    this.choose(soak, {
      soaked: next.task,
      soaking: this.wait(soak),
      breach: this.props.plan.onBreach === 'ROLL_BACK' ? rollback.task : this.ends.PAUSED,
    });
  }

  private defineApproval(gate: ApprovalGate, shift: Station, rollback: Station): IChainable {
    // What was found before people were asked may be days old when they have answered.
    const recheck = this.station('recheck', 'Recheck');
    this.choose(recheck, { passed: shift.task, unreachable: this.wait(recheck) });
    return this.ask(gate, 'Approval', 'Phase decided', { approved: recheck.task, rejected: rollback.task });
  }

  /** A gate, and what is made of its answer. */
  private ask(gate: ApprovalGate, name: string, decided: string, branches: Branches): IChainable {
    const station = this.station('decided', decided);
    this.choose(station, branches);
    const task = gate.task(this.scope, name, {
      subject: JsonPath.stringAt('$.last.subject'),
      question: JsonPath.stringAt('$.last.question'),
      details: { about: JsonPath.stringAt('$.last.about'), digest: JsonPath.stringAt('$.last.digest') },
      reportPath: '$.last.report',
      startedByPath: '$.request.startedBy',
    });
    task.next(station.task);
    return task;
  }

  private defineRollback(rollback: Station): void {
    const wait = this.wait(rollback);
    if (!this.movesAuthority) {
      this.choose(rollback, { changed: this.ends.ROLLED_BACK, pending: wait, unreachable: wait });
      return;
    }
    const authority = this.station('authorityBack', 'Move authority back');
    this.choose(rollback, { changed: authority.task, pending: wait, unreachable: wait });
    this.choose(authority, { moved: this.ends.ROLLED_BACK, again: this.wait(authority) });
  }

  /** After 100 %. */
  private defineFinish(): IChainable {
    const reconcile = this.station('reconcile', 'Reconcile');
    this.choose(reconcile, { reconciling: this.wait(reconcile), reconciled: this.defineResidency() });
    if (!this.movesAuthority) return reconcile.task;
    const authority = this.station('authority', 'Move authority');
    this.choose(authority, { moved: reconcile.task, again: this.wait(authority) });
    return authority.task;
  }

  private defineResidency(): IChainable {
    const { gate, residency } = this.props;
    if (!gate || !residency) return this.ends.SUCCEEDED;
    const question = this.station('residency', 'Residency question');
    const retire = this.station('retire', 'Retire source');
    const wait = this.wait(retire);
    this.choose(retire, { changed: this.ends.SUCCEEDED, pending: wait, unreachable: wait });
    const kept = this.ends.SUCCEEDED;
    this.choose(question, {
      ask: this.ask(gate, 'Residency approval', 'Residency decided', { approved: retire.task, rejected: kept, expired: kept }),
    });
    return question.task;
  }

  /** What was changed by hand is adopted or reverted by people, or not at all. */
  private defineDrift(): IChainable {
    const look = this.station('drift', 'Look at drift');
    if (!this.props.gate) {
      this.choose(look, { none: this.ends.SUCCEEDED });
      return look.task;
    }
    const [adopt, revert] = [this.station('adopt', 'Adopt'), this.station('revert', 'Revert')];
    for (const station of [adopt, revert]) {
      const wait = this.wait(station);
      this.choose(station, { changed: this.ends.SUCCEEDED, pending: wait, unreachable: wait });
    }
    const approved = new Choice(this.scope, 'Adopt or revert')
      .when(Condition.stringEquals('$.request.action', 'adopt'), adopt.task)
      .otherwise(revert.task);
    const asked = this.ask(this.props.gate, 'Drift approval', 'Drift decided', { approved });
    this.choose(look, { none: this.ends.SUCCEEDED, adopt: asked, revert: asked });
    return look.task;
  }

  private defineEnds(): CutoverDefinition['ends'] {
    const failed = new Fail(this.scope, 'Failed', { errorPath: '$.last.state', causePath: '$.last.why' });
    const how = new Choice(this.scope, 'How it ended');
    for (const [state, name] of [
      ['SUCCEEDED', 'Succeeded'],
      ['ROLLED_BACK', 'Rolled back'],
      ['PAUSED', 'Paused'],
    ]) {
      how.when(Condition.stringEquals('$.last.outcome', state), new Succeed(this.scope, name, { outputPath: '$.last' }));
    }
    how.otherwise(failed);
    const broken = new Pass(this.scope, 'End not recorded', {
      parameters: { state: 'FAILED', why: "the end could not be recorded: see the function's log" },
      resultPath: '$.last',
    });
    broken.next(failed);
    const end = (state: string, name: string): State => {
      const task = this.task('end', name, { end: state });
      task.addCatch(broken, { resultPath: '$.last' });
      task.next(how);
      return task;
    };
    return {
      SUCCEEDED: end('SUCCEEDED', 'Record success'),
      ROLLED_BACK: end('ROLLED_BACK', 'Record rollback'),
      PAUSED: end('PAUSED', 'Record pause'),
      FAILED: end('FAILED', 'Record failure'),
    };
  }

  private station(step: Step, name: string): Station {
    const task = this.task(step, name, step === 'decided' ? { decision: JsonPath.objectAt('$.approval') } : {});
    task.addCatch(this.ends.FAILED, { resultPath: '$.last' });
    return { task, name };
  }

  private task(step: Step, name: string, more: Record<string, unknown>): LambdaInvoke {
    const task = new LambdaInvoke(this.scope, name, {
      lambdaFunction: this.props.steps,
      payload: TaskInput.fromObject({
        // No plan and no input: what a caller says of them would not be believed.
        step,
        run: JsonPath.executionId,
        last: JsonPath.objectAt('$.last'),
        ...more,
      }),
      payloadResponseOnly: true,
      resultPath: '$.last',
      taskTimeout: Timeout.duration(stepTimeout),
      retryOnServiceExceptions: false,
    });
    // Every step may be done twice, so whatever went wrong with a worker, another one tries.
    task.addRetry({ errors: ['States.ALL'], interval: Duration.seconds(2), backoffRate: 2, maxAttempts: 6, maxDelay: Duration.minutes(1) });
    return task;
  }

  private choose({ task, name }: Station, branches: Branches): void {
    const choice = new Choice(this.scope, `${name}: outcome`);
    for (const [outcome, to] of Object.entries(branches)) choice.when(Condition.stringEquals('$.last.outcome', outcome), to);
    choice.when(Condition.stringEquals('$.last.outcome', 'auditBroken'), this.ends.FAILED);
    task.next(choice.otherwise(this.ends.PAUSED));
  }

  private wait({ task, name }: Station): IChainable {
    return new Wait(this.scope, `${name}: wait`, { time: WaitTime.secondsPath('$.last.waitSeconds') }).next(task);
  }
}

/** What a strongly consistent ledger needs no step for, as people read it at the state machine. */
export function leftOut({ mode }: Pick<CutoverPlan, 'mode'>): string {
  return mode === 'HOME_REGION'
    ? ''
    : '. Mode STRONG: every region writes, so no authority moves. "Move authority", "Move authority back" and the check ' +
        'replication-lag fall away';
}

/** Events that one look costs in an execution's history: wait, task and choice. */
const eventsPerLook = 9;

/**
 * A round that does not fit into one function goes on in the next, so there are no more of them than parts; the last one may end behind the
 * window.
 */
const [roundPartSeconds, partsBehindWindow] = [14 * 60, 24];

/** The longest history that the plan can come to, without retries; Step Functions ends an execution at 25,000 events. */
export function longestHistory({ phases, soakPollSeconds, controlPlane, window, mode }: CutoverPlan, units: number): number {
  const looks = (seconds: number, every: number): number => Math.ceil(seconds / every) + 2;
  const soaks = phases.reduce((sum, { soakSeconds }) => sum + looks(soakSeconds, soakPollSeconds), 0);
  // Each phase may wait for the control plane before its checks, after its approval and at its shift.
  const waits = controlPlane.onLoss === 'END' ? 0 : (3 * phases.length + 2) * looks(controlPlane.waitSeconds, controlPlane.pollSeconds);
  const inSync = (phases.length + 2) * looks(cutoverLimits.syncPatienceSeconds, cutoverLimits.syncWaitSeconds);
  const authority = mode === 'HOME_REGION' ? 2 * units + 4 * cutoverLimits.authorityTries : 0;
  const rounds = looks(window.seconds, Math.min(window.intervalSeconds, roundPartSeconds)) + partsBehindWindow;
  return eventsPerLook * (soaks + waits + inSync + authority + rounds) + 60 * phases.length + 200;
}
