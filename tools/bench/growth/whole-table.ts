/** What it takes to read a whole ledger: for a planned move, for a round of a cutover's reconciliation, for one account. */
import { BatchWriteItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { neverDue } from './entries';
import { currency, ledgerIn, VirtualTime } from './ledgers';
import { MeteredStore, sizeOfItem } from './metered-store';
import { processorMs } from './processor-time';
import type { AuditClock } from '../../../src/cutover/audit/service';
import { beginRound, ReconcileRound } from '../../../src/cutover/checks/reconcile-round.service';
import type { CutoverPlan } from '../../../src/cutover/contract';
import { replicaPort } from '../../../src/cutover/functions/environment.aws';
import { DynamoStore } from '../../../src/ledger/aws';
import { HomeSettings } from '../../../src/ledger/homes/authority.domain';
import { Authority } from '../../../src/ledger/homes/authority.service';
import { toAttributes } from '../../../src/ledger/items.aws';
import { reconcileAccount } from '../../../src/ledger/operator/reconcile.service';
import { relocate } from '../../../src/ledger/operator/relocate.service';
import { itemsPort, scanPort } from '../../../src/ledger/operator/replicas.aws';
import type { Item } from '../../../src/ledger/ports';
import { Attempt } from '../../../src/ledger/protocol/attempt.service';
import { tableOf } from '../../engine';
import { MemoryStore } from '../../memory/memory-store';
import { payment, tenant } from '../subjects/subjects';

/** Processor time in seconds for each GB (10^9 bytes) of the ledger in one region. */
export interface WholeTable {
  readonly itemsPerGb: number;
  /** Compares the items of the unit that moves. */
  readonly move: number;
  /** Passes over those of other units. */
  readonly scan: number;
  readonly round: number;
  /** For each 1,000 payments of one account, captured. */
  readonly account: number;
}

const payments = 6_000;
const accounts = 20;
const [from, to] = ['us-east-1', 'eu-central-1'];
const perGb = 1e9;

const settings: HomeSettings = {
  regions: [from, to],
  units: 1,
  leaseMs: 12_000,
  requestMs: 6_000,
  clockMarginMs: 2_000,
  refreshMs: 1_000,
  moveRequestMs: 1_500,
  moveRefreshMs: 250,
  movePauseMs: 4_500,
  takeover: 'AUTOMATIC',
};

/** Both regions are the same copy on one engine: what is looked for is never missing, as when all is well. */
export async function wholeTable(client: DynamoDBClient, table = 'bench-whole-table'): Promise<WholeTable> {
  await client.send(tableOf(table));
  const items = await paidItems();
  for (let at = 0; at < items.length; at += 25) {
    const some = items.slice(at, at + 25).map((item) => ({ PutRequest: { Item: toAttributes(item) } }));
    await client.send(new BatchWriteItemCommand({ RequestItems: { [table]: some } }));
  }
  const bytes = items.reduce((sum, item) => sum + sizeOfItem(item), 0);
  const secondsPerGb = (ms: number): number => ((ms / 1000) * perGb) / bytes;
  // The first of each warms the code up.
  for (const work of [compareForMove, sumForRound]) await work(table);
  return {
    itemsPerGb: (items.length * perGb) / bytes,
    move: secondsPerGb(await processorMs(() => compareForMove(table))),
    scan: secondsPerGb(await processorMs(() => passOver(table))),
    round: secondsPerGb(await processorMs(() => sumForRound(table))),
    account: (((await processorMs(() => recomputeAccount(client, table))) / 1000) * 1_000 * accounts) / payments,
  };
}

/** Payments of some accounts with their captures, as the first home wrote them. */
async function paidItems(): Promise<readonly Item[]> {
  const time = new VirtualTime(neverDue);
  const store = new MeteredStore();
  const ledger = ledgerIn('HOME_REGION', time, store);
  for (let account = 0; account < accounts; account += 1) {
    await ledger.openAccount(time.context(), { accountId: `whole-${account}`, currency, balance: 1_000_000_000 });
  }
  for (let number = 0; number < payments; number += 1) {
    time.goTo(time.nowMs + 100);
    const answer = await ledger.authorise(time.context(), {
      ...payment,
      accountId: `whole-${number % accounts}`,
      idempotencyKey: `p${number}`,
    });
    if (answer.kind !== 'answered') throw new Error(`expected an answered payment, got ${JSON.stringify(answer)}`);
    await ledger.move(time.context(), { type: 'CAPTURE', paymentId: answer.payment.paymentId, idempotencyKey: `c${number}` });
  }
  return store.all();
}

function attemptIn(region: string, store: MemoryStore | DynamoStore): Attempt {
  const time = new VirtualTime(neverDue);
  return new Attempt(time.ports(store), { region }, { ...time.context(), deadlineMs: time.nowMs + 840_000 });
}

/** The shipped move, whose waits take no time here. */
async function compareForMove(table: string): Promise<void> {
  const authority = new MemoryStore();
  const home = await new Authority(from, settings).standing(attemptIn(from, authority), 0);
  if (home.kind !== 'home') throw new Error(`${from} is not home: ${JSON.stringify(home)}`);
  const scan = scanPort(table, 1);
  const ports = { scan: (region: string) => scan(region, 0), items: itemsPort(table) };
  const result = await relocate(attemptIn(to, authority), new Authority(to, settings), settings, ports, 0);
  if (result.kind !== 'moved' || result.compared < 2 * payments) {
    throw new Error(`expected a move of everything, got ${JSON.stringify(result)}`);
  }
}

/** What a move does with the items of units that stay. */
async function passOver(table: string): Promise<void> {
  for await (const { pk } of scanPort(table, 1_000_003)(from, -1)) throw new Error(`${pk} is of no unit`);
}

/** A round of a reconciliation that finds no difference, without its accounts. */
async function sumForRound(table: string): Promise<void> {
  const nowMs = new VirtualTime(neverDue).nowMs + 86_400_000;
  const ports = {
    replicas: replicaPort(table),
    operate: () => Promise.reject(new Error('no account is asked for')),
    clock: { nowMs: () => nowMs } as AuditClock,
  };
  const plan = { mode: 'STRONG', source: from, target: to, window: { settleSeconds: 60 } } as CutoverPlan;
  const { end, round, why } = await new ReconcileRound(ports, plan, beginRound(nowMs, 60), { skip: 0 }, nowMs + 1).go();
  const whole = end === 'complete' && round.read.source.items > 2 * payments && round.comparing?.found === 0;
  if (!whole) throw new Error(`expected a round without differences, got ${end}: ${why}`);
}

async function recomputeAccount(client: DynamoDBClient, table: string): Promise<void> {
  const report = await reconcileAccount(attemptIn(from, new DynamoStore(client, table)), 1, tenant, 'whole-0');
  if (report?.payments !== payments / accounts) throw new Error(`expected ${payments / accounts} payments, got ${JSON.stringify(report)}`);
}
