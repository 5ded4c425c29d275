import { forwardedPorts, httpPorts } from './http-ports.aws';
import { homeCalls, ledgerEnv } from '../../ledger/contract';
import { ledgerFromEnvironment } from '../../ledger/functions/environment.aws';
import { takingForwarded } from '../../ledger/homes/forwarded.service';
import { tracedLedger } from '../../ledger/protocol/traced.service';
import { telemetryOf } from '../../runtime/telemetry';
import { tracerOf } from '../../runtime/xray';
import { paymentEndpoints } from '../http/endpoints';
import { httpFunction } from '../http/function';

const { systemName } = ledgerEnv.read(process.env);
const ledger = ledgerFromEnvironment(process.env);
const telemetry = telemetryOf(process.env, 'payments', systemName);
const tracing = { tracer: tracerOf(process.env, systemName), name: `${systemName}-payments` };
const forwarded = { receive: ledger.receive?.bind(ledger), takes: homeCalls.payments, ...forwardedPorts(telemetry, tracing) };

/** Answers the calls under /api/v1/payments, and those of them that another region sends to their home. */
export const handler = takingForwarded(
  forwarded,
  httpFunction(paymentEndpoints(tracedLedger(ledger, tracing.tracer)), httpPorts(process.env, telemetry, tracing)),
);
