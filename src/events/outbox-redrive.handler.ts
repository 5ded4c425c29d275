import { redriveOf } from './outbox-redrive.aws';
import type { Redriven } from './outbox-redrive.service';
import type { QueueContext } from './runtime.model';

const redrive = redriveOf(process.env);

/** Publishes the ranges of the stream that the outbox gave up: `aws lambda invoke`, without a payload. */
export function handler(_event: unknown, context: QueueContext): Promise<Redriven> {
  return redrive(context.getRemainingTimeInMillis());
}
