import { ChangeMessageVisibilityBatchCommand, DeleteMessageBatchCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { LetterRedrivePorts } from './service';
import { connection } from '../../runtime/clients';
import { faultRecord, Telemetry } from '../../runtime/telemetry';

/** By which EventBridge says whose letter it is. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html */
const ruleAttribute = 'RULE_ARN';
/** What SQS takes in a request. */
const messagesPerRequest = 10;
const requestsAtOnce = 10;

/** The dead-letter queue's side of a redrive. */
export function redriveQueue(queueUrl: string, telemetry: Telemetry): Pick<LetterRedrivePorts, 'receive' | 'discard' | 'release'> {
  const client = new SQSClient({ requestHandler: connection({ requestTimeoutMs: 10_000 }) });
  return {
    receive: async () => {
      const { Messages: messages = [] } = await client.send(
        new ReceiveMessageCommand({
          // Without waiting SQS asks only some of its servers, and a queue that is not empty may look so.
          QueueUrl: queueUrl,
          MaxNumberOfMessages: messagesPerRequest,
          WaitTimeSeconds: 2,
          MessageSystemAttributeNames: ['SentTimestamp'],
          MessageAttributeNames: [ruleAttribute],
        }),
      );
      return messages.map(({ Body = '', ReceiptHandle = '', Attributes, MessageAttributes }) => ({
        body: Body,
        handle: ReceiptHandle,
        sentAt: Number(Attributes?.SentTimestamp ?? 0),
        rule: MessageAttributes?.[ruleAttribute]?.StringValue,
      }));
    },
    discard: async (handles) => {
      const { Failed: failed = [] } = await client.send(
        new DeleteMessageBatchCommand({
          QueueUrl: queueUrl,
          Entries: handles.map((handle, at) => ({ Id: `${at}`, ReceiptHandle: handle })),
        }),
      );
      // They are on the bus and in the queue: a second redrive puts them there twice, which consumers discard.
      if (failed.length > 0) {
        throw new Error(
          `${failed.length} messages could not be deleted from the dead-letter queue: ${failed[0].Message ?? failed[0].Code}`,
        );
      }
    },
    release: async (handles) => {
      try {
        await show(client, queueUrl, handles);
      } catch (error) {
        telemetry.record('messages not shown again', { messages: handles.length }, faultRecord(error));
      }
    },
  };
}

async function show(client: SQSClient, queueUrl: string, handles: readonly string[]): Promise<void> {
  const entries = handles.map((handle, at) => ({ Id: `${at}`, ReceiptHandle: handle, VisibilityTimeout: 0 }));
  while (entries.length > 0) {
    const requests = Array.from({ length: requestsAtOnce }, () => entries.splice(0, messagesPerRequest)).filter(({ length }) => length > 0);
    await Promise.all(requests.map((Entries) => client.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: queueUrl, Entries }))));
  }
}
