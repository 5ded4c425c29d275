import type { Setting } from './setting';
import { crowd as sharedCrowd, type CrowdSize, type SentKey } from '../../src/scenario/crowd.service';

const crowdSize: CrowdSize = { keys: 1000, copies: 5, accounts: 19, hotKeys: 100 };

/** Many keys, each sent several times at once through all regions: one debit each, and what the tables count of it. */
export async function crowd(setting: Setting, size = crowdSize): Promise<void> {
  const { client, figures, regions } = setting;
  const before = await conflictsOf(setting);
  const sent = await sharedCrowd(setting, size);
  const takers = sent.map((one) => takerOf(setting, one));
  figures.check(
    'payments accepted per region',
    regions.every((region) => takers.includes(region)),
    regions.map((region) => `${region} ${takers.filter((taker) => taker === region).length}`).join(', '),
  );
  const { conflicts, known } = await conflictsOf(setting);
  figures.check(
    'write conflicts met between regions, and retried',
    !known || conflicts > before.conflicts,
    conflicts - before.conflicts,
    `callers had to ask again: ${client.met.inFlight} in flight, ${client.met.busy} busy, ${client.met.unsure} unsure`,
  );
}

/** With a home region it is the same region that books them all: there it counts who was asked first. */
function takerOf({ operate }: Setting, { answers }: SentKey): unknown {
  if (!operate) return answers[0].body.region;
  return answers.find(({ headers }) => headers['idempotency-replayed'] === undefined)?.headers['x-served-by-region'];
}

/** What the tables count, as far as they do: a local table's own figure, summed. */
async function conflictsOf({ client, operate }: Setting): Promise<{ conflicts: number; known: boolean }> {
  const { body } = await client.once({ path: '/_local/status' });
  const strong = (body.tables as { mode: string; conflicts: number }[]).filter(({ mode }) => mode === 'STRONG');
  return { conflicts: strong.reduce((sum, { conflicts }) => sum + conflicts, 0), known: strong.length > 0 && !operate };
}
