import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { callAlone, ratiosOf } from './alone';
import { Callers } from './callers';
import { Disturber } from './disturbances';
import { growthOf, leastSecondsToJudge, ResourceWatch } from './resources';
import { disturbancesOf, type Places, type Schedule } from './schedule';
import { verdictOf } from './verdict';
import { eachOf } from '../../src/kernel/each-of';
import { percentile } from '../../src/scenario/figures.domain';
import { audit, openAccount } from '../../src/scenario/ledger-view.service';
import { Client } from '../callers/client';
import { Figures } from '../smoke/figures';
import type { Setting } from '../smoke/setting';

export interface LoadRun {
  /** Address of the front door, without a trailing slash. */
  readonly url: string;
  /** Processes that count as the run's. */
  readonly processIds: () => readonly number[];
  /** Where accounts have a home region copies lag, and what a region took with it when it was lost is decided anew. */
  readonly copiesLag: boolean;
  readonly rate: number;
  readonly seconds: number;
  readonly schedule: Schedule;
  readonly log: (line: string) => void;
  readonly print: (line: string) => void;
}

/** An account holds up to 5,000 entries, and trims them late where there are several copies. */
const callsPerAccount = 1000;
const fundedWith = 50_000_000;
const keysReplayed = 200;
/** What a home answered so shortly before it was lost may not have replicated. */
const replicationMs = 10_000;

/** Load, disturbances, healing, and what the checkers then find; prints one line per figure. Resolves to whether all are as promised. */
export async function runLoad(run: LoadRun): Promise<boolean> {
  const figures = new Figures(run.print);
  const started = Date.now();
  const places = await placesOf(run.url);
  const disturbances = disturbancesOf(run.schedule, run.seconds, places);
  const setting = await settingOf(run, figures, places.regions);
  await reportAlone(setting);
  const callers = new Callers({ ...setting, rate: run.rate, seconds: run.seconds });
  const disturber = new Disturber(setting.client, run.log);
  run.log(`${run.rate} calls a second for ${run.seconds} s on ${setting.accounts.size} accounts, ${disturbances.length} disturbances`);
  const watch = new ResourceWatch(run.processIds);
  const progress = setInterval(() => run.log(`${callers.begun} calls begun, ${callers.asked.length} keys`), 30_000);
  try {
    // The load's end is the end of what is measured: what comes after is work of another kind.
    void sleep(run.seconds * 1000, undefined, { ref: false }).then(() => watch.stop());
    await Promise.all([callers.run(), disturber.run(disturbances)]);
  } finally {
    clearInterval(progress);
    watch.stop();
  }
  figures.heading('load');
  figures.check('everything healthy after the last disturbance', await disturber.healAll(places), places.regions.join(', '));
  const askedAgain = await callers.askAgain();
  const replays = await callers.replayEverywhere(keysReplayed);
  reportLoad({ run, callers, setting, disturber, askedAgain, replays });
  await reportVerdict(run, callers, setting, disturber);
  reportResources(run, figures, watch);
  figures.summary((Date.now() - started) / 1000, 'load');
  return figures.allPassed;
}

async function placesOf(url: string): Promise<Places> {
  const { body } = await new Client(url, '').once({ path: '/_local/status' });
  return { regions: body.regions.map(({ name }: { name: string }) => name), links: body.links };
}

async function settingOf(run: LoadRun, figures: Figures, regions: readonly string[]): Promise<Setting> {
  const name = `l${randomBytes(4).toString('hex')}`;
  const token = await new Client(run.url, '').once({ path: `/_local/token?tenant=${name}` });
  if (token.status !== 200) throw new Error(`no token: ${token.status} ${token.text.slice(0, 200)}`);
  const setting: Setting = {
    client: new Client(run.url, token.text),
    figures,
    regions,
    accounts: new Map(),
    accepted: new Map(),
    run: name,
    token: async () => token.text,
  };
  const count = Math.max(8, Math.ceil((run.rate * run.seconds) / callsPerAccount));
  await eachOf(Array.from({ length: count }), 4, (_, index) => openAccount(setting, `load-${index}`, fundedWith));
  return setting;
}

