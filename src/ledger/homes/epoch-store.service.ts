import { carry, epochOf, inEpoch, judgedWith, Kept, Others, reclaim } from './carry.domain';
import { lineOf, wasIn } from './line.domain';
import { Change, IndexEntry, Item, LedgerStore, Path, StoreFault, WriteResult } from '../ports';
import { idOfPk, isPayment, keyItemPk } from '../protocol/domain';
import { entriesOf, entryOf } from '../protocol/entries.domain';

/** Items read at once while looking for one item's newest epoch. */
const batch = 100;
/** An item's newest copy, and what was read of it besides, newest first, from epochs down to one. */
interface Copies extends Kept {
  readonly older: readonly Kept[];
  readonly readTo: number;
}

/** Keys remembered as being of this epoch. */
const remembered = 10_000;
/** Entries of accounts remembered as this epoch was once seen with them: some megabytes, however large the accounts are. */
const entriesRemembered = 20_000;

/**
 * The ledger's store within one epoch of a home region, on the home's own replica. The protocol above it does not know of epochs: an
 * item that an earlier epoch left is carried over when it is first written, and read as if it were.
 */
export class EpochStore implements LedgerStore {
  /** Keys that this epoch is known to have; items are never deleted. */
  private readonly here = new Set<string>();
  private readonly accounts = new Map<string, Item>();
  /** Accounts that are being read. */
  private readonly asked = new Map<string, Promise<Item | undefined>>();
  private entriesKept = 0;

  /** @param epoch 1 or more; the first one has nothing to carry over and pays nothing for it */
  constructor(
    private readonly replica: LedgerStore,
    private readonly epoch: number,
  ) {}

  public async create(item: Item): Promise<WriteResult> {
    if (this.epoch === 1) return this.put(item);
    const newest = await this.newest(item.pk);
    if (newest && (await this.carryHere(newest))) return { kind: 'refused', found: (await this.own(item.pk))! };
    // Another account has the key, though that one has not arrived, and this account shows nothing of it; or another request was decided
    // under it, whose claim has not arrived. What stands in for that is nobody's.
    const isAnothers = newest !== undefined && newest.item.acct !== item.acct;
    const claim = await this.claimAgain(item, isAnothers);
    return claim ? this.put(claim) : { kind: 'refused', found: { ...item, fingerprint: '', nonce: '' } };
  }

  private async put(item: Item): Promise<WriteResult> {
    const result = await this.replica.create({ ...item, pk: inEpoch(item.pk, this.epoch) });
    this.isHere(item.pk);
    return plainResult(result);
  }

  private async claimAgain(item: Item, isAnothers: boolean): Promise<Item | undefined> {
    if (item.acct === undefined) return item;
    const account = await this.accountHere(item.acct as string);
    if (isAnothers && !isPaidBy(account, item)) return undefined;
    const others = await this.newestOf(judgedWith({ item, epoch: this.epoch }, account));
    return reclaim(item, account, await this.asHere(others, account));
  }

  public async change(change: Change): Promise<WriteResult> {
    if (this.epoch > 1) await this.carryTouched(change);
    const own = { ...change, pk: inEpoch(change.pk, this.epoch) };
    const result = await this.replica.change(own);
    if (result.kind === 'written' || result.found || this.epoch === 1) return plainResult(result);
    return (await this.carryOver(change.pk)) ? plainResult(await this.replica.change(own)) : result;
  }

  public async read(pk: string, strong: boolean): Promise<Item | undefined> {
    if (this.epoch === 1) return plain(await this.replica.read(inEpoch(pk, 1), strong));
    return this.view(pk);
  }

  public async readMany(pks: readonly string[]): Promise<readonly Item[]> {
    const own = await this.ownMany(pks);
    if (this.epoch === 1) return own;
    const there = new Set(own.map(({ pk }) => pk));
    return [...own, ...(await this.viewMany(pks.filter((pk) => !there.has(pk))))];
  }

  /** One entry for each key and place: a claim that was lost with its region and made again has two, of which one is its item's. */
  public async list(account: string, limit: number, from?: string): Promise<readonly IndexEntry[]> {
    const newest = new Map<string, IndexEntry>();
    let next = from;
    let size = limit + 1;
    for (;;) {
      const page = await this.replica.list(account, size, next);
      for (const { pk, seq } of page) {
        const plainPk = epochOf(pk).pk;
        newest.set(`${plainPk} ${seq}`, { pk: plainPk, seq });
      }
      const last = page[page.length - 1]?.seq;
      if (page.length < size || newest.size >= limit) return [...newest.values()].slice(0, limit);
      // An index place holds one item for each epoch: a page that ends where it began is too small to lead further.
      if (last === next) size *= 2;
      next = last;
    }
  }

  /**
   * An account of this epoch, perhaps as it was some time ago: entries without claims are those that it began with, all others have claims
   * of this epoch.
   */
  private async accountHere(pk: string): Promise<Item> {
    const account = await this.accountSeen(pk);
    if (!account) throw new StoreFault('unknown', `${pk} has not arrived`);
    return account;
  }

