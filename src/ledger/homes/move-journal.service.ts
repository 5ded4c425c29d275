import { journalPrefix } from '../contract';
import { Change, IndexEntry, Item, LedgerStore, StoreFault, WriteResult } from '../ports';

/**
 * While a home is about to be moved it notes, before each write, what it writes: so that the mover need not look at everything again
 * to find what changed since it last looked. A note is kept in the home's own replica, one page of them after the other; pages take turns
 * in two sets of items, since the mover reads a page before the next but one begins.
 */

/** A page of the journal: of one unit in one epoch, with a number that rises. */
export interface JournalPage {
  readonly unit: number;
  readonly epoch: number;
  readonly page: number;
}

/** Over so many items a page is spread, so that no single one is written by everybody. At most as many as are read at once. */
const slots = 64;
/** Keys in one of them: what is beyond is not noted, and the mover told so. */
const keysPerSlot = 1_000;

const slotPk = ({ unit, epoch, page }: JournalPage, slot: number): string => `${journalPrefix}${unit}#${epoch}#${page % 2}#${slot}`;

/** Keys of the items in which a page is kept. */
export function journalKeys(page: JournalPage): readonly string[] {
  return Array.from({ length: slots }, (_, slot) => slotPk(page, slot));
}

/** What is noted on a page; undefined when more was written than it holds. */
export function notedOn({ page }: JournalPage, items: readonly Item[]): readonly string[] | undefined {
  const own = items.filter((item) => item.page === page);
  return own.some(({ full }) => full === true) ? undefined : own.flatMap(({ keys }) => Object.keys(keys));
}

function slotOf(pk: string): number {
  let sum = 0;
  for (let at = 0; at < pk.length; at += 1) sum = (sum * 31 + pk.charCodeAt(at)) % 65_521;
  return sum % slots;
}

/**
 * A store that notes what it touches: what it is about to write before it does, and what it reads strongly before anybody hears of it. So
 * whatever an answer rests on is noted.
 */
export class JournaledStore implements LedgerStore {
  private readonly noted = new Set<string>();

  constructor(
    private readonly store: LedgerStore,
    private readonly page: JournalPage,
  ) {}

  public async create(item: Item): Promise<WriteResult> {
    await this.note([item.pk]);
    return this.store.create(item);
  }

  public async change(change: Change): Promise<WriteResult> {
    await this.note([change.pk]);
    return this.store.change(change);
  }

  public async read(pk: string, strong: boolean): Promise<Item | undefined> {
    const item = await this.store.read(pk, strong);
    if (strong && item) await this.note([pk]);
    return item;
  }

  public async readMany(pks: readonly string[]): Promise<readonly Item[]> {
    const items = await this.store.readMany(pks);
    await this.note(items.map(({ pk }) => pk));
    return items;
  }

  public list(account: string, limit: number, from?: string): Promise<readonly IndexEntry[]> {
    return this.store.list(account, limit, from);
  }

  private async note(pks: readonly string[]): Promise<void> {
    const bySlot = new Map<number, string[]>();
    for (const pk of pks) if (!this.noted.has(pk)) bySlot.set(slotOf(pk), [...(bySlot.get(slotOf(pk)) ?? []), pk]);
    await Promise.all([...bySlot].map(([slot, keys]) => this.write(slotPk(this.page, slot), keys)));
    for (const pk of pks) this.noted.add(pk);
  }

  private async write(pk: string, keys: readonly string[]): Promise<void> {
    const { page } = this.page;
    for (;;) {
      const isOwn = { test: 'equals', path: ['page'], value: page } as const;
      const result = await this.store.change({
        pk,
        require: [isOwn, { test: 'fewer', path: ['keys'], value: keysPerSlot }],
        set: keys.map((key) => [['keys', key], 1] as const),
      });
      if (result.kind === 'written') return;
      const otherPage = result.found?.page as number | undefined;
      // Whoever still writes it after the mover has read it does not know that its time is over.
      if (otherPage !== undefined && otherPage > page) throw new StoreFault('unknown', `page ${page} of the journal of a move is over`);
      const begun =
        otherPage === page
          ? await this.store.change({ pk, require: [isOwn], set: [[['full'], true]] })
          : await this.begin(pk, otherPage, keys);
      if (begun.kind === 'written') return;
    }
  }

  /** The slot's first key of this page, in the place of an earlier page's. */
  private begin(pk: string, earlier: number | undefined, keys: readonly string[]): Promise<WriteResult> {
    const { page } = this.page;
    const first = Object.fromEntries(keys.map((key) => [key, 1]));
    if (earlier === undefined) return this.store.create({ pk, kind: 'JOURNAL', page, keys: first });
    return this.store.change({
      pk,
      require: [{ test: 'equals', path: ['page'], value: earlier }],
      set: [
        [['page'], page],
        [['keys'], first],
      ],
      remove: [['full']],
    });
  }
}
