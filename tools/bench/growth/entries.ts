/** What the calls on one account cost when it holds many entries. */
import { amount, currency, ledgerIn, LedgerMode, ledgerModes, storedAccountPk, VirtualTime } from './ledgers';
import { MeteredStore, sizeOfItem } from './metered-store';
import { keyId } from '../../../src/kernel/fingerprint';
import { KeyedOutcome, Payment } from '../../../src/ledger/model';
import { LedgerStore } from '../../../src/ledger/ports';
import { encodeEntry } from '../../../src/ledger/protocol/entries.domain';
import { PaymentsLedger } from '../../../src/ledger/protocol/service';
import { noUsage, spent, Usage } from '../subjects/counting';
import { payment, tenant } from '../subjects/subjects';

/** What an account may hold: payments that wait for their capture, or captures that wait to be trimmed. */
export type EntryKind = 'holds' | 'captures';
export interface Held {
  readonly kind: EntryKind;
  readonly entries: number;
}

export const heldSteps: readonly Held[] = [
  ...[0, 100, 500, 1_000, 2_500, 4_900].map((entries) => ({ kind: 'holds', entries }) as const),
  { kind: 'captures', entries: 4_900 },
];

export const growthCalls = ['authorise', 'capture', 'decline', 'firstReplay', 'replay'] as const;
export type GrowthCall = (typeof growthCalls)[number];

/** Requests and units of each call. */
export interface EntryCounts extends Held {
  readonly mode: LedgerMode;
  readonly bytes: number;
  readonly calls: Readonly<Record<GrowthCall, Usage>>;
}

/** Looking after an account is chance, and is shown where traffic is: here it never happens. */
export const neverDue = (): number => 0.999;

const funds = 1_000_000_000;
let accountsOpened = 0;

/** An account that holds so many entries, and the calls on it. */
export class HeldAccount {
  private keys = 0;

  private constructor(
    private readonly time: VirtualTime,
    private readonly ledger: PaymentsLedger,
    public readonly accountId: string,
  ) {}

  public static async open(mode: LedgerMode, store: LedgerStore, held: Held): Promise<HeldAccount> {
    const time = new VirtualTime(neverDue);
    const accountId = `held-${process.pid}-${(accountsOpened += 1)}`;
    await ledgerIn(mode, time, holding(store, held), { epoch: 1 }).openAccount(time.context(), { accountId, currency, balance: funds });
    const account = new HeldAccount(time, ledgerIn(mode, time, store), accountId);
    // A function that has worked on the account before: it knows the currency, and a new home has carried the account over.
    await account.pay(account.key());
    return account;
  }

  /** Calls of one kind, ready to be made: what each of them needs has been done. */
  public async prepare(call: GrowthCall, count: number): Promise<readonly (() => Promise<void>)[]> {
    const calls: (() => Promise<void>)[] = [];
    for (let number = 0; number < count; number += 1) calls.push(await this.prepareOne(call));
    return calls;
  }

  private async prepareOne(call: GrowthCall): Promise<() => Promise<void>> {
    const key = this.key();
    if (call === 'decline') return async () => expectStatus(await this.pay(key, 2 * funds), 'DECLINED', false);
    if (call === 'authorise') return async () => expectStatus(await this.pay(key), 'AUTHORISED', false);
    const authorised = await this.pay(key);
    if (call === 'capture') return async () => expectStatus(await this.capture(authorised), 'CAPTURED', false);
    if (call === 'replay') await this.pay(key);
    return async () => expectStatus(await this.pay(key), 'AUTHORISED', true);
  }

  private pay(idempotencyKey: string, of: number = amount): Promise<KeyedOutcome> {
    return this.ledger.authorise(this.time.context(), { ...payment, amount: of, idempotencyKey, accountId: this.accountId });
  }

  private capture(made: KeyedOutcome): Promise<KeyedOutcome> {
    return this.ledger.move(this.time.context(), { type: 'CAPTURE', paymentId: paid(made).paymentId, idempotencyKey: this.key() });
  }

  private key(): string {
    return `${this.accountId}-${(this.keys += 1)}`;
  }
}

/** A store whose new accounts begin with entries, as if so many payments had been made. */
function holding(store: LedgerStore, { kind, entries }: Held): LedgerStore {
  const code = (number: number): string =>
    kind === 'holds'
      ? encodeEntry({ kind: 'hold', amount })
      : encodeEntry({ kind: 'closed', amount, closure: { by: keyId(tenant, `closer-${number}`), type: 'CAPTURE', captured: amount } });
  const own = Object.fromEntries(Array.from({ length: entries }, (_, number) => [keyId(tenant, `held-${number}`), code(number)]));
  return {
    change: (change) => store.change(change),
    read: (pk, strong) => store.read(pk, strong),
    readMany: (pks) => store.readMany(pks),
    list: (account, limit, from) => store.list(account, limit, from),
    create: (item) =>
      store.create(item.kind === 'ACCOUNT' ? { ...item, entries: own, [kind === 'holds' ? 'held' : 'settled']: entries * amount } : item),
  };
}

function paid(outcome: KeyedOutcome): Payment {
  if (outcome.kind !== 'answered') throw new Error(`expected an answered payment, got ${JSON.stringify(outcome)}`);
  return outcome.payment;
}

function expectStatus(outcome: KeyedOutcome, status: Payment['status'], replayed: boolean): void {
  if (outcome.kind !== 'answered' || outcome.replayed !== replayed || outcome.payment.status !== status) {
    throw new Error(`expected a payment ${status}, replayed ${replayed}, got ${JSON.stringify(outcome)}`);
  }
}

/** Requests, units and item sizes of every mode and step, by DynamoDB's rules; the same on any machine. */
export async function countEntries(steps: readonly Held[] = heldSteps): Promise<readonly EntryCounts[]> {
  const counts: EntryCounts[] = [];
  for (const mode of ledgerModes) for (const held of steps) counts.push(await countOne(mode, held));
  return counts;
}

async function countOne(mode: LedgerMode, held: Held): Promise<EntryCounts> {
  const store = new MeteredStore();
  const account = await HeldAccount.open(mode, store, held);
  const bytes = sizeOfItem(store.peek(storedAccountPk(mode, account.accountId)));
  const calls = Object.fromEntries(growthCalls.map((call) => [call, noUsage()])) as Record<GrowthCall, Usage>;
  for (const call of growthCalls) {
    const [work] = await account.prepare(call, 1);
    calls[call] = await spent(store.usage, work);
  }
  return { mode, ...held, bytes, calls };
}
