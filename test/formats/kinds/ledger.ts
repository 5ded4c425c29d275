import { canonicalJson, fingerprint, Json, keyId } from '../../../src/kernel/fingerprint';
import { markItem, markOf } from '../../../src/ledger/drain-mark.domain';
import { toAttributes, toItem, toStored } from '../../../src/ledger/items.aws';
import { CallContext, KeyedOutcome } from '../../../src/ledger/model';
import { Change, Decision, Item, WriteResult } from '../../../src/ledger/ports';
import { Attempt } from '../../../src/ledger/protocol/attempt.service';
import {
  accountPk,
  idOfPaymentId,
  isFence,
  isMove,
  isPayment,
  keyItemPk,
  moveOf,
  paymentIdOf,
  paymentOf,
  seqOf,
  accountOf,
} from '../../../src/ledger/protocol/domain';
import { decodeEntry, encodeEntry, entriesOf, Entry } from '../../../src/ledger/protocol/entries.domain';
import { decodeCursor } from '../../../src/ledger/protocol/reading.service';
import { PaymentsLedger } from '../../../src/ledger/protocol/service';
import { trim } from '../../../src/ledger/protocol/trim.service';
import { MemoryStore } from '../../../tools/memory/memory-store';
import { World } from '../../ledger/world';
import { Format, forEver, plain } from '../format';

class Killed extends Error {}

/** Dies before a change that is told. */
class DyingStore extends MemoryStore {
  public dies: (change: Change) => boolean = () => false;

  public override async change(change: Change): Promise<WriteResult> {
    if (this.dies(change)) throw new Killed();
    return super.change(change);
  }
}

const id = (key: string): string => keyId('acme', key);
const traceId = '1-5f2330a4-6a0de1cd0e17c0508d386a64';

/** An account with a payment in each state, taken in one region on a store without faults. */
class Story {
  public readonly store = new DyingStore();
  private readonly world = new World();

  private ledger(decide?: () => Promise<Decision>): PaymentsLedger {
    const ports = { ...this.world.ports(decide), store: this.store };
    return new PaymentsLedger(ports, { region: 'us-east-1', ...(decide ? { decision: { timeoutMs: 3_000, onUnknown: 'RETRY' } } : {}) });
  }

  private get context(): CallContext {
    return { ...this.world.context(), traceId, trace: { traceId, parentId: '53995c3f42cd8ad8', sampled: true } };
  }

  public pay(key: string, amount = 100, decide?: Decision, reference?: string): Promise<KeyedOutcome> {
    this.world.nowMs += 1_000;
    const ledger = this.ledger(decide && (() => Promise.resolve(decide)));
    return ledger.authorise(this.context, {
      idempotencyKey: key,
      accountId: 'acc-1',
      amount,
      currency: 'EUR',
      ...(reference === undefined ? {} : { reference }),
    });
  }

  public async move(key: string, payment: string, type: 'CAPTURE' | 'VOID' | 'REFUND', amount?: number): Promise<void> {
    this.world.nowMs += 1_000;
    await this.ledger()
      .move(this.context, { idempotencyKey: key, paymentId: paymentIdOf(id(payment)), type, ...(amount === undefined ? {} : { amount }) })
      .catch((error: unknown) => {
        if (!(error instanceof Killed)) throw error;
      });
  }

  public async told(): Promise<this> {
    await this.ledger().openAccount(this.context, { accountId: 'acc-1', currency: 'EUR', balance: 10_000 });
    await this.pay('authorised', 100, undefined, 'order 7');
    await this.pay('declined', 1_000_000);
    await this.pay('declined-by-team', 100, { kind: 'decline', reason: 'suspected_fraud' });
    await this.pay('claimed', 100, { kind: 'unknown' });
    await this.pay('captured', 100);
    await this.move('capture', 'captured', 'CAPTURE', 70);
    await this.pay('voided', 100);
    await this.move('void', 'voided', 'VOID');
    await this.pay('refunded', 100);
    await this.move('refused-refund', 'refunded', 'REFUND', 5);
    await this.move('capture-2', 'refunded', 'CAPTURE');
    await this.move('refund', 'refunded', 'REFUND', 30);
    await this.pay('refund-pending', 100);
    await this.move('capture-3', 'refund-pending', 'CAPTURE');
    // The refund has its turn on the payment, and dies before the account.
    this.store.dies = ({ pk }) => pk.startsWith('a#');
    await this.move('open-refund', 'refund-pending', 'REFUND', 20);
    this.store.dies = () => false;
    return this;
  }

