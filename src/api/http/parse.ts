import type * as z from 'zod/mini';
import { ProblemError } from './answer';
import type { HttpRequest } from './request';
import { accountIdSchema, paymentIdSchema } from './schemas';
import { commandRules as rules, isCursor, isIdempotencyKey } from '../../ledger/values.contract';
import { apiHeaders, apiLimits } from '../contract';
import type { ProblemCode } from '../contract';

/** What each field may be, for the caller who sent something else. The value sent is not repeated: it may be anyone's secret. */
const fields: Readonly<Record<string, readonly [ProblemCode, string]>> = {
  amount: ['invalid_amount', `'amount' must be ${rules.authorise.amount.allowed}.`],
  balance: ['invalid_amount', `'balance' must be ${rules.openAccount.balance.allowed}.`],
  currency: ['invalid_currency', `'currency' must be ${rules.authorise.currency.allowed}.`],
  accountId: ['invalid_account_id', `'accountId' must be ${rules.authorise.accountId.allowed}`],
  reference: ['invalid_request', `'reference' must be ${rules.authorise.reference.allowed}.`],
};

/** The body as the schema says, or a `ProblemError`. */
export function parseBody<T>(schema: z.ZodMiniType<T>, value: unknown): T {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ProblemError('invalid_request', 'The body is not a JSON object: send one.');
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues;
  const unknown = issues.find((issue) => issue.code === 'unrecognized_keys');
  if (unknown) throw unknownField(unknown.keys);
  const [code, detail] = fields[String(issues[0].path[0])] ?? [
    'invalid_request',
    'The body does not match the schema of this call: see the API reference.',
  ];
  throw new ProblemError(code, detail);
}

const shownNames = 5;
const shownNameLength = 40;

function unknownField(names: readonly string[]): ProblemError {
  const shown = names
    .slice(0, shownNames)
    .map((name) => JSON.stringify(name.slice(0, shownNameLength)))
    .join(', ');
  return new ProblemError('unknown_field', `This call has no field ${shown}: leave it out.`);
}

/** The request's idempotency key, or a `ProblemError`. */
export function idempotencyKeyOf(request: HttpRequest): string {
  const values = request.header(apiHeaders.idempotencyKey);
  const [key, ...others] = values;
  if (!key) {
    throw new ProblemError(
      'missing_idempotency_key',
      'Send an Idempotency-Key header with a value of your own for each intended operation.',
    );
  }
  if (others.length > 0 || !isIdempotencyKey(key)) {
    throw new ProblemError('invalid_idempotency_key', `Idempotency-Key must be ${rules.authorise.idempotencyKey.allowed}.`);
  }
  return key;
}

/** An account ID from the path or the query, or a `ProblemError`. */
export function accountIdOf(text: string | undefined): string {
  const result = accountIdSchema.safeParse(text);
  if (result.success) return result.data;
  throw new ProblemError(...fields.accountId);
}

/** A payment ID from the path; one that this API cannot have answered names no payment. */
export function paymentIdOf(text: string): string {
  const result = paymentIdSchema.safeParse(text);
  if (result.success) return result.data;
  throw new ProblemError('unknown_payment', 'There is no payment with this ID.');
}

/** What a list is asked for. */
export interface ListQuery {
  readonly accountId: string;
  readonly limit: number;
  readonly cursor?: string;
}

/** The query of a list, or a `ProblemError`. */
export function listQueryOf(query: HttpRequest['query']): ListQuery {
  const known = ['accountId', 'limit', 'cursor'];
  const unknown = [...query.keys()].filter((name) => !known.includes(name));
  if (unknown.length > 0) throw unknownField(unknown);
  const one = (name: string, error: () => ProblemError): string | undefined => {
    const values = query.get(name) ?? [];
    if (values.length > 1) throw error();
    return values[0];
  };
  const accountId = accountIdOf(one('accountId', () => new ProblemError(...fields.accountId)));
  const limit = limitOf(one('limit', wrongLimit));
  const cursor = one('cursor', wrongCursor);
  if (cursor !== undefined && !isCursor(cursor)) throw wrongCursor();
  return { accountId, limit, ...(cursor === undefined ? {} : { cursor }) };
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return apiLimits.listLimitDefault;
  const limit = /^[1-9]\d{0,2}$/.test(text) ? Number(text) : Number.NaN;
  if (!(limit <= apiLimits.listLimitMax)) throw wrongLimit();
  return limit;
}

function wrongLimit(): ProblemError {
  return new ProblemError('invalid_limit', `'limit' must be ${rules.listTransactions.limit.allowed}.`);
}

function wrongCursor(): ProblemError {
  return new ProblemError('invalid_cursor', `'cursor' must be ${rules.listTransactions.cursor.allowed}.`);
}
