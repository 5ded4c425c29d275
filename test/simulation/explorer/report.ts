import { bySmallBound, scenarios } from './catalogue';
import { Arrivals, exploreEpochs } from './epochs';
import { epochScenarios } from './epochs-catalogue';
import { Exploration, Explorer } from './explore';
import { prepare, Scenario } from './scenarios';
import { Mistake, mistakes } from '../mistakes/catalogue';
import { plant } from '../mistakes/plant';
import { foundByOrder } from '../mistakes/provisional';
import { shipped, Subject } from '../subject';

/** Beyond so many states a scenario is given up, and said to be. */
const statesAtMost = 3_000_000;

export async function explore(scenario: Scenario, subject: Subject = shipped): Promise<Exploration> {
  return new Explorer(await prepare(scenario, subject, statesAtMost)).run();
}

/** Goes through all that may have arrived where homes are lost, in one scenario of that kind. */
export function exploreArrivals(name: string, subject: Subject = shipped): Promise<Arrivals> {
  return exploreEpochs(
    epochScenarios.find((scenario) => scenario.name === name)!,
    subject,
  );
}

/** Goes through all orders of every scenario whose name contains a text; whether nothing was found wrong, and nothing given up. */
export async function exploreAll(only: string, print: (line: string) => void): Promise<boolean> {
  const chosen = scenarios.filter(({ name }) => name.includes(only));
  const epochs = epochScenarios.filter(({ name }) => name.includes(only));
  if (chosen.length + epochs.length === 0) {
    throw new Error(`no scenario's name contains '${only}': ${[...scenarios, ...epochScenarios].map(({ name }) => name).join('; ')}`);
  }
  let sound = true;
  const total = { states: 0, seconds: 0 };
  for (const scenario of chosen) {
    const began = Date.now();
    const { states, transitions, endings, complete, violation } = await explore(scenario);
    const seconds = (Date.now() - began) / 1000;
    total.states += states;
    total.seconds += seconds;
    const counts = `${states} states, ${transitions} steps, ${endings} endings, ${seconds.toFixed(0)} s`;
    print(`${scenario.name}: ${counts}${complete ? '' : ', GIVEN UP'}`);
    if (violation) print([`  broken: ${violation.what}`, ...violation.steps.map((step) => `    ${step}`)].join('\n'));
    sound &&= complete && !violation;
  }
  for (const scenario of epochs) {
    const began = Date.now();
    const { begun, violation } = await exploreArrivals(scenario.name);
    print(`${scenario.name}: ${begun} beginnings of a home, ${((Date.now() - began) / 1000).toFixed(0)} s`);
    if (violation) print([`  broken: ${violation.what}`, ...violation.steps.map((step) => `    ${step}`)].join('\n'));
    sound &&= !violation;
  }
  print(`${total.states} states in ${total.seconds.toFixed(0)} s: ${sound ? 'all orders, no violation' : 'NOT all is well'}`);
  return sound;
}

/** Plants each mistake that is about provisional entries, and says how many states it takes to find it. */
export async function exploreMistakes(print: (line: string) => void): Promise<boolean> {
  let all = true;
  for (const mistake of exploredMistakes) {
    const found = await findMistake(mistake);
    print(`${mistake.name}: ${found ?? 'NOT found'}`);
    all &&= found !== undefined;
  }
  return all;
}

/** Mistakes that going through all orders has to find. */
export const exploredMistakes: readonly Mistake[] = [...mistakes, ...foundByOrder].filter(({ explored }) => explored);

/** What the exploration finds of a mistake, in small scenarios first; undefined: nothing. */
export async function findMistake(mistake: Mistake): Promise<string | undefined> {
  const subject = await plant(mistake);
  const { explored } = mistake;
  if (epochScenarios.some(({ name }) => name === explored)) {
    const { begun, violation } = await exploreArrivals(explored as string, subject);
    return violation && `${explored as string}, ${begun} beginnings, ${violation.steps.length} steps: ${violation.what}`;
  }
  const tried =
    typeof explored === 'string'
      ? [...bySmallBound, ...scenarios].filter(({ name }) => name === explored)
      : [...bySmallBound, ...scenarios.slice(2, 3)];
  for (const scenario of tried) {
    const { states, violation } = await explore(scenario, subject);
    if (violation) return `${scenario.name}, ${states} states, ${violation.steps.length - 1} steps: ${violation.what}`;
  }
  return undefined;
}
