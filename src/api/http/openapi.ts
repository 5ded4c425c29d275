import * as z from 'zod/mini';
import { answers, operations, parameters } from './openapi-operations';
import {
  accountSchema, healthSchema, moveSchema, paymentSchema, problemSchema, regionSchema, timeSchema, transactionListSchema, transactionSchema,
} from './response-schemas';
import {
  accountIdSchema, amountBody, amountSchema, authoriseBody, balanceSchema, currencySchema, emptyBody, openAccountBody, paymentIdSchema, referenceSchema,
} from './schemas';
import { apiRoutes } from '../contract';

/** A JSON object of the document. */
export type Json = { [name: string]: unknown };

const named: Readonly<Record<string, z.ZodMiniType>> = {
  AccountId: accountIdSchema,
  PaymentId: paymentIdSchema,
  Amount: amountSchema,
  Balance: balanceSchema,
  Currency: currencySchema,
  Reference: referenceSchema,
  Time: timeSchema,
  Region: regionSchema,
  OpenAccount: openAccountBody,
  Authorise: authoriseBody,
  MoveAmount: amountBody,
  NoContent: emptyBody,
  Account: accountSchema,
  Payment: paymentSchema,
  Move: moveSchema,
  Transaction: transactionSchema,
  TransactionList: transactionListSchema,
  Health: healthSchema,
  Problem: problemSchema,
};

/** The API's OpenAPI 3.1 document, from the schemas that the functions validate with and the routes that they answer. */
export function openApiDocument(): Json {
  const paths: Record<string, Json> = {};
  for (const route of apiRoutes) {
    (paths[route.path] ??= {})[route.method.toLowerCase()] = operations[`${route.method} ${route.path}`];
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Multi-region payments',
      version: '1.0.0',
      description: 'Payments accepted in several regions, once each. Money is an integer of minor units with an ISO 4217 currency. '
        + 'For one tenant and one Idempotency-Key there is at most one debit, whatever the region and however often the request is repeated.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'The public name of the system; it leads to a healthy region near the caller.' }],
    security: [{ bearer: [] }],
    tags: [
      { name: 'accounts', description: 'Accounts, each in one currency, funded when they are opened.' },
      { name: 'payments', description: 'Authorise, then capture or void; refund what was captured.' },
      { name: 'transactions', description: 'What moved on an account.' },
      { name: 'health', description: 'Whether a region should get traffic.' },
    ],
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'A token that names the tenant. A system may ask for AWS signatures (SigV4A) instead.' },
      },
      parameters,
      ...answers,
      schemas: schemas(),
    },
  };
}

function schemas(): Json {
  const registry = z.registry<{ id?: string }>();
  for (const [id, schema] of Object.entries(named)) registry.add(schema, { id });
  const made = z.toJSONSchema(registry, { uri: (id) => `#/components/schemas/${id}`, io: 'input' }).schemas;
  return Object.fromEntries(Object.entries(made).map(([id, schema]) => [id, plain(schema as Json)]));
}

/** Without what belongs to a file of its own. */
function plain(schema: Json): Json {
  const { $schema: _schema, $id: _id, ...rest } = schema;
  return rest;
}
