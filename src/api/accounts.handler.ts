import { accountEndpoints } from './http/endpoints';
import { httpFunction } from './http/function';
import { ledgerEnv } from '../ledger/contract';
import { ledgerFromEnvironment } from '../ledger/environment.aws';
import { tracedLedger } from '../ledger/traced.service';
import { httpPorts, telemetryOf } from '../runtime/http-ports';
import { tracerOf } from '../runtime/xray';

const { systemName } = ledgerEnv.read(process.env);
const tracing = { tracer: tracerOf(process.env, systemName), name: `${systemName}-accounts` };
const ledger = tracedLedger(ledgerFromEnvironment(process.env), tracing.tracer);

/** Answers the calls under /api/v1/accounts. */
export const handler = httpFunction(accountEndpoints(ledger), httpPorts(process.env, telemetryOf(process.env, 'accounts', systemName), tracing));
