import path from 'node:path';
import { parseArgs } from 'node:util';
import { LocalRunError } from './ground/failure';
import { isRegionName } from '../src/kernel/region';

export interface DemoOptions {
  /** Port of the front door on 127.0.0.1; 0 takes a free one. */
  readonly port: number;
  /** Port of the edge on 127.0.0.1, where the app has a distribution; absent: a free one. */
  readonly edgePort?: number;
  /** Run the scripted scenario and end. */
  readonly smoke: boolean;
  /** Folder of the CDK app. */
  readonly appDirectory: string;
  /** Path of the stage to deploy, as `Prod`; absent: the app's only one, or none. */
  readonly stage?: string;
  /** Asked of the example; absent: its own default. */
  readonly mode?: 'STRONG' | 'HOME_REGION';
  /** CDK context given to the app besides mode and transport, such as `replicas` and `witness`; absent: none. */
  readonly context?: Readonly<Record<string, string>>;
  /** Asked of the example; absent: its own default. */
  readonly transport?: (typeof transports)[number];
  /** One-way delay between regions in milliseconds; absent: the fabric's default. */
  readonly lagMs?: number;
  /** Requests that may be in the engines at once; absent: the front door's default. */
  readonly inFlight?: number;
  /** Real seconds that stand for a minute of alarms, schedules and failovers; absent: five. */
  readonly minuteSeconds?: number;
  /** Folder in which the emulator's environment is kept from run to run; absent: `.tools` of the clone. */
  readonly toolsFolder?: string;
}

export const modes = ['STRONG', 'HOME_REGION'] as const;
export const transports = ['RULES', 'GLOBAL_ENDPOINT'] as const;
const examples = ['active-active', 'migration'] as const;
/** What examples are asked for here: a migration over minutes instead of a week. */
const contexts: Readonly<Partial<Record<(typeof examples)[number], Readonly<Record<string, string>>>>> = {
  migration: { pace: 'REHEARSAL' },
};

/**
 * Reads the demo's arguments. Throws a `LocalRunError` that names the option, the value and what is allowed.
 *
 * @param exampleFolder where the examples are; absent: there are none, and without `--app` the app is in the working directory
 */
export function parseDemoOptions(args: readonly string[], exampleFolder?: string): DemoOptions {
  const { values } = parse(args);
  const app = appAsked(values, exampleFolder);
  const context = { ...app.context, ...contextAsked(values.context ?? []), ...regionsAsked(values), ...partsAsked(values) };
  return {
    port: wholeNumber('--port', values.port ?? '4580', 0, 65_535),
    ...(values['edge-port'] === undefined ? {} : { edgePort: wholeNumber('--edge-port', values['edge-port'], 0, 65_535) }),
    smoke: values.smoke ?? false,
    appDirectory: app.directory,
    ...(values.stage === undefined ? {} : { stage: values.stage }),
    ...(Object.keys(context).length > 0 ? { context } : {}),
    ...(values.mode === undefined ? {} : { mode: oneOf('--mode', values.mode, modes) }),
    ...(values.transport === undefined ? {} : { transport: oneOf('--transport', values.transport, transports) }),
    ...(values.lag === undefined ? {} : { lagMs: wholeNumber('--lag', values.lag, 0, 10_000) }),
    ...(values['in-flight'] === undefined ? {} : { inFlight: wholeNumber('--in-flight', values['in-flight'], 1, 64) }),
    ...(values.minute === undefined ? {} : { minuteSeconds: wholeNumber('--minute', values.minute, 1, 60) }),
  };
}

/** The app, and the context that an example is given here. */
function appAsked(
  { app, example }: { readonly app?: string; readonly example?: string },
  exampleFolder: string | undefined,
): { readonly directory: string; readonly context?: Readonly<Record<string, string>> } {
  if (app !== undefined && example !== undefined) throw new LocalRunError('--app and --example exclude each other: give one of them');
  if (app !== undefined) return { directory: path.resolve(app) };
  if (exampleFolder !== undefined) {
    const name = oneOf('--example', example ?? 'active-active', examples);
    return { directory: path.join(exampleFolder, name), context: contexts[name] };
  }
  if (example === undefined) return { directory: process.cwd() };
  throw new LocalRunError(
    `--example ${example} is for a clone of the repository: write the example's app into a folder ` +
      `(npx cdk-multi-region-payments init ${examples.join('|')} DIR), and give that with --app DIR`,
  );
}

