import { ledgerEnv } from '../contract';
import { heartbeatWriter } from '../homes/heartbeat.aws';

const { tableName } = ledgerEnv.read(process.env);
const write = heartbeatWriter(tableName, process.env.AWS_REGION!);

/** Writes the region's heartbeat, on a schedule. */
export async function handler(): Promise<void> {
  await write(Date.now());
}
