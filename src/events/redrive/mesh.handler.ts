import { LetterQueue, redriveEnv } from '../contract';
import { redriveQueue } from './aws';
import { redriveAll, RedriveResult } from './service';
import { telemetryOf } from '../../runtime/telemetry';
import { publishPorts } from '../publishing/publish.aws';

const { systemName, busName, queues } = redriveEnv.read(process.env);
const telemetry = telemetryOf(process.env, 'mesh-redrive', systemName);
// The region's own bus in both transports: the letters are of its rules and its publishers.
const ports = publishPorts({ busName });
const letters = (JSON.parse(queues) as readonly LetterQueue[]).map(({ url, from }) => ({
  systemName,
  from,
  ports: { ...ports, ...redriveQueue(url, telemetry) },
}));

/** Time kept back from the invocation's end to answer in. */
const reserveMs = 15_000;
const defaultMax = 10_000;

/** Puts letters of its queues on the bus; called by an operator: `{ "max": 1000 }`. */
export async function handler(
  request: { readonly max?: number } | null,
  invocation: { getRemainingTimeInMillis(): number },
): Promise<RedriveResult> {
  const max = request?.max ?? defaultMax;
  if (!(Number.isInteger(max) && max > 0)) throw new Error(`'max' is ${JSON.stringify(max)}; allowed: a whole number from 1`);
  const result = await redriveAll(letters, {
    max,
    deadlineMs: Date.now() + Math.max(1_000, invocation.getRemainingTimeInMillis() - reserveMs),
  });
  telemetry.record('redrive', { ...result });
  return result;
}
