import { Duration } from 'aws-cdk-lib';
import { IKey } from 'aws-cdk-lib/aws-kms';
import { DeadLetterQueue, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';

export interface KeptQueueProps {
  readonly queueName: string;
  readonly encryptionKey?: IKey;
  readonly visibilityTimeout?: Duration;
  readonly deliveryDelay?: Duration;
  readonly deadLetterQueue?: DeadLetterQueue;
}

/** A queue that is encrypted, reached by TLS alone, and keeps what is in it for as long as SQS allows. */
export function keptQueue(scope: Construct, id: string, { encryptionKey, ...props }: KeptQueueProps): Queue {
  return new Queue(scope, id, {
    ...props,
    retentionPeriod: Duration.days(14),
    enforceSSL: true,
    ...(encryptionKey ? { encryption: QueueEncryption.KMS, encryptionMasterKey: encryptionKey } : { encryption: QueueEncryption.SQS_MANAGED }),
  });
}
