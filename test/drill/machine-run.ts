import { definitionOf, drillIn } from './machine';
import { DrillWorld, run, WorldSettings } from './world';
import type { DrillResult } from '../../src/drill/model';
import { newStack } from '../cdk/stacks';
import { AslResult, runAsl } from '../cutover/asl';

const stack = newStack('us-west-2');
drillIn(stack);
const definition = definitionOf(stack);

export interface EndedDrill extends AslResult {
  readonly result: DrillResult;
}

/** Runs the machine as it is deployed, with the world's clock. */
export async function runDrill(
  world: DrillWorld,
  input: object = { startedBy: 'ada' },
  onWait?: (ms: number) => void,
): Promise<EndedDrill> {
  const ended = await runAsl(definition, input, {
    call: (_, payload) => world.call(payload),
    answer: async () => undefined,
    nowMs: () => world.nowMs,
    wait: (ms) => {
      world.nowMs += ms;
      onWait?.(ms);
    },
    executionId: run,
  });
  const result = ended.status === 'SUCCEEDED' ? (ended.output as DrillResult) : (parsed(ended.cause) as DrillResult);
  return { ...ended, result };
}

function parsed(text = ''): unknown {
  return text.startsWith('{') ? JSON.parse(text) : {};
}

/** A drill of a world of its own. */
export async function drillWorld(settings: WorldSettings = {}, input?: object): Promise<EndedDrill & { readonly world: DrillWorld }> {
  const world = new DrillWorld(settings);
  return { world, ...(await runDrill(world, input)) };
}
