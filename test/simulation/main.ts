/**
 * `npm run simulate -- --seeds N --seed S --minutes M`: the ledger under faults that no integration test reaches. See docs/reliability.md.
 */
import { parseArgs } from 'node:util';
import { story, tellOurs, tellUsual } from './baseline/story';
import { loadBundle } from './bundle';
import { exploreAll, exploreMistakes } from './explorer/report';
import { ConditionsTask, findSurvivors } from './mistakes/conditions/survivors';
import { catchAll, write } from './mistakes/table';
import { describeFailure, Figures } from './report';
import { Mode, modes, RunOptions } from './run';
import type * as Run from './run';
import { shrink } from './shrink';
import type { TableKind } from './world';

const usage = `options:
  --seeds N       how many seeds (default 200)
  --seed S        the first one (default 1)
  --minutes M     run until M minutes are over, whatever --seeds says
  --mode MODE     SAFETY, LIVENESS or BOTH (default BOTH)
  --table KIND    STRONG, HOME (one region writes for each account) or BOTH (default BOTH)
  --payments N    payments per seed (default 200)
  --events        with outboxes, buses, sweeps and consumers
  --rolling       STRONG: regions are deployed one after the other, the release before at work until then
  --dns           HOME: clients go by a public name that follows the home; 8 % keep its old answer
  --only a,b      only these payments of the seed's plan
  --without a,b   leave these faults out
  --print         print the history, whether something broke or not
  --mistakes      plant every known mistake and count the seeds until it is caught; with --write, into docs/reliability.md
  --conditions    leave out every condition of a write, one at a time, and print which ones nothing notices; --only TEXT: those that
                  contain it, --seeds N: for what no test notices (default 20), --at-once N: processes (default 1); with --write, into
                  docs/reliability.md
  --explore       all orders of a few calls at once, with every crash and late delivery; --only TEXT: scenarios whose name contains it;
                  with --mistakes, what it finds of mistakes that are planted
  --story         double debits per 100,000 payments after a DNS shift: the usual pattern, and this ledger`;

const tables: readonly TableKind[] = ['STRONG', 'HOME'];

class UsageError extends Error {}

interface Command {
  readonly seeds: number;
  readonly seed: number;
  readonly minutes: number;
  readonly modes: readonly Mode[];
  readonly tables: readonly TableKind[];
  readonly run: Omit<RunOptions, 'seed' | 'mode' | 'table'>;
  readonly print: boolean;
  readonly task: 'simulate' | 'mistakes' | 'conditions' | 'story' | 'explore' | 'exploreMistakes';
  readonly only: string;
  readonly conditions: ConditionsTask;
  readonly write: boolean;
}

