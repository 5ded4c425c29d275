import { setTimeout as sleep } from 'node:timers/promises';
import { homeOf } from './homes';
import type { Setting } from './setting';
import { eachOf } from '../../src/kernel/each-of';
import { holdsWithin } from '../../src/scenario/figures.domain';
import { audit, openAccount } from '../../src/scenario/ledger-view.service';
import type { Answer, Client } from '../callers/client';
import type { LinkState, RecordStatus } from '../ground/model';

const callers = 6;
const targetSeconds = 30;
/** A checker waits 4 s to connect and 2 s for the answer. */
const deadEndpointSeconds = 6;
/** What cannot be configured on AWS; the construct's default. */
const marginSeconds = 5;
/** With a home region, the replication's lag when the home is lost: long enough for payments that had not replicated. */
const lossLagMs = 1_500;
/** Callers go on for so long after the last one of them is through. */
const afterRecoveryMs = 5_000;

interface LostRegionPayment {
  readonly answer: Answer;
  readonly key: string;
  readonly amount: number;
  readonly at: number;
  readonly began: number;
}

/** A region is lost under load, and comes back: nothing accepted is lost, nothing debited twice, and callers get away in time. */
export async function regionLoss(setting: Setting): Promise<void> {
  const { client, figures, regions, run } = setting;
  const account = await openAccount(setting, 'loss', 50_000_000);
  const home = setting.operate && (await homeOf(client, account, regions[0]));
  const lost = home ?? regions[0];
  const survivor = regions.find((region) => region !== lost)!;
  figures.heading(`${lost} is lost under load, and comes back`);
  const paid: LostRegionPayment[] = [];
  const failures: string[] = [];
  let running = true;
  const load = Array.from({ length: callers }, async (_, caller) => {
    for (let count = 0; running; count += 1) {
      const key = `${run}-loss-${caller}-${count}`;
      const amount = 100 + count;
      const began = Date.now();
      // Callers stand where the region is lost, each with a resolver of its own.
      const headers = { 'X-Client-Location': lost, 'X-Client-Resolver': `${run}-${caller}` };
      const answer = await client
        .call({ path: '/api/v1/payments', body: { accountId: account, amount, currency: 'USD' }, key, headers }, 90_000)
        .catch((error: Error) => error);
      if (answer instanceof Error || answer.status !== 201) {
        failures.push(answer instanceof Error ? answer.message : `${answer.status} ${answer.text.slice(0, 100)}`);
      } else {
        paid.push({ answer, key, amount, at: Date.now(), began });
      }
    }
  });
  await sleep(4_000);
  const budget = setting.recoveryBudget?.(lost) ?? budgetOf((await client.once({ path: '/_local/status' })).body.dns, lost);
  const lagMs = home && (await slowDown(client, lost, survivor, lossLagMs));
  if (home) await sleep(lossLagMs);
  const stoppedAt = Date.now();
  await client.once({ method: 'POST', path: `/_local/regions/${lost}/stop` });
  if (lagMs) await slowDown(client, lost, survivor, lagMs);
  const recovered = await untilAllPaid(paid, stoppedAt, survivor);
  await sleep(afterRecoveryMs);
  running = false;
  await Promise.all(load);
  const recoveryMs = recovered === undefined ? Infinity : recovered - stoppedAt;
  figures.check(
    'recovery time after the stop',
    recoveryMs < targetSeconds * 1000,
    `${(recoveryMs / 1000).toFixed(1)} s`,
    `target ${targetSeconds} s; budget: ${budget}`,
  );
  figures.check('no caller was left without an answer', failures.length === 0, `${failures.length} failed`, failures[0]);
  const without = paid.filter(({ began }) => began > stoppedAt);
  figures.note('payments before / without the lost region', `${paid.length - without.length} / ${without.length}`);
  for (const { answer } of paid) if (answer.body.status === 'AUTHORISED') setting.accepted.set(answer.body.paymentId, answer.body.region);
  await reportLoss(setting, paid, account, [survivor], `while ${lost} is away`);
  await comeBack(setting, lost, paid, without);
  const missing = await reportLoss(setting, paid, account, regions, `after ${lost} came back`);
  if (setting.operate) await reconcile(setting, account, survivor, missing);
}

/** What had not replicated when its home was lost: each such payment is found, and each is decided anew when its caller asks again. */
async function reconcile(setting: Setting, account: string, home: string, missing: readonly LostRegionPayment[]): Promise<void> {
  const { client, figures, operate } = setting;
  figures.check('the survivor is home now', (await homeOf(client, account, home)) === home, home);
  const report = () => operate!(home, { action: 'reconcile', tenant: setting.run, accountId: account });
  const before = await report();
  const reported = new Set((before.account.lateWrites as { key: string }[]).map(({ key }) => key));
  const reportedCount = missing.filter(({ answer }) => reported.has(answer.body.paymentId)).length;
  figures.check('a lost home leaves something to find', missing.length > 0, missing.length, `${lossLagMs} ms of lag at the stop`);
  figures.check(
    'payments that had not replicated, reported',
    reportedCount === missing.length && reported.size === missing.length,
    `${reportedCount} of ${missing.length}`,
  );
  figures.check('balances recomputed from the payments', before.addsUp === true, JSON.stringify(before.account.recomputed));
  const again = await eachOf(missing, 8, ({ key, amount }) =>
    client.call({ path: '/api/v1/payments', body: { accountId: account, amount, currency: 'USD' }, key }),
  );
  const after = await report();
  figures.check(
    'asked again, each is debited once',
    again.every(({ status, body }, index) => status === 201 && body.paymentId === missing[index].answer.body.paymentId) &&
      after.addsUp === true &&
      after.account.lateWrites.length === 0,
    `${again.length} of ${missing.length}`,
  );
}

