/** The result as tables: for the terminal, and as Markdown for docs/performance.md. */
import { growthTables, Table } from './growth/report';
import type { Figures, Measured, MeasureOptions } from './measure';
import type { Startup } from './startup';
import type { Usage } from './subjects/counting';
import { lines as linesOf, markdown as md, Markdown, markdownTable } from '../../src/kernel/markup';

export interface Result extends Measured {
  readonly startups: Readonly<Record<string, Startup>>;
  readonly synth: { readonly plain: number; readonly validated: number };
  readonly options: Pick<MeasureOptions, 'rounds' | 'calls' | 'loadCalls' | 'inFlight' | 'farMs' | 'farCalls'>;
  readonly loadTurns: number;
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly memoryGb: number;
    readonly os: string;
    readonly loadAverage: number;
  };
  readonly versions: Readonly<Record<string, string>>;
  readonly date: string;
}

const timed: Readonly<Record<string, string>> = {
  bare: 'one bare conditional PutItem',
  small: 'the same of an item a third as large',
  authorise: '**ours: new authorization**',
  replay: '**ours: replay**',
  function: 'ours: new authorization, the whole function',
  functionTraced: 'the same, its trace recorded',
  powertools: 'Powertools around an empty function, new',
  powertoolsReplay: 'Powertools, replay',
  powertoolsDebit: 'Powertools around one account write, new',
  transaction: 'one transaction of payment and account, new',
  transactionReplay: 'that transaction, repeated',
};

const counted: Readonly<Record<string, string>> = {
  bare: timed.bare,
  authorise: timed.authorise,
  replay: timed.replay,
  firstReplay: 'ours: first replay (completes the payment for the next one)',
  firstOfItsAccount: 'ours: first payment of an account in a new function instance',
  decline: 'ours: declined for want of funds',
  capture: 'ours: capture',
  void: 'ours: void',
  refund: 'ours: refund',
  getPayment: 'ours: GET of a payment',
  getAccount: 'ours: GET of an account',
  powertools: timed.powertools,
  powertoolsReplay: timed.powertoolsReplay,
  powertoolsDebit: timed.powertoolsDebit,
  transaction: timed.transaction,
  transactionReplay: timed.transactionReplay,
};

/** Dollars per million units, on demand, us-east-1. Reason for being here and not fetched: the bench works offline. */
export const prices = { writeUnits: 0.625, readUnits: 0.125, asOf: 'November 2024' } as const;

const fixed = (value: number, digits = 2): string => value.toFixed(digits);
const times = (ratio: number): string => `${fixed(ratio)} x`;

export function tablesOf(result: Result): readonly Table[] {
  return [
    goals(result),
    timesTable(result),
    countsTable(result),
    sizesTable(result),
    ...growthTables(result.growth),
    startupTable(result),
    synthTable(result),
  ];
}

function goals({ figures, counts, options, startups, tracing }: Result): Table {
  const { payments, 'powertools-whole': powertools } = startups;
  const row = (what: string, goal: number, reached: number, show: (value: number) => string): string[] => [
    what,
    `at most ${show(goal)}`,
    show(reached),
    reached <= goal ? 'yes' : '**no**',
  ];
  const kilobytes = (bytes: number): string => `${fixed(bytes / 1000, 1)} KB`;
  return {
    title: 'Goals',
    head: ['what', 'goal', 'measured', 'reached'],
    rows: [
      row('requests of an accepted authorization, its eventual read included', 3, counts.authorise.requests, String),
      row('write units of it, index included', 3, counts.authorise.writeUnits + counts.authorise.indexUnits, String),
      row('requests of a replay', 1, counts.replay.requests, String),
      row('authorization, to one bare write', 2.22, figures.authorise.ratio, times),
      row(`the same with ${options.farMs} ms more per crossing`, 1.15, figures.authorise.farRatio!, times),
      row('replay, to one bare write', 1.15, figures.replay.ratio, times),
      row('the whole function with its trace recorded, to without', 1.15, tracing.ratio, times),
      row('bundle, to a Powertools function', powertools.bytes, payments.bytes, kilobytes),
      row('processor time to load, to the same', 0.8, powertools.ours.loadCpu, times),
    ],
  };
}

function timesTable({ figures, options }: Result): Table {
  const far = (own: Figures): string => (own.farP50 === undefined ? '-' : `${fixed(own.farP50, 0)} ms, ${times(own.farRatio!)}`);
  return {
    title: 'Times, as multiples of one bare conditional PutItem',
    head: [
      'call',
      'p50 ratio',
      'middle half of the rounds',
      'p50 ms',
      'p99 ms',
      'calls/s, 1 in flight',
      `calls/s, ${options.inFlight} in flight`,
      `ratio, ${options.inFlight} in flight`,
      'client CPU ratio',
      `p50 with ${options.farMs} ms more per crossing`,
    ],
    rows: Object.entries(timed).map(([name, label]) => {
      const own = figures[name];
      return [
        label,
        times(own.ratio),
        own.ratioQuartiles.map((ratio) => fixed(ratio)).join(' - '),
        fixed(own.p50),
        fixed(own.p99),
        fixed(own.perSecond, 0),
        fixed(own.perSecondLoaded, 0),
        times(own.loadedRatio),
        times(own.cpuRatio),
        far(own),
      ];
    }),
  };
}

