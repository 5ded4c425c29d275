import type { Setting } from './setting';
import { eachOf } from '../../src/kernel/each-of';
import { percentile } from '../../src/scenario/figures.domain';
import { openAccount } from '../../src/scenario/ledger-view.service';

/** How long one payment takes when the machine has nothing else to do, and when the front door is full. */
export async function pace(setting: Setting): Promise<void> {
  const { client, figures, regions, run } = setting;
  figures.heading('pace');
  const account = await openAccount(setting, 'pace', 50_000_000);
  for (const [atOnce, count] of [
    [1, 60],
    [8, 240],
  ]) {
    const started = Date.now();
    const answers = await eachOf(Array.from({ length: count }), atOnce, (_, index) =>
      client.call({
        path: '/api/v1/payments',
        body: { accountId: account, amount: 1, currency: 'USD' },
        key: `${run}-pace-${atOnce}-${index}`,
        region: regions[index % regions.length],
      }),
    );
    for (const { status, body } of answers) if (status === 201) setting.accepted.set(body.paymentId, body.region);
    const latencies = answers.map(({ ms }) => ms);
    const rate = (count * 1000) / (Date.now() - started);
    figures.check(
      `${atOnce} at once: p50 / p99`,
      answers.every(({ status }) => status === 201),
      `${percentile(latencies, 0.5).toFixed(0)} ms / ${percentile(latencies, 0.99).toFixed(0)} ms`,
      `${rate.toFixed(0)} payments a second`,
    );
  }
}
