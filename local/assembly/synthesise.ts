import { existsSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Supervisor } from '../engine/supervisor';
import { LocalRunError } from '../ground/failure';

export interface SynthesisOptions {
  readonly supervisor: Supervisor;
  /** Folder with the app's `cdk.json`. */
  readonly appDirectory: string;
  /** CDK context given besides the app's own. */
  readonly context: Readonly<Record<string, unknown>>;
  readonly accountId: string;
  /** Folder of the assembly in the run's folder. Default `cdk.out`. */
  readonly folder?: string;
}

/** Runs the app as the CDK CLI would, into the run's folder. Returns the cloud assembly's folder. */
export async function synthesise(options: SynthesisOptions): Promise<string> {
  const { supervisor, appDirectory } = options;
  const config = readJson(path.join(appDirectory, 'cdk.json'));
  if (!config) throw new LocalRunError(`${appDirectory} has no cdk.json: start it in the folder of a CDK app, or name one with --app DIR`);
  if (typeof config.app !== 'string') {
    throw new LocalRunError(`${path.join(appDirectory, 'cdk.json')} has no "app", the command that synthesises: add one`);
  }
  const output = path.join(supervisor.folder, options.folder ?? 'cdk.out');
  await mkdir(output);
  const context = {
    ...(config.context as object),
    ...readJson(path.join(appDirectory, 'cdk.context.json')),
    ...options.context,
    'aws:cdk:enable-path-metadata': true,
  };
  const child = await supervisor.start({
    name: `synth-${options.folder ?? 'cdk.out'}`,
    file: '/bin/sh',
    args: ['-c', config.app],
    cwd: appDirectory,
    env: {
      ...process.env,
      PATH: [path.join(appDirectory, 'node_modules', '.bin'), process.env.PATH].join(path.delimiter),
      CDK_OUTDIR: output,
      CDK_CONTEXT_JSON: JSON.stringify(context),
      CDK_DEFAULT_ACCOUNT: options.accountId,
      CDK_DEFAULT_REGION: 'us-east-1',
      // The template validator takes nine tenths of a synth; the project's checks run it.
      CDK_VALIDATION: 'false',
    },
  });
  const { code, signal } = await child.ended;
  if (code === 0 && existsSync(path.join(output, 'manifest.json'))) return output;
  const reason =
    code === 0 ? 'it wrote no cloud assembly' : (errorLine(readFileSync(child.log, 'utf8')) ?? `it ended with ${signal ?? code}`);
  throw new LocalRunError(`synthesising the app in ${appDirectory} failed: ${reason}${missingOf(reason)}`);
}

/** What to do about a program or a library that is not there. */
function missingOf(reason: string): string {
  if (!/No module named|Cannot find (module|package)|not found$/.test(reason)) return '';
  return ': install what the app needs, as its README says, and activate its virtual environment where it has one';
}

/** The line of a program's output that says what went wrong. */
export function errorLine(output: string): string | undefined {
  const lines = output
    .replaceAll(/\u001b\[\d*m/g, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line && !/^(at |Node\.js v|npm warn)/.test(line));
  return (
    lines.find((line) => /^(«\w+» |(Uncaught )?[\w.]*Error(\s\[\w+\])?: )/.test(line)) ??
    lines.find((line) => /error/i.test(line)) ??
    lines.at(-1)
  );
}

function readJson(file: string): Record<string, unknown> | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  } catch (error) {
    throw new LocalRunError(`${file} is not valid JSON (${(error as Error).message}): correct the file`);
  }
}
