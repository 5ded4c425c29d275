import { HttpAnswer, jsonAnswer } from './answer';
import { readJson } from './body';
import { accountAnswer, keyedAnswer, listAnswer, openAccountAnswer, paymentAnswer } from './outcomes';
import { accountIdOf, idempotencyKeyOf, listQueryOf, parseBody, paymentIdOf } from './parse';
import type { HttpRequest } from './request';
import { amountBody, authoriseBody, emptyBody, openAccountBody } from './schemas';
import type { CallContext, Ledger, MoveType } from '../../ledger/model';
import { apiBasePath } from '../contract';
import type { HealthReport } from '../http.contract';

/** A call that has found its route and its caller. */
export interface Call {
  readonly request: HttpRequest;
  /** What the path holds, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly context: CallContext;
  readonly instance: string;
}

/** Works on one route. Throws a `ProblemError` for what the call does not take. */
export type Endpoint = (call: Call) => Promise<HttpAnswer>;

/** Endpoints by route, as `METHOD /path/{template}`. */
export type Endpoints = Readonly<Record<string, Endpoint>>;

export function accountEndpoints(ledger: Ledger): Endpoints {
  const path = `${apiBasePath}/accounts/{accountId}`;
  return {
    [`PUT ${path}`]: async ({ request, params, context, instance }) => {
      const accountId = accountIdOf(params.accountId);
      const body = parseBody(openAccountBody, readJson(request));
      return openAccountAnswer(await ledger.openAccount(context, { accountId, ...body }), instance);
    },
    [`GET ${path}`]: async ({ params, context, instance }) =>
      accountAnswer(await ledger.getAccount(context, accountIdOf(params.accountId)), instance),
  };
}

export function paymentEndpoints(ledger: Ledger): Endpoints {
  const payments = `${apiBasePath}/payments`;
  const payment = `${payments}/{paymentId}`;
  return {
    [`POST ${payments}`]: async ({ request, context, instance }) => {
      const idempotencyKey = idempotencyKeyOf(request);
      const { accountId, amount, currency, reference } = parseBody(authoriseBody, readJson(request));
      const command = { idempotencyKey, accountId, amount, currency, ...(reference === undefined ? {} : { reference }) };
      return keyedAnswer(await ledger.authorise(context, command), 201, instance);
    },
    [`POST ${payment}/capture`]: moveEndpoint(ledger, 'CAPTURE'),
    [`POST ${payment}/void`]: moveEndpoint(ledger, 'VOID'),
    [`POST ${payment}/refund`]: moveEndpoint(ledger, 'REFUND'),
    [`GET ${payment}`]: async ({ params, context, instance }) =>
      paymentAnswer(await ledger.getPayment(context, paymentIdOf(params.paymentId)), instance),
  };
}

function moveEndpoint(ledger: Ledger, type: MoveType): Endpoint {
  return async ({ request, params, context, instance }) => {
    const idempotencyKey = idempotencyKeyOf(request);
    const sent = readJson(request);
    const body = sent === undefined ? {} : sent;
    const amount = type === 'VOID' ? void parseBody(emptyBody, body) : parseBody(amountBody, body).amount;
    const command = { idempotencyKey, paymentId: paymentIdOf(params.paymentId), type, ...(amount === undefined ? {} : { amount }) };
    return { paymentId: command.paymentId, ...keyedAnswer(await ledger.move(context, command), 200, instance) };
  };
}

export function transactionEndpoints(ledger: Ledger): Endpoints {
  return {
    [`GET ${apiBasePath}/transactions`]: async ({ request, context, instance }) =>
      listAnswer(await ledger.listTransactions(context, listQueryOf(request.query)), instance),
  };
}

export function healthEndpoints(check: () => Promise<{ readonly report: HealthReport; readonly fault?: unknown }>): Endpoints {
  return {
    'GET /health': async () => {
      const { report, fault } = await check();
      return { ...jsonAnswer(report.status === 'healthy' ? 200 : 503, report), fault };
    },
  };
}
