import { Scheduler } from './scheduler';
import { StrongTable } from './tables/strong-table';
import { Answer, Request, TableFault } from './tables/table';
import { LedgerStore, StoreFault } from '../../src/ledger/ports';
import { PaymentsLedger } from '../../src/ledger/protocol/service';
import { Chance } from '../../tools/memory/chance';

/** Clients of several regions that all pay from one account, one payment after another. */
export interface Contention {
  /** How many clients a region has, each with one request under way. */
  readonly clients: Readonly<Record<string, number>>;
  /** How long they go on, in virtual milliseconds. */
  readonly forMs: number;
  /** One way between a function and the table, from and to. */
  readonly oneWayMs: readonly [number, number];
  /** Between an answer and the client's next request. */
  readonly thinkMs: number;
  readonly seed: number;
}

/** What a region's clients got. */
export interface Served {
  answered: number;
  /** 503: not done before its deadline. */
  unsure: number;
  conflicts: number;
}

const deadlineMs = 10_000;

/** Runs it on a strong table where every overlap of two regions' writes is a conflict. */
export async function contend({ clients, forMs, oneWayMs, thinkMs, seed }: Contention): Promise<Readonly<Record<string, Served>>> {
  const scheduler = new Scheduler();
  const chance = new Chance(seed, 'contention');
  const table = new StrongTable({
    nowMs: () => scheduler.nowMs,
    chance: () => 0,
    hasQuorum: () => true,
    staleByMs: () => 0,
    catchingUp: () => false,
  });
  const oneWay = (): number => chance.between(...oneWayMs);
  let nonces = 0;
  const send = <T extends Answer>(region: string, request: Request): Promise<T> =>
    new Promise((resolve, reject) => {
      const sentAt = scheduler.nowMs;
      scheduler.after(oneWay(), () => {
        let answer: () => void;
        try {
          const made = table.perform(request, region, sentAt) as T;
          answer = () => resolve(made);
        } catch (error) {
          answer = () => reject(error instanceof TableFault ? new StoreFault(error.fault, error.message) : (error as Error));
        }
        scheduler.after(oneWay(), () => {
          scheduler.woke();
          answer();
        });
      });
    });
  const ledgerOf = (region: string): PaymentsLedger => {
    const store: LedgerStore = {
      create: (item) => send(region, { kind: 'create', item }),
      change: (change) => send(region, { kind: 'change', change }),
      read: (pk, strong) => send(region, { kind: 'read', pk, strong }),
      readMany: (pks) => send(region, { kind: 'readMany', pks }),
      list: (account, limit) => send(region, { kind: 'list', account, limit }),
    };
    return new PaymentsLedger(
      {
        store,
        nowMs: () => 1_800_000_000_000 + Math.floor(scheduler.nowMs),
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
    );
  };
  const served: Record<string, Served> = {};
  const begin = (region: string, ledger: PaymentsLedger, name: string): void => {
    let number = 0;
    const next = (): void => {
      if (scheduler.nowMs > forMs) return;
      const context = {
        tenant: 't',
        traceId: '1-0-0',
        deadlineMs: 1_800_000_000_000 + Math.floor(scheduler.nowMs) + deadlineMs,
        observe: (event: string) => {
          if (event === 'writeConflict') served[region].conflicts += 1;
        },
      };
      scheduler.woke();
      void ledger
        .authorise(context, { idempotencyKey: `${name}-${(number += 1)}`, accountId: 'a', amount: 1, currency: 'EUR' })
        .then((outcome) => {
          if (outcome.kind === 'busy') throw new Error('full');
          if (outcome.kind === 'answered') served[region].answered += 1;
          else served[region].unsure += 1;
          scheduler.after(thinkMs * chance.between(0.5, 1.5), next);
        });
    };
    scheduler.after(chance.between(0, 200), next);
  };
  const opener = ledgerOf(Object.keys(clients)[0]);
  scheduler.woke();
  const opened = opener.openAccount(
    { tenant: 't', traceId: '1-0-0', deadlineMs: 1_800_000_000_000 + deadlineMs },
    { accountId: 'a', currency: 'EUR', balance: 1_000_000 },
  );
  scheduler.after(1_000, () => {
    for (const [region, count] of Object.entries(clients)) {
      served[region] = { answered: 0, unsure: 0, conflicts: 0 };
      const ledger = ledgerOf(region);
      for (let n = 0; n < count; n += 1) begin(region, ledger, `${region}-${n}`);
    }
  });
  await scheduler.run();
  await opened;
  return served;
}
