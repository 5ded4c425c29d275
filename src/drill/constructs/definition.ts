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
import { drillLimits } from '../contract';
import { DrillBranches, drillOutcomes, DrillStepName, drillWorkers, DrillWorker } from '../machine/contract';

/** A step of the drill, before it is known where it leads. */
interface DrillStation<Step extends DrillStepName> {
  readonly step: Step;
  readonly name: string;
  readonly task: LambdaInvoke;
}

/** The states of a drill. A step's outcome is a value in `$.last`; an error is a fault, retried and then led to the region's return. */
export class DrillDefinition {
  public readonly start: IChainable;

  constructor(
    private readonly scope: Construct,
    private readonly workers: Readonly<Record<DrillWorker, IFunction>>,
  ) {
    const checks = this.station('checks', 'Check');
    const announce = this.station('announce', 'Announce');
    const before = this.station('before', 'See payments before');
    const takeAway = this.station('takeAway', 'Take region away');
    const watch = this.station('watch', 'Watch callers leave');
    const restore = this.station('restore', 'Put region back');
    const comeBack = this.station('comeBack', 'Watch callers come back');
    const measure = this.station('measure', 'Measure');
    const recheck = this.station('recheck', 'Check again');
    const conclude = this.station('conclude', 'Keep evidence');
    const notRestored = new Fail(scope, 'Not put back', {
      error: 'DrillNotRestored',
      cause: 'The region could not be put back by the drill: the watchdog does it',
    });
    const notKept = new Fail(scope, 'Evidence not kept', {
      error: 'DrillNotKept',
      cause: "The evidence could not be kept: see the function's log",
    });

    this.choose(checks, { passed: announce.task, failed: conclude.task }, conclude.task);
    this.choose(announce, { announced: before.task }, restore.task);
    this.choose(before, { seen: takeAway.task, failed: measure.task }, restore.task);
    this.choose(takeAway, { taken: watch.task, failed: restore.task }, restore.task);
    this.choose(watch, { away: restore.task, failed: restore.task }, restore.task);
    this.choose(restore, { restored: comeBack.task }, notRestored);
    this.choose(comeBack, { back: measure.task, failed: measure.task }, measure.task);
    this.choose(measure, { measured: recheck.task, failed: recheck.task }, recheck.task);
    this.choose(recheck, { passed: conclude.task, failed: conclude.task }, conclude.task);
    const failed = new Fail(scope, 'Failed', { error: 'DrillFailed', causePath: '$.last.text' });
    this.choose(conclude, { PASSED: new Succeed(scope, 'Passed', { outputPath: '$.last.result' }), FAILED: failed }, notKept);

    this.start = new Pass(scope, 'Begin', { parameters: { request: JsonPath.entirePayload, last: { facts: {} }, fault: {} } }).next(
      checks.task,
    );
  }

  private station<Step extends DrillStepName>(step: Step, name: string): DrillStation<Step> {
    const task = new LambdaInvoke(this.scope, name, {
      lambdaFunction: this.workers[drillWorkers[step]],
      payload: TaskInput.fromObject({
        step,
        run: JsonPath.executionId,
        request: JsonPath.objectAt('$.request'),
        facts: JsonPath.objectAt('$.last.facts'),
        fault: JsonPath.objectAt('$.fault'),
      }),
      payloadResponseOnly: true,
      resultPath: '$.last',
      taskTimeout: Timeout.duration(Duration.seconds(drillLimits.stepSeconds)),
      retryOnServiceExceptions: false,
    });
    // Every step may be done twice, so whatever went wrong with one, it is tried again: soon, for a region may be out of service.
    task.addRetry({
      errors: ['States.ALL'],
      interval: Duration.seconds(1),
      backoffRate: 2,
      maxAttempts: 4,
      maxDelay: Duration.seconds(10),
    });
    return { step, name, task };
  }

  /** Goes on from a step by its outcome: to a branch, or again to the step after a wait; after a fault to a place of its own. */
  private choose<Step extends DrillStepName>(
    { step, name, task }: DrillStation<Step>,
    branches: DrillBranches<Step, IChainable>,
    onFault: IChainable,
  ): void {
    task.addCatch(onFault, { resultPath: '$.fault' });
    const choice = new Choice(this.scope, `${name}: outcome`);
    const places: Readonly<Record<string, IChainable>> = branches;
    for (const [outcome, way] of Object.entries<string>(drillOutcomes[step])) {
      const to = way === 'wait' ? this.wait(name, task) : places[outcome];
      choice.when(Condition.stringEquals('$.last.outcome', outcome), to);
    }
    // An outcome that the contract does not know is a fault of a function that does not belong to this machine.
    task.next(choice.otherwise(onFault));
  }

  private wait(name: string, task: LambdaInvoke): IChainable {
    const time = WaitTime.duration(Duration.seconds(drillLimits.lookSeconds));
    return new Wait(this.scope, `${name}: wait`, { time }).next(task);
  }
}
