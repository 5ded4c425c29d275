import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { meshMetrics, sweepEnv } from '../contract';
import { LambdaStreamRecord, outboxOf, passedOver, reserveMs, StreamBatchResponse, streamRecords, streamResponse } from './aws';
import { passingOver } from './set-aside.service';
import { Sweep, SweepHint } from './sweep.service';
import { namedCauseOf } from '../../kernel/cause';
import type { Environment } from '../../kernel/env';
import { connection } from '../../runtime/clients';
import { Telemetry } from '../../runtime/telemetry';
import { probeStore } from '../probes/aws';

/** A batch of the table's stream, or of the hints' queue. */
export interface SweepEvent {
  readonly Records: readonly (LambdaStreamRecord & { readonly eventSource: string; readonly messageId?: string; readonly body?: string })[];
}

/** A request to SQS takes ten messages, and 256 KB of them; hints are cut so that each stays far below a tenth of that. */
const hintsPerRequest = 10;
const bytesPerRequest = 250_000;

/** A function's sweep, from its environment. */
export function sweepOf(source: Environment): (event: SweepEvent, remainingMs: number) => Promise<StreamBatchResponse> {
  const env = sweepEnv.read(source);
  const { outbox, telemetry, region, dynamoDb, meshTableName, isSetAside } = outboxOf(source, 'sweep');
  const sqs = new SQSClient({ maxAttempts: 3, requestHandler: connection() });
  const news = probeStore(dynamoDb, meshTableName);
  const sweep = new Sweep(
    { keep: (hints) => keep(sqs, env.queueUrl, hints), newsOf: (peer) => news.newsOf(peer), nowMs: Date.now },
    { region, silentAfterMs: Number(env.silentAfterMs), aliveWithinMs: Number(env.aliveWithinMs), takenBy: env.takenBy },
    outbox,
  );
  return (event, remainingMs) =>
    event.Records[0]?.eventSource === 'aws:sqs'
      ? sweepHints(sweep, telemetry, event, Date.now() + remainingMs - reserveMs)
      : noteRecords(sweep, telemetry, isSetAside, event);
}

async function noteRecords(
  sweep: Sweep,
  telemetry: Telemetry,
  isSetAside: (sequenceNumber: string) => Promise<boolean>,
  { Records }: SweepEvent,
): Promise<StreamBatchResponse> {
  const records = streamRecords(Records);
  const { done, passed, failed } = await passingOver(records, isSetAside, (left) => sweep.note(left));
  const kept = done.reduce((sum, one) => sum + one.kept, 0);
  telemetry.record('hints', { records: records.length, kept, failed, ...passedOver(passed) });
  return streamResponse(failed, records);
}

async function sweepHints(sweep: Sweep, telemetry: Telemetry, { Records }: SweepEvent, deadlineMs: number): Promise<StreamBatchResponse> {
  const open: { message: string; reason: string }[] = [];
  let swept = 0;
  for (const { messageId = '', body = '' } of Records) {
    try {
      const result = await sweep.sweep(JSON.parse(body) as SweepHint, deadlineMs);
      if (result.kind === 'open') open.push({ message: messageId, reason: result.reason });
      if (result.kind === 'published') swept += result.events;
    } catch (error) {
      open.push({ message: messageId, reason: namedCauseOf(error) });
    }
  }
  if (swept > 0) telemetry.count(meshMetrics.swept, swept);
  telemetry.record('sweep', { hints: Records.length, swept, open: open.slice(0, 10) });
  return { batchItemFailures: open.map(({ message }) => ({ itemIdentifier: message })) };
}

/** Puts all hints into the queue, or throws: then the stream's batch comes again, and with it hints that are there already. */
async function keep(sqs: SQSClient, queueUrl: string, hints: readonly SweepHint[]): Promise<void> {
  for (const bodies of requestsOf(hints.map((hint) => JSON.stringify(hint)))) {
    const { Failed: failed = [] } = await sqs.send(
      new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries: bodies.map((MessageBody, n) => ({ Id: `${n}`, MessageBody })) }),
    );
    if (failed.length > 0) {
      throw new Error(`the hints' queue did not take ${failed.length} of ${bodies.length}: ${failed[0].Code} ${failed[0].Message}`);
    }
  }
}

function requestsOf(bodies: readonly string[]): readonly (readonly string[])[] {
  const requests: string[][] = [];
  let bytes = 0;
  for (const body of bodies) {
    const size = Buffer.byteLength(body);
    const last = requests[requests.length - 1];
    if (!last || last.length === hintsPerRequest || bytes + size > bytesPerRequest) {
      requests.push([body]);
      bytes = size;
    } else {
      last.push(body);
      bytes += size;
    }
  }
  return requests;
}
