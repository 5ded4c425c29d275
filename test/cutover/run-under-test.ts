import { cutoverIn, definitionOf } from './machine';
import { target } from './settings';
import { Surroundings } from './whole-run';
import { AuditRecord } from '../../src/cutover/model';
import { newStack } from '../cdk/stacks';

const stack = newStack(target);
cutoverIn(stack);
export const definition = definitionOf(stack);

export const recordsOf = (world: Surroundings, what: string): AuditRecord[] =>
  [...world.parameters.values()].map((text) => JSON.parse(text) as AuditRecord).filter(({ entry }) => entry.what === what);

export const fresh = (): Promise<Surroundings> => new Surroundings().withRecords();

/** Breaks something for the first tries of a step, and mends it then. */
export const whileBroken = (world: Surroundings, step: string, tries: number, set: (broken: boolean) => void): void => {
  let seen = 0;
  world.before = (now) => {
    if (now === step) set((seen += 1) <= tries);
  };
};

/** Does something once, when a step of a phase begins. */
export const once = (world: Surroundings, step: string, phase: number, act: () => void): void => {
  let done = false;
  world.before = (now, last) => {
    if (done || now !== step || (last?.phase ?? 0) !== phase) return;
    done = true;
    act();
  };
};

export async function isWhole(world: Surroundings): Promise<void> {
  expect((await world.log().verify()).problems).toEqual([]);
  expect((await world.log().current()).run).toBeUndefined();
}
