/** The shipped payments function as Lambda would call it: routing, validation, ledger, log line and trace ID, in one bundle. */
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { Ground, ledgerOn, callContext, payment, Subject, tenant } from './subjects/subjects';
import { defaultScopeNames, scopeContextKey, tenantContextKey, writeCallerSource } from '../../src/api/caller.contract';
import { apiEnv } from '../../src/api/contract';
import { ledgerEnv } from '../../src/ledger/contract';

type Handler = (event: object, context: object) => Promise<{ readonly statusCode: number; readonly body: string }>;

/** What the construct writes into the function's environment, for a table of one's own. */
export function functionEnvironment(tableName: string): Record<string, string> {
  return {
    ...ledgerEnv.write({ systemName: 'bench', tableName, mode: 'STRONG', tableMode: 'STRONG' }),
    ...apiEnv.write({
      callerSource: writeCallerSource({ kind: 'context', key: tenantContextKey, scopeKey: scopeContextKey, names: defaultScopeNames }),
    }),
  };
}

/**
 * Its calls make new payments.
 *
 * @param daemon where it sends the segments of its requests; absent: they are not recorded
 */
export async function paymentsFunction(name: string, file: string, ground: Ground, daemon?: string): Promise<Subject> {
  Object.assign(process.env, functionEnvironment(ground.tableName), { AWS_XRAY_DAEMON_ADDRESS: daemon ?? '' });
  const load = createRequire(file);
  // Each subject is a function of its own, which reads its environment when it is loaded.
  delete load.cache[file];
  const { handler } = load(file) as { handler: Handler };
  const run = randomUUID().slice(0, 8);
  const accountOf = (number: number): string => `${run}-${number % ground.accounts}`;
  const pay = (number: number, currency: string) =>
    handler(eventOf(`${run}-${number}`, { ...payment, currency, accountId: accountOf(number) }, daemon !== undefined), {
      getRemainingTimeInMillis: () => 15_000,
    });
  const ledger = ledgerOn(ground.client(), ground.tableName);
  for (let number = 0; number < ground.accounts; number += 1) {
    await ledger.openAccount(callContext(), { accountId: accountOf(number), currency: payment.currency, balance: 1_000_000_000 });
    await pay(number, 'JPY');
  }
  return {
    name,
    call: async (number) => {
      const { statusCode, body } = await pay(number, payment.currency);
      if (statusCode !== 201) throw new Error(`the payments function answered ${statusCode}: ${body}`);
    },
  };
}

function eventOf(idempotencyKey: string, body: object, sampled: boolean): object {
  return {
    httpMethod: 'POST',
    path: '/api/v1/payments',
    multiValueHeaders: {
      'Idempotency-Key': [idempotencyKey],
      'Content-Type': ['application/json'],
      'X-Amzn-Trace-Id': [`Root=1-65000000-000000000000000000000001;Parent=0000000000000001;Sampled=${sampled ? 1 : 0}`],
    },
    body: JSON.stringify(body),
    isBase64Encoded: false,
    requestContext: { authorizer: { [tenantContextKey]: tenant, [scopeContextKey]: Object.values(defaultScopeNames).join(' ') } },
  };
}
