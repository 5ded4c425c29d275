import { ledgerEnv } from './contract';
import { operationsFromEnvironment } from './environment.aws';
import { Invocation } from './forwarded.service';
import { LedgerEvent } from './model';
import { operatorRequestOf, OperatorResult } from './operate.service';
import { recordOperation, telemetryOf } from '../runtime/http-ports';

const { systemName } = ledgerEnv.read(process.env);
const { operations, units } = operationsFromEnvironment(process.env);
const record = recordOperation(telemetryOf(process.env, 'home-operator', systemName));

/** Time kept back from the invocation's end to answer in. */
const reserveMs = 20_000;

/** Does what an operator asks by `aws lambda invoke`, and answers with what came of it. */
export async function handler(event: unknown, invocation: Invocation): Promise<OperatorResult> {
  const request = operatorRequestOf(event, units);
  if (typeof request === 'string') return { kind: 'refused', detail: request };
  const events: LedgerEvent[] = [];
  const result = await operations.run(request, {
    tenant: '',
    traceId: process.env._X_AMZN_TRACE_ID ?? '',
    deadlineMs: Date.now() + invocation.getRemainingTimeInMillis() - reserveMs,
    observe: (what) => { events.push(what); },
  });
  record(request, result, events);
  return result;
}
