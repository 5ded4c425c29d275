import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../callers/client';
import type { LinkState } from '../ground/model';

interface Phase {
  readonly seconds: number;
  readonly change: (link: LinkState, first: string) => { lagMs: number; partitioned: boolean };
}

/** What happens to the links between the regions, in turn. */
const phases: readonly Phase[] = [
  { seconds: 3, change: ({ lagMs }) => ({ lagMs: lagMs + 300, partitioned: false }) },
  { seconds: 4, change: ({ lagMs }) => ({ lagMs, partitioned: true }) },
  { seconds: 3, change: ({ lagMs }) => ({ lagMs, partitioned: false }) },
  { seconds: 3, change: ({ lagMs, from }, first) => ({ lagMs, partitioned: from === first }) },
  { seconds: 2, change: ({ lagMs }) => ({ lagMs, partitioned: false }) },
];

/**
 * Lets the links between the regions lag, drop and heal while `work` goes on; returns how often they were dropped. All is well afterwards.
 */
export async function withUnrest(client: Client, regions: readonly string[], work: () => Promise<void>): Promise<number> {
  const { body } = await client.once({ path: '/_local/status' });
  const links = ((body.links ?? []) as LinkState[]).filter(({ from, to }) => regions.includes(from) && regions.includes(to));
  const set = async ({ from, to }: LinkState, change: object): Promise<void> => {
    await client.once({ path: `/_local/links/${from}/${to}`, body: change });
  };
  const ending = new AbortController();
  let drops = 0;
  const unrest = (async () => {
    for (let turn = 0; links.length > 0 && !ending.signal.aborted; turn++) {
      const { seconds, change } = phases[turn % phases.length];
      const changes = links.map((link) => ({ link, to: change(link, links[0].from) }));
      if (changes.some(({ to }) => to.partitioned)) drops += 1;
      await Promise.all(changes.map(({ link, to }) => set(link, to)));
      await sleep(seconds * 1000, undefined, { signal: ending.signal }).catch(() => {});
    }
  })();
  try {
    await work();
  } finally {
    ending.abort();
    await unrest;
    await Promise.all(links.map((link) => set(link, { lagMs: link.lagMs, partitioned: link.partitioned })));
  }
  return drops;
}
