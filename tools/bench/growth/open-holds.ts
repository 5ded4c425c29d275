/** What an account costs that holds many payments, each authorised by the ledger itself, none of them captured. */
import { performance } from 'node:perf_hooks';
import { amount, currency, epochOfMode, ledgerIn, LedgerMode, storedAccountPk, VirtualTime } from './ledgers';
import { MeteredStore, sizeOfItem } from './metered-store';
import { OtherRegion } from './other-region';
import { processorMs } from './processor-time';
import { streamRecords } from '../../../src/events/outbox/aws';
import { Outbox } from '../../../src/events/outbox/service';
import { eachOf } from '../../../src/kernel/each-of';
import { noTracer } from '../../../src/kernel/trace';
import { toStored } from '../../../src/ledger/items.aws';
import type { KeyedOutcome } from '../../../src/ledger/model';
import type { Item, LedgerStore } from '../../../src/ledger/ports';
import type { PaymentsLedger } from '../../../src/ledger/protocol/service';
import { Chance } from '../../memory/chance';
import { spent, Usage } from '../subjects/counting';
import { median } from '../subjects/statistics';
import { payment } from '../subjects/subjects';

export interface OpenHoldsFigures {
  readonly mode: LedgerMode;
  readonly holds: number;
  /** That stand on the account, and its item's size. */
  readonly entries: number;
  readonly bytes: number;
  readonly authorise: Usage;
  /** Of the hold that was made first. */
  readonly capture: Usage;
}

/** Times as multiples of those of an account that has just been opened. */
export interface OpenHoldsTimes {
  readonly mode: LedgerMode;
  readonly holds: number;
  readonly authorise: number;
  readonly outbox: number;
}

export const openHoldsSteps = [0, 100_000] as const;
const modes = ['STRONG', 'HOME_REGION'] as const;
/** A million a day. */
const everyMs = 86.4;
/** As many records as are told at once. */
const batch = 100;

interface Effort {
  /** Payments on each account. */
  readonly rounds: number;
  readonly batches: number;
  /** How often each batch is told in a measurement: once would measure the collection of garbage. */
  readonly repeats: number;
}
let accountsOpened = 0;

interface StreamImages {
  readonly OldImage?: object;
  readonly NewImage: object;
}

class HoldingAccount {
  public readonly accountId = `holding-${process.pid}-${(accountsOpened += 1)}`;
  private readonly other: OtherRegion;
  private readonly store: MeteredStore;
  private readonly ledger: PaymentsLedger;
  private readonly chance = new Chance(7, 'holding');
  private isDue = true;
  private readonly time = new VirtualTime(() => (this.isDue ? this.chance.next() : 0.999));
  private keys = 0;
  private copies = 0;
  private first?: string;
  private asOpened!: Item;
  private readonly stream: StreamImages[] = [];
  private readonly before = new Map<string, Item>();

  private constructor(
    private readonly mode: LedgerMode,
    public readonly holds: number,
  ) {
    this.other = new OtherRegion(this.time, 'answers');
    this.store = new MeteredStore((item) => this.written(item));
    this.ledger = ledgerIn(mode, this.time, this.store, { arrived: this.other.arrived(epochOfMode(mode)) });
  }

  public static async open(mode: LedgerMode, holds: number): Promise<HoldingAccount> {
    const account = new HoldingAccount(mode, holds);
    await account.ledger.openAccount(account.time.context(), { accountId: account.accountId, currency, balance: 1_000_000_000_000 });
    for (let number = 0; number < holds; number += 1) {
      account.time.goTo(account.time.nowMs + everyMs);
      const { paymentId } = authorised(await account.pay());
      account.first ??= paymentId;
    }
    account.asOpened = account.item();
    return account;
  }

  public async figures(): Promise<OpenHoldsFigures> {
    this.isDue = false;
    const item = this.asOpened;
    await this.pay();
    let newest = '';
    const authorise = await spent(this.store.usage, async () => {
      newest = authorised(await this.pay()).paymentId;
    });
    this.first ??= newest;
    const capture = await spent(this.store.usage, async () => this.captureFirst());
    const entries = Object.keys(item.entries as object).length;
    return { mode: this.mode, holds: this.holds, entries, bytes: sizeOfItem(item), authorise, capture };
  }

  private async captureFirst(): Promise<void> {
    const command = { type: 'CAPTURE', paymentId: this.first!, idempotencyKey: `${this.accountId}-first` } as const;
    const outcome = await this.ledger.move(this.time.context(), command);
    if (outcome.kind !== 'answered' || outcome.payment.status !== 'CAPTURED') throw new Error(`not captured: ${JSON.stringify(outcome)}`);
  }