function parse(args: readonly string[]): Command {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const { values } = (() => {
    try {
      return parseArgs({
        args: [...args],
        options: {
          seeds: text,
          seed: text,
          minutes: text,
          mode: text,
          table: text,
          payments: text,
          only: text,
          without: text,
          print: flag,
          dns: flag,
          events: flag,
          rolling: flag,
          mistakes: flag,
          conditions: flag,
          'at-once': text,
          story: flag,
          explore: flag,
          write: flag,
        },
      });
    } catch (error) {
      throw new UsageError((error as Error).message);
    }
  })();
  const number = (name: 'seeds' | 'seed' | 'minutes' | 'payments' | 'at-once', otherwise: number): number => {
    const given = values[name];
    const value = given === undefined ? otherwise : Number(given);
    if (!(value >= 0) || (name !== 'minutes' && !Number.isInteger(value))) {
      throw new UsageError(`--${name} must be a whole number of 0 or more, got '${given}'`);
    }
    return value;
  };
  const mode = values.mode ?? 'BOTH';
  if (![...modes, 'BOTH'].includes(mode)) throw new UsageError(`--mode must be SAFETY, LIVENESS or BOTH, got '${mode}'`);
  const table = values.table ?? 'BOTH';
  if (![...tables, 'BOTH'].includes(table)) throw new UsageError(`--table must be STRONG, HOME or BOTH, got '${table}'`);
  return {
    seeds: number('seeds', 200),
    seed: number('seed', 1),
    minutes: number('minutes', 0),
    modes: mode === 'BOTH' ? modes : [mode as Mode],
    tables: table === 'BOTH' ? tables : [table as TableKind],
    run: {
      payments: number('payments', 200),
      events: values.events ?? false,
      rolling: values.rolling ?? false,
      dns: values.dns ?? false,
      ...(values.only === undefined || values.conditions || values.explore ? {} : { only: new Set(values.only.split(',').map(Number)) }),
      ...(values.without === undefined ? {} : { without: new Set(values.without.split(',')) }),
    },
    print: values.print ?? false,
    conditions: { only: values.only, seeds: number('seeds', 20), write: values.write ?? false, atOnce: number('at-once', 1) },
    only: values.only ?? '',
    task: values.explore
      ? values.mistakes
        ? 'exploreMistakes'
        : 'explore'
      : values.mistakes
        ? 'mistakes'
        : values.conditions
          ? 'conditions'
          : values.story
            ? 'story'
            : 'simulate',
    write: values.write ?? false,
  };
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const reportEveryMs = 10_000;

/** All seeds of one table, or until time is over; whether no invariant broke. */
async function simulate(command: Command, table: TableKind, untilMs: number): Promise<boolean> {
  // Bundled, a run is a third faster than as single files.
  const { runSeed } = await loadBundle<typeof Run>('run.ts');
  const started = Date.now();
  const seconds = (): number => (Date.now() - started) / 1000;
  const figures = new Map(command.modes.map((mode) => [mode, new Figures()]));
  let reported = started;
  for (let done = 0; (command.minutes > 0 || done < command.seeds) && Date.now() < untilMs; done += 1) {
    for (const mode of command.modes) {
      const options: RunOptions = { ...command.run, table, seed: command.seed + done, mode };
      const before = Date.now();
      const result = await runSeed(options);
      figures.get(mode)!.add(result, Date.now() - before);
      if (result.violations.length > 0) {
        print(`${table}, seed ${options.seed}, mode ${mode}: ${result.violations[0].invariant} is broken; making it smaller ...`);
        const shrunk = command.print ? { options } : await shrink(options, result);
        print(await describeFailure(shrunk.options));
        return false;
      }
      if (command.print) print(await describeFailure(options));
    }
    if (Date.now() - reported > reportEveryMs) {
      reported = Date.now();
      print(`${table}: ${done + 1} seeds${command.minutes > 0 ? '' : ` of ${command.seeds}`}, ${seconds().toFixed(0)} s, no violation`);
    }
  }
  for (const [mode, figure] of figures) for (const line of figure.lines()) print(`${table.padEnd(6)} ${mode.padEnd(8)} ${line}`);
  return true;
}

async function simulateAll(command: Command): Promise<boolean> {
  for (const [place, table] of command.tables.entries()) {
    // Tables share the time that is given.
    const shareMs = command.minutes > 0 ? command.minutes * 60_000 * (1 / command.tables.length) : Infinity;
    if (!(await simulate(command, table, Date.now() + shareMs))) return false;
    if (place === command.tables.length - 1) print('no violation');
  }
  return true;
}

async function tellStory(): Promise<boolean> {
  const { payments, oldRegionShare, lagMs, slowShare, slowUpToMs, patienceMs } = story;
  print(
    `${payments} payments, ${oldRegionShare * 100} % of the requests in the old region, ${lagMs} ms lag; ${slowShare * 100} % start ` +
      `up to ${slowUpToMs} ms late, ` +
      `clients send again after ${patienceMs} ms`,
  );
  const usual = await tellUsual(payments);
  print(`conditional writes on an eventual table: ${usual.sentTwice} sent twice, ${usual.doubleDebits} debited twice`);
  const ours = await tellOurs(payments);
  print(`this ledger: ${ours.sentTwice} sent twice, ${ours.doubleDebits} debited twice`);
  return ours.doubleDebits === 0;
}

async function catchMistakes(recordIt: boolean): Promise<boolean> {
  const lines = await catchAll(print);
  if (recordIt) write(lines);
  return true;
}

async function main(): Promise<void> {
  try {
    const command = parse(process.argv.slice(2));
    const tasks = {
      simulate: () => simulateAll(command),
      mistakes: () => catchMistakes(command.write),
      conditions: () => findSurvivors(command.conditions, print),
      story: tellStory,
      explore: () => exploreAll(command.only, print),
      exploreMistakes: () => exploreMistakes(print),
    };
    process.exitCode = (await tasks[command.task]()) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n${usage}\n`);
    process.exitCode = 1;
  }
}

void main();
