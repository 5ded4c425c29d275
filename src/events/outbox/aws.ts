import type { AttributeValue, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ledgerEventSource, meshMetrics, outboxEnv } from '../contract';
import { BatchResult, EventSink, Outbox, StreamRecord } from './service';
import { asideReader } from './set-aside.aws';
import { passingOver } from './set-aside.service';
import { Environment, regionOf } from '../../kernel/env';
import { DynamoStore } from '../../ledger/aws';
import { clockPorts } from '../../ledger/functions/environment.aws';
import { toItem } from '../../ledger/items.aws';
import { readSyntheticTenants } from '../../ledger/synthetic-tenants.contract';
import { dynamoClient } from '../../runtime/clients';
import { faultRecord, Telemetry } from '../../runtime/telemetry';
import { tracerOf } from '../../runtime/xray';
import { entryOf } from '../publishing/envelope.domain';
import { publishPorts } from '../publishing/publish.aws';
import { publish } from '../publishing/publish.service';

/** The part of a record of a table's stream that is used here, as Lambda hands it over. */
export interface LambdaStreamRecord {
  readonly dynamodb?: {
    readonly SequenceNumber?: string;
    readonly OldImage?: object;
    readonly NewImage?: object;
    /** Seconds since the epoch. */
    readonly ApproximateCreationDateTime?: number;
  };
}

/** What Lambda is told about a batch: the first record that is not done with. */
export interface StreamBatchResponse {
  readonly batchItemFailures: { readonly itemIdentifier: string }[];
}

/** Records as the service reads them: one that cannot be read fails by itself. */
export function streamRecords(records: readonly LambdaStreamRecord[]): readonly StreamRecord[] {
  return records.map(({ dynamodb = {} }) => ({
    id: dynamodb.SequenceNumber ?? '',
    ...(dynamodb.ApproximateCreationDateTime === undefined ? {} : { arrivedMs: dynamodb.ApproximateCreationDateTime * 1000 }),
    change: () => ({
      ...(dynamodb.OldImage ? { old: toItem(dynamodb.OldImage as Record<string, AttributeValue>) } : {}),
      ...(dynamodb.NewImage ? { new: toItem(dynamodb.NewImage as Record<string, AttributeValue>) } : {}),
    }),
  }));
}

/**
 * What Lambda is told of a failure. A batch of which nothing is done fails as a whole: that is the same to Lambda, and counts among
 * the function's errors.
 */
export function streamResponse(failed: BatchResult['failed'], records: readonly StreamRecord[]): StreamBatchResponse {
  if (!failed) return { batchItemFailures: [] };
  if (failed.id === records[0].id) throw new Error(`no record of the batch was handled: ${failed.reason}`);
  return { batchItemFailures: [{ itemIdentifier: failed.id }] };
}

/** Publishes the ledger's events without a dead-letter queue in between: what fails stays in the stream, or in the sweep's queue. */
function eventSink(source: Environment): EventSink {
  const { systemName, busName, endpointId } = outboxEnv.read(source);
  const ports = publishPorts({ busName, endpointId });
  return (events, deadlineMs) =>
    publish(
      ports,
      events.map((event) => entryOf(event, ledgerEventSource(systemName))),
      deadlineMs,
    );
}

/** A function's outbox, from its environment; `service` names it in logs and traces. */
export function outboxOf(
  source: Environment,
  service: string,
): {
  readonly outbox: Outbox;
  readonly telemetry: Telemetry;
  readonly region: string;
  readonly dynamoDb: DynamoDBClient;
  readonly meshTableName: string;
  readonly isSetAside: (sequenceNumber: string) => Promise<boolean>;
} {
  const { systemName, tableName, meshTableName, syntheticTenants } = outboxEnv.read(source);
  const region = regionOf(source);
  const dynamoDb = dynamoClient();
  const ports = {
    ...clockPorts,
    store: new DynamoStore(dynamoDb, tableName),
    sink: eventSink(source),
    tracer: tracerOf(source, systemName),
  };
  return {
    outbox: new Outbox(ports, { region, name: `${systemName}-${service}`, syntheticTenants: readSyntheticTenants(syntheticTenants) }),
    telemetry: new Telemetry({ systemName, region, service }),
    region,
    dynamoDb,
    meshTableName,
    isSetAside: asideReader(dynamoDb, meshTableName),
  };
}

/** Time kept back from the end of an invocation to answer in. */
export const reserveMs = 5_000;

/** For a log's line; nothing where nothing was passed over. */
export function passedOver(passed: readonly string[]): { readonly passedOver?: readonly string[] } {
  return passed.length > 0 ? { passedOver: passed } : {};
}

/** Publishes a batch of the stream, and says so in the log. */
export function publishBatch({ outbox, telemetry, isSetAside }: Pick<ReturnType<typeof outboxOf>, 'outbox' | 'telemetry' | 'isSetAside'>) {
  return async (batch: readonly LambdaStreamRecord[], remainingMs: number): Promise<StreamBatchResponse> => {
    const records = streamRecords(batch);
    try {
      const deadlineMs = Date.now() + remainingMs - reserveMs;
      const { done, passed, failed } = await passingOver(records, isSetAside, (left) => outbox.publish(left, deadlineMs));
      const published = done.reduce((sum, one) => sum + one.published, 0);
      if (published > 0) telemetry.count(meshMetrics.eventsPublished, published);
      telemetry.record('outbox', { records: records.length, published, failed, ...passedOver(passed) });
      return streamResponse(failed, records);
    } catch (error) {
      telemetry.record('outbox', { records: records.length, failed: { id: records[0].id } }, faultRecord(error));
      throw error;
    }
  };
}
