import { runCommand, type Ending } from './ending';
import { LocalRunError } from './ground/failure';
import type { DemoOptions } from './options';
import { startLocalRun, type LocalRun } from './run';
import { runSmoke } from './smoke/smoke';

const started = Date.now();

function log(line: string): void {
  process.stdout.write(`${((Date.now() - started) / 1000).toFixed(1).padStart(5)} s  ${line}\n`);
}

/**
 * The command: the whole system on this machine until Ctrl-C, or with `--smoke` until the scripted scenario is through.
 *
 * @param prepare reads the arguments, and makes what the app needs besides its own
 */
export function runUntilEnd(prepare: () => Promise<DemoOptions>): void {
  runCommand(async (ending) => main(await prepare(), ending), 0);
}

async function main(options: DemoOptions, ending: Ending): Promise<number> {
  const run = await startLocalRun(options, log, ending.signal);
  try {
    return await (options.smoke ? smoke(run, ending) : stay(run, options, ending));
  } finally {
    await run.stop();
  }
}

async function stay(run: LocalRun, options: DemoOptions, { requested }: Ending): Promise<number> {
  printAddresses(run, options);
  return exitCodeOf(await Promise.race([requested, failure(run)]));
}

async function smoke(run: LocalRun, { requested }: Ending): Promise<number> {
  const scenario = runSmoke({
    url: run.url,
    operate: run.operate,
    stacks: run.stacks,
    processIds: () => run.processIds(),
    print: (line) => process.stdout.write(`${line}\n`),
  });
  const result = await Promise.race([scenario, requested, failure(run)]);
  if (typeof result === 'boolean') return result ? 0 : 1;
  exitCodeOf(result);
  return 1;
}

function failure(run: LocalRun): Promise<LocalRunError> {
  return run.failed.then((line) => new LocalRunError(line));
}

/** Says why the run ends; returns its exit code. */
function exitCodeOf(reason: string | LocalRunError): number {
  if (reason instanceof LocalRunError) throw reason;
  log(`stopping on ${reason} ...`);
  return 0;
}

function printAddresses(run: LocalRun, options: DemoOptions): void {
  const lines = [
    'ready',
    '',
    `  page           ${run.url}/`,
    `  payments API   ${run.url}/api/v1`,
    ...(run.edgeUrl === undefined ? [] : [`  edge           ${run.edgeUrl}/`]),
    ...(run.givesTokens ? [`  a token        curl '${run.url}/_local/token?tenant=acme'`] : []),
    `  status         ${run.url}/_local/status`,
    ...cutoverLines(run),
    ...run.regions.map(
      ({ name }) =>
        `  ${name.padEnd(14)} ${run.url}/_local/regions/${name}/api/v1   (stop it: curl -X POST ${run.url}/_local/regions/${name}/stop)`,
    ),
    '',
    `  app ${options.appDirectory}${options.stage === undefined ? '' : `, stage ${options.stage}`}; Ctrl-C ends it`,
    '',
  ];
  for (const line of lines) line === 'ready' ? log(line) : process.stdout.write(`${line}\n`);
}

/** How to start what the app can move, in the first approver's name. */
function cutoverLines({ url, cutover }: LocalRun): string[] {
  const [approver] = cutover?.gates.flatMap(({ approvers }) => approvers) ?? [];
  if (approver === undefined) return [];
  return [
    `  start a move   curl -X POST -H "Authorization: Bearer $(curl -s '${url}/_local/token?approver=${approver}')" ${url}/_local/cutover`,
    `  how it stands  ${url}/_local/cutover, what approvers were sent: ${url}/_local/mail, the record: ${url}/_local/audit`,
  ];
}
