import type { CutoverPlan } from '../../src/cutover/contract';
import type { CutoverFabric, StateMachineView } from '../ground/model';

/** A state machine that is a cutover, with the plan in its definition. */
export interface PlannedMachine {
  readonly machine: StateMachineView;
  readonly plan: CutoverPlan;
}

/** The app's cutover; undefined when it has none. */
export function plannedMachine({ machines }: Pick<CutoverFabric, 'machines'>): PlannedMachine | undefined {
  for (const machine of machines) {
    const plan = machine.definition?.States?.Plan?.Parameters?.plan as CutoverPlan | undefined;
    if (plan?.phases && plan.publicName) return { machine, plan };
  }
  return undefined;
}
