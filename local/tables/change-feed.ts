import { Item } from './operations';
import { EngineClient } from '../network/engine-client';
import { Place, sleep } from '../network/network';

/** One change of one item, as a table's stream tells it. */
export interface Change {
  /** The item's key attributes. */
  readonly key: Item;
  /** The key as text, in the order of the key schema. */
  readonly id: string;
  /** The item after the change; absent when it was deleted. */
  readonly image?: Item;
  /** When it was written, epoch milliseconds. */
  readonly at: number;
}

interface FeedRecord {
  eventName: string;
  dynamodb: { Keys: Item; NewImage?: Item; SequenceNumber: string };
}

/** How long a feed waits for a nudge before it looks by itself, milliseconds. */
const idlePollMs = 500;
/** Least time between two looks, milliseconds: changes come in batches, and leave the processor to the calls that wait. */
const gatherMs = 15;
const pageSize = 1000;

/** Follows the stream of a table in one process, in order, from its beginning. */
export class ChangeFeed {
  /** Attribute names of the table's key, partition key first. */
  public keyNames: readonly string[] = [];
  private closed = false;
  private nudged = false;
  private wake?: () => void;
  private running: Promise<void> = Promise.resolve();

  public constructor(
    private readonly client: EngineClient,
    private readonly place: Place,
    private readonly table: string,
    private readonly receive: (changes: Change[]) => void,
  ) {}

  /** Turns the table's stream on where it is off. Rejects when the table is not there. */
  public async open(): Promise<void> {
    const table = await this.describe();
    this.keyNames = [...table.KeySchema]
      .sort((a, b) => (a.KeyType === 'HASH' ? 0 : 1) - (b.KeyType === 'HASH' ? 0 : 1))
      .map((part) => part.AttributeName);
    const streamArn = table.StreamSpecification?.StreamEnabled && table.LatestStreamArn ? table.LatestStreamArn : await this.enableStream();
    const description = await this.ask('DescribeStream', { StreamArn: streamArn }, 'DynamoDBStreams_20120810');
    const shards = (description.StreamDescription as { Shards: { ShardId: string }[] }).Shards;
    const start = await this.ask(
      'GetShardIterator',
      { StreamArn: streamArn, ShardId: shards[0].ShardId, ShardIteratorType: 'TRIM_HORIZON' },
      'DynamoDBStreams_20120810',
    );
    this.running = this.follow(start.ShardIterator as string);
  }

  /** Says that something was written. */
  public nudge(): void {
    this.nudged = true;
    this.wake?.();
  }

  public async close(): Promise<void> {
    this.closed = true;
    this.wake?.();
    await this.running;
  }

  private async follow(start: string): Promise<void> {
    let iterator = start;
    while (!this.closed) {
      this.nudged = false;
      const page = await this.ask('GetRecords', { ShardIterator: iterator, Limit: pageSize }, 'DynamoDBStreams_20120810').catch(
        () => undefined,
      );
      if (page) {
        iterator = (page.NextShardIterator as string | undefined) ?? iterator;
        const records = page.Records as FeedRecord[];
        if (records.length) this.receive(records.map((record) => this.change(record)));
        if (records.length === pageSize) continue;
      }
      await this.pause();
    }
  }

  private change(record: FeedRecord): Change {
    const key = record.dynamodb.Keys;
    return { key, id: this.id(key), image: record.eventName === 'REMOVE' ? undefined : record.dynamodb.NewImage, at: writtenAt(record) };
  }

  /** An item's key as text. */
  public id(item: Item): string {
    return JSON.stringify(this.keyNames.map((name) => item[name]));
  }

  private async pause(): Promise<void> {
    await sleep(gatherMs);
    if (this.nudged || this.closed) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, idlePollMs);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.wake = undefined;
  }

  private async describe(): Promise<{
    KeySchema: { AttributeName: string; KeyType: string }[];
    LatestStreamArn?: string;
    StreamSpecification?: { StreamEnabled: boolean };
  }> {
    const answer = await this.ask('DescribeTable', { TableName: this.table });
    return answer.Table as Awaited<ReturnType<ChangeFeed['describe']>>;
  }

  private async enableStream(): Promise<string> {
    await this.ask('UpdateTable', {
      TableName: this.table,
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    });
    const arn = (await this.describe()).LatestStreamArn;
    if (!arn) throw new Error(`the stream of table ${this.table} in ${this.place.region} could not be turned on`);
    return arn;
  }

  private async ask(operation: string, input: object, api?: string): Promise<Record<string, unknown>> {
    const answer = await this.client.dynamodb(this.place, operation, input, api);
    if (answer.status !== 200) {
      throw new Error(`${operation} of table ${this.table} in ${this.place.region} failed: ${answer.body.toString()}`);
    }
    return JSON.parse(answer.body.toString()) as Record<string, unknown>;
  }
}

/**
 * A record's own time has whole seconds. The emulator's sequence numbers begin with the millisecond; where one does not, the
 * moment that the run sees the record has to do.
 */
function writtenAt(record: FeedRecord): number {
  const now = Date.now();
  const at = Number(record.dynamodb.SequenceNumber.slice(0, 20));
  return at <= now && at > now - 86_400_000 ? at : now;
}
