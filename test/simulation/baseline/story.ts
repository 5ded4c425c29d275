import { UsualPattern } from './usual-pattern';
import { LedgerStore } from '../../../src/ledger/ports';
import { Chance } from '../../../tools/memory/chance';
import { Scheduler } from '../scheduler';
import { shipped } from '../subject';
import { EventualTable } from '../tables/eventual-table';
import { StrongTable } from '../tables/strong-table';
import { Answer, Request, Table, TableFault } from '../tables/table';

/**
 * The story this project starts from: after a DNS shift some requests still go to the old region, an impatient client sends again,
 * and both regions accept the same key within the replication lag.
 */
export const story = {
  payments: 100_000,
  /** Share of all requests that arrive in the old region. */
  oldRegionShare: 0.08,
  lagMs: 180,
  /** Share of the requests that start slowly, by anything up to `slowUpToMs`. */
  slowShare: 0.05,
  slowUpToMs: 1_000,
  /** A client that has heard nothing sends again. */
  patienceMs: 100,
} as const;

export interface StoryResult {
  readonly payments: number;
  readonly sentTwice: number;
  /** Debits beyond the first for one key. */
  readonly doubleDebits: number;
}

const [newRegion, oldRegion] = ['us-west-2', 'us-east-1'];
const accounts = 500;
const amount = 10;

/** One request's debit, in a region: whether it was this request that debited. */
type Pay = (region: string, key: string, accountId: string) => Promise<boolean>;

async function tell(payments: number, seed: number, build: (scheduler: Scheduler, chance: Chance) => Promise<Pay>): Promise<StoryResult> {
  const scheduler = new Scheduler();
  const chance = new Chance(seed, 'story');
  const pay = await build(scheduler, new Chance(seed, 'latency'));
  let sentTwice = 0;
  let doubleDebits = 0;
  for (let number = 0; number < payments; number += 1) {
    const key = `key-${number}`;
    const account = `account-${number % accounts}`;
    let debits = 0;
    let heard = false;
    const send = (): void => {
      const region = chance.happens(story.oldRegionShare) ? oldRegion : newRegion;
      const slow = chance.happens(story.slowShare) ? chance.between(0, story.slowUpToMs) : 0;
      scheduler.after(chance.between(5, 30) + slow, () => {
        scheduler.woke();
        void pay(region, key, account).then((debited) => {
          if (debited && (debits += 1) > 1) doubleDebits += 1;
          scheduler.after(chance.between(5, 30), () => {
            heard = true;
          });
        });
      });
    };
    scheduler.at(number * 5, send);
    scheduler.at(number * 5 + story.patienceMs, () => {
      if (heard) return;
      sentTwice += 1;
      send();
    });
  }
  await scheduler.run();
  return { payments, sentTwice, doubleDebits };
}

/** A table in a region, a few milliseconds away. */
function storeIn(table: Table, region: string, scheduler: Scheduler, latencyMs: () => number): LedgerStore {
  const send = <T extends Answer>(request: Request): Promise<T> =>
    new Promise((resolve, reject) => {
      const sentAt = scheduler.nowMs;
      scheduler.after(latencyMs(), () => {
        scheduler.woke();
        try {
          resolve(table.perform(request, region, sentAt) as T);
        } catch (error) {
          reject(error instanceof TableFault ? new shipped.StoreFault(error.fault, error.message) : (error as Error));
        }
      });
    });
  return {
    create: (item) => send({ kind: 'create', item }),
    change: (change) => send({ kind: 'change', change }),
    read: (pk, strong) => send({ kind: 'read', pk, strong }),
    readMany: (pks) => send({ kind: 'readMany', pks }),
    list: (account, limit) => send({ kind: 'list', account, limit }),
  };
}

export function tellUsual(payments: number, seed = 1): Promise<StoryResult> {
  return tell(payments, seed, async (scheduler, chance) => {
    const carry = (_: string, __: string, deliver: () => void): void => scheduler.after(story.lagMs, deliver);
    const table = new EventualTable([newRegion, oldRegion], { clockMs: () => scheduler.nowMs, carry });
    for (let number = 0; number < accounts; number += 1) {
      table.perform({ kind: 'create', item: { pk: `account#account-${number}`, available: payments * amount } }, newRegion);
    }
    await scheduler.run();
    const patterns = new Map(
      [newRegion, oldRegion].map((region) => [region, new UsualPattern(storeIn(table, region, scheduler, () => chance.between(2, 6)))]),
    );
    return async (region, key, account) => (await patterns.get(region)!.pay(key, account, amount)).debited;
  });
}

export function tellOurs(payments: number, seed = 1): Promise<StoryResult> {
  return tell(payments, seed, async (scheduler, chance) => {
    const calm = { hasQuorum: () => true, staleByMs: () => story.lagMs, catchingUp: () => false };
    const table = new StrongTable({ ...calm, nowMs: () => scheduler.nowMs, chance: chance.next });
    let nonces = 0;
    const nowMs = (): number => 1_800_000_000_000 + Math.floor(scheduler.nowMs);
    const ledgers = new Map(
      [newRegion, oldRegion].map((region) => [
        region,
        new shipped.PaymentsLedger(
          {
            // A write waits for the nearest other region.
            store: storeIn(table, region, scheduler, () => chance.between(8, 20)),
            nowMs,
            random: chance.next,
            nonce: () => `n${(nonces += 1)}`,
            sleep: (ms) =>
              new Promise((resolve) =>
                scheduler.after(ms, () => {
                  scheduler.woke();
                  resolve();
                }),
              ),
          },
          { region },
        ),
      ]),
    );
    const context = () => ({ tenant: 'acme', traceId: '1-0-0', deadlineMs: nowMs() + 20_000 });
    const opened = Array.from({ length: accounts }, (_, number) =>
      ledgers.get(newRegion)!.openAccount(context(), { accountId: `account-${number}`, currency: 'EUR', balance: payments * amount }),
    );
    await scheduler.run();
    await Promise.all(opened);
    return async (region, idempotencyKey, accountId) => {
      const outcome = await ledgers.get(region)!.authorise(context(), { idempotencyKey, accountId, amount, currency: 'EUR' });
      if (outcome.kind !== 'answered') throw new Error(`a calm strong table answered ${JSON.stringify(outcome)}`);
      return !outcome.replayed;
    };
  });
}
