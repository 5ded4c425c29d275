import { forwardedPorts, httpPorts } from './http-ports.aws';
import { homeCalls, ledgerEnv } from '../../ledger/contract';
import { ledgerFromEnvironment } from '../../ledger/functions/environment.aws';
import { takingForwarded } from '../../ledger/homes/forwarded.service';
import { tracedLedger } from '../../ledger/protocol/traced.service';
import { telemetryOf } from '../../runtime/telemetry';
import { tracerOf } from '../../runtime/xray';
import { accountEndpoints } from '../http/endpoints';
import { httpFunction } from '../http/function';

const { systemName } = ledgerEnv.read(process.env);
const ledger = ledgerFromEnvironment(process.env);
const telemetry = telemetryOf(process.env, 'accounts', systemName);
const tracing = { tracer: tracerOf(process.env, systemName), name: `${systemName}-accounts` };
const forwarded = { receive: ledger.receive?.bind(ledger), takes: homeCalls.accounts, ...forwardedPorts(telemetry, tracing) };

/** Answers the calls under /api/v1/accounts, and those of them that another region sends to their home. */
export const handler = takingForwarded(
  forwarded,
  httpFunction(accountEndpoints(tracedLedger(ledger, tracing.tracer)), httpPorts(process.env, telemetry, tracing)),
);
