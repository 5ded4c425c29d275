import { ledgerEnv } from '../../ledger/contract';
import { telemetryOf } from '../../runtime/telemetry';
import { apiLimits } from '../contract';
import { httpPorts } from './http-ports.aws';
import { authorityReader, deployedDrainReader, leaseKeeper } from '../health/aws';
import { healthCheck } from '../health/service';
import { healthEndpoints } from '../http/endpoints';
import { httpFunction } from '../http/function';
import { asHealth } from '../http/request';

const { systemName } = ledgerEnv.read(process.env);
const ports = httpPorts(process.env, telemetryOf(process.env, 'health', systemName));
const readDrain = deployedDrainReader(process.env);
const readAuthority = authorityReader(process.env);
const keepLeases = leaseKeeper(process.env);
const check = healthCheck({
  region: ports.region,
  nowMs: ports.nowMs,
  readDrain,
  readAuthority,
  keepLeases,
  cacheMs: apiLimits.healthCacheMs,
});

const answer = httpFunction(healthEndpoints(check), ports);

/** Answers /health, for Route 53's checkers by the path that they alone know. */
export const handler: typeof answer = (event, invocation) => answer(asHealth(event), invocation);
