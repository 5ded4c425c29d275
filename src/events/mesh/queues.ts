import { Duration, Stack } from 'aws-cdk-lib';
import { CfnRule, EventBus } from 'aws-cdk-lib/aws-events';
import { Effect, PolicyStatement, StarPrincipal } from 'aws-cdk-lib/aws-iam';
import { IKey } from 'aws-cdk-lib/aws-kms';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { meshBusName, meshDeadLetterQueueName, meshStraysQueueName } from '../contract';
import { allowRules, deadLettersFrom, onlyWrittenBy } from './kept-queue';
import { retryPolicy } from './target';
import { keepProtection } from '../../cdk/checks/kept-protection';

export interface MeshQueuesProps {
  readonly systemName: string;
  readonly encryptionKey?: IKey;
}

/** Where a region's events end that could not be delivered, or came from nowhere. Nothing leaves these queues by itself for 14 days. */
export class MeshQueues extends Construct {
  public readonly deadLetters: Queue;
  public readonly strays: Queue;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: MeshQueuesProps,
  ) {
    super(scope, id);
    this.deadLetters = this.define('DeadLetters', meshDeadLetterQueueName(props.systemName));
    this.strays = this.define('Strays', meshStraysQueueName(props.systemName));
  }

  private define(id: string, queueName: string): Queue {
    const { systemName, encryptionKey } = this.props;
    const queue = keepProtection(
      new Queue(this, id, {
        queueName,
        retentionPeriod: Duration.days(14),
        visibilityTimeout: Duration.minutes(5),
        redriveAllowPolicy: deadLettersFrom(this),
        ...(encryptionKey
          ? { encryption: QueueEncryption.KMS, encryptionMasterKey: encryptionKey }
          : { encryption: QueueEncryption.SQS_MANAGED }),
      }),
    );
    // By name for every rule of the bus, so that a rule in another stack needs no change here.
    const stack = Stack.of(this);
    const bus = meshBusName(systemName);
    const sources = [`rule/${bus}/*`, `event-bus/${bus}`].map((resource) => stack.formatArn({ service: 'events', resource }));
    allowRules(queue, sources, 'ArnLike', id === 'DeadLetters' ? encryptionKey : undefined);
    queue.addToResourcePolicy(
      new PolicyStatement({
        sid: 'TlsOnly',
        effect: Effect.DENY,
        principals: [new StarPrincipal()],
        actions: ['sqs:*'],
        resources: [queue.queueArn],
        conditions: { Bool: { 'aws:SecureTransport': 'false' } },
      }),
    );
    // What is in here was on the bus, and is put back on it: nobody else writes, whatever their own policies allow.
    onlyWrittenBy(queue);
    return queue;
  }
}

/** Where strays come from and go. */
export interface MeshStrays {
  readonly systemName: string;
  readonly regions: string[];
  readonly bus: EventBus;
  readonly queues: MeshQueues;
}

/** Nobody forwards an event whose origin is no region of the mesh, and no consumer gets it: it must not vanish. */
export function defineStrays(scope: Construct, { systemName, regions, bus, queues }: MeshStrays): void {
  new CfnRule(scope, 'StraysRule', {
    name: meshStraysQueueName(systemName),
    description: `${systemName}: events whose origin is not a region of the mesh`,
    eventBusName: bus.eventBusName,
    eventPattern: { detail: { origin: [{ 'anything-but': regions }, { exists: false }] } },
    targets: [
      { id: 'Strays', arn: queues.strays.queueArn, deadLetterConfig: { arn: queues.deadLetters.queueArn }, retryPolicy: retryPolicy() },
    ],
  });
}
