import { Attempt, BrokenInvariant } from './attempt.service';
import { bounds, idOfPk, isFence, isPayment, keyItemPk } from './domain';
import { decodeEntry, entriesOf, Provisional } from './entries.domain';
import { fenceMark } from '../contract';
import { Change, Condition, Item, Value } from '../ports';

/**
 * Provisional entries: holds that were sent beside their claims (STRONG). Such an entry is a hold if, and only if, the claim in its key's
 * item carries its nonce. What it is, its claim alone tells; and that there is no claim tells nothing, as long as one may be under way.
 */

const readAtMost = 100;

/** The provisional entries of an account. */
function provisionalIn(account: Item): readonly Provisional[] {
  return Object.entries(entriesOf(account)).flatMap(([id, code]): readonly Provisional[] => {
    if (!code.startsWith('P')) return [];
    const entry = decodeEntry(code);
    return entry.kind === 'provisional' ? [{ id, code, amount: entry.amount, nonce: entry.nonce }] : [];
  });
}

/** What provisional entries turn out to be, for ever. */
export interface Resolved {
  readonly confirmed: readonly Confirmed[];
  readonly orphans: readonly Provisional[];
  /** What stands in the keys' items, by identity. */
  readonly claims: ReadonlyMap<string, Item>;
}
/** A provisional entry that is a hold, and when it was claimed. */
export interface Confirmed extends Provisional {
  readonly at: number;
}

/** Tells holds from orphans by their claims. Where none is, a fence is put first: a claim that is still under way comes too late then. */
async function resolve(attempt: Attempt, entries: readonly Provisional[]): Promise<Resolved> {
  const claims = new Map<string, Item>();
  for (let from = 0; from < entries.length; from += readAtMost) {
    const pks = entries.slice(from, from + readAtMost).map(({ id }) => keyItemPk(id));
    for (const item of await attempt.retrying((store) => store.readMany(pks))) claims.set(item.pk, item);
  }
  const missing = entries.map(({ id }) => keyItemPk(id)).filter((pk) => !claims.has(pk));
  for (const item of await Promise.all(missing.map((pk) => fence(attempt, pk)))) claims.set(item.pk, item);
  const confirmed = entries.flatMap((entry): readonly Confirmed[] => {
    const claim = claims.get(keyItemPk(entry.id))!;
    return isPayment(claim) && claim.nonce === entry.nonce ? [{ ...entry, at: claim.at as number }] : [];
  });
  const holds = new Set(confirmed.map(({ id }) => id));
  return {
    confirmed,
    orphans: entries.filter(({ id }) => !holds.has(id)),
    claims: new Map([...claims.values()].map((item) => [idOfPk(item), item])),
  };
}

/** Makes sure that no claim under way reaches a key's item; returns what stands there. */
async function fence(attempt: Attempt, pk: string): Promise<Item> {
  const item: Item = { pk, kind: 'FENCE', nonce: attempt.ports.nonce(), at: attempt.ports.nowMs(), version: 1 };
  const put = await attempt.create(item);
  if (put.kind === 'written') return item;
  if (!put.found) throw new BrokenInvariant(`${pk}: a put was refused by an item that does not exist`);
  return put.found;
}

/** Gives back what an orphan holds, once: whoever comes second finds another entry, or none. */
export async function giveBack(attempt: Attempt, account: string, orphan: Orphan): Promise<void> {
  await attempt.change(withoutOrphans(account, [orphan]));
}

/** The same of many: in one crossing, mostly. Where one of them has changed meanwhile, each by itself. */
async function giveBackAll(attempt: Attempt, account: string, orphans: readonly Orphan[]): Promise<void> {
  for (let from = 0; from < orphans.length; from += bounds.settleAtMost) {
    const some = orphans.slice(from, from + bounds.settleAtMost);
    const result = await attempt.change(withoutOrphans(account, some));
    if (result.kind === 'written') continue;
    const codes = result.found ? entriesOf(result.found) : {};
    for (const orphan of some) if (codes[orphan.id] === orphan.code) await giveBack(attempt, account, orphan);
  }
}

