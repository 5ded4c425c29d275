import { redriveOf, RedriveRequest } from './outbox-redrive.aws';
import type { Redriven } from './outbox-redrive.service';
import type { QueueContext } from './runtime.model';

const redrive = redriveOf(process.env);

/** Publishes the ranges of the stream that the outbox gave up; called by an operator: no payload, or `{ "removeExpired": true }`. */
export function handler(request: RedriveRequest | null, context: QueueContext): Promise<Redriven> {
  return redrive(request, context.getRemainingTimeInMillis());
}
