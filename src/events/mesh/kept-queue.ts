import { Duration, Stack } from 'aws-cdk-lib';
import { Effect, PolicyStatement, ServicePrincipal, StarPrincipal } from 'aws-cdk-lib/aws-iam';
import { IKey } from 'aws-cdk-lib/aws-kms';
import { DeadLetterQueue, Queue, QueueEncryption, RedriveAllowPolicy, RedrivePermission } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { keepProtection } from '../../cdk/checks/kept-protection';

export interface KeptQueueProps {
  readonly queueName: string;
  readonly encryptionKey?: IKey;
  readonly visibilityTimeout?: Duration;
  readonly deliveryDelay?: Duration;
  readonly deadLetterQueue?: DeadLetterQueue;
  /** Name of the one queue whose dead letters it takes; none when absent. */
  readonly deadLettersOf?: string;
}

/**
 * A queue that is encrypted, reached by TLS alone, takes no other queue's dead letters, and keeps what is in it for as long as SQS allows.
 */
export function keptQueue(scope: Construct, id: string, { encryptionKey, deadLettersOf, ...props }: KeptQueueProps): Queue {
  return keepProtection(
    new Queue(scope, id, {
      ...props,
      redriveAllowPolicy: deadLettersFrom(scope, deadLettersOf),
      retentionPeriod: Duration.days(14),
      enforceSSL: true,
      ...(encryptionKey
        ? { encryption: QueueEncryption.KMS, encryptionMasterKey: encryptionKey }
        : { encryption: QueueEncryption.SQS_MANAGED }),
    }),
  );
}

/**
 * Whose dead letters a queue takes. SQS moves them itself and asks no policy, so without this whoever may make a queue has anything that he
 * sends to his own moved into ours. By name, since the other queue names this one. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
 */
export function deadLettersFrom(scope: Construct, queueName?: string): RedriveAllowPolicy {
  if (queueName === undefined) return { redrivePermission: RedrivePermission.DENY_ALL };
  const arn = Stack.of(scope).formatArn({ service: 'sqs', resource: queueName });
  return { redrivePermission: RedrivePermission.BY_QUEUE, sourceQueues: [Queue.fromQueueArn(scope, `LettersOf-${queueName}`, arn)] };
}

/**
 * Lets EventBridge put into a queue, for these rules or buses. By name, so that queue and policy are there before a rule is. Not as CDK's
 * own target does: into a queue with a key that lets in the rules of every account.
 */
export function allowRules(queue: Queue, sourceArns: string[], condition: 'ArnEquals' | 'ArnLike', encryptionKey?: IKey): void {
  const principals = [new ServicePrincipal('events.amazonaws.com')];
  queue.addToResourcePolicy(
    new PolicyStatement({
      sid: 'EventBridge',
      actions: ['sqs:SendMessage'],
      resources: [queue.queueArn],
      principals,
      conditions: { [condition]: { 'aws:SourceArn': sourceArns } },
    }),
  );
  // SQS asks for the key in the name of whoever sends. For EventBridge the source's ARN is not known then: the queue's policy says which
  // rules may put.
  encryptionKey?.addToResourcePolicy(
    new PolicyStatement({ actions: ['kms:Decrypt', 'kms:GenerateDataKey'], resources: ['*'], principals }),
  );
}

/**
 * Denies everybody to write into a queue but services (their own policies say which) and these roles: what is in it is acted upon with our
 * rights. By condition, since a principal would have to exist. `Bool` without `IfExists`: SQS's own moves into a dead-letter queue are
 * no request of anybody, and not judged here: see `deadLettersFrom`.
 */
export function onlyWrittenBy(queue: Queue, roleNames: readonly string[] = []): void {
  const { account, partition } = Stack.of(queue);
  const roles = roleNames.map((name) => `arn:${partition}:iam::${account}:role/${name}`);
  queue.addToResourcePolicy(
    new PolicyStatement({
      sid: 'WritersAlone',
      effect: Effect.DENY,
      principals: [new StarPrincipal()],
      actions: ['sqs:SendMessage'],
      resources: [queue.queueArn],
      conditions: {
        Bool: { 'aws:PrincipalIsAWSService': 'false' },
        ...(roles.length > 0 ? { ArnNotEquals: { 'aws:PrincipalArn': roles } } : {}),
      },
    }),
  );
}
