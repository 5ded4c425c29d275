import { eachOf, percentile } from './figures';
import { audit } from './ledger-view';
import { openAccount, sameAnswer, type Setting } from './setting';
import type { Answer } from '../callers/client';

export interface CrowdSize {
  readonly keys: number;
  readonly copies: number;
  readonly accounts: number;
  /** Of the keys so many go to one account besides. */
  readonly hotKeys: number;
}

const crowdSize: CrowdSize = { keys: 1000, copies: 5, accounts: 19, hotKeys: 100 };
/** Keys under way at once, each with all its copies: more than the front door lets through, less than a machine's patience. */
const keysAtOnce = 8;

interface CrowdKey {
  readonly accountId: string;
  readonly amount: number;
  readonly answers: Answer[];
}

/** Many keys, each sent several times at once through all regions: one debit each. */
export async function crowd(setting: Setting, size = crowdSize): Promise<void> {
  const { client, figures, regions, run } = setting;
  figures.heading(`${size.keys} keys, each sent ${size.copies} times at once through ${regions.length} regions`);
  const hot = await openAccount(setting, 'hot', 50_000_000);
  const accounts = await eachOf(Array.from({ length: size.accounts }), 4, (_, index) => openAccount(setting, `crowd-${index}`, 50_000_000));
  const conflictsBefore = await conflictsOf(setting);
  const started = Date.now();
  const sent = await eachOf(Array.from({ length: size.keys }), keysAtOnce, async (_, index): Promise<CrowdKey> => {
    const accountId = index % (size.keys / size.hotKeys) === 0 ? hot : accounts[index % accounts.length];
    const amount = 1000 + index;
    const answers = await Promise.all(
      Array.from({ length: size.copies }, (_unused, copy) =>
        client.call({
          path: '/api/v1/payments',
          body: { accountId, amount, currency: 'USD' },
          key: `${run}-crowd-${index}`,
          region: regions[(index + copy) % regions.length],
        }),
      ),
    );
    return { accountId, amount, answers };
  });
  const seconds = (Date.now() - started) / 1000;
  reportAnswers(setting, sent, seconds);
  const { conflicts, known } = await conflictsOf(setting);
  figures.check(
    'write conflicts met between regions, and retried',
    !known || conflicts > conflictsBefore.conflicts,
    conflicts - conflictsBefore.conflicts,
    `callers had to ask again: ${client.met.inFlight} in flight, ${client.met.busy} busy, ${client.met.unsure} unsure`,
  );
  await reportLedger(setting, sent);
}

function reportAnswers(setting: Setting, sent: readonly CrowdKey[], seconds: number): void {
  const { figures, regions } = setting;
  const authorised = sent.filter(({ answers }) => answers.every(({ status, body }) => status === 201 && body.status === 'AUTHORISED'));
  for (const { answers } of authorised) setting.accepted.set(answers[0].body.paymentId, answers[0].body.region);
  const differing = sent.filter(({ answers }) => answers.some((answer) => !sameAnswer(answer, answers[0])));
  const firsts = sent.map(({ answers }) => answers.filter(({ headers }) => headers['idempotency-replayed'] === undefined).length);
  const replays = sent.flatMap(({ answers }) => answers).filter(({ headers }) => headers['idempotency-replayed'] === 'true').length;
  const latencies = sent.flatMap(({ answers }) => answers.map(({ ms }) => ms));
  figures.check('keys accepted', authorised.length === sent.length, authorised.length);
  // With a home region it is the same region that books them all: there it counts who was asked first.
  const takerOf = ({ answers }: CrowdKey): unknown =>
    setting.operate
      ? answers.find(({ headers }) => headers['idempotency-replayed'] === undefined)?.headers['x-served-by-region']
      : answers[0].body.region;
  const perRegion = regions.map((region) => `${region} ${authorised.filter((one) => takerOf(one) === region).length}`);
  figures.check(
    'payments accepted per region',
    regions.every((region) => authorised.some((one) => takerOf(one) === region)),
    perRegion.join(', '),
  );
  figures.check(
    'all answers to one key are the same',
    differing.length === 0,
    `${differing.length} differ`,
    differing[0]?.answers.map(({ status, text }) => `${status} ${text.slice(0, 80)}`).join(' | '),
  );
  figures.check('answers that say they are the first, per key', Math.max(...firsts) <= 1, `max ${Math.max(...firsts)}`);
  figures.note('replays', replays);
  figures.note(
    'requests',
    `${latencies.length} in ${seconds.toFixed(1)} s`,
    `${(latencies.length / seconds).toFixed(0)} a second; with the wait at the front door p50 ` +
      `${percentile(latencies, 0.5).toFixed(0)} ms, p99 ${percentile(latencies, 0.99).toFixed(0)} ms`,
  );
}

/** The answers prove nothing by themselves: the ledger's lines and the balances do. */
async function reportLedger(setting: Setting, sent: readonly CrowdKey[]): Promise<void> {
  const { client, figures, regions } = setting;
  const accounts = new Map([...setting.accounts].filter(([accountId]) => sent.some((one) => one.accountId === accountId)));
  const { wrong, lines, mostDebits } = await audit(client, accounts, regions);
  const ids = new Set(sent.map(({ answers }) => answers[0].body.paymentId as string));
  const debited = new Set(lines.filter(({ type }) => type === 'AUTHORISATION').map(({ paymentId }) => paymentId));
  const total = sent.reduce((sum, { amount }) => sum + amount, 0);
  const booked = lines.reduce((sum, { amount }) => sum + amount, 0);
  figures.check(
    'debits in the ledger',
    lines.length === sent.length && debited.size === ids.size && [...ids].every((id) => debited.has(id)),
    lines.length,
    `${debited.size} payments`,
  );
  figures.check('debit count per key', mostDebits === 1, `max ${mostDebits}`);
  figures.check('amount debited', booked === total, `${booked} of ${total} minor units`);
  figures.check(
    'balances equal their lines, in each region',
    wrong.length === 0,
    `${accounts.size} accounts, ${wrong.length} wrong`,
    wrong.slice(0, 3).join('; '),
  );
}

/** What the tables count, as far as they do: a local table's own figure, summed. */
async function conflictsOf({ client, operate }: Setting): Promise<{ conflicts: number; known: boolean }> {
  const { body } = await client.once({ path: '/_local/status' });
  const strong = (body.tables as { mode: string; conflicts: number }[]).filter(({ mode }) => mode === 'STRONG');
  return { conflicts: strong.reduce((sum, { conflicts }) => sum + conflicts, 0), known: strong.length > 0 && !operate };
}
