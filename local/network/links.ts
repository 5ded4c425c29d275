import { Links, LinkState } from '../ground/model';
import { distanceKm } from '../ground/region-places';

/** One way between regions whose place is not known, milliseconds. */
const unknownLagMs = 40;

/**
 * One-way lag between two regions, milliseconds: the great circle at the speed of light in fibre, half as long again for
 * the way that cables take, and 1.5 ms for the equipment. Within a quarter of what is measured between AWS regions.
 */
export function defaultLagMs(from: string, to: string): number {
  if (from === to) return 0;
  const kilometres = distanceKm(from, to);
  if (kilometres === undefined) return unknownLagMs;
  return Math.round((kilometres / 200) * 1.5 + 1.5);
}

/**
 * The network between the regions, two links for each pair, all open at first.
 *
 * @param regions replicas and witnesses of the run
 * @param options.lagMs one-way lag of every link; default: by the regions' distance
 */
export function createLinks(regions: readonly string[], options: { readonly lagMs?: number } = {}): Links {
  const known = [...new Set(regions)];
  const links = new Map<string, LinkState>();
  const listeners: ((link: LinkState) => void)[] = [];
  for (const from of known) {
    for (const to of known) {
      if (from !== to) links.set(`${from}>${to}`, { from, to, lagMs: options.lagMs ?? defaultLagMs(from, to), partitioned: false });
    }
  }
  const find = (from: string, to: string): LinkState => {
    const link = links.get(`${from}>${to}`);
    if (link) return link;
    if (from === to && known.includes(from)) return { from, to, lagMs: 0, partitioned: false };
    throw new Error(`there is no link from ${from} to ${to}: this run has the regions ${known.join(', ')}`);
  };
  return {
    get: find,
    set: (from, to, change) => {
      const link = { ...find(from, to), ...definedOnly(change) };
      links.set(`${from}>${to}`, link);
      listeners.forEach((listener) => listener(link));
      return link;
    },
    all: () => [...links.values()],
    onChange: (listener) => {
      listeners.push(listener);
    },
  };
}

function definedOnly(change: { lagMs?: number; partitioned?: boolean }): Partial<LinkState> {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
}
