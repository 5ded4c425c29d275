/** `npm run demo`: the whole system on this machine until Ctrl-C, or with `--smoke` until the scripted scenario is through. */
import { LocalRunError } from './failure';
import { parseDemoOptions, type DemoOptions } from './options';
import { startLocalRun, type LocalRun } from './run';
import { runSmoke } from './smoke/smoke';

const started = Date.now();

function log(line: string): void {
  process.stdout.write(`${((Date.now() - started) / 1000).toFixed(1).padStart(5)} s  ${line}\n`);
}

let stopping = false;

/** Settles when somebody wants the run to end. A second signal while it ends changes nothing. */
const stopRequested = new Promise<string>((settle) => {
  const resolve = (reason: string): void => {
    stopping = true;
    settle(reason);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve(signal));
  // A launcher that was killed passes no signal on: nobody would ever end the run.
  const launcher = Number(process.env.LAUNCHER_PID);
  if (launcher === process.ppid) setInterval(() => process.ppid !== launcher && resolve('the end of its launcher'), 500).unref();
});

async function main(): Promise<number> {
  const options = parseDemoOptions(process.argv.slice(2));
  const abort = new AbortController();
  void stopRequested.then(() => abort.abort());
  const run = await startLocalRun(options, log, abort.signal);
  try {
    return await (options.smoke ? smoke(run) : stay(run, options));
  } finally {
    await run.stop();
  }
}

async function stay(run: LocalRun, options: DemoOptions): Promise<number> {
  printAddresses(run, options);
  return ended(await Promise.race([stopRequested, failure(run)]));
}

async function smoke(run: LocalRun): Promise<number> {
  const scenario = runSmoke({ url: run.url, operate: run.operate, processIds: () => run.processIds(), print: (line) => process.stdout.write(`${line}\n`) });
  const result = await Promise.race([scenario, stopRequested, failure(run)]);
  if (typeof result === 'boolean') return result ? 0 : 1;
  ended(result);
  return 1;
}

function failure(run: LocalRun): Promise<LocalRunError> {
  return run.failed.then((line) => new LocalRunError(line));
}

/** Says why the run ends; returns its exit code. */
function ended(reason: string | LocalRunError): number {
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
    ...(run.givesTokens ? [`  a token        curl '${run.url}/_local/token?tenant=acme'`] : []),
    `  status         ${run.url}/_local/status`,
    ...run.regions.map(({ name }) => `  ${name.padEnd(14)} ${run.url}/_local/regions/${name}/api/v1   (stop it: curl -X POST ${run.url}/_local/regions/${name}/stop)`),
    '',
    `  app ${options.appDirectory}; Ctrl-C ends it`,
    '',
  ];
  for (const line of lines) line === 'ready' ? log(line) : process.stdout.write(`${line}\n`);
}

main().then((code) => process.exit(code), (error: unknown) => {
  // What fails after the end was asked for is only its consequence.
  if (stopping) process.exit(0);
  // What the user can mend is one line; anything else is a defect and needs its stack.
  process.stderr.write(`${error instanceof LocalRunError ? error.message : (error as Error).stack}\n`);
  process.exit(1);
});
