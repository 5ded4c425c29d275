/** `npm run bench`: what a payment costs, beside what else a team could use, in one run on one engine. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Measured, MeasureOptions } from './measure';
import { markdown, Result, terminal } from './report';
import { bundleAs, startups, synthSeconds } from './startup';
import { bundleHandlers } from '../bundles/bundle';
import { Engine, startEngine } from '../engine';
import { root } from '../steps';

const usage =
  'usage: npm run bench [-- [--rounds N] [--json FILE] [--write]]: --rounds 1-1000 (default 30), --json writes the figures as data, ' +
  '--write renews docs/performance.md';

interface Wishes {
  readonly rounds: number;
  readonly json?: string;
  readonly write: boolean;
}

/** Thrown for what the caller can mend: shown as one line. */
class UsageError extends Error {}

function wishesOf(args: readonly string[]): Wishes {
  const wishes = { rounds: 30, json: undefined as string | undefined, write: false };
  for (let at = 0; at < args.length; at += 1) {
    const value = args[at + 1];
    if (args[at] === '--write') {
      wishes.write = true;
    } else if (args[at] === '--rounds' && /^[1-9]\d{0,3}$/.test(value ?? '') && Number(value) <= 1000) {
      wishes.rounds = Number(value);
      at += 1;
    } else if (args[at] === '--json' && value && !value.startsWith('--')) {
      wishes.json = value;
      at += 1;
    } else {
      throw new UsageError(`'${args.slice(at, at + 2).join(' ')}' is not understood; ${usage}`);
    }
  }
  return wishes;
}

async function main(): Promise<void> {
  const wishes = wishesOf(process.argv.slice(2));
  const folder = mkdtempSync(path.join(os.tmpdir(), 'bench-'));
  const engine = await startEngine();
  const end = (): void => {
    rmSync(folder, { recursive: true, force: true });
    void engine.close().then(() => process.exit(130));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, end);
  try {
    const result = await measureAll(wishes, engine, folder);
    process.stdout.write(`\n${terminal(result)}\n`);
    if (wishes.json) writeFileSync(wishes.json, `${JSON.stringify(result, null, 2)}\n`);
    if (wishes.write) writeDocument(markdown(result));
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await engine.close();
  }
}

const effort = { calls: 30, loadCalls: 64, inFlight: 8, farMs: 20, farCalls: 25 } as const;

async function measureAll({ rounds }: Wishes, engine: Engine, folder: string): Promise<Result> {
  const loadAverage = os.loadavg()[0];
  say('bundling');
  await bundleHandlers();
  const payments = path.join(root, 'assets', 'api', 'functions', 'payments', 'index.js');
  const measurer = await bundleAs('tools/bench/measure.ts', path.join(folder, 'measure.js'));
  const compared = ['powertools-full', 'powertools', 'bare'];
  const functions: Record<string, string> = { payments };
  for (const name of compared) functions[name] = await bundleAs(`tools/bench/functions/${name}.ts`, path.join(folder, `${name}.js`));
  functions['powertools-whole'] = await bundleAs('tools/bench/functions/powertools.ts', path.join(folder, 'powertools-whole.js'), true);

  say('requests, units and times');
  const options: MeasureOptions = { tableName: engine.tableName, functionFile: payments, rounds, ...effort };
  const measured = await measure(measurer, options, engine, folder);
  const loadTurns = Math.max(20, rounds);
  say('loading functions');
  const loads = await startups(functions, loadTurns);
  say('synthesising the example');
  const synth = await synthSeconds(path.join(folder, 'cdk.out'), 3);
  const memoryGb = Math.round(os.totalmem() / 2 ** 30);
  return {
    ...measured,
    startups: loads,
    synth,
    options,
    loadTurns,
    machine: {
      cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
      cores: os.cpus().length,
      memoryGb,
      os: `${os.type()} ${os.arch()}`,
      loadAverage,
    },
    versions: versions(),
    date: new Date().toISOString().slice(0, 10),
  };
}

/** Runs the measuring process. The functions in it write their log lines to standard output: nobody reads those. */
async function measure(file: string, options: MeasureOptions, engine: Engine, folder: string): Promise<Measured> {
  const endpoint = await engine.client.config.endpoint!();
  const output = path.join(folder, 'measured.json');
  const child = spawn(process.execPath, [file, JSON.stringify(options), output], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env,
      AWS_ENDPOINT_URL: `${endpoint.protocol}//${endpoint.hostname}:${endpoint.port}`,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_LAMBDA_FUNCTION_NAME: 'bench',
    },
  });
  const kill = (): void => void child.kill();
  process.once('exit', kill);
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  process.off('exit', kill);
  if (code !== 0) throw new Error(`the measuring process ended with ${code ?? signal}: see its message above`);
  return JSON.parse(readFileSync(output, 'utf8')) as Measured;
}

function versions(): Readonly<Record<string, string>> {
  const packages = {
    'AWS SDK': '@aws-sdk/client-dynamodb',
    'Powertools idempotency': '@aws-lambda-powertools/idempotency',
    'aws-cdk-lib': 'aws-cdk-lib',
    dynoxide: '@dynoxide/linux-x64',
  };
  const versionOf = (name: string): string => {
    const file = path.join(root, 'node_modules', name, 'package.json');
    return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version : 'not installed';
  };
  return { Node: process.versions.node, ...Object.fromEntries(Object.entries(packages).map(([label, name]) => [label, versionOf(name)])) };
}

const marks = ['<!-- figures: npm run bench -- --write -->', '<!-- end of figures -->'] as const;

/** Renews the figures in the document; what is written around them stays. */
function writeDocument(figures: string): void {
  const file = path.join(root, 'docs', 'performance.md');
  const text = readFileSync(file, 'utf8');
  const [start, end] = marks.map((mark) => text.indexOf(mark));
  if (start < 0 || end < start) {
    throw new UsageError(`docs/performance.md lacks the lines '${marks.join("' and '")}': put them where the figures belong`);
  }
  writeFileSync(file, `${text.slice(0, start)}${marks[0]}\n\n${figures}\n\n${text.slice(end)}`);
}

const say = (what: string): void => void process.stderr.write(`${what} ...\n`);

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof UsageError ? error.message : error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});
