import path from 'node:path';
import { canaryEnv, canaryLimits, readCanaryPlan } from '../../src/canary/contract';
import type { FabricResource } from '../ground/model';

/** A canary that the app deploys, as the run works it. */
export interface PlannedCanary {
  readonly name: string;
  readonly region: string;
  /** Between two runs, in minutes of the template. */
  readonly intervalMinutes: number;
  readonly timeoutMs: number;
  /** The file of the script, and what it exports to be called. */
  readonly script: string;
  readonly handler: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** Where canaries get their tokens, by tenant. */
export const canaryTokenPath = (tenant: string): string => `/_local/canary-token/${tenant}`;

/** The canaries of the app; those without a script of the library's are left out. */
export function plannedCanaries(
  resources: readonly FabricResource[],
  folderOf: (stack: string) => string,
  frontDoor: string,
): readonly PlannedCanary[] {
  return resources.flatMap(({ type, stack, region, properties }) => {
    const { Name: name, Code: code, Schedule: schedule, RunConfig: config = {} } = properties;
    const variables = (config.EnvironmentVariables ?? {}) as Record<string, string>;
    if (type !== 'AWS::Synthetics::Canary' || !Object.keys(canaryEnv.write({ plan: '' })).every((variable) => variables[variable])) {
      return [];
    }
    const [file, handler] = String(code.Handler).split('.');
    return [
      {
        name: String(name),
        region,
        intervalMinutes: minutesOf(String(schedule.Expression)),
        timeoutMs: 1000 * Number(config.TimeoutInSeconds ?? canaryLimits.runSeconds),
        script: path.join(folderOf(stack), `asset.${path.parse(String(code.S3Key)).name}`, `${file}.js`),
        handler,
        environment: { ...variables, ...atTheDoor(variables, frontDoor), AWS_REGION: region },
      },
    ];
  });
}

/** The front door stands for API, public name and token endpoint, and knows the canary without a secret. */
function atTheDoor(variables: Readonly<Record<string, string>>, door: string): Record<string, string> {
  const plan = readCanaryPlan(canaryEnv.read(variables).plan);
  const identity = { kind: 'client', tokenUrl: `${door}${canaryTokenPath(plan.tenant)}` };
  return canaryEnv.write({ plan: JSON.stringify({ ...plan, identity }), door });
}

function minutesOf(expression: string): number {
  const [, count, unit] = /^rate\((\d+) (minute|hour)s?\)$/.exec(expression) ?? [];
  return Number(count ?? 5) * (unit === 'hour' ? 60 : 1);
}
