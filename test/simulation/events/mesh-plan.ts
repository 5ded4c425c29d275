import { Chance } from '../../../tools/memory/chance';
import { Episode } from '../faults';

/** Times are short, so that a peer falls silent and returns within a run; their order is that of the constructs' defaults. */
export interface MeshSettings {
  readonly probeEveryMs: number;
  readonly silentAfterMs: number;
  readonly aliveWithinMs: number;
  readonly hintDelayMs: number;
  readonly handlerTimeoutMs: number;
  readonly maxAttempts: number;
  /** Attempts of a batch of the stream before its range is given up. */
  readonly streamAttempts: number;
  /** Times at which a region's stream shows nothing new. */
  readonly heldBack: readonly { readonly region: string; readonly from: number; readonly to: number }[];
  /** When an archive is replayed, and where. */
  readonly replays: readonly { readonly region: string; readonly at: number }[];
  /** Between these times probes are sent. */
  readonly probes: readonly (readonly [number, number])[];
}

export function planMesh(chance: Chance, regions: readonly string[], busy: readonly (readonly [number, number])[]): MeshSettings {
  const probeEveryMs = chance.pick([1_000, 3_000]);
  const silentAfterMs = 3 * probeEveryMs;
  const within = (): number => {
    const [from, to] = chance.pick(busy);
    return chance.between(from, to + 10_000);
  };
  return {
    probeEveryMs,
    silentAfterMs,
    aliveWithinMs: 1.5 * probeEveryMs,
    hintDelayMs: silentAfterMs + chance.pick([2_000, 20_000]),
    handlerTimeoutMs: chance.pick([500, 2_000]),
    maxAttempts: chance.pick([2, 5]),
    streamAttempts: chance.pick([3, 20]),
    heldBack: Array.from({ length: chance.below(3) }, () => {
      const from = within();
      return { region: chance.pick(regions), from, to: from + chance.pick([1_000, 20_000, 90_000]) };
    }),
    replays: Array.from({ length: chance.below(3) }, () => ({ region: chance.pick(regions), at: within() })),
    probes: busy.map(([from, to]) => [Math.max(0, from - 3 * silentAfterMs), to + 30_000] as const),
  };
}

/** The run that something befalls. */
interface Befallen {
  readonly seed: number;
  readonly table?: string;
  readonly without?: ReadonlySet<string>;
}

/** What befalls the events: a mesh of the seed's own, and in some seeds of a strong table a region that is lost and stays so. */
export function planEvents(
  { seed, table, without }: Befallen,
  busy: readonly (readonly [number, number])[],
  regions: readonly string[],
): { readonly mesh: MeshSettings; readonly episodes: readonly Episode[] } {
  const chance = new Chance(seed, 'events');
  const mesh = planMesh(chance, regions, busy);
  const stays = table !== 'HOME' && chance.happens(0.4) && !without?.has('lostForGood');
  if (!stays) return { mesh, episodes: [] };
  const region = chance.pick(regions);
  const [from, to] = busy[busy.length - 1];
  return {
    // What is lost with a region that was behind for longer than the hints wait is lost: such delays are not this promise's.
    mesh: { ...mesh, hintDelayMs: mesh.hintDelayMs + hintsWaitForLostMs, heldBack: mesh.heldBack.filter((held) => held.region !== region) },
    episodes: [{ kind: 'regionLost', region, from: chance.between(from, to), to: Infinity }],
  };
}

const hintsWaitForLostMs = 60_000;
