import { redriveOf, RedriveAnswer, RedriveRequest, SetAsideAnswer } from './outbox.aws';
import type { QueueContext } from '../runtime.model';

const redrive = redriveOf(process.env);

/**
 * Publishes the ranges of the stream that the outbox gave up, and gives the sweep its hints again; called by an operator: no payload, `{
 * "removeExpired": true }`, or `{ "setAside": "SEQUENCE-NUMBER" }`.
 */
export function handler(request: RedriveRequest | null, context: QueueContext): Promise<RedriveAnswer | SetAsideAnswer> {
  return redrive(request, context.getRemainingTimeInMillis());
}
