import { episodes, requestFaults } from './faults';
import { RunOptions, RunResult, runSeed } from './run';
import { planWorkload } from './workload';

export interface Shrunk {
  readonly options: RunOptions;
  readonly result: RunResult;
  readonly runs: number;
}

const runsAtMost = 120;

/** Makes a failing run smaller: fewer payments, fewer kinds of fault, as long as the same invariant breaks. */
export async function shrink(options: RunOptions, failed: RunResult): Promise<Shrunk> {
  const [{ invariant }] = failed.violations;
  let best: { options: RunOptions; result: RunResult } = { options, result: failed };
  let runs = 0;
  const better = async (candidate: RunOptions): Promise<boolean> => {
    if (runs >= runsAtMost) return false;
    runs += 1;
    const result = await runSeed(candidate);
    if (!result.violations.some((violation) => violation.invariant === invariant)) return false;
    best = { options: candidate, result };
    return true;
  };
  const dropPlans = async (): Promise<void> => {
    let kept = [
      ...(best.options.only ?? planWorkload(options.seed, options.payments ?? 200, options).payments.map(({ number }) => number)),
    ];
    for (let size = Math.ceil(kept.length / 2); size >= 1; size = size > 1 ? Math.ceil(size / 2) : 0) {
      for (let at = 0; at < kept.length;) {
        const rest = [...kept.slice(0, at), ...kept.slice(at + size)];
        if (rest.length > 0 && (await better({ ...best.options, only: new Set(rest) }))) kept = rest;
        else at += size;
      }
    }
  };
  await dropPlans();
  for (const fault of ['openLoad', 'skew', 'lostForGood', ...episodes, ...requestFaults]) {
    await better({ ...best.options, without: new Set([...(best.options.without ?? []), fault]) });
  }
  await dropPlans();
  return { ...best, runs };
}

/** The command that runs exactly this again. */
export function replayCommand({ seed, mode, table, payments, events, rolling, dns, only, without }: RunOptions): string {
  return [
    'npm run simulate --',
    `--seed ${seed}`,
    '--seeds 1',
    `--mode ${mode}`,
    `--table ${table ?? 'STRONG'}`,
    ...(payments === undefined ? [] : [`--payments ${payments}`]),
    ...(events ? ['--events'] : []),
    ...(rolling ? ['--rolling'] : []),
    ...(dns ? ['--dns'] : []),
    ...(only ? [`--only ${[...only].join()}`] : []),
    ...(without?.size ? [`--without ${[...without].join()}`] : []),
    '--print',
  ].join(' ');
}
