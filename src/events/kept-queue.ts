import { Duration, Stack } from 'aws-cdk-lib';
import { Effect, PolicyStatement, StarPrincipal } from 'aws-cdk-lib/aws-iam';
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

/**
 * Denies everybody to write into a queue but services (their own policies say which) and these roles: what is in it is acted upon with our
 * rights. By condition, since a principal would have to exist. `Bool` without `IfExists`: SQS's own moves into a dead-letter queue are
 * no request of anybody.
 */
export function onlyWrittenBy(queue: Queue, roleNames: readonly string[] = []): void {
  const { account, partition } = Stack.of(queue);
  const roles = roleNames.map((name) => `arn:${partition}:iam::${account}:role/${name}`);
  queue.addToResourcePolicy(new PolicyStatement({
    sid: 'WritersAlone',
    effect: Effect.DENY,
    principals: [new StarPrincipal()],
    actions: ['sqs:SendMessage'],
    resources: [queue.queueArn],
    conditions: { Bool: { 'aws:PrincipalIsAWSService': 'false' }, ...(roles.length > 0 ? { ArnNotEquals: { 'aws:PrincipalArn': roles } } : {}) },
  }));
}
