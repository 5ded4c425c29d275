import { DescribeEventBusCommand, EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { SQSClient, SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { BusLook, BusPresence } from './bus-presence.service';
import { letterBody, letterReason } from './letter.domain';
import type { PutEntry } from '../model';
import { DeadLetter, PublishPorts, PutFailed, PutResult } from './publish.service';
import { connection } from '../../runtime/clients';
import { clock } from '../../runtime/clock';

export interface PublisherTarget {
  readonly busName: string;
  /** Absent: what is given up is left to the caller. */
  readonly deadLetterQueueUrl?: string;
  /** Of a global endpoint; requests to it are signed for all regions. */
  readonly endpointId?: string;
}

export interface PublisherClients {
  readonly eventBridge: EventBridgeClient;
  readonly sqs?: SQSClient;
}

/** The publisher's ports on AWS. Make them once, at module scope: the clients keep their connections. */
export function publishPorts(target: PublisherTarget, clients: PublisherClients = publisherClients(target)): PublishPorts {
  const { deadLetterQueueUrl } = target;
  const { sqs } = clients;
  // Registers itself with the SDK, which signs with it for all regions; loaded only for a global endpoint.
  const signer = target.endpointId === undefined ? undefined : import('@aws-sdk/signature-v4a');
  const bus = new BusPresence({ look: (timeoutMs) => look(target.busName, clients.eventBridge, timeoutMs), nowMs: Date.now });
  return {
    put: async (entries, timeoutMs) => {
      await signer;
      if (await bus.isMissing(timeoutMs)) {
        throw new PutFailed(`there is no event bus '${target.busName}' in this region: deploy its CrossRegionEventMesh`, true);
      }
      return put(target, clients.eventBridge, entries, timeoutMs);
    },
    ...(sqs && deadLetterQueueUrl ? { keep: (letters) => keep(sqs, deadLetterQueueUrl, letters) } : {}),
    ...clock,
    random: Math.random,
  };
}

/** Clients that send once: the service decides what is repeated. */
export function publisherClients(target: Pick<PublisherTarget, 'deadLetterQueueUrl'>): PublisherClients {
  const options = { maxAttempts: 1, requestHandler: connection() };
  return {
    eventBridge: new EventBridgeClient(options),
    ...(target.deadLetterQueueUrl === undefined ? {} : { sqs: new SQSClient(options) }),
  };
}

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DescribeEventBus.html */
async function look(busName: string, client: EventBridgeClient, timeoutMs: number): Promise<BusLook> {
  try {
    await client.send(new DescribeEventBusCommand({ Name: busName }), { abortSignal: AbortSignal.timeout(timeoutMs) });
    return 'there';
  } catch (error) {
    return (error as { name?: string }).name === 'ResourceNotFoundException' ? 'missing' : 'unknown';
  }
}

/** Entry errors that may pass. https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html */
const passing = new Set(['InternalFailure', 'InternalException', 'ThrottlingException', 'ServiceUnavailable']);

async function put(
  target: PublisherTarget,
  client: EventBridgeClient,
  entries: readonly PutEntry[],
  timeoutMs: number,
): Promise<readonly PutResult[]> {
  const { busName, endpointId } = target;
  const command = new PutEventsCommand({
    ...(endpointId === undefined ? {} : { EndpointId: endpointId }),
    Entries: entries.map(({ source, detailType, detail, traceHeader }) => ({
      EventBusName: busName,
      Source: source,
      DetailType: detailType,
      Detail: detail,
      ...(traceHeader === undefined ? {} : { TraceHeader: traceHeader }),
    })),
  });
  try {
    const { Entries: results = [] } = await client.send(command, { abortSignal: AbortSignal.timeout(timeoutMs) });
    return results.map(({ EventId, ErrorCode = 'unknown', ErrorMessage = '' }): PutResult =>
      EventId
        ? { kind: 'accepted' }
        : { kind: 'refused', reason: `${ErrorCode} ${ErrorMessage}`.trim(), retryable: passing.has(ErrorCode) },
    );
  } catch (error) {
    throw failureOf(error);
  }
}

/** A refusal of the request itself does not pass; everything else may, or may have succeeded: to publish twice does no harm. */
function failureOf(error: unknown): PutFailed {
  const {
    name = 'Error',
    message = String(error),
    $metadata,
  } = error as { name?: string; message?: string; $metadata?: { httpStatusCode?: number } };
  const status = $metadata?.httpStatusCode ?? 0;
  const refused = status >= 400 && status < 500 && status !== 429 && !/throttl|expired|skewed|timeout/i.test(name);
  return new PutFailed(`${name} ${message}`, !refused, { cause: error });
}

const lettersPerRequest = 10;
const bytesPerRequest = 256 * 1024;

/** In the form in which EventBridge leaves a dead letter, so that one command puts all of them back. */
async function keep(client: SQSClient, queueUrl: string, letters: readonly DeadLetter[]): Promise<number> {
  let kept = 0;
  while (kept < letters.length) {
    const batch = requestOf(letters.slice(kept));
    const { Failed: failed = [] } = await client.send(
      new SendMessageBatchCommand({
        QueueUrl: queueUrl,
        Entries: batch.map(({ entry, reason }, at) => ({
          Id: `${at}`,
          MessageBody: letterBody({
            version: '0',
            'detail-type': entry.detailType,
            source: entry.source,
            detail: JSON.parse(entry.detail) as unknown,
          }),
          MessageAttributes: {
            ERROR_CODE: { DataType: 'String', StringValue: 'PUBLISHER_GAVE_UP' },
            ERROR_MESSAGE: { DataType: 'String', StringValue: letterReason(reason) },
          },
        })),
      }),
    );
    if (failed.length > 0) return kept + Math.min(...failed.map(({ Id }) => Number(Id)));
    kept += batch.length;
  }
  return kept;
}

function requestOf(letters: readonly DeadLetter[]): readonly DeadLetter[] {
  let bytes = 0;
  const count = letters.slice(0, lettersPerRequest).findIndex(({ entry }, at) => {
    bytes += Buffer.byteLength(entry.detail) + 2_000;
    return at > 0 && bytes > bytesPerRequest;
  });
  return letters.slice(0, count < 0 ? lettersPerRequest : count);
}
