/** Runs the steps of a command one after the other, with progress, and ends with the line `N passed, N failed`. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

/** Root of the repository. */
export const root = path.resolve(__dirname, '..');

/** With CI=true nothing is left out quietly: what is skipped counts as failed. */
export const isCi = process.env.CI === 'true';

/** What a step found: test cases where it has them, else itself as one. */
export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Said below the step's name: the reason of a failure or of skipping, or a figure worth seeing. */
  readonly notes?: readonly string[];
}

export interface Step {
  /** Short, unique, and what `--only` selects by. */
  readonly name: string;
  /** It works on one core, and changes no file: neighbours that say so run two at a time. @default false */
  readonly beside?: boolean;
  run(): Promise<Outcome>;
}

export const passed = (...notes: string[]): Outcome => ({ passed: 1, failed: 0, skipped: 0, notes });
export const failed = (...notes: string[]): Outcome => ({ passed: 0, failed: 1, skipped: 0, notes });

/** A tool is absent: say which, and what to install. */
export function skipped(reason: string): Outcome {
  if (isCi) return failed(`cannot run, and CI=true does not allow to skip: ${reason}`);
  return { passed: 0, failed: 0, skipped: 1, notes: [`skipped: ${reason}`] };
}

/** Several outcomes of one step. */
export function sum(outcomes: readonly Outcome[]): Outcome {
  const total = (key: 'passed' | 'failed' | 'skipped'): number => outcomes.reduce((count, outcome) => count + outcome[key], 0);
  return {
    passed: total('passed'),
    failed: total('failed'),
    skipped: total('skipped'),
    notes: outcomes.flatMap((outcome) => outcome.notes ?? []),
  };
}

interface StepResult {
  readonly name: string;
  readonly seconds: number;
  readonly outcome: Outcome;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Shows the output while it comes instead of collecting it. @default false */
  readonly live?: boolean;
}

export interface CommandResult {
  /** Exit code; -1 when the command could not start or was ended by a signal. */
  readonly code: number;
  readonly output: string;
}

const running = new Set<ChildProcess>();
let toldToEnd: NodeJS.Signals | undefined;

/** A signal ends the programs that run, and no other is started. */
function endOnSignals(): void {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      toldToEnd ??= name;
      for (const child of running) child.kill(name);
    });
  }
}

/** Runs a program to its end. Standard input is closed: nothing here may ask a question. */
export async function command(program: string, args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  if (toldToEnd) return { code: -1, output: `${program} was not started after ${toldToEnd}` };
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: options.cwd ?? root,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', options.live ? 'inherit' : 'pipe', options.live ? 'inherit' : 'pipe'],
    });
    const parts: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (part: Buffer) => parts.push(part));
    running.add(child);
    const finish = (code: number, suffix = ''): void => {
      running.delete(child);
      resolve({ code, output: Buffer.concat(parts).toString('utf8') + suffix });
    };
    child.on('error', (error) => finish(-1, `${program} could not be started: ${error.message}`));
    child.on('close', (code, signal) => finish(code ?? -1, signal ? `${program} was ended by ${signal}` : ''));
  });
}

/** A step that is one command: passed when it exits with 0, else failed with its output. */
export function commandStep(
  name: string,
  program: string,
  args: readonly string[],
  { beside, ...options }: CommandOptions & Pick<Step, 'beside'> = {},
): Step {
  return {
    name,
    beside,
    run: async () => {
      const { code, output } = await command(program, args, options);
      return code === 0 ? passed() : failed(`${program} exited with ${code}:`, lastLines(output, 200));
    },
  };
}

/** Whether a program can be found on the PATH. */
export function hasProgram(name: string): boolean {
  return (process.env.PATH ?? '')
    .split(path.delimiter)
    .some((folder) => existsSync(path.join(folder, name)) || existsSync(path.join(folder, `${name}.exe`)));
}

/** The end of a long output, which is where the cause stands. */
export function lastLines(text: string, count: number): string {
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => (line.length > 2000 ? `${line.slice(0, 2000)} ...` : line));
  return lines.length > count ? [`... ${lines.length - count} lines left out`, ...lines.slice(-count)].join('\n') : lines.join('\n');
}

/**
 * Runs the steps, prints the summary and sets the exit code: 0 when nothing failed.
 *
 * @param only parts of step names; empty runs all
 */
