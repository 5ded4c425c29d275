/**
 * The measuring process: bundled like a handler and run on its own, so that nothing but the subjects is in it.
 *
 * Subjects take turns call by call in an order drawn anew each time: whatever else the machine does meets all of them alike.
 */
import { writeFileSync } from 'node:fs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { Counts, countCalls } from './counts';
import { daemonProcess } from './daemon';
import { paymentsFunction } from './function-subject';
import { Growth, measureGrowth } from './growth';
import { ItemSizes, itemSizes } from './sizes';
import { median, quantile } from './subjects/statistics';
import { prepareSubjects, Subject } from './subjects/subjects';
import { connection, dynamoClient } from '../../src/runtime/clients';

export interface MeasureOptions {
  readonly tableName: string;
  /** The shipped payments function. */
  readonly functionFile: string;
  readonly rounds: number;
  /** Calls of each subject in a round, one request in flight. */
  readonly calls: number;
  /** Calls of each subject in a round, `inFlight` at a time. */
  readonly loadCalls: number;
  readonly inFlight: number;
  /** Milliseconds added to every request in the last part, and the calls of each subject there. */
  readonly farMs: number;
  readonly farCalls: number;
}

/** Figures of one subject. Ratios are to the bare write of the same round; times in milliseconds. */
export interface Figures {
  readonly p50: number;
  readonly p99: number;
  readonly ratio: number;
  /** First and third quartile of the rounds' ratios. */
  readonly ratioQuartiles: readonly [number, number];
  readonly perSecond: number;
  readonly perSecondLoaded: number;
  readonly loadedRatio: number;
  /** Processor time of the client per call, from the loaded part. */
  readonly cpuMs: number;
  readonly cpuRatio: number;
  /** With a far table; undefined where the subject makes its own client. */
  readonly farP50?: number;
  readonly farRatio?: number;
}

/** The whole function with its requests recorded, to the same without, call by call in turns. */
export interface TracingFigures {
  readonly ratio: number;
  readonly ratioQuartiles: readonly [number, number];
}

export interface Measured {
  readonly counts: Counts;
  readonly sizes: ItemSizes;
  readonly figures: Readonly<Record<string, Figures>>;
  readonly tracing: TracingFigures;
  readonly growth: Growth;
}

interface Round {
  readonly latencies: readonly number[];
  loadedMsPerCall: number;
  cpuMsPerCall: number;
}

/** An account takes this many payments, so that its entries stay within what one KB holds. */
const paymentsPerAccount = 16;
const replayedKeys = 64;

async function main(options: MeasureOptions, output: string): Promise<void> {
  const client = () => dynamoClient();
  const counts = await countCalls(client, options.tableName);
  const sizes = await itemSizes(client(), options.tableName);
  const perSubject = warmUpCalls + options.rounds * (options.calls + options.loadCalls);
  const ground = { tableName: options.tableName, client, usualClient, accounts: Math.ceil(perSubject / paymentsPerAccount), replayedKeys };
  progress('opening accounts');
  const daemon = await daemonProcess();
  const subjects = [
    ...(await prepareSubjects(ground)),
    await paymentsFunction('function', options.functionFile, ground),
    await paymentsFunction('functionTraced', options.functionFile, ground, daemon.address),
  ];
  const counters = new Map<string, number>();
  await turns(subjects, warmUpCalls, counters);
  const rounds: Rounds[] = [];
  for (let round = 0; round < options.rounds; round += 1) {
    progress(`round ${round + 1} of ${options.rounds}`);
    rounds.push(await oneRound(subjects, options, counters));
  }
  const recorded = await daemon.received();
  // A datagram may be lost on a busy machine; most of them missing is a fault.
  if (recorded < 0.9 * perSubject) {
    throw new Error(
      `${perSubject} requests were to be recorded, and ${recorded} were: the comparison with those that are not would say nothing`,
    );
  }
  daemon.close();
  progress(`with ${options.farMs} ms added to every crossing`);
  const farGround = { client: () => farther(client(), options.farMs), usualClient: () => farther(usualClient(), options.farMs) };
  const farSubjects = await prepareSubjects({ tableName: options.tableName, ...farGround, accounts: 2, replayedKeys: 4 });
  const far = await turns(farSubjects, options.farCalls, new Map());
  const figures = Object.fromEntries(subjects.map(({ name }) => [name, figuresOf(name, rounds, options, far)]));
  const growth = await measureGrowth(client, options.tableName, progress);
  writeFileSync(output, JSON.stringify({ counts, sizes, figures, tracing: tracingOf(rounds), growth } satisfies Measured));
}

const usualClient = (): DynamoDBClient => new DynamoDBClient({ maxAttempts: 1, requestHandler: connection() });

const warmUpCalls = 40;

