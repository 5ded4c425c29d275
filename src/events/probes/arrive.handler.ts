import { meshEnv, meshMetrics } from '../contract';
import { probeStore } from './aws';
import { receiveProbe } from './service';
import { dynamoClient } from '../../runtime/clients';
import { telemetryOf } from '../../runtime/telemetry';

const { systemName, tableName, silentAfterMs } = meshEnv.read(process.env);
const store = probeStore(dynamoClient(), tableName);
const telemetry = telemetryOf(process.env, 'mesh-probes', systemName);

/** Measures a probe of a peer. */
export async function handler(event: { readonly detail?: unknown }): Promise<void> {
  const { peer, latencyMs } = await receiveProbe(store, event.detail, Date.now(), Number(silentAfterMs));
  telemetry.measure(meshMetrics.probeLatency, latencyMs, { name: meshMetrics.peerDimension, value: peer }, 'probe');
}
