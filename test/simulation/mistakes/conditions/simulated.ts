import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { StatedCondition, without } from './derive';
import { bundledText, root } from '../../bundle';
import { modes, RunOptions } from '../../run';

/** What the simulation made of a condition left out. */
export type Simulated =
  | { readonly kind: 'clean' }
  | { readonly kind: 'broken'; readonly what: string }
  /** One seed did not end in its time. */
  | { readonly kind: 'hung'; readonly what: string };

const runs: readonly Omit<RunOptions, 'seed' | 'mode'>[] = [
  { table: 'STRONG', payments: 120 },
  { table: 'HOME', payments: 80 },
  { table: 'STRONG', payments: 40, events: true },
];

/** Runs seeds of every kind with a condition left out, until an invariant breaks; undefined: the simulation does not load its file. */
export async function simulate(condition: StatedCondition, seeds: number, seedWithinMs: number): Promise<Simulated | undefined> {
  const code = await bundleWithout(condition);
  if (code === undefined) return undefined;
  const worker = new Worker(`${code}\n${driver}`, { eval: true });
  const ended = new Promise<Error>((resolve) => {
    worker.on('error', resolve);
  });
  try {
    for (let seed = 1; seed <= seeds; seed += 1) {
      for (const run of runs) {
        for (const mode of modes) {
          const what = `${run.table}${run.events ? ' with events' : ''}, ${mode}, seed ${seed}`;
          const outcome = await Promise.race([ended, answerOf(worker, { ...run, mode, seed }, seedWithinMs)]);
          if (outcome === undefined) return { kind: 'hung', what };
          if (outcome instanceof Error) return { kind: 'broken', what: `${what}: ${outcome.message}` };
          if (outcome.length > 0) return { kind: 'broken', what: `${what}: ${outcome.join('; ')}` };
        }
      }
    }
    return { kind: 'clean' };
  } finally {
    await worker.terminate();
  }
}

/** Behind the bundle of `run.ts`: runs what it is told, and names the invariants that broke. */
const driver = `
const { parentPort } = require('node:worker_threads');
parentPort.on('message', (options) => module.exports.runSeed(options)
  .then(({ violations }) => parentPort.postMessage([...new Set(violations.map(({ invariant }) => invariant))]))
  .catch((error) => parentPort.postMessage(['never throws: ' + error.message])));
`;

function answerOf(worker: Worker, options: RunOptions, withinMs: number): Promise<readonly string[] | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), withinMs);
    worker.once('message', (invariants: readonly string[]) => {
      clearTimeout(timer);
      resolve(invariants);
    });
    worker.postMessage(options);
  });
}

async function bundleWithout(condition: StatedCondition): Promise<string | undefined> {
  let loaded = false;
  const text = await bundledText('run.ts', [
    {
      name: 'without',
      setup: (bundle) =>
        bundle.onLoad({ filter: /[/\\]src[/\\].*\.ts$/ }, ({ path: file }) => {
          if (file !== path.join(root, 'src', condition.file)) return undefined;
          loaded = true;
          return { contents: without(condition, readFileSync(file, 'utf8')), loader: 'ts' };
        }),
    },
  ]);
  return loaded ? text : undefined;
}