/** Changes the lag of one way; returns what it was. */
async function slowDown(client: Client, from: string, to: string, lagMs: number): Promise<number> {
  const { body } = await client.once({ path: '/_local/status' });
  const link = (body.links as LinkState[]).find((each) => each.from === from && each.to === to);
  await client.once({ path: `/_local/links/${from}/${to}`, body: { lagMs } });
  return link?.lagMs ?? 0;
}

/** When every caller had a payment that began after the stop accepted by the survivor; undefined after a minute and a half. */
async function untilAllPaid(paid: readonly LostRegionPayment[], stoppedAt: number, survivor: string): Promise<number | undefined> {
  const deadline = stoppedAt + 90_000;
  while (Date.now() < deadline) {
    const first = new Map<string, number>();
    for (const { key, at, answer } of paid) {
      const caller = key.replace(/-\d+$/, '');
      if (at > stoppedAt && answer.headers['x-served-by-region'] === survivor && !first.has(caller)) first.set(caller, at);
    }
    if (first.size === callers) return Math.max(...first.values());
    await sleep(50);
  }
  return undefined;
}

async function reportLoss(
  setting: Setting,
  paid: readonly LostRegionPayment[],
  account: string,
  regions: readonly string[],
  when: string,
): Promise<LostRegionPayment[]> {
  const { client, figures } = setting;
  const { wrong, lines, mostDebits } = await audit(client, new Map([[account, setting.accounts.get(account) as number]]), regions);
  const debited = new Map(lines.map((line) => [line.paymentId, line.amount]));
  const missing = paid.filter(({ answer, amount }) => answer.body.status === 'AUTHORISED' && debited.get(answer.body.paymentId) !== amount);
  const unasked = lines.length - (paid.length - missing.length);
  if (setting.operate) figures.note(`payments that had not replicated, ${when}`, missing.length, `of ${paid.length}`);
  else figures.check(`payments lost, ${when}`, missing.length === 0, missing.length, `of ${paid.length}`);
  figures.check(
    `debit count per key, ${when}`,
    mostDebits === 1 && unasked === 0,
    `max ${mostDebits}`,
    unasked === 0 ? '' : `${unasked} lines more than payments`,
  );
  figures.check(`balances, ${when}`, wrong.length === 0, `${wrong.length} wrong`, wrong[0]);
  return missing;
}

async function comeBack(
  setting: Setting,
  lost: string,
  paid: readonly LostRegionPayment[],
  without: readonly LostRegionPayment[],
): Promise<void> {
  const { client, figures } = setting;
  const startedAt = Date.now();
  await client.once({ method: 'POST', path: `/_local/regions/${lost}/start` });
  const health = await holdsWithin(client, 30_000, async () => (await client.once({ path: '/health', region: lost })).status === 200);
  figures.check(`${lost} is healthy again`, health, `${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
  const answersFor = async ({ answer }: LostRegionPayment): Promise<boolean> => {
    const { status, text } = await client.call({ path: `/api/v1/payments/${answer.body.paymentId}`, region: lost });
    return status === 200 && text === answer.text;
  };
  // With a home region, reads elsewhere lag behind by the replication, and here a whole absence is to be made up for.
  const known = (
    await eachOf(without, 8, (one) => (setting.operate ? holdsWithin(client, 60_000, () => answersFor(one)) : answersFor(one)))
  ).filter(Boolean).length;
  figures.check(`${lost} answers for what was paid without it`, known === without.length, `${known} of ${without.length}`);
  const sample = [...paid.slice(0, 10), ...without.slice(-10)];
  const replays = await eachOf(sample, 8, ({ key, amount, answer }) =>
    client.call({ path: '/api/v1/payments', body: { accountId: answer.body.accountId, amount, currency: 'USD' }, key, region: lost }),
  );
  const same = replays.filter(
    ({ status, text, headers }, index) =>
      status === 201 && text === sample[index].answer.text && headers['idempotency-replayed'] === 'true',
  ).length;
  figures.check(`${lost} replays the same answers`, same === sample.length, `${same} of ${sample.length}`);
  const back = await holdsWithin(
    client,
    60_000,
    async () =>
      (
        await client.once({
          path: '/health',
          headers: { 'X-Client-Location': lost, 'X-Client-Resolver': `${setting.run}-back-${Date.now()}` },
        })
      ).headers['x-served-by-region'] === lost,
  );
  figures.check(`DNS leads to ${lost} again`, back, `${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
}

/** The recovery budget by the records and health checks themselves, for an app that does not say what it reckons with. */
function budgetOf(dns: readonly RecordStatus[], region: string): string {
  const record = dns.find((entry) => entry.region === region && entry.healthCheck?.intervalSeconds !== undefined);
  if (!record?.healthCheck?.intervalSeconds) return 'unknown: no record with a health check leads to the region';
  const { intervalSeconds, failureThreshold = 1 } = record.healthCheck;
  const sum = intervalSeconds * failureThreshold + deadEndpointSeconds + record.ttl + marginSeconds;
  return (
    `${intervalSeconds} s x ${failureThreshold} + ${deadEndpointSeconds} s dead endpoint + ${record.ttl} s TTL + ` +
    `${marginSeconds} s margin = ${sum} s`
  );
}