export async function runSteps(steps: readonly Step[], only: readonly string[]): Promise<void> {
  const chosen = steps.filter((step) => only.length === 0 || only.some((part) => step.name.includes(part)));
  if (chosen.length === 0) {
    process.stderr.write(`no step matches '${only.join(',')}': the steps are ${steps.map((step) => step.name).join(', ')}\n`);
    process.exitCode = 1;
    return;
  }
  endOnSignals();
  const before = isCi ? await changes() : '';
  const results: StepResult[] = [];
  const started = Date.now();
  for (const neighbours of lanesOf(chosen)) await runBeside(neighbours, chosen, results);
  if (toldToEnd) {
    results.push({
      name: 'to the end',
      seconds: 0,
      outcome: failed(`${toldToEnd} ended the command: what did not run is not known to pass`),
    });
  }
  if (isCi && !toldToEnd && (await changes()) !== before) {
    results.push({ name: 'clean-tree', seconds: 0, outcome: failed('the run left changes in the repository: see git status') });
  }
  const total = sum(results.map((result) => result.outcome));
  print('');
  for (const result of results) print(`${result.name.padEnd(24)} ${describe(result)}`);
  // Again at the end: whoever reads the end of a long log needs the cause there.
  const broken = results.filter(({ outcome }) => outcome.failed > 0 && (outcome.notes ?? []).length > 0);
  if (broken.length > 0) print('\nwhat failed:');
  for (const { name, outcome } of broken) print(`  ${name}\n${lastLines(outcome.notes!.join('\n'), 60).replace(/^/gm, '    ')}`);
  print(`total time ${((Date.now() - started) / 1000).toFixed(0)} s`);
  print(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`);
  process.exitCode = total.failed > 0 ? 1 : 0;
}

/** The steps in their order: each alone, but neighbours that may run beside each other together. */
function lanesOf(steps: readonly Step[]): readonly (readonly Step[])[] {
  const groups: Step[][] = [];
  for (const step of steps) {
    const last = groups.at(-1);
    if (step.beside && last?.[0].beside) last.push(step);
    else groups.push([step]);
  }
  return groups;
}

/** Two at a time: on two cores, which is what the checks are made for, a third one would only make all of them slower. */
async function runBeside(steps: readonly Step[], all: readonly Step[], results: StepResult[]): Promise<void> {
  const waiting = [...steps];
  const lane = async (): Promise<void> => {
    for (let step = waiting.shift(); step && !toldToEnd; step = waiting.shift()) {
      print(`[${all.indexOf(step) + 1}/${all.length}] ${step.name} ...`);
      const start = Date.now();
      const outcome = await step
        .run()
        .catch((error: unknown) => failed(error instanceof Error ? (error.stack ?? error.message) : String(error)));
      const result = { name: step.name, seconds: (Date.now() - start) / 1000, outcome };
      results.push(result);
      for (const note of outcome.notes ?? []) print(note.replace(/^/gm, '    '));
      print(`    ${steps.length > 1 ? `${step.name}: ` : ''}${describe(result)}`);
    }
  };
  await Promise.all([lane(), lane()]);
}

/** `--only a,b` from the command line, and what else was given. */
export function parseArguments(args: readonly string[]): { readonly only: string[]; readonly rest: string[] } {
  const at = args.indexOf('--only');
  if (at < 0) return { only: [], rest: [...args] };
  return { only: (args[at + 1] ?? '').split(',').filter((part) => part !== ''), rest: [...args.slice(0, at), ...args.slice(at + 2)] };
}

/** What git sees as changed or new, to tell whether a run left its traces in the repository; empty where there is no git. */
async function changes(): Promise<string> {
  const [status, difference] = await Promise.all([command('git', ['status', '--porcelain']), command('git', ['diff', 'HEAD'])]);
  return status.output + difference.output;
}

function describe(result: StepResult): string {
  const { passed: good, failed: bad, skipped: none } = result.outcome;
  return (
    `${bad > 0 ? 'FAILED' : none > 0 && good === 0 ? 'skipped' : 'ok'}  ${good} passed, ${bad} ` +
    `failed${none > 0 ? `, ${none} skipped` : ''}  (${result.seconds.toFixed(1)} s)`
  );
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
