import * as z from 'zod/mini';
import { isCurrency, maxAmount } from '../../kernel/money';
import { accountIdPattern, isReference, paymentIdPattern, valueLimits } from '../../ledger/values.contract';

/**
 * What requests hold, as the ledger defines it (`values.contract.ts`); `docs/openapi.yaml` is made from the same schemas. Descriptions are
 * the document's.
 */

/** Amount to move, in minor units. */
export const amountSchema = z
  .int()
  .check(
    z.minimum(1),
    z.maximum(maxAmount),
    z.meta({ description: 'Amount in minor units of the currency: a positive integer. `1250.0` and `1.25e3` are 1250.', examples: [1250] }),
  );

/** Funds of an account, in minor units. */
export const balanceSchema = z
  .int()
  .check(
    z.minimum(0),
    z.maximum(maxAmount),
    z.meta({ description: 'Amount in minor units of the currency, 0 or more.', examples: [100000] }),
  );

export const currencySchema = z
  .string()
  .check(z.regex(/^[A-Z]{3}$/), z.refine(isCurrency), z.meta({ description: 'ISO 4217 currency code, in capitals.', examples: ['EUR'] }));

export const accountIdSchema = z
  .string()
  .check(z.regex(accountIdPattern), z.meta({ description: "Account ID, the tenant's own.", examples: ['merchant-1'] }));

export const paymentIdSchema = z
  .string()
  .check(
    z.regex(paymentIdPattern),
    z.meta({ description: 'Payment ID, as answered to the authorization.', examples: ['pay_q83vEjRWeJq83vEjRWeJqw'] }),
  );

export const referenceSchema = z
  .string()
  .check(
    z.minLength(1),
    z.maxLength(valueLimits.referenceLength),
    z.refine(isReference),
    z.meta({ description: "The caller's own reference. Not for card numbers or personal data.", examples: ['order-4711'] }),
  );

export const openAccountBody = z.strictObject({ currency: currencySchema, balance: balanceSchema });

export const authoriseBody = z.strictObject({
  accountId: accountIdSchema,
  amount: amountSchema,
  currency: currencySchema,
  reference: z.optional(referenceSchema),
});

/** Body of a capture or a refund: without an amount, all that is left. */
export const amountBody = z.strictObject({ amount: z.optional(amountSchema) });

/** Body of a void. */
export const emptyBody = z.strictObject({});
