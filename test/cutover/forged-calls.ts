import { cutoverIn, definitionOf } from './machine';
import { target } from './settings';
import { Surroundings, withPlan } from './whole-run';
import { StepName } from '../../src/cutover/machine/contract';
import { newStack } from '../cdk/stacks';

const stack = newStack(target);
cutoverIn(stack, { endSourceRole: true });
export const definition = definitionOf(stack);

export const selfMade = withPlan(definition, () => ({ phases: [{ target: 100, soakSeconds: 1, gate: false, alarms: [] }] })).States.Plan
  .Parameters.plan;

export const changing: readonly StepName[] = [
  'begin',
  'prechecks',
  'recheck',
  'decided',
  'shift',
  'soak',
  'rollback',
  'authorityCheck',
  'authorityRecheck',
  'authority',
  'authorityBack',
  'reconcile',
  'adopt',
  'revert',
  'retireCheck',
  'retire',
  'end',
];

export const approval = { approvalId: 'approval-1', decision: 'APPROVED', reason: 'DECIDED', by: ['bob'], at: '', comments: [] };

/** Everything that a call could change. */
export const everything = (world: Surroundings): unknown =>
  structuredClone([[...world.parameters], world.stamped, world.homes, world.relocations, world.seen.length]);

/** Calls the function by hand and sees that nothing came of it. */
export async function refuses(world: Surroundings, call: object, why: RegExp): Promise<void> {
  const before = everything(world);
  const outcome = await world.call(call);
  expect(outcome).toMatchObject({ outcome: 'refusedCall', state: 'FAILED', why: expect.stringMatching(why) });
  expect(everything(world)).toEqual(before);
}
