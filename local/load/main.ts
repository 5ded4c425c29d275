/**
 * `npm run load -- --rate N --seconds N`: the whole system on this machine under load, with regions lost and links cut, and what the
 * checkers find then.
 */
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCommand, type Ending } from '../ending';
import { LocalRunError } from '../ground/failure';
import { startLocalRun } from '../run';
import { runLoad } from './load';
import { parseLoadOptions } from './options';
import { bundleHandlers } from '../../tools/bundles/bundle';
import { family } from '../smoke/memory';

const started = Date.now();
const print = (line: string): void => void process.stdout.write(`${line}\n`);
const log = (line: string): void => print(`${((Date.now() - started) / 1000).toFixed(1).padStart(6)} s  ${line}`);

async function main({ requested, signal }: Ending): Promise<number> {
  const { rate, seconds, schedule, run: options } = parseLoadOptions(process.argv.slice(2));
  await bundleHandlers();
  const run = await startLocalRun(options, log, signal);
  let good: boolean | string = false;
  let processes: readonly number[] = [];
  try {
    const load = runLoad({
      url: run.url,
      processIds: () => run.processIds(),
      copiesLag: run.operate !== undefined,
      rate,
      seconds,
      schedule,
      log,
      print,
    });
    good = await Promise.race([load, requested, run.failed.then((line) => Promise.reject(new LocalRunError(line)))]);
    processes = processesOf(run.processIds().filter((id) => id !== process.pid));
  } finally {
    await run.stop();
  }
  if (typeof good === 'string') {
    log(`ended by ${good} before the verdict`);
    return 1;
  }
  const left = await leftOf(processes);
  print(`processes left by the run: ${left.length}${left.length ? ` (${left.join(', ')})` : ''}`);
  return good && left.length === 0 ? 0 : 1;
}

function processesOf(ids: readonly number[]): readonly number[] {
  try {
    return family(ids);
  } catch {
    // No /proc here.
    return ids;
  }
}

/** Those that are still there after a while: whoever reaps orphans takes a moment. */
async function leftOf(ids: readonly number[]): Promise<number[]> {
  let left = [...ids];
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; await sleep(200)) {
    left = left.filter(isAlive);
    if (left.length === 0) break;
  }
  return left;
}

/** A process that has ended stays in the list until somebody reaps it, and in a container that may be nobody. */
function isAlive(id: number): boolean {
  try {
    process.kill(id, 0);
    return !existsSync('/proc/self/stat') || !/^\d+ \(.*\) Z /.test(readFileSync(`/proc/${id}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

runCommand(main, 1);