/** Values for the app, as the CDK CLI takes them. */
function contextAsked(values: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    values.map((value) => {
      const at = value.indexOf('=');
      if (at < 1) throw new LocalRunError(`--context ${value} is not valid: give KEY=VALUE, such as pace=REHEARSAL`);
      return [value.slice(0, at), value.slice(at + 1)];
    }),
  );
}

/** As the example's configuration names them (`test/local-unit/options.test.ts` compares). */
export const parts = ['edge', 'documents', 'canary', 'dashboard', 'drill'];

/** Parts that are asked for, as the example's context value `only` has them. */
function partsAsked({ only }: { readonly only?: string }): Readonly<Record<string, string>> {
  if (only === undefined) return {};
  const names = only.split(',').map((name) => name.trim());
  const wrong = names.find((name) => name !== 'none' && !parts.includes(name));
  if (wrong !== undefined) {
    throw new LocalRunError(`--only ${only}: '${wrong}' is not a part; give some of ${parts.join(', ')} with commas between them, or none`);
  }
  return { only: names.join(',') };
}

type RegionValues = Readonly<Partial<Record<'mode' | 'replicas' | 'witness', string>>>;

/** The example's regions, as its context values say them. */
function regionsAsked({ mode, replicas, witness }: RegionValues): Readonly<Record<string, string>> {
  if (replicas === undefined && witness === undefined) return {};
  const names = [...(replicas ?? '').split(','), ...(witness === undefined ? [] : [witness])].map((name) => name.trim());
  if (replicas === undefined) {
    throw new LocalRunError(
      `--witness ${witness} without --replicas: give both, such as --replicas us-east-1,eu-central-1 --witness us-east-2`,
    );
  }
  if (mode === 'HOME_REGION' && witness !== undefined) {
    throw new LocalRunError(`--witness ${witness} with --mode HOME_REGION: only a STRONG table has a witness`);
  }
  const wrong = names.find((name, index) => !isRegionName(name) || names.indexOf(name) !== index);
  if (wrong !== undefined) {
    throw new LocalRunError(
      `--replicas ${replicas}${witness === undefined ? '' : ` --witness ${witness}`}: '${wrong}' is not the name of a region, or it ` +
        `is given twice; give names such as us-east-1,eu-central-1`,
    );
  }
  return {
    replicas: names.slice(0, witness === undefined ? undefined : -1).join(','),
    ...(witness === undefined ? {} : { witness: witness.trim() }),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: false,
      options: {
        port: { type: 'string' },
        'edge-port': { type: 'string' },
        smoke: { type: 'boolean' },
        example: { type: 'string' },
        mode: { type: 'string' },
        app: { type: 'string' },
        context: { type: 'string', multiple: true },
        stage: { type: 'string' },
        replicas: { type: 'string' },
        witness: { type: 'string' },
        lag: { type: 'string' },
        'in-flight': { type: 'string' },
        minute: { type: 'string' },
        transport: { type: 'string' },
        only: { type: 'string' },
      },
    });
  } catch (error) {
    const reason = (error as Error).message.split('. ')[0];
    throw new LocalRunError(
      `${reason}: the options are --port N, --smoke, --example ${examples.join('|')}, --mode ${modes.join('|')}, ` +
        `--transport ${transports.join('|')}, --replicas A,B, --witness C, --app DIR, --context KEY=VALUE, --stage NAME, --lag MS, ` +
        `--in-flight N, --minute SECONDS, --edge-port N, --only PART,...`,
    );
  }
}

export function wholeNumber(option: string, text: string, least: number, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!(value >= least && value <= most)) {
    throw new LocalRunError(`${option} ${text} is not valid: give a whole number from ${least} to ${most}`);
  }
  return value;
}

export function oneOf<T extends string>(option: string, value: string, allowed: readonly T[]): T {
  if (!(allowed as readonly string[]).includes(value)) {
    throw new LocalRunError(`${option} ${value} is not known: give ${allowed.join(' or ')}`);
  }
  return value as T;
}
