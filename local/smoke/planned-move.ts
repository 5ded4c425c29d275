import { setTimeout as sleep } from 'node:timers/promises';
import { homeOf } from './homes';
import type { Setting } from './setting';
import { audit, openAccount } from '../../src/scenario/ledger-view.service';
import type { Answer } from '../callers/client';

const callers = 6;
/** What a caller of a home that is moved may wait for an answer, its own waits between tries included. */
const longestPauseMs = 5_000;
/** Load before the move, and after it. */
const aroundMs = 3_000;

interface AnsweredAt {
  readonly answer: Answer;
  readonly at: number;
}

/** An account's home is moved while callers pay from both regions: nothing is lost, and nobody waits for long. */
export async function plannedMove(setting: Setting): Promise<void> {
  const { client, figures, operate, regions, run } = setting;
  const account = await openAccount(setting, 'moved', 50_000_000);
  const from = await homeOf(client, account, regions[0]);
  const to = regions.find((region) => region !== from)!;
  figures.heading(`the home moves from ${from} to ${to} under load, as planned`);
  const paid: AnsweredAt[] = [];
  const failures: string[] = [];
  let running = true;
  const load = Array.from({ length: callers }, async (_, caller) => {
    for (let count = 0; running; count += 1) {
      const call = {
        path: '/api/v1/payments',
        body: { accountId: account, amount: 100 + count, currency: 'USD' },
        key: `${run}-moved-${caller}-${count}`,
      };
      const answer = await client.call({ ...call, region: regions[caller % regions.length] }).catch((error: Error) => error);
      if (answer instanceof Error || answer.status !== 201) {
        failures.push(answer instanceof Error ? answer.message : `${answer.status} ${answer.text.slice(0, 100)}`);
      } else {
        paid.push({ answer, at: Date.now() });
      }
    }
  });
  await sleep(aroundMs);
  const began = Date.now();
  const moved = await operate!(to, { action: 'relocate', tenant: run });
  const took = Date.now() - began;
  await sleep(aroundMs);
  running = false;
  await Promise.all(load);
  figures.check(
    'the home moved',
    moved.kind === 'moved',
    moved.kind,
    `${(took / 1000).toFixed(1)} s in all, ${moved.compared} items compared`,
  );
  report(setting, paid, failures, from, moved.pausedMs ?? Infinity);
  for (const { answer } of paid) if (answer.body.status === 'AUTHORISED') setting.accepted.set(answer.body.paymentId, answer.body.region);
  const { wrong, lines, mostDebits } = await audit(client, new Map([[account, 50_000_000]]), regions);
  figures.check(
    'payments in the ledger',
    lines.length === paid.length && mostDebits === 1,
    `${lines.length} of ${paid.length}, at most ${mostDebits} debit a key`,
  );
  figures.check('balances equal their lines, in each region', wrong.length === 0, wrong.length, wrong[0]);
}

function report({ figures }: Setting, paid: readonly AnsweredAt[], failures: readonly string[], from: string, stoppedMs: number): void {
  const ends = (wanted: (region: string) => boolean): number[] =>
    paid.filter(({ answer }) => wanted(answer.body.region)).map(({ at }) => at);
  const seen = Math.min(...ends((region) => region !== from)) - Math.max(...ends((region) => region === from));
  figures.check('the home stood still', stoppedMs < longestPauseMs, `${(stoppedMs / 1000).toFixed(1)} s`);
  figures.check(
    "from its last payment to the next home's first",
    seen < longestPauseMs,
    `${(seen / 1000).toFixed(1)} s`,
    `${paid.length} payments`,
  );
  figures.check('no caller was left without an answer', failures.length === 0, `${failures.length} failed`, failures[0]);
}
