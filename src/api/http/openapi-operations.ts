import { grouped } from '../../kernel/grouped';
import { ledgerLimits } from '../../ledger/contract';
import { apiBasePath, apiHeaders, apiLimits, problemMediaType, problems } from '../contract';
import type { ProblemCode } from '../contract';

/** An object of the document. */
export type OpenApiPart = { [name: string]: unknown };

const ref = (kind: string, name: string): OpenApiPart => ({ $ref: `#/components/${kind}/${name}` });
const schema = (name: string): OpenApiPart => ref('schemas', name);

export const parameters: OpenApiPart = {
  AccountId: { name: 'accountId', in: 'path', required: true, schema: schema('AccountId') },
  PaymentId: { name: 'paymentId', in: 'path', required: true, schema: schema('PaymentId') },
  IdempotencyKey: {
    name: apiHeaders.idempotencyKey,
    in: 'header',
    required: true,
    description:
      'Names the intended operation, for good, within the tenant. The same key with the same payload gives the first answer again; ' +
      'with another payload, or for another call, 422. While the first request runs: 409 with Retry-After. The key is the whole ' +
      'value, character by character: ' +
      'quotes belong to it. So `"k"`, the structured string of the IETF draft, is another key than `k`: write it in one form always.',
    schema: { type: 'string', minLength: 1, maxLength: apiLimits.idempotencyKeyLength, pattern: '^[\\x21-\\x7e]+$' },
  },
  ListAccountId: { name: 'accountId', in: 'query', required: true, schema: schema('AccountId') },
  Limit: {
    name: 'limit',
    in: 'query',
    schema: { type: 'integer', minimum: 1, maximum: apiLimits.listLimitMax, default: apiLimits.listLimitDefault },
  },
  Cursor: {
    name: 'cursor',
    in: 'query',
    description: 'The `nextCursor` of the page before.',
    schema: { type: 'string', minLength: 1, maxLength: apiLimits.cursorLength },
  },
};

const headerTexts = {
  TraceId: 'X-Ray trace of this request, as `Root=1-...`.',
  ServedByRegion: 'Region that the request entered.',
  CacheControl: 'Always no-store.',
};

const text = (description: string): OpenApiPart => ({ description, schema: { type: 'string' } });

const statusNotes: Readonly<Record<number, string>> = {
  409: "With Retry-After only for `request_in_flight`; the other refusals of a move are that key's answer for good. ",
  403: 'Nothing was done. ',
  413:
    'Above 10 MB API Gateway answers by itself: also 413, as plain text, without the headers and the form of the other errors. ' +
    'This answer cannot be changed. Between 6 MB, which Lambda takes, and 10 MB its answer is 413 too; in which form is not ' +
    'verified on AWS. ',
  429:
    'Nothing was done; repeat with the same key after Retry-After. `account_busy`: the account holds as many entries as it can, ' +
    `${grouped(ledgerLimits.entriesPerAccount)} of what is under way and of about the last minute (in HOME_REGION of 15 minutes while ` +
    `another region does not answer): repeat later, or use several accounts. `,
  503: 'Not sure, and so nothing is said: repeat with the same key. ',
};

/** Shared parts of the answers, for the document's components. */
export const answers: OpenApiPart = {
  headers: {
    ...Object.fromEntries(Object.entries(headerTexts).map(([name, description]) => [name, text(description)])),
    Replayed: {
      description: '`true` when this is the stored answer to an earlier request with the key.',
      schema: { type: 'string', const: 'true' },
    },
    Location: text('Path of what was made.'),
    RetryAfter: { description: 'Seconds to wait before asking again.', schema: { type: 'integer', minimum: 1 } },
    Allow: text('Methods that the path takes.'),
  },
  responses: problemResponses(),
};

function everyAnswer(more: OpenApiPart = {}): OpenApiPart {
  return {
    [apiHeaders.traceId]: ref('headers', 'TraceId'),
    [apiHeaders.servedByRegion]: ref('headers', 'ServedByRegion'),
    [apiHeaders.cacheControl]: ref('headers', 'CacheControl'),
    ...more,
  };
}

/** One response for each status that errors have, naming the codes that come with it. */
function problemResponses(): OpenApiPart {
  const statuses = [...new Set(Object.values(problems).map((problem) => problem.status))];
  return Object.fromEntries(
    statuses.map((status) => {
      const codes = (Object.keys(problems) as ProblemCode[]).filter((code) => problems[code].status === status);
      const retry = [409, 429, 503].includes(status) ? { [apiHeaders.retryAfter]: ref('headers', 'RetryAfter') } : {};
      const replayed = status === 409 ? { [apiHeaders.idempotencyReplayed]: ref('headers', 'Replayed') } : {};
      const allow = status === 405 ? { Allow: ref('headers', 'Allow') } : {};
      const lines = codes.map((code) => `- \`${code}\`: ${problems[code].title}`).join('\n');
      return [
        `Problem${status}`,
        {
          description: `${statusNotes[status] ?? ''}Code is one of\n${lines}`,
          headers: everyAnswer({ ...retry, ...replayed, ...allow }),
          content: {
            [problemMediaType]: {
              schema: { allOf: [schema('Problem'), { properties: { status: { const: status }, code: { enum: codes } } }] },
            },
          },
        },
      ];
    }),
  );
}

