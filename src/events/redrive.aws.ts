import { DeleteMessageBatchCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { RedrivePorts } from './redrive.service';
import { connection } from '../runtime/clients';

/** The dead-letter queue's side of a redrive. */
export function redriveQueue(queueUrl: string): Pick<RedrivePorts, 'receive' | 'discard'> {
  const client = new SQSClient({ requestHandler: connection({ requestTimeoutMs: 10_000 }) });
  return {
    receive: async () => {
      const { Messages: messages = [] } = await client.send(new ReceiveMessageCommand({
        QueueUrl: queueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 2, MessageSystemAttributeNames: ['SentTimestamp'],
      }));
      return messages.map(({ Body = '', ReceiptHandle = '', Attributes }) => ({ body: Body, handle: ReceiptHandle, sentAt: Number(Attributes?.SentTimestamp ?? 0) }));
    },
    discard: async (handles) => {
      const { Failed: failed = [] } = await client.send(new DeleteMessageBatchCommand({
        QueueUrl: queueUrl, Entries: handles.map((handle, at) => ({ Id: `${at}`, ReceiptHandle: handle })),
      }));
      // They are on the bus and in the queue: a second redrive puts them there twice, which consumers discard.
      if (failed.length > 0) throw new Error(`${failed.length} messages could not be deleted from the dead-letter queue: ${failed[0].Message ?? failed[0].Code}`);
    },
  };
}
