import * as z from 'zod/mini';
import { accountIdSchema, amountSchema, balanceSchema, currencySchema, paymentIdSchema, referenceSchema } from './schemas';
import { problems } from '../contract';
import type { ProblemCode } from '../contract';

/** What answers hold, for the document and the tests; no handler carries these. */

const described = (description: string, ...examples: unknown[]): ReturnType<typeof z.meta> =>
  z.meta({ description, ...(examples.length > 0 ? { examples } : {}) });

export const timeSchema = z
  .string()
  .check(z.meta({ description: 'A time in UTC, ISO 8601.', format: 'date-time', examples: ['2026-11-21T12:00:00.000Z'] }));

export const regionSchema = z
  .string()
  .check(z.regex(/^[a-z]{2}(-[a-z]+)+-\d$/), described('AWS region that took the request.', 'us-east-1'));

export const moveSchema = z.strictObject({
  type: z.enum(['CAPTURE', 'VOID', 'REFUND']),
  amount: amountSchema,
  at: timeSchema,
  region: regionSchema,
});

export const paymentSchema = z.strictObject({
  paymentId: paymentIdSchema,
  status: z.enum(['AUTHORISED', 'DECLINED', 'CAPTURED', 'VOIDED', 'PARTIALLY_REFUNDED', 'REFUNDED']),
  declineReason: z.optional(z.string().check(described('Only when DECLINED.', 'insufficient_funds'))),
  accountId: accountIdSchema,
  amount: amountSchema,
  captured: balanceSchema,
  refunded: balanceSchema,
  currency: currencySchema,
  reference: z.optional(referenceSchema),
  region: regionSchema,
  createdAt: timeSchema,
  operations: z.array(moveSchema).check(described('The moves that succeeded, oldest first.')),
});

export const accountSchema = z.strictObject({
  accountId: accountIdSchema,
  currency: currencySchema,
  available: balanceSchema,
  held: balanceSchema,
  settled: balanceSchema,
  version: z.int().check(z.minimum(1), described('Rises with every change of the account.')),
  homeRegion: z.optional(
    z.string().check(described('Region that writes for this account now. Only with one home region for each account.', 'us-east-1')),
  ),
});

export const transactionSchema = z.strictObject({
  paymentId: paymentIdSchema,
  type: z.enum(['AUTHORISATION', 'CAPTURE', 'RELEASE', 'VOID', 'REFUND']),
  amount: amountSchema,
  currency: currencySchema,
  at: timeSchema,
  region: regionSchema,
});

export const transactionListSchema = z.strictObject({
  items: z
    .array(transactionSchema)
    .check(
      described(
        'Newest first. The list may lag behind the latest payments by a moment. A page may have fewer lines than `limit`, or none, ' +
          'and lead further by its `nextCursor`: declines have no line.',
      ),
    ),
  nextCursor: z.optional(
    z.string().check(described('Send it as `cursor` for the next page, also when `items` is empty; absent on the last one.')),
  ),
});

export const healthSchema = z.strictObject({
  region: regionSchema,
  status: z.enum(['healthy', 'draining', 'unhealthy']),
  checks: z.strictObject({
    ledger: z.enum(['ok', 'slow', 'throttled', 'failed']),
    drain: z.enum(['off', 'draining', 'unknown']),
    authority: z.optional(
      z.enum(['ok', 'failed']).check(described('Whether it can be told which region is home. Only with home regions.')),
    ),
  }),
});

const codes = Object.keys(problems) as ProblemCode[];

export const problemSchema = z.strictObject({
  type: z.string().check(described('URI of the kind of problem.', 'urn:problem-type:payments:unknown_account')),
  title: z.string(),
  status: z.int().check(z.minimum(400), z.maximum(599)),
  detail: z.string(),
  instance: z.string().check(described('The path asked for, or the ID of the request.')),
  code: z.enum(codes as [ProblemCode, ...ProblemCode[]]).check(described('What happened, for programs. Stable.')),
  traceId: z.optional(
    z
      .string()
      .check(
        z.regex(/^1-[0-9a-f]{8}-[0-9a-f]{24}$/),
        described(
          'Trace in which it happened, as in `X-Amzn-Trace-Id` and the logs. A stored refusal names that of the first request with ' +
            'its key. Absent where the gateway answers by itself.',
          '1-5f2330a4-6a0de1cd0e17c0508d386a64',
        ),
      ),
  ),
});
