import { paymentEndpoints } from './http/endpoints';
import { httpFunction } from './http/function';
import { ledgerEnv } from '../ledger/contract';
import { ledgerFromEnvironment } from '../ledger/environment.aws';
import { takingForwarded } from '../ledger/forwarded.service';
import { httpPorts, recordForwarded, telemetryOf } from '../runtime/http-ports';

const { systemName } = ledgerEnv.read(process.env);
const ledger = ledgerFromEnvironment(process.env);
const telemetry = telemetryOf(process.env, 'payments', systemName);
const ports = httpPorts(process.env, telemetry);
const forwarded = { receive: ledger.receive?.bind(ledger), nowMs: ports.nowMs, record: recordForwarded(telemetry) };

/** Answers the calls under /api/v1/payments, and writing calls of any kind that another region sends to their home. */
export const handler = takingForwarded(forwarded, httpFunction(paymentEndpoints(ledger), ports));
