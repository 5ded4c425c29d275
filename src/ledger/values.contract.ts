/**
 * What each value that enters the ledger may be. One definition: the API's schemas, the receiver of calls from other regions and the
 * ledger itself ask it, and the messages of all of them say `allowed`.
 */
import { ownReasons } from './contract';
import { isAmount, isCurrency, maxAmount } from '../kernel/money';

/** Bounds, in characters where nothing else is said. */
export const valueLimits = {
  /** Visible ASCII. */
  idempotencyKeyLength: 255,
  accountIdLength: 128,
  referenceLength: 256,
  tenantLength: 128,
  declineReasonLength: 32,
  /** Lines of one page. */
  listLimitMax: 100,
  cursorLength: 1024,
  /** Entries of an account of which one region asks another one whether they have arrived. */
  entriesAsked: 100,
} as const;

/** Bounds of what an operator says of himself, in characters. */
export const operatorLimits = { byLength: 128, reasonLength: 256, runLength: 256 } as const;

/** As the API's document shows them; the same bounds as in `valueLimits`. */
export const accountIdPattern = /^[A-Za-z0-9._~:@-]{1,128}$/;
export const paymentIdPattern = /^pay_[A-Za-z0-9_-]{22}$/;
/** Visible ASCII without `#`, which separates the tenant from the account in the ledger's keys. */
export const tenantPattern = /^[\x21\x22\x24-\x7e]{1,128}$/;

/** Length first: no pattern ever sees more than is allowed. */
const matching =
  (pattern: RegExp, most: number) =>
  (value: unknown): value is string =>
    typeof value === 'string' && value.length <= most && pattern.test(value);

export const isIdempotencyKey = matching(/^[\x21-\x7e]+$/, valueLimits.idempotencyKeyLength);
export const isAccountId = matching(accountIdPattern, valueLimits.accountIdLength);
export const isPaymentId = matching(paymentIdPattern, 26);
export const isTenant = matching(tenantPattern, valueLimits.tenantLength);
export const isCursor = matching(/^[A-Za-z0-9._~=-]+$/, valueLimits.cursorLength);
const isReason = matching(/^[a-z][a-z0-9_]*$/, valueLimits.declineReasonLength);
/** A reason of a team's own decision: those of the ledger are none. */
export const isDeclineReason = (value: unknown): value is string => isReason(value) && !ownReasons.includes(value);
/**
 * Free text of a caller, of 1 to so many characters, which every store and every log can hold: no control characters, no half of a
 * surrogate pair.
 */
export const isTextOf = (most: number): ((value: unknown) => value is string) => matching(/^[^\p{Cc}\p{Surrogate}]+$/u, most);
export const isReference = isTextOf(valueLimits.referenceLength);
/** Funds: a whole number of minor units, 0 or more. */
export const isBalance = (value: unknown): value is number => value === 0 || isAmount(value);
const isListLimit = (value: unknown): boolean => isAmount(value) && value <= valueLimits.listLimitMax;
const isCurrencyCode = (value: unknown): boolean => typeof value === 'string' && isCurrency(value);
const isOneOf =
  (...values: readonly string[]) =>
  (value: unknown): boolean =>
    values.includes(value as string);

const isIdentity = matching(/^[A-Za-z0-9_-]{22}$/, 22);
const isEntryCode = matching(/^[\x21-\x7e]+$/, 256);
const isVersion = (value: unknown): boolean =>
  Array.isArray(value) && value.length === 2 && isIdentity(value[0]) && Number.isSafeInteger(value[1]);
const isEntryToLeave = (value: unknown): boolean => {
  const { id, code, behind } = (value ?? {}) as Readonly<Record<string, unknown>>;
  const isBehind = Array.isArray(behind) && behind.length >= 1 && behind.length <= 2 && behind.every(isVersion);
  return isIdentity(id) && isEntryCode(code) && isBehind;
};
const isEntriesToLeave = (value: unknown): boolean =>
  Array.isArray(value) && value.length >= 1 && value.length <= valueLimits.entriesAsked && value.every(isEntryToLeave);

/** A member of a command: what it may be, in a test and in words that go on after "must be". */
export interface ValueRule {
  readonly is: (value: unknown) => boolean;
  readonly allowed: string;
  readonly optional?: true;
}

const amount: ValueRule = { is: isAmount, allowed: `an integer from 1 to ${maxAmount}, in minor units of the currency` };
const accountId: ValueRule = { is: isAccountId, allowed: `1 to ${valueLimits.accountIdLength} characters of A-Z a-z 0-9 . _ ~ : @ -` };
const currency: ValueRule = { is: isCurrencyCode, allowed: 'an ISO 4217 code in capitals, such as EUR' };
const idempotencyKey: ValueRule = {
  is: isIdempotencyKey,
  allowed: `one value of 1 to ${valueLimits.idempotencyKeyLength} visible ASCII characters`,
};

/** The members of each command of the ledger; it takes no others. */
export const commandRules = {
  openAccount: {
    accountId,
    currency,
    balance: { is: isBalance, allowed: `an integer from 0 to ${maxAmount}, in minor units of the currency` },
  },
  authorise: {
    idempotencyKey,
    accountId,
    amount,
    currency,
    reference: {
      is: isReference,
      allowed: `text of 1 to ${valueLimits.referenceLength} characters without control characters`,
      optional: true,
    },
  },
  move: {
    idempotencyKey,
    paymentId: { is: isPaymentId, allowed: 'the ID of a payment, as answered to the authorization' },
    type: { is: isOneOf('CAPTURE', 'VOID', 'REFUND'), allowed: 'CAPTURE, VOID or REFUND' },
    amount: { ...amount, optional: true },
  },
  listTransactions: {
    accountId,
    limit: { is: isListLimit, allowed: `one integer from 1 to ${valueLimits.listLimitMax}` },
    cursor: { is: isCursor, allowed: "the 'nextCursor' of this account's list, unchanged", optional: true },
  },
  arrivals: {
    accountId,
    epoch: { is: isAmount, allowed: 'the number of an epoch' },
    entries: {
      is: isEntriesToLeave,
      allowed: `1 to ${valueLimits.entriesAsked} entries, each with id, code and the versions of 1 or 2 items behind it`,
    },
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, ValueRule>>>>;

/** Who asks, and until when. */
export const contextRules = {
  tenant: { is: isTenant, allowed: `1 to ${valueLimits.tenantLength} visible ASCII characters without #` },
  deadlineMs: {
    is: (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value),
    allowed: 'a time in epoch milliseconds',
  },
} as const satisfies Readonly<Record<string, ValueRule>>;
