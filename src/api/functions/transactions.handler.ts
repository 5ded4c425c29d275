import { httpPorts } from './http-ports.aws';
import { ledgerEnv } from '../../ledger/contract';
import { ledgerFromEnvironment } from '../../ledger/functions/environment.aws';
import { tracedLedger } from '../../ledger/protocol/traced.service';
import { telemetryOf } from '../../runtime/telemetry';
import { tracerOf } from '../../runtime/xray';
import { transactionEndpoints } from '../http/endpoints';
import { httpFunction } from '../http/function';

const { systemName } = ledgerEnv.read(process.env);
const tracing = { tracer: tracerOf(process.env, systemName), name: `${systemName}-transactions` };
const ledger = tracedLedger(ledgerFromEnvironment(process.env), tracing.tracer);

/** Answers the calls under /api/v1/transactions, and 404 for what no call is for. */
export const handler = httpFunction(
  transactionEndpoints(ledger),
  httpPorts(process.env, telemetryOf(process.env, 'transactions', systemName), tracing),
);
