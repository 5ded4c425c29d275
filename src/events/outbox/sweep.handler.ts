import type { StreamBatchResponse } from './aws';
import { SweepEvent, sweepOf } from './sweep.aws';
import type { QueueContext } from '../runtime.model';

const sweep = sweepOf(process.env);

/** Keeps what peers have decided, from the stream of this region's replica, and publishes it when they do not. */
export function handler(event: SweepEvent, context: QueueContext): Promise<StreamBatchResponse> {
  return sweep(event, context.getRemainingTimeInMillis());
}