  /** Holds that have left their account: one captured since, one whose refund is refused, and what had to be dated again. */
  public async left(): Promise<this> {
    await this.ledger().openAccount(this.context, { accountId: 'acc-1', currency: 'EUR', balance: 10_000 });
    for (const key of ['left', 'captured-late', 'refusal-pending', 'refunded-late']) await this.pay(key, 100);
    await this.move('capture-of-refunded', 'refunded-late', 'CAPTURE');
    this.world.nowMs += 100_000;
    await trim(
      new Attempt({ ...this.world.ports(), store: this.store }, { region: 'us-east-1' }, this.context),
      accountPk('acme', 'acc-1'),
    );
    await this.move('capture-late', 'captured-late', 'CAPTURE', 70);
    this.store.dies = ({ pk }) => pk.startsWith('a#');
    await this.move('late-refusal', 'refusal-pending', 'REFUND', 20);
    this.store.dies = () => false;
    const through = this.world.nowMs + 5_000;
    await this.store.change({ pk: accountPk('acme', 'acc-1'), require: [], set: [[['trimmedThrough'], through]] });
    await this.pay('dated-again', 100);
    await this.move('refund-dated-again', 'refunded-late', 'REFUND', 10);
    return this;
  }

  public async cursor(): Promise<string> {
    const page = await this.ledger().listTransactions(this.context, { accountId: 'acc-1', limit: 3 });
    return page.kind === 'found' ? page.nextCursor! : page.kind;
  }
}

let story: Promise<Story> | undefined;
const told = (): Promise<Story> => (story ??= new Story().told());

let leaving: Promise<Story> | undefined;
const left = (): Promise<Story> => (leaving ??= new Story().left());

async function items(keys: readonly string[], of: () => Promise<Story> = told): Promise<Record<string, Json>> {
  const { store } = await of();
  return Object.fromEntries(keys.map((key) => [key, plain(toAttributes(store.items.get(keyItemPk(id(key)))!))]));
}

/** A hold whose claim never came, and what whoever looks after the account then puts in the claim's place. */
async function fenced(): Promise<Json> {
  const world = new World();
  const ledger = world.ledger('us-east-1');
  await ledger.openAccount(world.context(), { accountId: 'acc-1', currency: 'EUR', balance: 10_000 });
  const entry = encodeEntry({ kind: 'provisional', amount: 100, nonce: 'q3VmXy0cTn1a5B2d' });
  await world.memory.change({ pk: accountPk('acme', 'acc-1'), require: [], set: [[['entries', id('orphan')], entry]] });
  await trim(world.attempt(), accountPk('acme', 'acc-1'));
  return plain(toStored(world.stored(keyItemPk(id('orphan')))));
}

const entries: Readonly<Record<string, Entry>> = {
  hold: { kind: 'hold', amount: 1200 },
  'hold sent beside its claim': { kind: 'provisional', amount: 1200, nonce: 'q3VmXy0cTn1a5B2d' },
  declined: { kind: 'declined', reason: 'insufficient_funds' },
  'declined by the team': { kind: 'declined', reason: 'suspected_fraud' },
  'captured in part': { kind: 'closed', amount: 1200, closure: { by: id('capture'), type: 'CAPTURE', captured: 700 } },
  voided: { kind: 'closed', amount: 1200, closure: { by: id('void'), type: 'VOID', captured: 0 } },
  'captured after it had left': {
    kind: 'closed',
    amount: 1200,
    closure: { by: id('capture'), type: 'CAPTURE', captured: 700 },
    late: true,
  },
  'voided after it had left': { kind: 'closed', amount: 1200, closure: { by: id('void'), type: 'VOID', captured: 0 }, late: true },
  refund: { kind: 'refund', payment: id('captured'), amount: 300 },
  'refused refund': { kind: 'refundRefused' },
};

/** What every reader of an item knows it by. */
const shared = ['pk', 'kind', 'acct', 'seq', 'traceId', 'traceParent', 'version'] as const;
const known = (item: Item): object => Object.fromEntries(shared.map((name) => [name, item[name]]));