type Orphan = Pick<Provisional, 'id' | 'code' | 'amount'>;

function withoutOrphans(pk: string, orphans: readonly Orphan[]): Change {
  const amount = orphans.reduce((sum, orphan) => sum + orphan.amount, 0);
  return {
    pk,
    require: orphans.map(unchanged),
    add: [
      [['available'], amount],
      [['held'], -amount],
    ],
    remove: orphans.map(({ id }) => ['entries', id] as const),
  };
}

/** What a look behind the provisional entries came to: whether funds came free, and which entries turned out to be holds. */
export interface LookedBehind {
  readonly freed: boolean;
  readonly confirmed: readonly Confirmed[];
}

/** Before a payment is declined: gives back what orphans hold, if with all that is provisional the money would suffice. */
export async function lookBehind(attempt: Attempt, account: Item, needed: number): Promise<LookedBehind> {
  const entries = provisionalIn(account);
  const most = entries.reduce((sum, { amount }) => sum + amount, account.available as number);
  if (most < needed) return { freed: false, confirmed: [] };
  const { confirmed, orphans } = await resolve(attempt, entries);
  await giveBackAll(attempt, account.pk, orphans);
  return { freed: orphans.length > 0, confirmed };
}

/** Looks at some provisional entries of an account, from anywhere among them: orphans go, and it tells which are holds. */
export async function settleSome(attempt: Attempt, account: Item): Promise<Resolved> {
  const all = provisionalIn(account);
  if (all.length === 0) return { confirmed: [], orphans: [], claims: new Map() };
  const start = Math.floor(attempt.ports.random() * all.length);
  const resolved = await resolve(attempt, [...all.slice(start), ...all.slice(0, start)].slice(0, bounds.trimAtMost));
  await giveBackAll(attempt, account.pk, resolved.orphans);
  return resolved;
}

export const unchanged = ({ id, code }: Pick<Provisional, 'id' | 'code'>): Condition => ({
  test: 'equals',
  path: ['entries', id],
  value: code,
});
export const asHold = ({ id, amount }: Provisional): readonly [readonly [string, string], Value] => [['entries', id], `H${amount}`];

/** A claim as it stands in its key's item, and whether this attempt put it there. */
export interface Claimed {
  readonly item: Item;
  readonly mine: boolean;
}

/** Claims a key for an item, if nobody has; behind a fence too. */
export async function claimKey(attempt: Attempt, item: Item): Promise<Claimed> {
  const put = await attempt.create(item);
  return put.kind === 'written' ? { item, mine: true } : claimFound(attempt, item, put.found);
}

/** What a refused claim comes to: another's, or one behind the fence that refused it. */
export async function claimFound(attempt: Attempt, item: Item, found: Item | undefined): Promise<Claimed> {
  if (!found) throw new BrokenInvariant(`${item.pk}: a put was refused by an item that does not exist`);
  return isFence(found) ? takeFence(attempt, item) : { item: found, mine: found.nonce === item.nonce };
}

/** A nonce is used once: who put the fence may still be about to remove an entry with the one that it kept out. */
async function takeFence(attempt: Attempt, { pk, version: _, hold: __, ...claim }: Item): Promise<Claimed> {
  const fresh = { ...claim, nonce: attempt.ports.nonce() };
  const result = await attempt.change({
    pk,
    require: [{ test: 'equals', path: ['kind'], value: 'FENCE' }],
    set: Object.entries(fresh).map(([name, value]) => [[name], value as Value] as const),
    remove: [[fenceMark]],
  });
  if (result.kind === 'written') return { item: { pk, ...fresh } as Item, mine: true };
  if (!result.found) throw new BrokenInvariant(`${pk} was deleted during the call`);
  return { item: result.found, mine: result.found.nonce === fresh.nonce };
}
