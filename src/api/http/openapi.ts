import * as z from 'zod/mini';
import { answers, OpenApiPart, operations, parameters } from './openapi-operations';
import {
  accountSchema,
  healthSchema,
  moveSchema,
  paymentSchema,
  problemSchema,
  regionSchema,
  timeSchema,
  transactionListSchema,
  transactionSchema,
} from './response-schemas';
import {
  accountIdSchema,
  amountBody,
  amountSchema,
  authoriseBody,
  balanceSchema,
  currencySchema,
  emptyBody,
  openAccountBody,
  paymentIdSchema,
  referenceSchema,
} from './schemas';
import { apiScopes, defaultScopeNames } from '../caller.contract';
import type { ApiScope } from '../caller.contract';
import { apiRoutes } from '../contract';

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
export function openApiDocument(): OpenApiPart {
  const paths: Record<string, OpenApiPart> = {};
  for (const route of apiRoutes) {
    const security = route.scope === undefined ? [] : [{ bearer: [defaultScopeNames[route.scope]] }];
    (paths[route.path] ??= {})[route.method.toLowerCase()] = { ...operations[`${route.method} ${route.path}`], security };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Multi-region payments',
      version: '1.0.0',
      description:
        'Payments accepted in several regions, once each. Money is an integer of minor units with an ISO 4217 currency. ' +
        'For one tenant and one Idempotency-Key there is at most one debit, whatever the region and however often the request ' +
        'is repeated. ' +
        'A body means one thing or is refused with 400: a member that is sent twice in one object, a number that a double cannot ' +
        'hold as it is written (`1e400`, `-0`, ' +
        'whole numbers beyond 9007199254740991), half of a surrogate pair, a member called `__proto__`, more than 64 levels.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'The public name of the system; it leads to a healthy region near the caller.' }],
    tags: [
      { name: 'accounts', description: 'Accounts, each in one currency, funded when they are opened.' },
      { name: 'payments', description: 'Authorise, then capture or void; refund what was captured.' },
      { name: 'transactions', description: 'What moved on an account.' },
      { name: 'health', description: 'Whether a region should get traffic.' },
    ],
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: credentials() } },
      parameters,
      ...answers,
      schemas: schemas(),
    },
  };
}

/** What the credentials must say, with the calls of each scope. */
function credentials(): string {
  const calls = (scope: ApiScope): string =>
    apiRoutes
      .filter((route) => route.scope === scope)
      .map(({ method, path }) => `\`${method} ${path}\``)
      .join(', ');
  return (
    'A token that names the tenant, and the scopes of what its bearer may do. A call without its scope gets 403 with code ' +
    '`forbidden_scope`, and changes nothing. ' +
    'No scope contains another. A system may have other names for them, and may ask for AWS signatures (SigV4A) instead.\n' +
    apiScopes.map((scope) => `- \`${defaultScopeNames[scope]}\`: ${calls(scope)}`).join('\n')
  );
}

function schemas(): OpenApiPart {
  const registry = z.registry<{ id?: string }>();
  for (const [id, schema] of Object.entries(named)) registry.add(schema, { id });
  const definitions = z.toJSONSchema(registry, { uri: (id) => `#/components/schemas/${id}`, io: 'input' }).schemas;
  return Object.fromEntries(Object.entries(definitions).map(([id, schema]) => [id, plain(schema as OpenApiPart)]));
}

/** Without what belongs to a file of its own. */
function plain(schema: OpenApiPart): OpenApiPart {
  const { $schema: _schema, $id: _id, ...rest } = schema;
  return rest;
}
