import { LocalRunError } from '../ground/failure';

/** What is broken for a while, seconds after the load began. It heals by itself. */
export type Disturbance =
  | { readonly kind: 'stop'; readonly region: string; readonly at: number; readonly lasts: number }
  | {
      readonly kind: 'cut';
      readonly from: string;
      readonly to: string;
      readonly bothWays: boolean;
      readonly at: number;
      readonly lasts: number;
    };

export type Schedule =
  | { readonly kind: 'every'; readonly every: number; readonly lasts: number }
  | { readonly kind: 'list'; readonly disturbances: readonly Disturbance[] };

/** What can be broken in a run. */
export interface Places {
  /** Regions that take payments. */
  readonly regions: readonly string[];
  readonly links: readonly { readonly from: string; readonly to: string }[];
}

export const defaultSchedule = 'every:60+30';
const allowed =
  'give none, every:SECONDS+SECONDS, or a list with commas of stop:REGION@START+SECONDS, cut:REGION:REGION@START+SECONDS and ' +
  'oneway:FROM:TO@START+SECONDS';

/** Throws a `LocalRunError` of one line; the names of regions are looked at when the run knows its regions. */
export function parseSchedule(text: string, seconds: number): Schedule {
  if (text === 'none') return { kind: 'list', disturbances: [] };
  const [, every, lasts] = (/^every:(\d{1,5})\+(\d{1,5})$/.exec(text) ?? []).map(Number);
  if (every !== undefined) {
    if (every < 10 || lasts < 1 || lasts >= every) {
      throw scheduleError(text, 'one disturbance begins every 10 s or more and ends before the next begins');
    }
    return { kind: 'every', every, lasts };
  }
  const disturbances = text.split(',').map((part) => parsePart(part, seconds));
  disturbances.forEach((one, index) => {
    const meets = (other: Disturbance): boolean =>
      target(other) === target(one) && other.at <= one.at + one.lasts && one.at <= other.at + other.lasts;
    if (disturbances.slice(0, index).some(meets)) {
      throw scheduleError(text, `${target(one)} is broken twice at once: let one end before the other begins`);
    }
  });
  return { kind: 'list', disturbances };
}

/** The disturbances of one run. Throws a `LocalRunError` when the run lacks a region. */
export function disturbancesOf(schedule: Schedule, seconds: number, places: Places): readonly Disturbance[] {
  if (schedule.kind === 'every') return inTurn(schedule, seconds, places);
  for (const one of schedule.disturbances) {
    const text = describe(one);
    if (one.kind === 'stop' && !places.regions.includes(one.region)) {
      throw scheduleError(text, `this run has no region ${one.region}: it has ${places.regions.join(', ')}`);
    }
    if (one.kind === 'cut' && !places.links.some(({ from, to }) => from === one.from && to === one.to)) {
      throw scheduleError(
        text,
        `this run has no link between ${one.from} and ${one.to}: it has links between ` +
          `${[...new Set(places.links.map(({ from }) => from))].join(', ')}`,
      );
    }
  }
  return schedule.disturbances;
}

/** One line, as it is given on the command line. */
export function describe(one: Disturbance): string {
  const what = one.kind === 'stop' ? `stop:${one.region}` : `${one.bothWays ? 'cut' : 'oneway'}:${one.from}:${one.to}`;
  return `${what}@${one.at}+${one.lasts}`;
}

function parsePart(part: string, seconds: number): Disturbance {
  const [, kind, one, , two, start, length] = /^(stop|cut|oneway):([a-z0-9-]+)(:([a-z0-9-]+))?@(\d{1,6})\+(\d{1,6})$/.exec(part) ?? [];
  if (kind === undefined || (kind === 'stop') !== (two === undefined)) {
    throw new LocalRunError(`--schedule ${part} is not valid: ${allowed}`);
  }
  const [at, lasts] = [Number(start), Number(length)];
  if (lasts < 1) throw scheduleError(part, 'a disturbance lasts 1 s or longer');
  if (at + lasts > seconds) {
    throw scheduleError(part, `it ends after ${at + lasts} s and the load after ${seconds} s: let it end before, or give more --seconds`);
  }
  if (kind === 'stop') return { kind, region: one, at, lasts };
  if (one === two) throw scheduleError(part, 'a link leads from one region to another');
  return { kind: 'cut', from: one, to: two, bothWays: kind === 'cut', at, lasts };
}

/** Each region is stopped and links are cut, in turn; the first half an interval after the start. */
function inTurn({ every, lasts }: { every: number; lasts: number }, seconds: number, { regions, links }: Places): Disturbance[] {
  const [first] = regions;
  const others = [...new Set(links.filter(({ from }) => from === first).map(({ to }) => to))];
  // Regions that take no payments hold the third copy of a strong table.
  const third = others.filter((name) => !regions.includes(name));
  const turns: ((at: number) => Disturbance)[] = [];
  for (const region of regions) {
    turns.push((at) => ({ kind: 'stop', region, at, lasts }));
    const peer = regions.find((other) => other !== region);
    if (peer !== undefined) turns.push((at) => ({ kind: 'cut', from: region, to: peer, bothWays: region === first, at, lasts }));
    const away = third.find((name) => links.some(({ from, to }) => from === region && to === name));
    if (away !== undefined) turns.push((at) => ({ kind: 'cut', from: region, to: away, bothWays: true, at, lasts }));
  }
  const all: Disturbance[] = [];
  for (let at = Math.floor(every / 2); at + lasts <= seconds; at += every) all.push(turns[all.length % turns.length](at));
  return all;
}

function target(one: Disturbance): string {
  return one.kind === 'stop' ? one.region : [one.from, one.to].sort().join(':');
}

function scheduleError(text: string, reason: string): LocalRunError {
  return new LocalRunError(`--schedule ${text} is not valid: ${reason}`);
}
