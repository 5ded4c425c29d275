import { Annotations, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Metric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import { AttributeType, BillingMode, CfnTable, ITable, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import { IFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { IQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { consumerAlarms } from './alarms';
import { consumerProblem, functionBehind, functionTimeout, queueVisibility, timeoutOf, unknownTimeoutWarning } from './checks';
import { ConsumerHandling, IdempotentConsumerProps, StaleEvents } from './consumer-props';
import { BundledFunction } from '../../cdk/bundled-function';
import { invalidProps } from '../../cdk/checks/invalid-props';
import { keepProtection } from '../../cdk/checks/kept-protection';
import { keepResource, keptTable } from '../../cdk/checks/kept-resource';
import { checkLiterals } from '../../cdk/checks/literals';
import { checkNames } from '../../cdk/checks/name-limits';
import { declareOnce } from '../../cdk/checks/one-of-a-kind';
import { checkPlaces } from '../../cdk/checks/places';
import { systemMetric } from '../../cdk/system-metric';
import { defineAlarms } from '../../cdk/tuned-alarms';
import {
  consumerEnv,
  consumerQueueName,
  inboxMetadata,
  inboxSchema,
  inboxTableName,
  ledgerEventSource,
  meshMetrics,
  outboxBundles,
} from '../contract';
import { allowRules, keptQueue } from '../mesh/kept-queue';
import { ruleArn } from '../mesh/target';

/** Deliveries after which SQS itself takes a message out of the way: for a consumer that cannot even say that it fails. */
const maxReceiveCount = 100;
const batchSize = 10;

/**
 * A consumer of one region's events, each once in effect: a queue behind a rule of the bus, an inbox table that decides by the event's
 * source, tenant and ID, leases for crashes, a dead-letter queue for what cannot be handled. One in each region where the effect is wanted.
 *
 * To deliver anew what was set aside: `aws sqs start-message-move-task` from the dead-letter queue to the queue.
 */
export class IdempotentConsumer extends Construct {
  /** Name of the system. */
  public readonly systemName: string;
  /** Name of the consumer, the same in every region. */
  public readonly consumerName: string;
  /** The queue of events that wait. */
  public readonly queue: IQueue;
  /** Events that were set aside, and those whose consumer died over and over. */
  public readonly deadLetterQueue: IQueue;
  /** What this consumer has done, and is doing: `<systemName>-<consumerName>-inbox`. */
  public readonly inbox: ITable;
  /** What a wrapped handler needs in its environment; set by itself where the handler is a `Function`. */
  public readonly environment: { [name: string]: string };

  private readonly props: IdempotentConsumerProps;
  private readonly inboxGrants: (grantee: IGrantable) => Grant;

  constructor(scope: Construct, id: string, props: IdempotentConsumerProps) {
    super(scope, id);
    checkLiterals(this, props, { texts: ['consumerName', 'sources'] });
    const problem = consumerProblem(props, props.handling === ConsumerHandling.WRAPPED);
    if (problem) throw invalidProps(this, problem);
    this.props = props;
    const { mesh, encryptionKey } = props;
    this.systemName = mesh.systemName;
    this.consumerName = props.consumerName;
    checkNames(this);
    checkPlaces(this, 'IdempotentConsumerProps', props);
    checkPlaces(this, 'IdempotentConsumerAlarmOptions', props.alarms, 'alarms.');
    declareOnce(this, { kind: 'IdempotentConsumer', prop: 'consumerName', name: `${mesh.systemName}-${props.consumerName}` });
    const deadLetters = this.defineQueue('DeadLetters', 'dlq');
    const queue = this.defineQueue('Queue', 'queue', deadLetters);
    const inbox = this.defineInbox();
    this.queue = queue;
    this.deadLetterQueue = deadLetters;
    this.inbox = inbox;
    this.inboxGrants = (grantee) => inbox.grant(grantee, 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem');
    this.environment = this.settings();
    const reader = this.defineFunction(queue);
    encryptionKey?.grantEncryptDecrypt(reader);
    this.defineRule(queue);
    defineAlarms(
      this,
      `${mesh.systemName} in ${mesh.region}, consumer ${props.consumerName}`,
      consumerAlarms(props.alarms, { queue, deadLetters, setAside: this.metricSetAside(), refused: this.metricRefused() }),
      props.alarms?.actions,
    );
  }

  /**
   * Lets a handler mark events as done in a DynamoDB transaction of its own, together with its effect: no crash can come between them.
   * The update is one of `e#<source>#<tenant>#<event ID>`, the tenant in URL encoding: `SET state = "DONE"`, on condition that `state =
   * "RUNNING"`.
   */
  public grantComplete(grantee: IGrantable): Grant {
    this.props.encryptionKey?.grantEncryptDecrypt(grantee);
    return Grant.addToPrincipal({ grantee, actions: ['dynamodb:UpdateItem'], resourceArns: [this.inbox.tableArn] });
  }

  /**
   * Events that had their effect here.
   *
   * @default - sum over 1 minute
   */
  public metricConsumed(options?: MetricOptions): Metric {
    return this.metric(meshMetrics.consumed, options);
  }

  /**
   * Deliveries that were discarded, since the event had had its effect.
   *
   * @default - sum over 1 minute
   */
  public metricDuplicates(options?: MetricOptions): Metric {
    return this.metric(meshMetrics.duplicates, options);
  }

  /**
   * Events that came after a later one of their subject was done.
   *
   * @default - sum over 1 minute
   */
  public metricOutOfOrder(options?: MetricOptions): Metric {
    return this.metric(meshMetrics.outOfOrder, options);
  }

  /**
   * Events that were set aside.
   *
   * @default - sum over 1 minute
   */
  public metricSetAside(options?: MetricOptions): Metric {
    return this.metric(meshMetrics.setAside, options);
  }

  /**
   * Events that were refused: of a source that this consumer does not accept.
   *
   * @default - sum over 1 minute
   */
  public metricRefused(options?: MetricOptions): Metric {
    return this.metric(meshMetrics.refused, options);
  }

  private sources(): string[] {
    return this.props.sources ?? [ledgerEventSource(this.props.mesh.systemName)];
  }

  private timeout(): Duration {
    return functionTimeout(this.props, this.props.handling !== ConsumerHandling.WRAPPED);
  }

  private settings(handlerArn?: string): Record<string, string> {
    const { mesh, consumerName, maxAttempts, remember, staleEvents } = this.props;
    return consumerEnv.write({
      systemName: mesh.systemName,
      consumer: consumerName,
      inboxTable: this.inbox.tableName,
      deadLetterQueueUrl: this.deadLetterQueue.queueUrl,
      handlerTimeoutMs: String(timeoutOf(this.props).toMilliseconds()),
      maxAttempts: String(maxAttempts ?? 5),
      rememberDays: String((remember ?? Duration.days(30)).toDays()),
      staleEvents: staleEvents ?? StaleEvents.DELIVER,
      sources: this.sources().join(' '),
      handlerArn,
    });
  }

  private defineRule(queue: Queue): void {
    const { mesh, consumerName, types, encryptionKey } = this.props;
    const queueName = consumerQueueName(mesh.systemName, consumerName, 'queue');
    const byName = Queue.fromQueueArn(this, 'ByName', Stack.of(this).formatArn({ service: 'sqs', resource: queueName }));
    const rule = mesh.addTarget(this, 'Rule', { target: new SqsQueue(byName), types, sources: this.sources() });
    allowRules(queue, [ruleArn(mesh.systemName, rule)], 'ArnEquals', encryptionKey);
    rule.node.addDependency(queue);
  }

  private defineQueue(id: string, queue: 'queue' | 'dlq', deadLetters?: Queue): Queue {
    const { mesh, consumerName, encryptionKey } = this.props;
    return keptQueue(this, id, {
      queueName: consumerQueueName(mesh.systemName, consumerName, queue),
      encryptionKey,
      ...(queue === 'dlq' ? { deadLettersOf: consumerQueueName(mesh.systemName, consumerName, 'queue') } : {}),
      visibilityTimeout: queueVisibility(this.props, this.props.handling !== ConsumerHandling.WRAPPED),
      ...(deadLetters ? { deadLetterQueue: { queue: deadLetters, maxReceiveCount } } : {}),
    });
  }

  private defineInbox(): Table {
    const { mesh, consumerName, encryptionKey, removalPolicy } = this.props;
    const table = new Table(this, 'Inbox', {
      tableName: inboxTableName(mesh.systemName, consumerName),
      partitionKey: { name: inboxSchema.partitionKey, type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      timeToLiveAttribute: inboxSchema.expires,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: removalPolicy ?? RemovalPolicy.RETAIN,
      deletionProtection: (removalPolicy ?? RemovalPolicy.RETAIN) === RemovalPolicy.RETAIN,
      ...(encryptionKey ? { encryption: TableEncryption.CUSTOMER_MANAGED, encryptionKey } : {}),
    });
    keepProtection(table);
    const kept = removalPolicy ?? RemovalPolicy.RETAIN;
    keepResource(this, table.node.defaultChild as CfnTable, kept, keptTable(kept));
    (table.node.defaultChild as CfnTable).addMetadata(inboxMetadata, { consumer: consumerName });
    return table;
  }

  /** The function that reads the queue: ours, or the team's own. */
  private defineFunction(queue: Queue): IFunction {
    const { handler, maxConcurrency = 10 } = this.props;
    const reader = this.props.handling === ConsumerHandling.WRAPPED ? this.wrapped(handler) : this.invoking(handler);
    this.inboxGrants(reader);
    this.deadLetterQueue.grantSendMessages(reader);
    reader.addEventSource(new SqsEventSource(queue, { batchSize, reportBatchItemFailures: true, maxConcurrency }));
    return reader;
  }

  private wrapped(handler: IFunction): IFunction {
    const behind = functionBehind(handler);
    for (const [name, value] of Object.entries(this.environment)) behind?.addEnvironment(name, value);
    const warning = unknownTimeoutWarning(this.props);
    if (warning) Annotations.of(this).addWarningV2('cdk-multi-region-payments:wrapped-handler-timeout', `[${this.node.path}] ${warning}`);
    return handler;
  }

  private invoking(handler: IFunction): IFunction {
    const { mesh, consumerName, logRetention } = this.props;
    const consumer = new BundledFunction(this, 'Consumer', {
      bundle: outboxBundles.consumer,
      description: `${mesh.systemName}: consumer ${consumerName}`,
      environment: this.settings(handler.functionArn),
      timeout: this.timeout(),
      memorySize: 512,
      logRetention: logRetention ?? RetentionDays.ONE_MONTH,
    });
    handler.grantInvoke(consumer.function);
    return consumer.function;
  }

  private metric(metricName: string, options?: MetricOptions): Metric {
    const { mesh, consumerName } = this.props;
    const dimensions = { [meshMetrics.consumerDimension]: consumerName };
    return systemMetric(metricName, { systemName: mesh.systemName, region: mesh.region, dimensions }, options);
  }
}
