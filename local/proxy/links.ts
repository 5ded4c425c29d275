import { Links, LinkState } from '../model';

/** Degrees north and east of the AWS regions, for the default lag between them. */
const places: Readonly<Record<string, readonly [number, number]>> = {
  'us-east-1': [38.9, -77.4],
  'us-east-2': [40.1, -83.0],
  'us-west-1': [37.4, -121.9],
  'us-west-2': [45.8, -119.7],
  'ca-central-1': [45.5, -73.6],
  'sa-east-1': [-23.5, -46.6],
  'eu-west-1': [53.3, -6.3],
  'eu-west-2': [51.5, -0.1],
  'eu-west-3': [48.9, 2.4],
  'eu-central-1': [50.1, 8.7],
  'eu-central-2': [47.4, 8.5],
  'eu-north-1': [59.3, 18.1],
  'eu-south-1': [45.5, 9.2],
  'ap-south-1': [19.1, 72.9],
  'ap-southeast-1': [1.3, 103.8],
  'ap-southeast-2': [-33.9, 151.2],
  'ap-northeast-1': [35.7, 139.7],
  'ap-northeast-2': [37.6, 127.0],
  'ap-northeast-3': [34.7, 135.5],
};

/** One way between regions whose place is not known, milliseconds. */
const unknownLagMs = 40;

/**
 * One-way lag between two regions, milliseconds: the great circle at the speed of light in fibre, half as long again for
 * the way that cables take, and 1.5 ms for the equipment. Within a quarter of what is measured between AWS regions.
 */
export function defaultLagMs(from: string, to: string): number {
  if (from === to) return 0;
  const a = places[from];
  const b = places[to];
  if (!a || !b) return unknownLagMs;
  const radians = (degrees: number) => degrees * Math.PI / 180;
  const cosine = Math.sin(radians(a[0])) * Math.sin(radians(b[0]))
    + Math.cos(radians(a[0])) * Math.cos(radians(b[0])) * Math.cos(radians(a[1] - b[1]));
  const kilometres = 6371 * Math.acos(Math.min(1, cosine));
  return Math.round(kilometres / 200 * 1.5 + 1.5);
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
    onChange: (listener) => { listeners.push(listener); },
  };
}

function definedOnly(change: { lagMs?: number; partitioned?: boolean }): Partial<LinkState> {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
}