  /** The same, undefined where it has not arrived: many at once ask once. */
  private accountSeen(pk: string): Promise<Item | undefined> {
    const known = this.accounts.get(pk);
    if (known) return Promise.resolve(known);
    const asked = this.asked.get(pk) ?? this.seeAccount(pk).finally(() => this.asked.delete(pk));
    this.asked.set(pk, asked);
    return asked;
  }

  private async seeAccount(pk: string): Promise<Item | undefined> {
    // It is carried over before anything is claimed: what arrives of it later counts no more.
    const account = (await this.carryOver(pk)) ? await this.own(pk) : undefined;
    if (!account) return undefined;
    const entries = 1 + Object.keys(entriesOf(account)).length;
    if (this.entriesKept + entries > entriesRemembered) {
      this.accounts.clear();
      this.entriesKept = 0;
    }
    this.accounts.set(pk, account);
    this.entriesKept += entries;
    return account;
  }

  private async own(pk: string): Promise<Item | undefined> {
    return plain(await this.replica.read(inEpoch(pk, this.epoch), true));
  }

  /** The item as this epoch would begin with it; nothing is written. */
  private async view(pk: string): Promise<Item | undefined> {
    const newest = await this.newest(pk);
    if (!newest || newest.epoch === this.epoch) return newest?.item;
    const [carried] = await this.carried([newest], (account) => this.view(account));
    // The account was read later: by then another request may have carried the item over, and the account show what came of it.
    return newest.item.acct === undefined ? carried : ((await this.own(pk)) ?? carried);
  }

  /** The same for many, mostly of one account: in few requests, however many they are. */
  private async viewMany(pks: readonly string[]): Promise<readonly Item[]> {
    if (pks.length === 0) return [];
    const accounts = new Map<string, Promise<Item | undefined>>();
    const accountOf = (pk: string): Promise<Item | undefined> => {
      const account = accounts.get(pk) ?? this.view(pk);
      accounts.set(pk, account);
      return account;
    };
    const newest = [...(await this.newestOf(pks)).values()];
    const here = newest.filter(({ epoch }) => epoch === this.epoch).map(({ item }) => item);
    const earlier = newest.filter(({ epoch }) => epoch !== this.epoch);
    const viewed = await this.carried(earlier, accountOf);
    const items = [...here, ...viewed.filter((item): item is Item => item !== undefined)];
    const carriedOver = new Map((await this.ownMany(items.map(({ pk }) => pk))).map((item) => [item.pk, item]));
    return items.map((item) => carriedOver.get(item.pk) ?? item);
  }

  private async ownMany(pks: readonly string[]): Promise<readonly Item[]> {
    if (pks.length === 0) return [];
    const own = (await this.replica.readMany(pks.map((pk) => inEpoch(pk, this.epoch)))).map((item) => plain(item)!);
    own.forEach(({ pk }) => this.isHere(pk));
    return own;
  }

  /** Items of earlier epochs as this one begins with them; undefined: nothing of it is there. */
  private async carried(
    some: readonly Copies[],
    accountOf: (pk: string) => Promise<Item | undefined>,
  ): Promise<readonly (Item | undefined)[]> {
    const accounts = await Promise.all(some.map(({ item }) => (item.acct === undefined ? undefined : accountOf(item.acct as string))));
    const kept = await this.inLine(some, accounts);
    const wanted = kept.map((one, n) => (accounts[n] ? judgedWith(one, accounts[n]) : []));
    const others = await this.newestOf(wanted.flat());
    return Promise.all(
      kept.map(async (one, n) => {
        if (one.item.acct === undefined) return carry(one, undefined, new Map());
        const account = accounts[n];
        // The account's own item has not replicated: nothing of it can be judged.
        if (!account) return undefined;
        const own = wanted[n].flatMap((pk) => (others.has(pk) ? [[pk, others.get(pk)!] as const] : []));
        return carry(one, account, await this.asHere(new Map(own), account));
      }),
    );
  }

  /** Items of the account by which another one of it is judged: payments as this epoch has them, moves as they are. */
  private async asHere(others: ReadonlyMap<string, Copies>, account: Item): Promise<Others> {
    const own = [...others.values()].flatMap(({ older, readTo, ...newest }): readonly Copies[] => {
      const [kept, ...rest] = [newest, ...older].filter(({ item }) => item.acct === account.pk);
      return kept ? [{ ...kept, older: rest, readTo }] : [];
    });
    const all = await this.inLine(
      own,
      own.map(() => account),
    );
    return new Map(
      all.flatMap((kept) => {
        const { pk } = kept.item;
        if (kept.epoch === this.epoch || (!isPayment(kept.item) && wasIn(account, kept.epoch))) return [[pk, kept] as const];
        const item = carry(kept, account, new Map());
        return item ? [[pk, { item, epoch: kept.epoch }] as const] : [];
      }),
    );
  }