/** Dollars per million calls: with one region, with two replicas. */
export function dollars(name: string, { writeUnits, indexUnits, readUnits }: Usage): readonly [number, number] {
  const one = (writeUnits + indexUnits) * prices.writeUnits + readUnits * prices.readUnits;
  // A transaction is charged double where it is called; the other replica takes plain writes.
  const replicated = (name.startsWith('transaction') ? writeUnits / 2 : writeUnits) + indexUnits;
  return [one, one + replicated * prices.writeUnits];
}

function countsTable({ counts }: Result): Table {
  return {
    title: 'Requests and units of one call',
    head: ['call', 'requests', 'write units', 'of an index', 'read units', '$ per million, one region', '$ per million, two replicas'],
    rows: Object.entries(counted).map(([name, label]) => {
      const own = counts[name];
      return [
        label,
        ...[own.requests, own.writeUnits, own.indexUnits, own.readUnits].map(String),
        ...dollars(name, own).map((sum) => fixed(sum)),
      ];
    }),
  };
}

function sizesTable({ sizes }: Result): Table {
  return {
    title: 'Item sizes',
    head: ['item', 'bytes'],
    rows: [
      ["a payment's item, claimed", String(sizes.claim)],
      ['the same, captured', String(sizes.capturedPayment)],
      ["a capture's item, with its stored answer", String(sizes.captureMove)],
      ['an account, nothing held', String(sizes.emptyAccount)],
      ['each open hold on it', String(sizes.entry)],
      ['open holds with which the account still fits one write unit', String(sizes.entriesInOneKilobyte)],
    ],
  };
}

function startupTable({ startups }: Result): Table {
  const labels: Record<string, string> = {
    payments: '**our payments function**',
    'powertools-whole': 'Powertools around one account write, bundled without our omissions',
    powertools: 'the same, bundled as ours',
    'powertools-full': 'the same with log line, metrics and validation, bundled as ours',
    bare: 'one PutItem, bundled as ours',
  };
  return {
    title: 'Size and start of a function',
    head: ['function', 'bundle', 'load ms', 'load CPU ms', 'ours to it, load', 'ours to it, load CPU'],
    rows: Object.keys(labels)
      .map((name) => [name, startups[name]] as const)
      .map(([name, own]) => [
        labels[name],
        `${fixed(own.bytes / 1000, 1)} KB`,
        fixed(own.loadMs, 1),
        fixed(own.loadCpuMs, 1),
        times(own.ours.load),
        times(own.ours.loadCpu),
      ]),
  };
}

function synthTable({ synth }: Result): Table {
  return {
    title: 'Synthesis of examples/active-active',
    head: ['what', 'seconds'],
    rows: [
      ['cdk synth --all', fixed(synth.plain, 1)],
      ["with CDK's template validation", fixed(synth.validated, 1)],
    ],
  };
}

/** One line on where, when and how. */
export function circumstances({ machine, versions, date, options, loadTurns }: Result): string {
  const software = Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ');
  return (
    `${date}, ${machine.cores} cores (${machine.cpu}), ${machine.memoryGb} GB, ${machine.os}; load average at the start ` +
    `${fixed(machine.loadAverage, 1)}. ${software}. ` +
    `${options.rounds} rounds; in each, ${options.calls} calls of every kind in turns, then ${options.loadCalls} of each with ` +
    `${options.inFlight} in flight; ${loadTurns} loads of each function.`
  );
}

export function terminal(result: Result): string {
  const parts = tablesOf(result).map(({ title, head, rows }) => {
    const cells = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll('**', '')));
    const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column].length)));
    const lines = cells.map((row) =>
      row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join('  '),
    );
    return [title, lines[0], widths.map((width) => '-'.repeat(width)).join('  '), ...lines.slice(1)].join('\n');
  });
  return [...parts, circumstances(result)].join('\n\n');
}

export function markdown(result: Result): string {
  const parts = tablesOf(result).map(({ title, head, rows }) =>
    linesOf('markdown', [
      md`### ${title}`,
      md``,
      markdownTable(
        head,
        rows.map((row) => row.map(emphasised)),
        head.map((_, column) => (column === 0 ? 'left' : 'right')),
      ),
    ]),
  );
  return [`Measured on ${circumstances(result)}`, ...parts].join('\n\n');
}

/** What stands between two pairs of stars is bold. */
function emphasised(cell: string): string | Markdown {
  if (!cell.includes('**')) return cell;
  return md`${cell.split('**').map((part, at) => (at % 2 === 1 ? md`**${part}**` : part))}`;
}
