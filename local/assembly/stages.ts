import { LocalRunError } from '../ground/failure';

/** What of an assembly stands in a stage, by the stage's path (`Prod`, `Europe/Prod`); absent outside of stages. */
interface Staged {
  readonly stage?: string;
}

/**
 * What is deployed: what is in the named stage and in stages within it; without a name all, where no two stages stand side by side. Those
 * are mostly the same system twice, in two accounts, and a run stands for one account.
 *
 * @throws LocalRunError that lists the stages
 */
export function ofStage<T extends Staged>(all: readonly T[], wanted?: string): readonly T[] {
  const stages = [...new Set(all.flatMap(({ stage }) => stage ?? []))];
  if (wanted !== undefined) {
    const matching = all.filter(({ stage }) => stage !== undefined && isWithin(stage, wanted));
    if (matching.length === 0) {
      throw new LocalRunError(
        `--stage ${wanted} is not a stage of this app: ` +
          `${stages.length > 0 ? `give ${stages.join(' or ')}` : 'it has none, leave the option out'}`,
      );
    }
    return matching;
  }
  const outermost = stages.filter((stage) => !stages.some((other) => other !== stage && isWithin(stage, other)));
  if (outermost.length > 1) {
    throw new LocalRunError(`the app has the stages ${outermost.join(', ')}, the local run deploys one: name it with --stage`);
  }
  return all;
}

const isWithin = (stage: string, outer: string): boolean => stage === outer || stage.startsWith(`${outer}/`);
