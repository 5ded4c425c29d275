import { parseArgs } from 'node:util';
import { exampleFolder } from '../examples';
import { LocalRunError } from '../ground/failure';
import { modes, oneOf, parseDemoOptions, wholeNumber, type DemoOptions } from '../options';
import { defaultSchedule, parseSchedule, type Schedule } from './schedule';

export interface LoadOptions {
  /** Calls begun per second, duplicates and replays among them; what a caller asks again comes on top. */
  readonly rate: number;
  readonly seconds: number;
  readonly schedule: Schedule;
  /** Of the local run under load. */
  readonly run: DemoOptions;
}

const usage = `the options are --rate N, --seconds N, --schedule SPEC, --mode ${modes.join('|')}, --port N, --lag MS`;

/** Reads the load's arguments. Throws a `LocalRunError` that names the option, the value and what is allowed. */
export function parseLoadOptions(args: readonly string[]): LoadOptions {
  const values = parse(args);
  if (values.rate === undefined || values.seconds === undefined) {
    throw new LocalRunError(`${values.rate === undefined ? '--rate' : '--seconds'} is missing: ${usage}`);
  }
  // A token of the run is valid for 12 hours.
  const seconds = wholeNumber('--seconds', values.seconds, 10, 36_000);
  if (values.mode !== undefined) oneOf('--mode', values.mode, modes);
  return {
    rate: wholeNumber('--rate', values.rate, 1, 100),
    seconds,
    schedule: parseSchedule(values.schedule ?? defaultSchedule, seconds),
    run: parseDemoOptions(
      [`--port=${values.port ?? '0'}`, ...passedOn('mode', values.mode), ...passedOn('lag', values.lag)],
      exampleFolder,
    ),
  };
}

const passedOn = (name: string, value: string | undefined): readonly string[] => (value === undefined ? [] : [`--${name}=${value}`]);

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: false,
      options: { rate: text, seconds: text, schedule: text, mode: text, port: text, lag: text },
    }).values;
  } catch (error) {
    throw new LocalRunError(`${(error as Error).message.split('. ')[0]}: ${usage}`);
  }
}
