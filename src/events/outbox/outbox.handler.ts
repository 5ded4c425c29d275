import { LambdaStreamRecord, outboxOf, publishBatch, StreamBatchResponse } from './aws';
import type { QueueContext } from '../runtime.model';

const publish = publishBatch(outboxOf(process.env, 'outbox'));

/** Publishes what this region's writes have decided, from the stream of its replica. */
export function handler(event: { readonly Records: readonly LambdaStreamRecord[] }, context: QueueContext): Promise<StreamBatchResponse> {
  return publish(event.Records, context.getRemainingTimeInMillis());
}
