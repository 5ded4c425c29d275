import { StreamRecord } from './outbox.service';

/** A range of the stream that Lambda gave up, as its message says. */
export interface FailedRange {
  readonly streamArn: string;
  readonly shardId: string;
  readonly startSequenceNumber: string;
  readonly endSequenceNumber: string;
}

/** A message of the dead-letter queue. */
export interface RangeMessage {
  readonly body: string;
  /** Takes the message out of the queue. */
  readonly remove: () => Promise<void>;
}

export interface RedrivePorts {
  /** Some messages that nobody else is working on; none: the queue is empty for now. */
  readonly receive: () => Promise<readonly RangeMessage[]>;
  /** Records of a range in order; `expired`: the stream has forgotten it. */
  readonly read: (range: FailedRange) => Promise<readonly StreamRecord[] | 'expired'>;
  readonly publish: (records: readonly StreamRecord[], deadlineMs: number) => Promise<{ readonly published: number; readonly failed?: string }>;
  readonly nowMs: () => number;
}

/** What an operator is told. */
export interface Redriven {
  readonly ranges: number;
  readonly published: number;
  /** Ranges that stay in the queue, and why. */
  readonly left: readonly string[];
}

/** Publishes the ranges of the stream that the outbox gave up. A range leaves the queue after its last event is on the bus. */
export async function redrive(ports: RedrivePorts, deadlineMs: number): Promise<Redriven> {
  const left: string[] = [];
  let ranges = 0;
  let published = 0;
  for (let messages = await ports.receive(); messages.length > 0 && ports.nowMs() < deadlineMs; messages = await ports.receive()) {
    for (const message of messages) {
      const range = rangeOf(message.body);
      const records = typeof range === 'string' ? range : await ports.read(range);
      if (typeof records === 'string') {
        left.push(records === 'expired' ? `the stream has forgotten ${(range as FailedRange).startSequenceNumber}: reconcile its accounts` : records);
        continue;
      }
      const done = await ports.publish(records, deadlineMs);
      published += done.published;
      if (done.failed !== undefined) {
        left.push(done.failed);
        continue;
      }
      await message.remove();
      ranges += 1;
    }
  }
  return { ranges, published, left };
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