/** Before anything else is under way. */
async function reportAlone(setting: Setting): Promise<void> {
  const { figures, regions } = setting;
  figures.heading(`one call after the other in ${regions[0]}, as multiples of the p50 of one crossing`);
  for (const { name, ratio, p50Ms } of ratiosOf(await callAlone(setting, regions[0]))) {
    figures.note(name, `${ratio.toFixed(2)} x`, `p50 ${p50Ms.toFixed(0)} ms`);
  }
}

interface Done {
  readonly run: LoadRun;
  readonly callers: Callers;
  readonly setting: Setting;
  readonly disturber: Disturber;
  readonly askedAgain: number;
  readonly replays: number;
}

function reportLoad({ run, callers, setting: { figures, client }, disturber, askedAgain, replays }: Done): void {
  const kinds = (['payment', 'capture', 'void', 'refund'] as const).map(
    (kind) => `${callers.asked.filter((one) => one.kind === kind).length} ${kind}s`,
  );
  const stops = disturber.done.filter(({ disturbance }) => disturbance.kind === 'stop').length;
  figures.note(
    'calls begun',
    callers.begun,
    `${run.rate} a second for ${run.seconds} s; ${callers.heldBack} held back, too many were under way`,
  );
  figures.note('keys', callers.asked.length, kinds.join(', '));
  figures.note('disturbances', disturber.done.length, `${stops} regions stopped, ${disturber.done.length - stops} links cut, all healed`);
  figures.note(
    'callers had to ask again',
    client.met.inFlight + client.met.busy + client.met.unsure + client.met.broken,
    `${client.met.unsure} unsure, ${client.met.broken} broken, ${client.met.inFlight} in flight, ${client.met.busy} busy`,
  );
  figures.note(
    'time to the answer, p50 / p99 / most',
    [0.5, 0.99, 1].map((p) => `${(percentile(callers.waits, p) / 1000).toFixed(2)} s`).join(' / '),
    'stops and partitions included',
  );
  figures.note('keys asked again after healing', askedAgain);
  figures.note('replays in each region after healing', replays);
}

async function reportVerdict(
  run: LoadRun,
  callers: Callers,
  { client, figures, accounts, regions }: Setting,
  disturber: Disturber,
): Promise<void> {
  figures.heading('verdict');
  const { wrong, linesByRegion } = await audit(client, accounts, regions);
  const lossWindows = run.copiesLag
    ? disturber.done.filter(({ disturbance }) => disturbance.kind === 'stop').map(({ from, to }) => ({ from: from - replicationMs, to }))
    : [];
  const findings = verdictOf({ asked: callers.asked, linesByRegion, wrongBalances: wrong, lossWindows });
  for (const { name, ok, value, note } of findings) figures.check(name, ok, value, note);
}

function reportResources(run: LoadRun, figures: Figures, { samples }: ResourceWatch): void {
  figures.heading('resources, medians of the first and the last third of the load');
  const long = run.seconds >= leastSecondsToJudge;
  const line = (name: string, values: readonly number[], slack: number, shown: (value: number) => string): void => {
    const growth = growthOf(values, slack);
    if (!growth) return figures.note(name, 'not known: too few samples, or no /proc here');
    const value = `${shown(growth.first)}, then ${shown(growth.last)}`;
    if (long) figures.check(name, growth.steady, value, growth.steady ? 'steady' : 'not steady: more than a fifth above');
    else figures.note(name, value, `${growth.steady ? 'steady' : 'not steady'}; judged from ${leastSecondsToJudge} s of load on`);
  };
  const mebibytes = (bytes: number): string => `${(bytes / 1024 ** 2).toFixed(0)} MB`;
  line(
    'memory, proportional set size',
    samples.map(({ bytes }) => bytes),
    64 * 1024 ** 2,
    mebibytes,
  );
  line(
    'open handles',
    samples.map(({ handles }) => handles),
    32,
    String,
  );
  line(
    'processes',
    samples.map(({ processes }) => processes),
    8,
    String,
  );
  figures.note(
    'memory, at most',
    mebibytes(
      percentile(
        samples.map(({ bytes }) => bytes),
        1,
      ),
    ),
    `${samples.length} samples`,
  );
}
