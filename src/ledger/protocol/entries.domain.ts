import { Closure, PaymentDecision, PaymentItem } from './domain';
import { Condition, Item } from '../ports';

/**
 * An entry of an account: what was decided there for one key. What it moved is in it, so that after a lost region, whose claims may not
 * have arrived with the account, no other request can pass for the one that was decided.
 */
export type Entry =
  | { readonly kind: 'hold'; readonly amount: number }
  /** A hold if, and only if, the key's claim carries this nonce; otherwise an orphan, which holds funds for nobody. */
  | { readonly kind: 'provisional'; readonly amount: number; readonly nonce: string }
  | { readonly kind: 'declined'; readonly reason: string }
  /** `late`: the payment's own item decided it, after the hold had left the account. */
  | { readonly kind: 'closed'; readonly amount: number; readonly closure: Closure; readonly late?: true }
  | { readonly kind: 'refund'; readonly amount: number; readonly payment: string }
  | { readonly kind: 'refundRefused' };

const insufficientFunds = 'insufficient_funds';
/** Characters of an identity: 128 bits in base64url. */
const idLength = 22;

/** Entries are a few characters each: the account item is written with every payment, and paid for by the KB. */
export function encodeEntry(entry: Entry): string {
  switch (entry.kind) {
    case 'hold':
      return `H${entry.amount}`;
    case 'provisional':
      return `P${entry.amount}/${entry.nonce}`;
    case 'declined':
      return entry.reason === insufficientFunds ? 'D' : `D${entry.reason}`;
    case 'closed': {
      const { by, type, captured } = entry.closure;
      const [capture, cancel] = entry.late ? ['K', 'W'] : ['C', 'V'];
      return type === 'CAPTURE' ? `${capture}${by}${captured}/${entry.amount}` : `${cancel}${by}${entry.amount}`;
    }
    case 'refund':
      return `R${entry.payment}${entry.amount}`;
    case 'refundRefused':
      return 'X';
  }
}

export function decodeEntry(code: string): Entry {
  const rest = code.slice(1);
  switch (code[0]) {
    case 'H':
      return { kind: 'hold', amount: amountIn(code, rest) };
    case 'P': {
      const end = rest.indexOf('/');
      return { kind: 'provisional', amount: amountIn(code, rest.slice(0, Math.max(0, end))), nonce: rest.slice(end + 1) };
    }
    case 'D':
      return { kind: 'declined', reason: rest || insufficientFunds };
    case 'C':
    case 'K': {
      const [captured, amount] = rest
        .slice(idLength)
        .split('/')
        .map((digits) => amountIn(code, digits));
      return closedEntry(code, amount, { by: rest.slice(0, idLength), type: 'CAPTURE', captured });
    }
    case 'V':
    case 'W':
      return closedEntry(code, amountIn(code, rest.slice(idLength)), { by: rest.slice(0, idLength), type: 'VOID', captured: 0 });
    case 'R':
      return { kind: 'refund', payment: rest.slice(0, idLength), amount: amountIn(code, rest.slice(idLength)) };
    case 'X':
      return { kind: 'refundRefused' };
    default:
      throw new Error(`account entry '${code}' has an unknown form: the item was written by another version of the ledger`);
  }
}

const closedEntry = (code: string, amount: number, closure: Closure): Entry => ({
  kind: 'closed',
  amount,
  closure,
  ...('KW'.includes(code[0]) ? { late: true } : {}),
});

function amountIn(code: string, digits: string): number {
  const amount = Number(digits);
  if (digits !== '' && Number.isSafeInteger(amount) && amount >= 0) return amount;
  throw new Error(`account entry '${code}' holds no amount: the item was not written by the ledger`);
}

/** What an entry decided about a payment, as the payment's own item will say it. */
export function decisionOfEntry(entry: Entry): PaymentDecision {
  if (entry.kind === 'declined') return { status: 'DECLINED', reason: entry.reason };
  if (entry.kind === 'hold' || entry.kind === 'closed') return { status: 'AUTHORISED' };
  if (entry.kind === 'provisional') throw new Error('a provisional entry decides nothing without its claim');
  throw new Error(`an entry of kind '${entry.kind}' belongs to a refund, not to a payment`);
}

export const entriesOf = (account: Item): Readonly<Record<string, string>> => (account.entries ?? {}) as Readonly<Record<string, string>>;

/** The entry that an account holds for a key, if any. */
export function entryOf(account: Item, id: string): Entry | undefined {
  const code = entriesOf(account)[id];
  return code === undefined ? undefined : decodeEntry(code);
}

/** Identities of the keys that an entry names: its own; a refund's payment; of a closed one what closed it. */
export function namedBy(id: string, entry: Entry): readonly string[] {
  if (entry.kind === 'refund') return [id, entry.payment];
  return entry.kind === 'closed' ? [id, entry.closure.by] : [id];
}

/** What has an entry of its own on an account: a payment's claim, or a refund's. */
export interface Dated {
  readonly id: string;
  readonly at: number;
  /** Absent: its entry has the claim's own date. */
  readonly entryAt?: number;
}

export const entryDateOf = ({ at, entryAt }: Omit<Dated, 'id'>): number => entryAt ?? at;

/** Whose an entry is: a payment's claim, by its nonce. A move has none, since no provisional entry is ever a move's. */
export interface EntryOwner {
  readonly id: string;
  readonly nonce?: string;
}

/** The entry that an account holds for a claim, if any: a provisional one is its hold when it carries its nonce, otherwise nothing. */
export function entryFor(account: Item, owner: EntryOwner): Entry | undefined {
  const entry = entryOf(account, owner.id);
  if (entry?.kind !== 'provisional') return entry;
  return entry.nonce === owner.nonce ? { kind: 'hold', amount: entry.amount } : undefined;
}

/** A provisional entry as it stands on an account. */
export interface Provisional {
  readonly id: string;
  readonly code: string;
  readonly amount: number;
  readonly nonce: string;
}

/** What stands in the place of a claim's entry without being its own. */
export function orphanAt(account: Item, owner: EntryOwner): Provisional | undefined {
  const entry = entryOf(account, owner.id);
  if (entry?.kind !== 'provisional' || entry.nonce === owner.nonce) return undefined;
  return { id: owner.id, code: entriesOf(account)[owner.id], amount: entry.amount, nonce: entry.nonce };
}

/** A condition that an account still has a claim's hold: as it was made behind the claim, or as it was sent beside it. */
export function stillHeld({ id, amount, beside, nonce }: Pick<PaymentItem, 'id' | 'amount' | 'beside' | 'nonce'>): Condition {
  const value = encodeEntry({ kind: 'hold', amount });
  const path = ['entries', id] as const;
  return beside
    ? { test: 'oneOf', path, value: [value, encodeEntry({ kind: 'provisional', amount, nonce })] }
    : { test: 'equals', path, value };
}
