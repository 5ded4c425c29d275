import { Chance } from '../../tools/memory/chance';

/** Faults that strike single requests: between a function and the table, of a function itself, between a client and a region. */
export const requestFaults = [
  /** The table refuses: another region writes, too much load. */
  'conflict',
  'throttled',
  /** The request never arrives; its answer never arrives; it arrives long after its sender was told that it failed. */
  'lost',
  'unanswered',
  'late',
  /** The SDK sends it a second time, having heard nothing of the first, and reports what the second one met. */
  'resent',
  /** The function ends for ever, its request sent or not; it stands still for a while and goes on. */
  'crash',
  'pause',
  /** A client's request or its answer is lost, is delivered twice, arrives long after the client gave up. */
  'requestLost',
  'answerLost',
  'deliveredTwice',
  'deliveredLate',
] as const;
export type RequestFault = (typeof requestFaults)[number];

/** Faults that last. */
export const episodes = ['regionLost', 'isolated', 'mute', 'deaf', 'linkCut', 'throttleStorm', 'slow', 'replicationStuck'] as const;
export type EpisodeKind = (typeof episodes)[number];

/** An open load on one account, those that nothing disturbs, and payments of both. */
export const loadFigures = ['openLoad', 'loadInCalm', 'loadPayment'] as const;
export type LoadFigure = (typeof loadFigures)[number];
/**
 * Another request under a payment's key: of another amount, and half of them for another account too. A hold of the first account that
 * stands when all is over, since a lost home has left the key to the second one.
 */
export const twinFigures = ['otherAmount', 'otherAccount', 'holdOfLostKey'] as const;
export type TwinFigure = (typeof twinFigures)[number];

export type FaultName =
  | RequestFault
  | EpisodeKind
  | 'skew'
  | LoadFigure
  | TwinFigure
  | 'sentAgainLate'
  | 'noQuorum'
  | 'catchingUp'
  | 'writeOverlap'
  | 'homeMoved'
  | 'homeChanged'
  | 'staleName'
  | 'refusedByOlder'
  | ProvisionalStep;

/** What becomes of holds that are sent beside their claims. */
export const provisionalSteps = ['beside', 'givenBack', 'placeTaken', 'fenced', 'fenceTaken', 'settled'] as const;
/** What becomes of holds that leave their accounts, and of what is decided on payments from then on. */
export const leavingSteps = ['left', 'closedLate', 'taken', 'redated', 'refusedLate', 'datedAgain', 'asked', 'arrived'] as const;
export type ProvisionalStep = (typeof provisionalSteps)[number] | (typeof leavingSteps)[number];

export interface Episode {
  readonly kind: EpisodeKind;
  readonly region: string;
  readonly from: number;
  readonly to: number;
}

export interface FaultPlan {
  readonly rates: Readonly<Record<RequestFault, number>>;
  readonly episodes: readonly Episode[];
  /** How far each region's clock is off. */
  readonly skewMs: Readonly<Record<string, number>>;
  /** How many times as far apart as usual the regions are. @default 1 */
  readonly distance?: number;
}

/** Chances per request, multiplied by the seed's weather. */
const usual: Readonly<Record<RequestFault, number>> = {
  conflict: 0.02,
  throttled: 0.01,
  lost: 0.015,
  unanswered: 0.02,
  late: 0.015,
  resent: 0.02,
  crash: 0.015,
  pause: 0.015,
  requestLost: 0.03,
  answerLost: 0.05,
  deliveredTwice: 0.03,
  deliveredLate: 0.02,
};

export interface FaultOptions {
  readonly seed: number;
  readonly regions: readonly string[];
  /** Faults left out, when a failure is made smaller. */
  readonly without: ReadonlySet<string>;
  /** Times at which the workload is busy: an episode elsewhere meets nobody. */
  readonly busy: readonly (readonly [number, number])[];
  /** Clocks within the bound that the ledger allows; otherwise they may be off by anything. */
  readonly clocksKept: boolean;
  /** How long what lasts may last. */
  readonly lengthsMs: readonly number[];
}

/** The faults of one seed: its own mixture, so that quiet and stormy runs both occur. */
export function planFaults(options: FaultOptions): FaultPlan {
  const chance = new Chance(options.seed, 'fault plan');
  const weather = chance.pick([0.1, 0.3, 0.6, 1, 3]);
  const rates = { ...usual };
  for (const fault of requestFaults) {
    const own = chance.pick([0, 0.5, 1, 1, 3]);
    rates[fault] = options.without.has(fault) ? 0 : Math.min(0.2, usual[fault] * weather * own);
  }
  const planned = options.busy.flatMap(([from, to]) =>
    Array.from({ length: chance.below(3) }, (): Episode => {
      const start = chance.between(from, to);
      return { kind: chance.pick(episodes), region: chance.pick(options.regions), from: start, to: start + chance.pick(options.lengthsMs) };
    }),
  );
  const skews = options.clocksKept ? [0, 0, 40, -700, 1_900] : [0, 30, -700, 1_900, -60_000, 20 * 60_000];
  return {
    rates,
    episodes: planned.filter((episode, number) => !options.without.has(episode.kind) && !options.without.has(`episode${number}`)),
    skewMs: Object.fromEntries(options.regions.map((region) => [region, options.without.has('skew') ? 0 : chance.pick(skews)])),
  };
}