function errors(...statuses: number[]): OpenApiPart {
  return Object.fromEntries([...statuses].sort().map((status) => [String(status), ref('responses', `Problem${status}`)]));
}

function success(description: string, name: string, headers: OpenApiPart = {}): OpenApiPart {
  return { description, headers: everyAnswer(headers), content: { 'application/json': { schema: schema(name) } } };
}

function body(name: string, required: boolean): OpenApiPart {
  return { required, content: { 'application/json': { schema: schema(name) } } };
}

const replayed = { [apiHeaders.idempotencyReplayed]: ref('headers', 'Replayed') };
const location = { Location: ref('headers', 'Location') };
const always = [401, 403, 404, 405, 429, 503];
const withBody = [400, 413, 415];

function move(operationId: string, summary: string, bodyName: string): OpenApiPart {
  return {
    operationId,
    summary,
    tags: ['payments'],
    parameters: [ref('parameters', 'PaymentId'), ref('parameters', 'IdempotencyKey')],
    requestBody: body(bodyName, false),
    responses: { 200: success('The payment after the move.', 'Payment', replayed), ...errors(...withBody, 409, 422, ...always) },
  };
}

const accounts = `${apiBasePath}/accounts/{accountId}`;
const payments = `${apiBasePath}/payments`;

/** Operations by route. */
export const operations: Readonly<Record<string, OpenApiPart>> = {
  [`PUT ${accounts}`]: {
    operationId: 'openAccount',
    summary: 'Open a funded account',
    tags: ['accounts'],
    parameters: [ref('parameters', 'AccountId')],
    requestBody: body('OpenAccount', true),
    responses: {
      200: success('It exists, and was opened with the same content.', 'Account'),
      201: success('Opened.', 'Account', location),
      ...errors(...withBody, 409, ...always),
    },
  },
  [`GET ${accounts}`]: {
    operationId: 'getAccount',
    summary: 'Balances of an account',
    tags: ['accounts'],
    parameters: [ref('parameters', 'AccountId')],
    responses: {
      200: success('`available + held + settled` always equals what the account was funded with.', 'Account'),
      ...errors(400, ...always),
    },
  },
  [`POST ${payments}`]: {
    operationId: 'authorisePayment',
    summary: 'Authorise a payment: hold its amount on the account',
    tags: ['payments'],
    parameters: [ref('parameters', 'IdempotencyKey')],
    requestBody: body('Authorise', true),
    responses: {
      201: success('Decided: AUTHORISED, or DECLINED, which is stored too.', 'Payment', { ...location, ...replayed }),
      ...errors(...withBody, 409, 422, ...always),
    },
  },
  [`GET ${payments}/{paymentId}`]: {
    operationId: 'getPayment',
    summary: 'A payment',
    tags: ['payments'],
    parameters: [ref('parameters', 'PaymentId')],
    responses: { 200: success('The payment as it stands.', 'Payment'), ...errors(400, ...always) },
  },
  [`POST ${payments}/{paymentId}/capture`]: move('capturePayment', 'Capture once, all or a part; the rest is released', 'MoveAmount'),
  [`POST ${payments}/{paymentId}/void`]: move('voidPayment', 'Void: release all of the hold', 'NoContent'),
  [`POST ${payments}/{paymentId}/refund`]: move('refundPayment', 'Refund what was captured, all that is left or a part', 'MoveAmount'),
  [`GET ${apiBasePath}/transactions`]: {
    operationId: 'listTransactions',
    summary: 'Ledger lines of an account, newest first',
    tags: ['transactions'],
    parameters: [ref('parameters', 'ListAccountId'), ref('parameters', 'Limit'), ref('parameters', 'Cursor')],
    responses: { 200: success('A page of lines.', 'TransactionList'), ...errors(400, ...always) },
  },
  'GET /health': {
    operationId: 'getHealth',
    summary: 'Whether this region should get traffic',
    tags: ['health'],
    responses: {
      200: success('It should.', 'Health'),
      ...errors(405, 429),
      503: {
        description:
          'It should not: an operator drained it, or its ledger is out of reach. A problem when the function itself cannot answer.',
        headers: everyAnswer({ [apiHeaders.retryAfter]: ref('headers', 'RetryAfter') }),
        content: { 'application/json': { schema: schema('Health') }, [problemMediaType]: { schema: schema('Problem') } },
      },
    },
  },
};