  /** How long a payment takes on a copy of the account in another store: on one of its own, since each payment leaves an entry. */
  public async payOnCopy(store: LedgerStore): Promise<number> {
    this.isDue = false;
    const accountId = `${this.accountId}-${(this.copies += 1)}`;
    await store.create({ ...this.asOpened, pk: storedAccountPk(this.mode, accountId), accountId });
    const ledger = ledgerIn(this.mode, this.time, store);
    // A function that has worked on the account before.
    authorised(await this.pay(ledger, accountId));
    const began = performance.now();
    authorised(await this.pay(ledger, accountId));
    return performance.now() - began;
  }

  /** Processor time of a region's outbox for the records of the account's newest writes. */
  public async outboxMs(repeats: number): Promise<number> {
    this.isDue = true;
    this.stream.length = 0;
    while (this.stream.length < batch) {
      this.time.goTo(this.time.nowMs + everyMs);
      await this.pay();
    }
    const records = streamRecords(this.stream.slice(0, batch).map((images, at) => ({ dynamodb: { SequenceNumber: `${at}`, ...images } })));
    const outbox = new Outbox(
      { ...this.time.ports(this.store), sink: async (events) => events.map(() => ({ kind: 'sent' })), tracer: noTracer },
      { region: 'us-east-1', name: 'outbox' },
    );
    let result = await outbox.publish(records, this.time.nowMs + 10_000);
    const ms = await processorMs(async () => {
      for (let n = 0; n < repeats; n += 1) result = await outbox.publish(records, this.time.nowMs + 10_000);
    });
    if (result.failed || result.published === 0) throw new Error(`the outbox told ${JSON.stringify(result)} of the records`);
    return ms / result.published;
  }

  private written(item: Item): void {
    if (this.mode !== 'STRONG') this.other.replicate(item);
    const isKept = this.stream.length < batch;
    const old = this.before.get(item.pk);
    if (isKept || item.kind === 'ACCOUNT') this.before.set(item.pk, item);
    if (!isKept) return;
    this.stream.push({ ...(old ? { OldImage: toStored(old) } : {}), NewImage: toStored(item) });
  }

  private item(): Item {
    return this.store.peek(storedAccountPk(this.mode, this.accountId))!;
  }

  private pay(ledger = this.ledger, accountId = this.accountId): Promise<KeyedOutcome> {
    const idempotencyKey = `${this.accountId}-${(this.keys += 1)}`;
    return ledger.authorise(this.time.context(), { ...payment, amount, accountId, idempotencyKey });
  }
}

function authorised(outcome: KeyedOutcome): { readonly paymentId: string } {
  if (outcome.kind === 'answered' && outcome.payment.status === 'AUTHORISED') return outcome.payment;
  throw new Error(`expected a payment AUTHORISED, got ${JSON.stringify(outcome)}`);
}

/** Counted in virtual time, and the same on any machine. */
export async function countOpenHolds(steps: readonly number[] = openHoldsSteps): Promise<readonly OpenHoldsFigures[]> {
  const figures: OpenHoldsFigures[] = [];
  for (const mode of modes) for (const holds of steps) figures.push(await (await HoldingAccount.open(mode, holds)).figures());
  return figures;
}

/** @param store on a real engine */
export async function openHoldsTimes(
  store: LedgerStore,
  steps: readonly number[] = openHoldsSteps,
  { rounds, batches, repeats }: Effort = { rounds: 60, batches: 7, repeats: 30 },
): Promise<readonly OpenHoldsTimes[]> {
  const times: OpenHoldsTimes[] = [];
  for (const mode of modes) {
    const accounts = await eachOf(steps, 1, (holds) => HoldingAccount.open(mode, holds));
    const payments = accounts.map((): number[] => []);
    const outboxes = accounts.map((): number[] => []);
    // By turns, so that other work on the machine meets all alike. One round warms up.
    for (let round = 0; round <= rounds; round += 1) {
      for (const [at, account] of accounts.entries()) payments[at].push(await account.payOnCopy(store));
    }
    for (let number = 0; number <= batches; number += 1) {
      for (const [at, account] of accounts.entries()) outboxes[at].push(await account.outboxMs(repeats));
    }
    const [p50, outbox] = [payments, outboxes].map((all) => all.map((own) => median(own.slice(1))));
    const ratio = (all: readonly number[], at: number): number => all[at] / all[0];
    times.push(...steps.map((holds, at) => ({ mode, holds, authorise: ratio(p50, at), outbox: ratio(outbox, at) })));
  }
  return times;
}
