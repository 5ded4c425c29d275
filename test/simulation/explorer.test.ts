import { bySmallBound } from './explorer/catalogue';
import { epochScenarios } from './explorer/epochs-catalogue';
import { explore, exploreArrivals, exploredMistakes, findMistake } from './explorer/report';

/** All orders of two or three calls; `npm run simulate -- --explore` goes through more. */
it.each(bySmallBound.map((scenario) => [scenario.name, scenario] as const))(
  'nothing breaks in any order of %s',
  async (_name, scenario) => {
    const { complete, violation } = await explore(scenario);
    expect([complete, violation]).toEqual([true, undefined]);
  },
  120_000,
);

/** All that may have arrived where a home is lost, and the one after it. */
it.each(epochScenarios.map(({ name }) => name))(
  'nothing breaks whatever has arrived in %s',
  async (name) => {
    const { begun, violation } = await exploreArrivals(name);
    expect([begun > 100, violation]).toEqual([true, undefined]);
  },
  240_000,
);

it.each(exploredMistakes.map((mistake) => [mistake.name, mistake] as const))(
  'finds %s',
  async (_name, mistake) => {
    expect(await findMistake(mistake)).toBeDefined();
  },
  240_000,
);
