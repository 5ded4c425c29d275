import { sameAnswer } from './figures.domain';
import { openAccount, remember } from './ledger-view.service';
import type { ApiAnswer, ScenarioSetting } from './model';

/** One payment's life and what is refused on the way, in every region. */
export async function everyday(setting: ScenarioSetting): Promise<void> {
  const { client, figures, regions, run } = setting;
  figures.heading('everyday');
  const account = await openAccount(setting, 'everyday', 1_000_000);
  const [first, second = first] = regions;
  const pay = (key: string, region: string, amount = 1250) =>
    client.call({ path: '/api/v1/payments', body: { accountId: account, amount, currency: 'USD' }, key: `${run}-${key}`, region });
  const move = (payment: ApiAnswer, what: string, key: string, region: string, body: unknown = {}) =>
    client.call({ path: `/api/v1/payments/${payment.body.paymentId}/${what}`, body, key: `${run}-${key}`, region });

  const payments: ApiAnswer[] = [];
  let replays = 0;
  let reused = 0;
  for (const region of regions) {
    const other = region === first ? second : first;
    const paid = await pay(`pay-${region}`, region);
    remember(setting, paid);
    payments.push(paid);
    const replay = await pay(`pay-${region}`, other);
    if (
      sameAnswer(paid, replay) &&
      replay.headers['idempotency-replayed'] === 'true' &&
      replay.headers.location === paid.headers.location
    ) {
      replays += 1;
    }
    if ((await pay(`pay-${region}`, other, 1251)).status === 422) reused += 1;
  }
  figures.check(
    'a payment in each region',
    payments.every(({ status, body }) => status === 201 && body.status === 'AUTHORISED'),
    payments.map(({ status }) => status).join(', '),
  );
  figures.check('replays in the other region, same answer', replays === regions.length, replays);
  figures.check('422 for a key with another payload', reused === regions.length, reused);

  const [a] = payments;
  const b = await pay('pay-b', second, 2000);
  remember(setting, b);
  const moves = [
    await move(a, 'capture', 'capture-a', first, { amount: 1000 }),
    await move(a, 'capture', 'capture-a', second, { amount: 1000 }),
    await move(a, 'refund', 'refund-a', second, { amount: 400 }),
    await move(b, 'void', 'void-b', first),
  ];
  const statuses = moves.map(({ status, body }) => `${status} ${body.status}`);
  figures.check(
    'capture, its replay, refund, void',
    statuses.join() === '200 CAPTURED,200 CAPTURED,200 PARTIALLY_REFUNDED,200 VOIDED',
    statuses.join(', '),
  );
  const conflicts = [
    await move(a, 'capture', 'again-a', second),
    await move(a, 'void', 'void-a', first),
    await move(a, 'refund', 'too-much-a', first, { amount: 601 }),
    await move(b, 'capture', 'late-b', second),
  ];
  const stored = await move(a, 'capture', 'again-a', first);
  const refused = conflicts.filter(({ status, headers }) => status === 409 && headers['retry-after'] === undefined).length;
  figures.check('409s from state conflicts', refused === conflicts.length, refused, conflicts.map(({ body }) => body.code).join(', '));
  figures.check("a refusal is that key's answer everywhere", sameAnswer(conflicts[0], stored), stored.status);
  const declined = await pay('declined', first, 2_000_000);
  figures.check(
    'declined for want of funds, as an answer',
    declined.status === 201 && declined.body.status === 'DECLINED',
    `${declined.status} ${declined.body.status} ${declined.body.declineReason}`,
  );
}
