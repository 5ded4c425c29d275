import { setTimeout as sleep } from 'node:timers/promises';
import type { Setting } from './setting';
import type { BackfillState } from '../documents/backfill-run';

/** Longest that a backfill of some documents takes here. */
const backfillWithinMs = 60_000;

interface Listed {
  readonly key: string;
  readonly versionId: string;
  readonly deleteMarker?: boolean;
}

/** What an operator does before a cutover: documents, older versions and deletions are in the target too, and a report says so. */
export async function documentsBackfilled({ client, figures, run }: Setting, from: string, to: string): Promise<void> {
  const below = '/_local/documents';
  const list = async (region: string): Promise<readonly Listed[]> => (await client.once({ path: `${below}/${region}` })).body as Listed[];
  if ((await client.once({ path: `${below}/${from}` })).status !== 200) return figures.note('documents', 'none');
  for (const [method, name] of [
    ['PUT', 'corrected'],
    ['PUT', 'corrected'],
    ['PUT', 'withdrawn'],
    ['DELETE', 'withdrawn'],
  ] as const) {
    await client.once({ method, path: `${below}/${from}/statements/${run}/${name}`, ...(method === 'PUT' ? { body: 'a statement' } : {}) });
  }
  const started = await client.once({ path: `${below}/backfill`, body: { from, to } });
  const end = await backfillEnd(async () => (await client.once({ path: `${below}/backfill` })).body as BackfillState);
  const [ours, theirs] = await Promise.all([list(from), list(to)]);
  const copied = ours.filter((one) => theirs.some(({ key, versionId }) => key === one.key && versionId === one.versionId));
  const mine = ours.filter(({ key }) => key.startsWith(`statements/${run}/`));
  const deletions = copied.filter(({ deleteMarker }) => deleteMarker).length;
  figures.check(
    'documents, versions and deletions, in both regions',
    started.status === 202 && end.report?.equal === true && mine.length === 4 && mine.every((one) => copied.includes(one)),
    `${copied.length - deletions} versions, ${deletions} deletions`,
    end.why ?? `${end.report?.differences.length} differences in the report, ${end.failed} failed`,
  );
}

async function backfillEnd(look: () => Promise<BackfillState>): Promise<BackfillState> {
  for (const deadline = Date.now() + backfillWithinMs; ; await sleep(250)) {
    const state = await look();
    if (state.state !== 'RUNNING' || Date.now() > deadline) return state;
  }
}
