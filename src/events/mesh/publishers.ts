import { createHash } from 'crypto';
import { CfnResource, Duration, Lazy, Stack } from 'aws-cdk-lib';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import { IKey } from 'aws-cdk-lib/aws-kms';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { CfnQueue, CfnQueuePolicy } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { LetterQueue, publisherRedriveName } from '../contract';
import { MeshAlarmOptions, waitingAlarm } from './alarms';
import { publishProblem } from './event-sources';
import { keptQueue } from './kept-queue';
import { grantEmpty, redriveFunction } from './redrive';
import { grantPut } from './trust';
import { BundledFunction } from '../../cdk/bundled-function';
import { invalidProps } from '../../cdk/checks/invalid-props';
import { checkLiterals } from '../../cdk/checks/literals';
import { defineAlarms } from '../../cdk/tuned-alarms';

/** What a publisher publishes. */
export interface MeshPublishProps {
  /**
   * `Source` of its events: who publishes, such as `acme.shipping`; 1 to 128 of `A-Z a-z 0-9 . _ / -`, and none of the system's own
   * (`<systemName>.ledger`, `<systemName>.mesh`). It can publish under no other.
   */
  readonly source: string;

  /**
   * Types of its events (`detail-type`), 1 to 50, and none of the system's own.
   *
   * @default - all but the system's own
   */
  readonly types?: string[];
}

export interface MeshPublishersProps {
  readonly systemName: string;
  readonly region: string;
  readonly bus: EventBus;
  readonly encryptionKey?: IKey;
  readonly alarms: MeshAlarmOptions;
  readonly logRetention: RetentionDays;
}

/** Lambda's environment has 4 KB, and other variables. */
const longestList = 3_500;

/**
 * The queues of what publishers gave up, one for each source and list of types: whoever writes into one can publish just that, so a
 * letter in it is put on the bus with no more rights than its writer has. By a function of its own, whose role cannot publish the rest.
 */
export class MeshPublishers extends Construct {
  private readonly queues = new Map<string, LetterQueue>();
  private redrive?: BundledFunction;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: MeshPublishersProps,
  ) {
    super(scope, id);
  }

  /** ARN of a publisher's queue, made when it is asked for the first time; by name, so that no stack refers to this one. */
  public queueArn(publisher: MeshPublishProps): string {
    return Stack.of(this).formatArn({ service: 'sqs', resource: this.queueName(publisher) });
  }

  /** URL of a publisher's queue. */
  public queueUrl(publisher: MeshPublishProps): string {
    const { region, account, urlSuffix } = Stack.of(this);
    return `https://sqs.${region}.${urlSuffix}/${account}/${this.queueName(publisher)}`;
  }

  /** A publisher's queue, with its policy. */
  public queueResources(publisher: MeshPublishProps): readonly CfnResource[] {
    const name = this.queueName(publisher);
    return this.node
      .findChild(this.idOf(name))
      .node.findAll()
      .filter((child) => child instanceof CfnQueue || child instanceof CfnQueuePolicy);
  }

  public grantSend(grantee: IGrantable, publisher: MeshPublishProps): Grant {
    // SQS asks for the queue's key in the publisher's name.
    this.props.encryptionKey?.grantEncryptDecrypt(grantee);
    return Grant.addToPrincipal({ grantee, actions: ['sqs:SendMessage'], resourceArns: [this.queueArn(publisher)] });
  }

  private queueName(publisher: MeshPublishProps): string {
    const { systemName } = this.props;
    checkLiterals(this, publisher, { texts: ['source', 'types'] });
    const problem = publishProblem(systemName, publisher);
    if (problem) throw invalidProps(this, problem);
    const { source, types } = publisher;
    const what = JSON.stringify([source, types === undefined ? null : [...types].sort()]);
    const hash = createHash('sha256').update(what).digest('hex').slice(0, 8);
    const name = `${systemName}-${source.replace(/[^A-Za-z0-9]/g, '-').slice(0, 20)}-${hash}-dlq`;
    if (!this.queues.has(name)) this.define(name, publisher);
    return name;
  }

  private define(queueName: string, { source, types }: MeshPublishProps): void {
    const { encryptionKey, systemName, region, alarms, bus } = this.props;
    const queue = keptQueue(this, this.idOf(queueName), { queueName, encryptionKey, visibilityTimeout: Duration.minutes(5) });
    this.queues.set(queueName, { url: queue.queueUrl, from: { kind: 'publisher', source, ...(types ? { types } : {}) } });
    const redrive = (this.redrive ??= this.defineRedrive());
    grantPut(redrive.function, bus.eventBusArn, { source, types });
    grantEmpty(redrive.function, queue);
    const says = `events that ${source} gave up wait in its dead-letter queue`;
    const alarm = waitingAlarm('Waiting', says, 'events-not-published', queue, alarms.deadLetters);
    defineAlarms(queue, `${systemName} in ${region}`, [alarm], alarms.actions);
  }

  private idOf(queueName: string): string {
    return queueName.slice(this.props.systemName.length + 1);
  }

  private defineRedrive(): BundledFunction {
    const { systemName, logRetention } = this.props;
    return redriveFunction(this, 'Redrive', {
      systemName,
      logRetention,
      functionName: publisherRedriveName(systemName),
      description: `${systemName}: puts on the bus what publishers gave up`,
      queues: Lazy.string({ produce: () => this.list() }),
    });
  }

  private list(): string {
    const list = Stack.of(this).toJsonString([...this.queues.values()]);
    const length = JSON.stringify([...this.queues.values()].map(({ from }) => from)).length + 150 * this.queues.size;
    if (length <= longestList) return list;
    throw invalidProps(this, {
      prop: 'publishers',
      given: `${this.queues.size}, whose sources and types take ${length} characters`,
      allowed: `${longestList}: the redrive function gets them in its environment`,
      mend: 'leave out types, or let functions share a source',
    });
  }
}