type Rounds = ReadonlyMap<string, Round>;

async function oneRound(subjects: readonly Subject[], options: MeasureOptions, counters: Map<string, number>): Promise<Rounds> {
  const latencies = await turns(subjects, options.calls, counters);
  const round = new Map(subjects.map(({ name }) => [name, { latencies: latencies.get(name)!, loadedMsPerCall: 0, cpuMsPerCall: 0 }]));
  for (const subject of shuffled(subjects)) {
    const cpu = process.cpuUsage();
    const start = performance.now();
    await loaded(subject, options.loadCalls, options.inFlight, counters);
    const used = process.cpuUsage(cpu);
    const times = round.get(subject.name)!;
    times.loadedMsPerCall = (performance.now() - start) / options.loadCalls;
    times.cpuMsPerCall = (used.user + used.system) / 1000 / options.loadCalls;
  }
  return round;
}

/** Calls of every subject, taking turns; the latencies of each. */
async function turns(subjects: readonly Subject[], calls: number, counters: Map<string, number>): Promise<ReadonlyMap<string, number[]>> {
  const latencies = new Map(subjects.map(({ name }) => [name, [] as number[]]));
  for (let turn = 0; turn < calls; turn += 1) {
    for (const subject of shuffled(subjects)) {
      const number = next(subject, counters);
      const start = performance.now();
      await subject.call(number);
      latencies.get(subject.name)!.push(performance.now() - start);
    }
  }
  return latencies;
}

async function loaded(subject: Subject, calls: number, inFlight: number, counters: Map<string, number>): Promise<void> {
  let left = calls;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await subject.call(next(subject, counters));
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
}

function next(subject: Subject, counters: Map<string, number>): number {
  const number = counters.get(subject.name) ?? 0;
  counters.set(subject.name, number + 1);
  return number;
}

function shuffled<T>(values: readonly T[]): readonly T[] {
  const result = [...values];
  for (let at = result.length - 1; at > 0; at -= 1) {
    const other = Math.floor(Math.random() * (at + 1));
    [result[at], result[other]] = [result[other], result[at]];
  }
  return result;
}

/** A client whose requests take longer where another region confirms them: writes and strong reads, but no eventual read of an item. */
function farther(client: ReturnType<typeof dynamoClient>, byMs: number): ReturnType<typeof dynamoClient> {
  client.middlewareStack.add(
    (send, { commandName }) =>
      async (args) => {
        const { ConsistentRead: isStrong } = args.input as { readonly ConsistentRead?: boolean };
        const isHere = commandName === 'GetItemCommand' && isStrong !== true;
        if (!isHere) await new Promise((resolve) => setTimeout(resolve, byMs));
        return send(args);
      },
    { step: 'finalizeRequest', name: 'farther' },
  );
  return client;
}

function figuresOf(name: string, rounds: readonly Rounds[], options: MeasureOptions, far: ReadonlyMap<string, readonly number[]>): Figures {
  const own = rounds.map((round) => round.get(name)!);
  const bare = rounds.map((round) => round.get('bare')!);
  const ratios = (of: (round: Round) => number): number[] => own.map((round, index) => of(round) / of(bare[index]));
  const latencies = own.flatMap((round) => round.latencies);
  const latencyRatios = ratios((round) => median(round.latencies));
  const farOwn = far.get(name);
  return {
    p50: median(latencies),
    p99: quantile(latencies, 0.99),
    ratio: median(latencyRatios),
    ratioQuartiles: [quantile(latencyRatios, 0.25), quantile(latencyRatios, 0.75)],
    perSecond: median(own.map((round) => (1000 * options.calls) / round.latencies.reduce((sum, latency) => sum + latency, 0))),
    perSecondLoaded: median(own.map((round) => 1000 / round.loadedMsPerCall)),
    loadedRatio: median(ratios((round) => round.loadedMsPerCall)),
    cpuMs: median(own.map((round) => round.cpuMsPerCall)),
    cpuRatio: median(ratios((round) => round.cpuMsPerCall)),
    ...(farOwn ? { farP50: median(farOwn), farRatio: median(farOwn) / median(far.get('bare')!) } : {}),
  };
}

function tracingOf(rounds: readonly Rounds[]): TracingFigures {
  const medianOf = (round: Rounds, name: string): number => median(round.get(name)!.latencies);
  const ratios = rounds.map((round) => medianOf(round, 'functionTraced') / medianOf(round, 'function'));
  return { ratio: median(ratios), ratioQuartiles: [quantile(ratios, 0.25), quantile(ratios, 0.75)] };
}

const progress = (what: string): void => void process.stderr.write(`  ${what}\n`);

const [options, output] = process.argv.slice(2);
main(JSON.parse(options) as MeasureOptions, output).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  },
);
