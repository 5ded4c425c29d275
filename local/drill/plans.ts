import { drillEnv, drillName, proberEnv, readDrillPlan, type DrillPlan } from '../../src/drill/contract';
import type { CfnTemplate, CutoverFabric, FabricResource, StateMachineView } from '../ground/model';

/** A drill that the app deploys. */
export interface PlannedDrill {
  readonly machine: StateMachineView;
  readonly plan: DrillPlan;
  readonly bucket: string;
}

/** Names of variables, by asking their codecs. */
const identityVariable = Object.keys(proberEnv.write({ identity: 'here' }))[0];
const doorVariable = Object.keys(proberEnv.write({ identity: '', door: 'here' })).find((name) => name !== identityVariable)!;

const planVariable = Object.keys(drillEnv.write({ plan: 'here', bucket: '' }))[0];
const minuteVariable = Object.keys(drillEnv.write({ plan: '', bucket: '', minuteMs: 'here' })).pop()!;

/** Where the prober's OAuth client gets its tokens. */
export const clientTokenPath = '/_local/client-token';

/**
 * Lets the probers of a template pay through the front door, which stands for the public name and the token endpoint too, and tells
 * functions that look at metrics how long a minute is.
 */
export function adaptDrills(template: CfnTemplate, frontDoor: string, minuteMs: number): void {
  for (const { Type, Properties } of Object.values(template.Resources)) {
    const variables = Properties?.Environment?.Variables as Record<string, unknown> | undefined;
    if (Type !== 'AWS::Lambda::Function' || variables?.[planVariable] === undefined) continue;
    variables[minuteVariable] = String(minuteMs);
    if (variables[identityVariable] === undefined) continue;
    variables[doorVariable] = frontDoor;
    // Without a secret: the front door gives a token to everybody on this machine.
    variables[identityVariable] = JSON.stringify({ tokenUrl: `${frontDoor}${clientTokenPath}` });
  }
}

/** Whether an app deploys a drill. */
export function hasDrill(template: CfnTemplate): boolean {
  return Object.values(template.Resources).some(
    ({ Type, Properties }) => Type === 'AWS::Lambda::Function' && Properties?.Environment?.Variables?.[identityVariable] !== undefined,
  );
}

/** The drills of the app, by what their watchdogs are told. */
export function plannedDrills(resources: readonly FabricResource[], { machines }: Pick<CutoverFabric, 'machines'>): PlannedDrill[] {
  return resources.flatMap(({ type, region, properties }) => {
    if (type !== 'AWS::Lambda::Function' || !String(properties.FunctionName ?? '').endsWith('-watchdog')) return [];
    const variables = (properties.Environment?.Variables ?? {}) as Record<string, string>;
    if (variables[planVariable] === undefined) return [];
    const { plan: text, bucket } = drillEnv.read(variables);
    const plan = readDrillPlan(text);
    const name = drillName(plan.systemName, plan.drilled);
    const machine = machines.find((one) => one.name === name && one.region === region);
    return machine ? [{ machine, plan, bucket }] : [];
  });
}
