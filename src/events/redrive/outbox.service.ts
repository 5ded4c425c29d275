import { namedCauseOf } from '../../kernel/cause';
import { FailedRange, StreamRecord } from '../outbox/service';

/** A message of the dead-letter queue. */
export interface RangeMessage {
  readonly body: string;
  /** Takes the message out of the queue. */
  readonly remove: () => Promise<void>;
}

export interface RangeRedrivePorts {
  /** Some messages that nobody else is working on; none: the queue is empty for now. */
  readonly receive: () => Promise<readonly RangeMessage[]>;
  /** Records of a range in order; `expired`: the stream has forgotten it. */
  readonly read: (range: FailedRange) => Promise<readonly StreamRecord[] | 'expired'>;
  readonly publish: (
    records: readonly StreamRecord[],
    deadlineMs: number,
  ) => Promise<{ readonly published: number; readonly failed?: string }>;
  readonly nowMs: () => number;
}

/** What an operator is told. */
export interface Redriven {
  readonly ranges: number;
  readonly published: number;
  /** Ranges that stay in the queue, and why. */
  readonly left: readonly string[];
  /** Ranges that the stream has forgotten and that were taken out of the queue, since that was asked for. */
  readonly removed: readonly string[];
}

/**
 * Publishes the ranges of the stream that the outbox gave up. A range leaves the queue after its last event is on the bus, or, where
 * `removeExpired` says so, when the stream has forgotten it. One that fails holds up no other.
 */
export async function redrive(ports: RangeRedrivePorts, deadlineMs: number, removeExpired = false): Promise<Redriven> {
  const result = { ranges: 0, published: 0, left: [] as string[], removed: [] as string[] };
  for (let messages = await ports.receive(); messages.length > 0 && ports.nowMs() < deadlineMs; messages = await ports.receive()) {
    for (const message of messages) {
      try {
        const left = await redriveOne(ports, message, deadlineMs, removeExpired, result);
        if (left !== undefined) result.left.push(left);
      } catch (error) {
        result.left.push(namedCauseOf(error));
      }
    }
  }
  return result;
}

/** Adds what was done to the result; text: why the message stays. */
async function redriveOne(
  ports: RangeRedrivePorts,
  message: RangeMessage,
  deadlineMs: number,
  removeExpired: boolean,
  result: { ranges: number; published: number; removed: string[] },
): Promise<string | undefined> {
  const range = rangeOf(message.body);
  if (typeof range === 'string') return range;
  const records = await ports.read(range);
  if (records === 'expired') {
    if (!removeExpired) return `the stream has deleted ${nameOf(range)}: reconcile its accounts`;
    await message.remove();
    result.removed.push(nameOf(range));
    return undefined;
  }
  const done = await ports.publish(records, deadlineMs);
  result.published += done.published;
  if (done.failed !== undefined) return done.failed;
  await message.remove();
  result.ranges += 1;
  return undefined;
}

function nameOf({ startSequenceNumber, approximateArrivalOfFirstRecord: from, approximateArrivalOfLastRecord: to }: FailedRange): string {
  return from === undefined ? startSequenceNumber : `${startSequenceNumber} (changes from ${from} to ${to ?? 'then on'})`;
}

/** The range in a message; text: what is wrong with it. https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html */
function rangeOf(body: string): FailedRange | string {
  try {
    const info = (JSON.parse(body) as { readonly DDBStreamBatchInfo?: Partial<FailedRange> } | null)?.DDBStreamBatchInfo;
    if (info?.streamArn && info.shardId && info.startSequenceNumber && info.endSequenceNumber) return info as FailedRange;
  } catch {
    // Not JSON: as little a range as anything else.
  }
  return 'a message holds no range of a stream';
}