  /**
   * Items, each as the newest of those epochs has it that its account comes from; if none has, as it is. An epoch whose account did not
   * arrive had items of its own, and some of those may have.
   */
  private async inLine(some: readonly Copies[], accounts: readonly (Item | undefined)[]): Promise<readonly Kept[]> {
    const isCounted = (kept: Kept, account: Item): boolean => kept.epoch === this.epoch || wasIn(account, kept.epoch);
    const elsewhere = new Map<Item, Copies[]>();
    const here = some.map((copies, n) => {
      const account = accounts[n];
      if (!account || isCounted(copies, account)) return copies;
      const older = copies.older.find((kept) => kept.item.acct === copies.item.acct && isCounted(kept, account));
      if (!older) elsewhere.set(account, [...(elsewhere.get(account) ?? []), copies]);
      return older ?? copies;
    });
    if (elsewhere.size === 0) return here;
    const further = await Promise.all(
      [...elsewhere].map(([account, copies]) => {
        // Of those that were read further down nothing counts there.
        const read = Math.max(...copies.map(({ readTo }) => readTo));
        return this.newestAmong(
          copies.map(({ item }) => item.pk),
          lineOf(account).filter((epoch) => epoch < read),
        );
      }),
    );
    const inOlder = new Map(further.flatMap((newest) => [...newest]));
    return here.map((kept) => {
      const older = inOlder.get(kept.item.pk);
      return older?.item.acct === kept.item.acct ? older! : kept;
    });
  }

  /** Sees to it that this epoch has the item if any earlier one had it; its account comes first. */
  private async carryOver(pk: string): Promise<boolean> {
    const newest = await this.newest(pk);
    return newest !== undefined && this.carryHere(newest);
  }

  private async carryHere(newest: Copies): Promise<boolean> {
    const { pk } = newest.item;
    if (newest.epoch === this.epoch) return this.isHere(pk);
    // As it was when an item was carried over first: until this one is, neither its entry nor the marks change.
    const [carried] = await this.carried([newest], (account) => this.accountSeen(account));
    if (!carried) return false;
    // Refused: another request carried it over in the meantime.
    await this.replica.create({ ...carried, pk: inEpoch(pk, this.epoch) });
    return this.isHere(pk);
  }

  /**
   * An entry may change or leave its account only when its item is of this epoch: an item is judged by the entry that the account
   * began with, and afterwards nothing could tell that one. What an entry names besides is carried over by the look that lets it go.
   */
  private async carryTouched({ set = [], remove = [] }: Change): Promise<void> {
    const paths: readonly Path[] = [...set.map(([path]) => path), ...remove];
    const pks = paths.flatMap(([name, id]) => (name === 'entries' && id !== undefined ? [keyItemPk(id)] : []));
    await Promise.all(pks.filter((pk) => !this.here.has(pk)).map((pk) => this.carryOver(pk)));
  }

  private isHere(pk: string): true {
    if (this.here.size >= remembered) this.here.clear();
    this.here.add(pk);
    return true;
  }

  private async newest(pk: string): Promise<Copies | undefined> {
    return (await this.newestOf([pk])).get(pk);
  }

  private newestOf(pks: readonly string[]): Promise<ReadonlyMap<string, Copies>> {
    return this.newestAmong(
      pks,
      Array.from({ length: this.epoch }, (_, n) => this.epoch - n),
    );
  }

  /** The first of some epochs that has it, for each item: as many epochs at a time as fit into one read. */
  private async newestAmong(pks: readonly string[], epochs: readonly number[]): Promise<ReadonlyMap<string, Copies>> {
    const newest = new Map<string, Copies>();
    const unique = [...new Set(pks)];
    if (unique.length > batch) {
      const parts = [unique.slice(0, batch), unique.slice(batch)].map((part) => this.newestAmong(part, epochs));
      return new Map((await Promise.all(parts)).flatMap((part) => [...part]));
    }
    for (
      let from = 0, left: readonly string[] = unique;
      from < epochs.length && left.length > 0;
      left = left.filter((pk) => !newest.has(pk))
    ) {
      const some = epochs.slice(from, from + Math.max(1, Math.floor(batch / left.length)));
      const keys = left.flatMap((pk) => some.map((epoch) => inEpoch(pk, epoch)));
      const copies = (await this.replica.readMany(keys)).map((stored) => ({ item: plain(stored)!, epoch: epochOf(stored.pk).epoch }));
      for (const kept of copies.sort((one, other) => other.epoch - one.epoch)) {
        const newer = newest.get(kept.item.pk);
        newest.set(
          kept.item.pk,
          newer ? { ...newer, older: [...newer.older, kept] } : { ...kept, older: [], readTo: some[some.length - 1] },
        );
      }
      from += some.length;
    }
    return newest;
  }
}

/** Whether an account shows that a payment of this key holds its money, or has. */
function isPaidBy(account: Item, claim: Item): boolean {
  const entry = isPayment(claim) ? entryOf(account, idOfPk(claim)) : undefined;
  return entry?.kind === 'hold' || entry?.kind === 'closed';
}

function plain(item: Item | undefined): Item | undefined {
  return item && { ...item, pk: epochOf(item.pk).pk };
}

function plainResult(result: WriteResult): WriteResult {
  return result.kind === 'refused' && result.found ? { kind: 'refused', found: plain(result.found)! } : result;
}
