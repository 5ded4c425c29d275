import type { StreamBatchResponse } from './outbox.aws';
import type { QueueContext } from './runtime.model';
import { SweepEvent, sweepOf } from './sweep.aws';

const sweep = sweepOf(process.env);

/** Keeps what peers have decided, from the stream of this region's replica, and publishes it when they do not. */
export function handler(event: SweepEvent, context: QueueContext): Promise<StreamBatchResponse> {
  return sweep(event, context.getRemainingTimeInMillis());
}
