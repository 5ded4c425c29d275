import { meshEnv } from '../contract';
import { sendProbe } from './service';
import { publishPorts } from '../publishing/publish.aws';

const { systemName, busName } = meshEnv.read(process.env);
// The region's own bus in both transports, and no dead-letter queue: a lost probe is missed where it should have arrived.
const ports = publishPorts({ busName });
const deadlineMs = 5_000;

/** Sends a probe, on a schedule. */
export async function handler(): Promise<void> {
  const outcome = await sendProbe(ports, systemName, process.env.AWS_REGION!, Date.now() + deadlineMs);
  if (outcome.kind !== 'sent') throw new Error(`the probe could not be sent: ${outcome.reason}`);
}
