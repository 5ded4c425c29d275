import { accountEndpoints } from './http/endpoints';
import { httpFunction } from './http/function';
import { ledgerEnv } from '../ledger/contract';
import { ledgerFromEnvironment } from '../ledger/environment.aws';
import { httpPorts, telemetryOf } from '../runtime/http-ports';

const { systemName } = ledgerEnv.read(process.env);
const ledger = ledgerFromEnvironment(process.env);

/** Answers the calls under /api/v1/accounts. */
export const handler = httpFunction(accountEndpoints(ledger), httpPorts(process.env, telemetryOf(process.env, 'accounts', systemName)));
