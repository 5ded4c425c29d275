import { randomUUID } from 'node:crypto';
import { afterBatch, createdAt, resultOf, type Batch, type Step, type StreamRecord } from './batches';
import type { StreamMapping } from './mapping';
import { passes } from './pattern';
import type { RegionHandle } from '../ground/model';
import type { MetricStore } from '../metrics/store';
import type { AwsApi } from '../network/aws-api';
import { sleep } from '../network/network';

export interface PollerOptions {
  readonly api: AwsApi;
  readonly region: RegionHandle;
  readonly mapping: StreamMapping;
  readonly store: MetricStore;
  readonly accountId: string;
}

/** AWS asks a shard four times a second. */
const pollMs = 250;
const pageSize = 1000;
const firstWaitMs = 200;
const longestWaitMs = 5_000;

/** Follows a table's stream in one region and gives its records to a function, as Lambda does. One shard, one batch at a time. */
export class StreamPoller {
  private iterator = '';
  private closed = false;
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly options: PollerOptions) {}

  public async open(): Promise<void> {
    const { mapping, api, region } = this.options;
    const { StreamDescription } = await api.json<{ StreamDescription: { Shards: { ShardId: string }[] } }>(
      region.name,
      'streams',
      'DescribeStream',
      { StreamArn: mapping.streamArn },
    );
    const { ShardIterator } = await api.json<{ ShardIterator: string }>(region.name, 'streams', 'GetShardIterator', {
      StreamArn: mapping.streamArn,
      ShardId: StreamDescription.Shards[0].ShardId,
      ShardIteratorType: mapping.fromStart ? 'TRIM_HORIZON' : 'LATEST',
    });
    this.iterator = ShardIterator;
    this.running = this.follow();
  }

  public async close(): Promise<void> {
    this.closed = true;
    await this.running;
  }

  private async follow(): Promise<void> {
    const { mapping } = this.options;
    let gathered: StreamRecord[] = [];
    let gatheredSince = 0;
    while (!this.closed) {
      const asked = Date.now();
      const page = gathered.length < mapping.batchSize ? await this.page() : undefined;
      const fresh = page?.filter((record) => this.wanted(record)) ?? [];
      if (fresh.length && !gathered.length) gatheredSince = Date.now();
      gathered.push(...fresh);
      if (page?.length === 0 && !gathered.length) this.measure(0);
      const due = gathered.length >= mapping.batchSize || (gathered.length > 0 && Date.now() - gatheredSince >= mapping.windowMs);
      if (due) {
        await this.process(gathered.slice(0, mapping.batchSize));
        gathered = gathered.slice(mapping.batchSize);
        gatheredSince = Date.now();
      }
      if (gathered.length < mapping.batchSize && (page?.length ?? 0) < pageSize) await sleep(Math.max(0, asked + pollMs - Date.now()));
    }
  }

  /** Undefined when the stream could not be read. */
  private async page(): Promise<StreamRecord[] | undefined> {
    const { api, region } = this.options;
    if (region.state === 'stopped') return undefined;
    try {
      const page = await api.json<{ NextShardIterator?: string; Records: StreamRecord[] }>(region.name, 'streams', 'GetRecords', {
        ShardIterator: this.iterator,
        Limit: pageSize,
      });
      this.iterator = page.NextShardIterator ?? this.iterator;
      return page.Records;
    } catch {
      return undefined;
    }
  }

  private wanted(record: StreamRecord): boolean {
    const { patterns } = this.options.mapping;
    return patterns.length === 0 || patterns.some((pattern) => passes(record, pattern));
  }

  private async process(records: readonly StreamRecord[]): Promise<void> {
    let waiting: readonly Batch[] = [{ records, attempts: 0 }];
    let failures = 0;
    while (waiting.length && !this.closed) {
      const [batch, ...rest] = waiting;
      this.measure(Date.now() - createdAt(batch.records[0], Date.now()));
      const step = await this.attempt(batch);
      if (step.discarded) await this.discard(step.discarded);
      waiting = [...step.next, ...rest];
      failures = step.waits ? failures + 1 : 0;
      if (step.waits) await sleep(Math.min(longestWaitMs, firstWaitMs * 2 ** Math.min(failures - 1, 10)));
    }
  }

  private async attempt(batch: Batch): Promise<Step> {
    const { api, region, mapping } = this.options;
    if (region.state === 'stopped') return { next: [batch], waits: true };
    try {
      const Records = batch.records.map((record) => ({ ...record, eventSourceARN: mapping.streamArn }));
      const answer = await api.invoke(region.name, mapping.functionName, { Records }, 'RequestResponse');
      return afterBatch(batch, resultOf(batch.records, answer, mapping.reportsFailures), mapping, Date.now());
    } catch {
      // Throttled, or the connection broke: no attempt of the function's.
      return { next: [batch], waits: true };
    }
  }

  /** Source of the form: https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html */
  private async discard({ records, condition, attempts }: NonNullable<Step['discarded']>): Promise<void> {
    const { api, region, mapping, accountId } = this.options;
    const queue = mapping.failureArn;
    if (queue === undefined) return;
    const time = (record: StreamRecord): string => new Date(createdAt(record, Date.now())).toISOString();
    const [first, last] = [records[0], records[records.length - 1]];
    const body = {
      requestContext: {
        requestId: randomUUID(),
        functionArn: `arn:aws:lambda:${region.name}:${accountId}:function:${mapping.functionName}`,
        condition,
        approximateInvokeCount: attempts,
      },
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      version: '1.0',
      timestamp: new Date().toISOString(),
      DDBStreamBatchInfo: {
        shardId: 'shardId-00000000000000000000-00000000',
        startSequenceNumber: first.dynamodb.SequenceNumber,
        endSequenceNumber: last.dynamodb.SequenceNumber,
        approximateArrivalOfFirstRecord: time(first),
        approximateArrivalOfLastRecord: time(last),
        batchSize: records.length,
        streamArn: mapping.streamArn,
      },
    };
    await api
      .queueUrl(region.name, queue)
      .then((QueueUrl) => api.json(region.name, 'sqs', 'SendMessage', { QueueUrl, MessageBody: JSON.stringify(body) }))
      .catch(() =>
        this.options.store.put(
          {
            region: region.name,
            namespace: 'AWS/Lambda',
            name: 'DestinationDeliveryFailures',
            dimensions: { FunctionName: mapping.functionName },
          },
          1,
          Date.now(),
        ),
      );
  }

  private measure(ageMs: number): void {
    const { store, mapping } = this.options;
    store.put(
      { region: mapping.region, namespace: 'AWS/Lambda', name: 'IteratorAge', dimensions: { FunctionName: mapping.functionName } },
      ageMs,
      Date.now(),
    );
  }
}
