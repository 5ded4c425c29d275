import { percentile, sameAnswer } from './figures.domain';
import { audit, openAccount, remember } from './ledger-view.service';
import type { ApiAnswer, ScenarioSetting } from './model';
import { eachOf } from '../kernel/each-of';

export interface CrowdSize {
  readonly keys: number;
  readonly copies: number;
  readonly accounts: number;
  /** Of the keys so many go to one account besides. */
  readonly hotKeys: number;
}

/** Keys under way at once, each with all its copies: more than the front door lets through, less than a machine's patience. */
const keysAtOnce = 8;

/** One key, with the answers to each of its copies. */
export interface SentKey {
  readonly accountId: string;
  readonly amount: number;
  readonly answers: readonly ApiAnswer[];
}

/** Many keys, each sent several times at once through all regions: one debit each. */
export async function crowd(setting: ScenarioSetting, size: CrowdSize): Promise<readonly SentKey[]> {
  const { client, figures, regions, run } = setting;
  figures.heading(`${size.keys} keys, each sent ${size.copies} times at once through ${regions.length} regions`);
  const hot = await openAccount(setting, 'hot', 50_000_000);
  const accounts = await eachOf(Array.from({ length: size.accounts }), 4, (_, index) => openAccount(setting, `crowd-${index}`, 50_000_000));
  const startedMs = client.nowMs();
  const sent = await eachOf(Array.from({ length: size.keys }), keysAtOnce, async (_, index): Promise<SentKey> => {
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
  const seconds = (client.nowMs() - startedMs) / 1000;
  reportAnswers(setting, sent, seconds);
  await reportLedger(setting, sent);
  return sent;
}

function reportAnswers(setting: ScenarioSetting, sent: readonly SentKey[], seconds: number): void {
  const { figures } = setting;
  const authorised = sent.filter(({ answers }) => answers.every(({ status, body }) => status === 201 && body.status === 'AUTHORISED'));
  for (const { answers } of authorised) remember(setting, answers[0]);
  const differing = sent.filter(({ answers }) => answers.some((answer) => !sameAnswer(answer, answers[0])));
  const firsts = sent.map(({ answers }) => answers.filter(({ headers }) => headers['idempotency-replayed'] === undefined).length);
  const replays = sent.flatMap(({ answers }) => answers).filter(({ headers }) => headers['idempotency-replayed'] === 'true').length;
  const latencies = sent.flatMap(({ answers }) => answers.map(({ ms }) => ms));
  figures.check('keys accepted', authorised.length === sent.length, authorised.length);
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
async function reportLedger(setting: ScenarioSetting, sent: readonly SentKey[]): Promise<void> {
  const { client, figures, regions } = setting;
  const accounts = new Map([...setting.accounts].filter(([accountId]) => sent.some((one) => one.accountId === accountId)));
  const { wrong, lines, mostDebits } = await audit(client, accounts, regions);
  const ids = new Set(sent.map(({ answers }) => answers[0].body.paymentId ?? ''));
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
