import type { DrillParts } from '../../../local/drill/calls';
import type { CutoverFabric, ExecutionView } from '../../../local/ground/model';
import { drillKeys, drillName } from '../../../src/drill/contract';
import type { DrillResult } from '../../../src/drill/model';
import { plan } from '../../drill/world';
import { FakeCutover } from '../cutover/fake-cutover';

const machine = {
  name: drillName(plan.systemName, plan.drilled),
  region: 'us-west-2',
  arn: 'arn:aws:states:us-west-2:1:stateMachine:d',
  definition: {},
};

/** A drill of us-east-1 whose executions are what a test says. */
export class FakeDrills {
  public readonly fabric = new FakeCutover();
  public readonly objects = new Map<string, string>();
  /** Executions that were stopped. */
  public readonly stopped: string[] = [];

  public readonly parts: DrillParts = {
    drills: [{ machine, plan, bucket: 'evidence' }],
    fabric: this.fabric,
    object: async (_region, _bucket, key) => this.objects.get(key),
  };

  constructor() {
    const { fabric } = this;
    fabric.running = (change: Partial<ExecutionView> = {}): void => {
      fabric.runs = [this.execution('first', change), ...fabric.runs.filter(({ arn }) => !arn.endsWith(':first'))];
    };
    const stop: CutoverFabric['stop'] = async (arn) => {
      this.stopped.push(arn);
      fabric.running({ status: 'ABORTED' });
    };
    Object.assign(fabric, { stop });
    fabric.start = async (arn: string, input: unknown) => {
      fabric.started.push({ arn, input });
      fabric.running({ input });
      return { executionArn: this.execution('first').arn };
    };
  }

  public execution(id: string, change: Partial<ExecutionView> = {}): ExecutionView {
    return {
      arn: `${machine.arn.replace('stateMachine', 'execution')}:${id}`,
      machine: machine.name,
      region: machine.region,
      status: 'RUNNING',
      startedAt: '2026-11-22T03:00:00.000Z',
      input: {},
      state: 'Watch callers leave',
      waitsForToken: false,
      ...change,
    };
  }

  /** A drill that is over, with what it has kept. */
  public over(id: string, change: Partial<DrillResult> = {}): void {
    const state = change.state ?? 'PASSED';
    this.fabric.runs = [...this.fabric.runs, this.execution(id, { status: state === 'PASSED' ? 'SUCCEEDED' : 'FAILED' })];
    const result: DrillResult = {
      id,
      region: plan.drilled,
      kind: 'drain',
      state,
      budgetSeconds: plan.budgetSeconds,
      recoverySeconds: 16.2,
      lost: 0,
      duplicates: 0,
      reasons: [],
      ...change,
    };
    this.objects.set(drillKeys.result(id), JSON.stringify(result));
    this.objects.set(drillKeys.evidence(id, 'html'), `<p>${state}</p>`);
    this.objects.set(drillKeys.evidence(id, 'json'), JSON.stringify({ result }));
  }
}