export const ledgerFormats: readonly Format[] = [
  forEver(
    'kernel.canonical-json',
    'fingerprints, digests and inputs of repeated starts differ from the stored ones: a retry is answered 422 or 409',
    { 'members in any order': canonicalJson({ b: [1, 2.5, 'x'], a: { d: null, c: true }, ä: '€"\\' }) },
  ),
  forEver('ledger.key-id', 'a retry finds no claim of its key after a deployment, and debits a second time', {
    plain: { tenant: 'acme', key: 'k-1', id: keyId('acme', 'k-1') },
    'tenant and key that run together': { tenant: 'acm', key: 'ek-1', id: keyId('acm', 'ek-1') },
    'beyond ASCII': { tenant: 'čaj', key: '€ 7', id: keyId('čaj', '€ 7') },
  }),
  forEver('ledger.fingerprint', 'a retry of a key that was used before a deployment is refused as another request (422)', {
    authorisation: fingerprint('acme', { call: 'authorise', accountId: 'acc-1', amount: 100, currency: 'EUR' }),
  }),
  {
    format: 'ledger.payment-id',
    consequence: 'callers hold IDs that nobody finds any more',
    write: () => ({ payment: paymentIdOf(id('k-1')) }),
    read: (stored: string) => idOfPaymentId(stored),
  },
  forEver('ledger.keys', 'items of before are not found: accounts look unknown, keys unused', {
    'key item': keyItemPk(id('k-1')),
    account: accountPk('acme', 'acc-1'),
    'account of a tenant with a separator': accountPk('ac#me/é', 'acc-1'),
  }),
  {
    format: 'ledger.seq',
    consequence: 'the index of an account orders old and new items wrongly, and cursors that callers hold are refused',
    write: () => ({ today: seqOf(1_800_000_000_000, id('k-1')), 'a small time': seqOf(7, id('k-1')) }),
    read: (stored: string) => decodeCursor(Buffer.from(`${stored}#0`).toString('base64url')),
  },
  {
    format: 'ledger.cursor',
    consequence: 'callers that page through transactions get 400 in mid-way',
    write: async () => ({ 'behind three lines': await (await told()).cursor() }),
    read: (stored: string) => decodeCursor(stored),
  },
  {
    format: 'ledger.entry',
    consequence: 'accounts are read as something that they do not say: a capture of 7 out of 12 as one of 12 out of 7',
    write: () => Object.fromEntries(Object.entries(entries).map(([name, entry]) => [name, encodeEntry(entry)])),
    read: (stored: string) => decodeEntry(stored),
  },
  {
    format: 'ledger.account-item',
    consequence: 'accounts cannot be read, or with other balances',
    write: async () => ({ 'with entries of each kind': plain(toAttributes((await told()).store.items.get(accountPk('acme', 'acc-1'))!)) }),
    read: (stored) => {
      const item = toItem(stored);
      const read = Object.fromEntries(Object.entries(entriesOf(item)).map(([key, code]) => [key, decodeEntry(code)]));
      return { ...known(item), tenant: item.tenant, trimmedThrough: item.trimmedThrough, account: accountOf(item), entries: read };
    },
  },
  {
    format: 'ledger.payment-item',
    consequence: 'replays of payments from before a deployment answer something else, or fail',
    write: async () => ({
      ...(await items(['claimed', 'authorised', 'declined', 'declined-by-team', 'captured', 'voided', 'refunded', 'refund-pending'])),
      ...(await items(['left', 'captured-late', 'refusal-pending', 'dated-again'], left)),
    }),
    read: (stored) => ({ ...known(toItem(stored)), payment: paymentOf(toItem(stored)) }),
  },
  {
    format: 'ledger.fence-item',
    consequence: 'a fence is taken for a claim: a key that was never claimed is refused as used (422), or its payment fails for ever',
    write: async () => ({ 'where a hold had no claim': await fenced() }),
    read: (stored) => {
      const item = toItem(stored);
      return { pk: item.pk, version: item.version, fence: isFence(item), payment: isPayment(item), move: isMove(item) };
    },
  },
  {
    format: 'ledger.move-item',
    consequence: 'replays of captures, voids and refunds from before a deployment answer something else, or fail',
    write: async () => ({
      ...(await items(['capture', 'void', 'refused-refund', 'refund', 'open-refund'])),
      ...(await items(['capture-late', 'late-refusal', 'refund-dated-again'], left)),
    }),
    read: (stored) => ({ ...known(toItem(stored)), move: moveOf(toItem(stored)) }),
  },
  {
    format: 'ledger.drain-mark',
    consequence: 'a drained region comes back at another time, or not at all, and a drill does not know its own switch',
    write: () => {
      const [at, until] = [1_800_000_000_000, 1_800_000_300_000];
      return {
        'of a person': plain({}),
        'with an end': plain(
          markItem({ owner: 'drill:arn:aws:states:us-west-2:111122223333:execution:acme-drill-us-east-1:r1', at, until }),
        ),
        'without an end': plain(markItem({ owner: 'v0a1b2c3d', at })),
      };
    },
    read: markOf,
  },
];
