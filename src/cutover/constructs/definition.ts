import { Duration } from 'aws-cdk-lib';
import { IFunction } from 'aws-cdk-lib/aws-lambda';
import {
  Choice,
  Condition,
  Fail,
  IChainable,
  JsonPath,
  Pass,
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
import { Branches, pause, StatePlace, stepOutcomes, StepName, StepPlace } from '../machine/contract';
import { EndState } from '../model';

/** What the states are made of. */
export interface CutoverDefinitionProps {
  readonly plan: CutoverPlan;
  readonly steps: IFunction;
  readonly gate?: ApprovalGate;
  readonly residency: boolean;
}

/** Where a state of the machine begins. */
type AnyState = StatePlace<unknown, IChainable>;

/** A step of the run and the choice by its outcome. */
interface Station<Step extends StepName> extends StepPlace<Step, IChainable> {
  readonly step: Step;
  readonly first: LambdaInvoke;
  readonly name: string;
}

const stepTimeout = Duration.seconds(cutoverLimits.stepSeconds);

/** The states of a cutover. A step's outcome is a value in `$.last`; an error is a fault, retried and then the end. */
export class CutoverDefinition {
  public readonly start: IChainable;
  private readonly ends: Readonly<Record<EndState, AnyState>>;

  constructor(
    private readonly scope: Construct,
    private readonly props: CutoverDefinitionProps,
  ) {
    this.ends = this.defineEnds();
    const next = this.station('next', 'Next phase');
    const shift = this.station('shift', 'Shift weights');
    const rollback = this.station('rollback', 'Roll back');
    this.definePhases(next, shift, rollback, this.defineFinish(rollback));
    this.defineRollback(rollback);
    const drift = this.defineDrift();
    const begin = this.station('begin', 'Begin');
    this.choose(begin, { cutover: next, rollback, adopt: drift, revert: drift, refused: this.ends.FAILED });
    this.start = new Pass(scope, 'Plan', {
      comment: 'The plan is part of the definition: a deployment does not change a run that is under way',
      parameters: { plan: props.plan, request: JsonPath.entirePayload, last: {} },
    }).next(begin.first);
  }

  /** With strong consistency every region writes for every account: there is no authority to move. */
  private get movesAuthority(): boolean {
    return this.props.plan.mode === 'HOME_REGION';
  }

  private definePhases(next: Station<'next'>, shift: Station<'shift'>, rollback: Station<'rollback'>, finish: AnyState): void {
    const prechecks = this.station('prechecks', 'Prechecks');
    const soak = this.station('soak', 'Soak');
    this.choose(next, { phase: prechecks, soak, complete: finish, refused: this.ends.FAILED });
    const { gate, plan } = this.props;
    // Without a gate no phase asks: the construct holds the plan to that.
    this.choose(prechecks, { ask: gate ? this.defineApproval(gate, shift, rollback) : pause, passed: shift });
    this.choose(shift, { changed: soak });
    this.choose(soak, { soaked: next, breach: plan.onBreach === 'ROLL_BACK' ? rollback : this.ends.PAUSED });
  }

  private defineApproval(gate: ApprovalGate, shift: Station<'shift'>, rollback: Station<'rollback'>): StepPlace<'decided', IChainable> {
    // What was found before people were asked may be days old when they have answered.
    const recheck = this.station('recheck', 'Recheck');
    this.choose(recheck, { passed: shift });
    return this.askToGoOn(gate, 'Approval', 'Phase decided', recheck, rollback);
  }

  /** A rejection rolls back, silence pauses. */
  private askToGoOn(
    gate: ApprovalGate,
    name: string,
    decided: string,
    approved: Branches<'decided', IChainable>['approved'],
    rollback: Station<'rollback'>,
  ): StepPlace<'decided', IChainable> {
    return this.ask(gate, name, decided, { approved, rejected: rollback, expired: pause });
  }

  /** A gate, and what is made of its answer. */
  private ask(
    gate: ApprovalGate,
    name: string,
    decided: string,
    branches: Branches<'decided', IChainable>,
  ): StepPlace<'decided', IChainable> {
    const station = this.station('decided', decided);
    this.choose(station, branches);
    const task = gate.task(this.scope, name, {
      subject: JsonPath.stringAt('$.last.subject'),
      question: JsonPath.stringAt('$.last.question'),
      details: { about: JsonPath.stringAt('$.last.about'), digest: JsonPath.stringAt('$.last.digest') },
      reportPath: '$.last.report',
      startedByPath: '$.request.startedBy',
    });
    task.next(station.first);
    return { first: task };
  }

  private defineRollback(rollback: Station<'rollback'>): void {
    if (!this.movesAuthority) {
      this.choose(rollback, { changed: this.ends.ROLLED_BACK });
      return;
    }
    const authority = this.station('authorityBack', 'Move authority back');
    this.choose(rollback, { changed: authority });
    this.choose(authority, { moved: this.ends.ROLLED_BACK });
  }

  /** After 100 %. */
  private defineFinish(rollback: Station<'rollback'>): AnyState {
    const reconcile = this.station('reconcile', 'Reconcile');
    this.choose(reconcile, { reconciled: this.defineResidency() });
    if (!this.movesAuthority) return reconcile;
    const authority = this.station('authority', 'Move authority');
    this.choose(authority, { moved: reconcile });
    // A run may have been paused here for weeks, and started again by one person.
    const check = this.station('authorityCheck', 'Authority prechecks');
    const { gate } = this.props;
    const asked = gate ? this.defineAuthorityApproval(gate, authority, rollback) : pause;
    this.choose(check, { none: reconcile, passed: authority, ask: asked });
    return check;
  }

  private defineAuthorityApproval(
    gate: ApprovalGate,
    authority: Station<'authority'>,
    rollback: Station<'rollback'>,
  ): StepPlace<'decided', IChainable> {
    const recheck = this.station('authorityRecheck', 'Authority recheck');
    this.choose(recheck, { passed: authority });
    return this.askToGoOn(gate, 'Authority approval', 'Authority decided', recheck, rollback);
  }

  private defineResidency(): StepPlace<'residency', IChainable> {
    const { gate, residency } = this.props;
    if (!gate || !residency) return this.ends.SUCCEEDED;
    const question = this.station('residency', 'Residency question');
    const retire = this.station('retire', 'Retire source');
    const kept = this.ends.SUCCEEDED;
    // People may have taken a day, and no run brings back what this takes away.
    const recheck = this.station('retireCheck', 'Residency recheck');
    this.choose(recheck, { passed: retire });
    this.choose(retire, { changed: this.ends.SUCCEEDED });
    this.choose(question, {
      ask: this.ask(gate, 'Residency approval', 'Residency decided', { approved: recheck, rejected: kept, expired: kept }),
    });
    return question;
  }

  /** What was changed by hand is adopted or reverted by people, or not at all. */
  private defineDrift(): AnyState {
    const look = this.station('drift', 'Look at drift');
    if (!this.props.gate) {
      this.choose(look, { none: this.ends.SUCCEEDED, adopt: pause, revert: pause });
      return look;
    }
    const [adopt, revert] = [this.station('adopt', 'Adopt'), this.station('revert', 'Revert')];
    this.choose(adopt, { changed: this.ends.SUCCEEDED });
    this.choose(revert, { changed: this.ends.SUCCEEDED });
    const approved = new Choice(this.scope, 'Adopt or revert')
      .when(Condition.stringEquals('$.request.action', 'adopt'), adopt.first)
      .otherwise(revert.first);
    const asked = this.ask(this.props.gate, 'Drift approval', 'Drift decided', {
      approved: { first: approved },
      rejected: pause,
      expired: pause,
    });
    this.choose(look, { none: this.ends.SUCCEEDED, adopt: asked, revert: asked });
    return look;
  }

  private defineEnds(): CutoverDefinition['ends'] {
    const failed = new Fail(this.scope, 'Failed', { errorPath: '$.last.state', causePath: '$.last.why' });
    const how = new Choice(this.scope, 'How it ended');
    const others: Readonly<Record<Exclude<EndState, 'FAILED'>, string>> = {
      SUCCEEDED: 'Succeeded',
      ROLLED_BACK: 'Rolled back',
      PAUSED: 'Paused',
    };
    for (const [state, name] of Object.entries(others)) {
      how.when(Condition.stringEquals('$.last.outcome', state), new Succeed(this.scope, name, { outputPath: '$.last' }));
    }
    how.otherwise(failed);
    const broken = new Pass(this.scope, 'End not recorded', {
      parameters: { state: 'FAILED', why: "the end could not be recorded: see the function's log" },
      resultPath: '$.last',
    });
    broken.next(failed);
    const end = (state: EndState, name: string): AnyState => {
      const task = this.task('end', name, { end: state });
      task.addCatch(broken, { resultPath: '$.last' });
      task.next(how);
      return { first: task };
    };
    return {
      SUCCEEDED: end('SUCCEEDED', 'Record success'),
      ROLLED_BACK: end('ROLLED_BACK', 'Record rollback'),
      PAUSED: end('PAUSED', 'Record pause'),
      FAILED: end('FAILED', 'Record failure'),
    };
  }

  private station<Step extends StepName>(step: Step, name: string): Station<Step> {
    const task = this.task(step, name, step === 'decided' ? { decision: JsonPath.objectAt('$.approval') } : {});
    task.addCatch(this.ends.FAILED.first, { resultPath: '$.last' });
    return { step, first: task, name };
  }

  private task(step: StepName, name: string, more: Record<string, unknown>): LambdaInvoke {
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

  /** Goes on from a step by its outcome: to a branch, again to the step after a wait, or to the paused end. */
  private choose<Step extends StepName>({ step, first, name }: Station<Step>, branches: Branches<Step, IChainable>): void {
    const choice = new Choice(this.scope, `${name}: outcome`);
    const wait = Object.values<string>(stepOutcomes[step]).includes('wait') ? this.wait(first, name) : undefined;
    const places: Readonly<Record<string, StatePlace<never, IChainable> | typeof pause>> = branches;
    for (const [outcome, way] of Object.entries<string>(stepOutcomes[step])) {
      const place = places[outcome] ?? pause;
      const to = way === 'wait' ? wait : place === pause ? undefined : place.first;
      if (to) choice.when(Condition.stringEquals('$.last.outcome', outcome), to);
    }
    choice.when(Condition.stringEquals('$.last.outcome', 'auditBroken'), this.ends.FAILED.first);
    first.next(choice.otherwise(this.ends.PAUSED.first));
  }

  private wait(first: LambdaInvoke, name: string): IChainable {
    return new Wait(this.scope, `${name}: wait`, { time: WaitTime.secondsPath('$.last.waitSeconds') }).next(first);
  }
}

/** What a strongly consistent ledger needs no step for, as people read it at the state machine. */
export function leftOut({ mode }: Pick<CutoverPlan, 'mode'>): string {
  return mode === 'HOME_REGION'
    ? ''
    : '. Mode STRONG: every region writes, so no authority moves. "Move authority", "Move authority back" and the check ' +
        'replication-lag fall away';
}
