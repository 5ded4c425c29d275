/** The growth as tables. */
import { EntryCounts, GrowthCall, growthCalls, Held } from './entries';
import type { Growth } from './index';
import { LedgerMode, ledgerModes } from './ledgers';
import { dayMs, TrafficFigures } from './traffic';
import type { Usage } from '../subjects/counting';

export interface Table {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const labels: Readonly<Record<GrowthCall, string>> = {
  authorise: 'authorization',
  capture: 'capture',
  decline: 'decline',
  firstReplay: 'first replay',
  replay: 'replay',
};

const whole = (value: number): string => Math.round(value).toLocaleString('en-US');
const some = (value: number): string => (value < 100 ? value.toFixed(1) : whole(value));
const heldText = ({ kind, entries }: Held): string => (entries === 0 ? '0' : `${whole(entries)} ${kind}`);
const writeUnits = ({ writeUnits: own, indexUnits }: Usage): number => own + indexUnits;

export function growthTables(growth: Growth): readonly Table[] {
  return [
    ...ledgerModes.map((mode) => entriesTable(mode, growth)),
    ratiosTable(growth),
    openHoldsTable(growth),
    trafficTable(growth),
    pagesTable(growth),
    declinesTable(growth),
    wholeTableTable(growth),
  ];
}

function entriesTable(mode: LedgerMode, { entries }: Growth): Table {
  const cell = (counts: EntryCounts, call: GrowthCall): string => {
    const usage = counts.calls[call];
    return `${usage.requests} / ${whole(writeUnits(usage))} / ${usage.readUnits}`;
  };
  return {
    title: `Entries held by one account, ${mode}: requests / write units / read units of a call`,
    head: ['entries', "account's item, KB", ...growthCalls.map((call) => labels[call])],
    rows: entries
      .filter((counts) => counts.mode === mode)
      .map((counts) => [heldText(counts), (counts.bytes / 1024).toFixed(1), ...growthCalls.map((call) => cell(counts, call))]),
  };
}

function ratiosTable({ ratios }: Growth): Table {
  return {
    title: "Entries held by one account: the function's processor time of a call, to the same call with 0 entries",
    head: ['mode', 'entries', ...growthCalls.map((call) => labels[call])],
    rows: ratios
      .filter(({ entries }) => entries > 0)
      .map((row) => [row.mode, heldText(row), ...growthCalls.map((call) => `${row.ratios[call].toFixed(1)} x`)]),
  };
}

function openHoldsTable({ openHolds, openHoldsTimes }: Growth): Table {
  const times = (value: number | undefined): string => (value === undefined ? '-' : `${value.toFixed(2)} x`);
  return {
    title: 'Open holds on one account, each authorised by the ledger, 1,000,000 a day',
    head: [
      'mode',
      'open holds',
      'entries standing',
      "account's item, KB",
      'write units of an authorization',
      'write units of a capture of the oldest',
      'p50 of an authorization, to that on a new account',
      "the outbox's processor time for an event, to the same",
    ],
    rows: openHolds.map((row) => {
      const own = openHoldsTimes.find(({ mode, holds }) => mode === row.mode && holds === row.holds);
      return [
        row.mode,
        whole(row.holds),
        whole(row.entries),
        (row.bytes / 1024).toFixed(1),
        whole(writeUnits(row.authorise)),
        whole(writeUnits(row.capture)),
        times(own?.authorise),
        times(own?.outbox),
      ];
    }),
  };
}

function captured({ captureAfterMs }: TrafficFigures): string {
  if (captureAfterMs === 'never') return 'all declined';
  if (captureAfterMs === 0) return 'at once';
  return captureAfterMs < dayMs ? `after ${captureAfterMs / 60_000} min` : `after ${captureAfterMs / dayMs} days`;
}

function trafficTable({ traffic }: Growth): Table {
  return {
    title: 'Payments a day on one account, evenly spread',
    head: [
      'mode',
      'payments a day',
      'captured',
      'entries standing, at most',
      "write units of one write of the account's item",
      'of all of them, a second',
      'write units of a payment with its capture',
      'read units of it',
      'questions to the other region',
      'answers account_busy',
    ],
    rows: traffic.map((row) => [
      row.otherRegion === 'silent' ? `${row.mode}, the other region silent` : row.mode,
      whole(row.paymentsADay),
      captured(row),
      whole(row.entries),
      some(row.unitsOfAWrite),
      some(row.unitsASecond),
      some(writeUnits(row.payment)),
      some(row.payment.readUnits),
      row.mode === 'STRONG' ? '-' : row.questions.toFixed(2),
      row.busy === 0 ? '0' : `${((100 * row.busy) / row.calls).toFixed(1)} %`,
    ]),
  };
}

function pagesTable({ pages }: Growth): Table {
  return {
    title: 'Depth of GET /transactions',
    head: ['limit', 'page', 'lines', 'requests', 'read units'],
    rows: pages.map(({ limit, page, lines, requests, readUnits }) => [limit, page, lines, requests, readUnits].map(String)),
  };
}

function declinesTable({ declines }: Growth): Table {
  return {
    title: 'Declines in front of the lines of GET /transactions, limit 20',
    head: [
      'declines',
      'pages until the first line',
      'requests of a page, at most',
      'read units of a page, at most',
      'requests of all',
      'read units of all',
    ],
    rows: declines.map((row) => [row.declines, row.pages, row.requestsAtMost, row.readUnitsAtMost, row.requests, row.readUnits].map(whole)),
  };
}

function wholeTableTable({ wholeTable: { itemsPerGb, move, scan, round, account } }: Growth): Table {
  const minutes = (seconds: number): string => (seconds / 60).toFixed(1);
  const inTime = (seconds: number): string => `${(functionSeconds / seconds).toFixed(1)} GB`;
  return {
    title: `Processor time of a function that reads the whole ledger (${whole(itemsPerGb)} items a GB)`,
    head: ['what', 'minutes a GB', 'ledger that 14 minutes are enough for'],
    rows: [
      ["a planned move: its unit's items, compared", minutes(move), inTime(move)],
      ["the same, of other units' items: read, not compared", minutes(scan), inTime(scan)],
      ["a round of the cutover's reconciliation, both regions", minutes(round), 'goes on in the next function'],
      ['reconciling one account, of 1,000,000 captured payments', minutes(account * 1_000), '-'],
    ],
  };
}

/** A function has 15 minutes, and does not begin what it cannot end. */
const functionSeconds = 14 * 60;
