import { ArnFormat, CfnResource, Duration, Names, Stack } from 'aws-cdk-lib';
import { Metric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import { Archive, CfnArchive, EventBus, IEventBus, Match, Rule } from 'aws-cdk-lib/aws-events';
import { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import { IKey } from 'aws-cdk-lib/aws-kms';
import { Function, IFunction } from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { IQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import {
  ledgerEventSource,
  meshArchiveName,
  meshBusName,
  meshDeadLetterQueueName,
  meshSchema,
  meshStraysQueueName,
  meshTableName,
  paymentEventTypes,
  probeType,
  publisherEnv,
} from '../contract';
import { MeshAlarmOptions, MeshAlarms, deliveryAlarm, probeLatency } from './alarms';
import { checkMesh, checkPublisher, declareMeshPart, meshProblems } from './checks';
import { CrossRegionEventMeshProps, MeshTargetProps } from './mesh-props';
import { MeshProbes, probeTimes } from './probes';
import { MeshPublishProps, MeshPublishers } from './publishers';
import { MeshQueues, defineStrays } from './queues';
import { MeshRedrive } from './redrive';
import { DeadLetteredTarget, retryProblem } from './target';
import { MeshTransport } from './transport/mesh-transport';
import { MeshPart, peersOf } from './transport/strategy';
import { allowRoles, denyReserved, grantPut } from './trust';
import { invalidProps } from '../../cdk/checks/invalid-props';
import { checkLiterals } from '../../cdk/checks/literals';
import { checkPlaces, checkSamePlace } from '../../cdk/checks/places';
import { deployAfter, ownResource } from '../../cdk/deployment-order';
import { defineAlarms } from '../../cdk/tuned-alarms';

/**
 * One region's part of an event mesh: what is published in any region reaches the bus of every region. One in each region, in a
 * stack of its own or in another; it refers to no other region's stack.
 *
 * Delivery is at least once and unordered, as EventBridge's is: consumers discard what they had, by the envelope's `id`.
 */
export class CrossRegionEventMesh extends Construct {
  /** Name of the system. */
  public readonly systemName: string;
  /** Region of this part. */
  public readonly region: string;
  /** All regions of the mesh. */
  public readonly regions: string[];
  /** How events get from region to region. */
  public readonly transport: MeshTransport;
  /** The bus, by name: a stack that uses it imports nothing. */
  public readonly bus: IEventBus;
  /** Events that a target did not take. EventBridge alone writes into it; what a publisher gave up is in a queue of its own. */
  public readonly deadLetterQueue: IQueue;
  /** Events without a valid origin. */
  public readonly straysQueue: IQueue;
  /**
   * Puts dead letters back on the bus: `aws lambda invoke --function-name <systemName>-mesh-redrive`. What publishers gave up is put there
   * by `<systemName>-publisher-redrive`.
   */
  public readonly redriveFunction: IFunction;
  /** How often each region sends a probe. */
  public readonly probeInterval: Duration;
  /** Without a probe for so long a peer counts as silent. */
  public readonly silentAfter: Duration;

  private readonly alarmOptions: MeshAlarmOptions;
  private readonly encryptionKey?: IKey;
  private readonly publishers: MeshPublishers;
  private readonly busResources: readonly CfnResource[];

  constructor(scope: Construct, id: string, props: CrossRegionEventMeshProps) {
    super(scope, id);
    this.region = checkMesh(this, props);
    declareMeshPart(this, props);
    checkPlaces(this, 'CrossRegionEventMeshProps', props);
    checkPlaces(this, 'MeshAlarmOptions', props.alarms, 'alarms.');
    this.systemName = props.systemName;
    this.regions = [...props.regions];
    this.transport = props.transport ?? MeshTransport.rules();
    const peers = peersOf(this.part);
    const { systemName, encryptionKey, logRetention = RetentionDays.ONE_MONTH } = props;
    const times = probeTimes(props.probes);
    this.probeInterval = times.interval;
    this.silentAfter = times.silentAfter;
    this.alarmOptions = props.alarms ?? {};
    this.encryptionKey = encryptionKey;

    const queues = new MeshQueues(this, 'Queues', { systemName, encryptionKey });
    const bus = this.defineBus(queues, encryptionKey);
    this.bus = EventBus.fromEventBusName(this, 'ByName', meshBusName(systemName));
    this.defineArchive(bus, props);
    defineStrays(this, { systemName, regions: this.regions, bus, queues });
    this.deadLetterQueue = this.queueByName('DeadLettersByName', meshDeadLetterQueueName(systemName));
    this.straysQueue = this.queueByName('StraysByName', meshStraysQueueName(systemName));

    this.defineTransport(bus);

    new MeshProbes(this, 'Probes', {
      systemName,
      region: this.region,
      bus,
      peers,
      times,
      encryptionKey,
      logRetention,
      deadLettered: (target) => new DeadLetteredTarget(target, this.deadLetterQueue),
    });
    this.redriveFunction = new MeshRedrive(this, 'DeadLetters', {
      systemName,
      region: this.region,
      bus,
      deadLetters: queues.deadLetters,
      isOfBus: encryptionKey !== undefined,
      logRetention,
    }).function;
    this.busResources = bus.node.findAll().filter((child) => CfnResource.isCfnResource(child));
    this.publishers = new MeshPublishers(this, 'Publishers', {
      systemName,
      region: this.region,
      bus,
      encryptionKey,
      alarms: this.alarmOptions,
      logRetention,
    });
    new MeshAlarms(this, 'Alarms', {
      systemName,
      region: this.region,
      peers,
      times,
      options: this.alarmOptions,
      deadLetters: queues.deadLetters,
      strays: queues.strays,
      rules: { strays: meshStraysQueueName(systemName), ...this.transport._strategy.watchedRules(this.part) },
    });
    this.node.addValidation({ validate: () => meshProblems(this, this.part) });
  }

  /**
   * Delivers events of this region's bus, whatever region they began in, to a target, with a dead-letter queue and, but for a bus, a retry
   * policy. Probes and strays are left out, and so is every source that is not named.
   *
   * @param scope construct that gets the rule, in a stack of this region
   * @param id ID of the rule
   * @param props which events, and where to
   */
  public addTarget(scope: Construct, id: string, props: MeshTargetProps): Rule {
    checkSamePlace(this, 'scope of addTarget', scope);
    checkLiterals(scope, props);
    const problem = retryProblem(props.target, props.retry);
    if (problem) throw invalidProps(scope, problem);
    const holder = new Construct(scope, id);
    checkPlaces(holder, 'MeshTargetProps', props);
    // Named, since its metrics are told apart by its name.
    const ruleName = Names.uniqueResourceName(holder, { maxLength: 64, separator: '-' });
    const rule = new Rule(holder, 'Rule', {
      ruleName,
      eventBus: this.bus,
      eventPattern: {
        detailType: props.types ?? Match.anythingBut(probeType),
        source: props.sources ?? [ledgerEventSource(this.systemName)],
        detail: { origin: props.origins ?? this.regions },
      },
      targets: [new DeadLetteredTarget(props.target, this.deadLetterQueue, props.retry)],
    });
    rule.node.addDependency(this);
    const alarm = deliveryAlarm('Undelivered', this.systemName, ruleName, this.alarmOptions.deliveryFailures);
    defineAlarms(holder, `${this.systemName} in ${this.region}`, [alarm], this.alarmOptions.actions);
    return rule;
  }

  /**
   * Lets the grantee publish events of one source, and of the types named: put them on the bus (on both regions' with a global endpoint),
   * and what it gives up into the dead-letter queue of those who publish the same.
   *
   * @param grantee who publishes
   * @param publisher what it publishes; the same for `publisherEnvironment`
   */
  public grantPublish(grantee: IGrantable, publisher: MeshPublishProps): Grant {
    if (grantee instanceof Function) this._deployBefore(grantee, publisher);
    return this.publishers.grantSend(grantee, publisher).combine(grantPut(grantee, this.bus.eventBusArn, publisher, this.peerBusArns()));
  }

  /**
   * Environment with which `createPublisher` (of `cdk-multi-region-payments/runtime`) finds its way. Give it to functions that were
   * granted `grantPublish`.
   *
   * A function whose own timeout is under 10 seconds (3 by Lambda's default) is refused: it can be ended before it has put what it
   * could not send into the dead-letter queue.
   *
   * @param scope the function, or another construct of its stack, of which no timeout is asked
   * @param publisher what it publishes; the same as for `grantPublish`
   */
  public publisherEnvironment(scope: Construct, publisher: MeshPublishProps): { [name: string]: string } {
    checkSamePlace(this, 'scope of publisherEnvironment', scope);
    checkPublisher(scope);
    if (scope instanceof Function) this._deployBefore(scope, publisher);
    const { source, types } = publisher;
    return publisherEnv.write({
      systemName: this.systemName,
      busName: meshBusName(this.systemName),
      source,
      ...(types ? { types: JSON.stringify(types) } : {}),
      deadLetterQueueUrl: this.publishers.queueUrl(publisher),
      endpointId: this._endpointId(scope),
    });
  }

  /**
   * Has what puts events on the bus made after it: what is put on a bus that is not there is gone, and the answer does not say so.
   *
   * @internal
   */
  public _deployBefore(user: Function, publisher?: MeshPublishProps): void {
    deployAfter(ownResource(user), [...this.busResources, ...(publisher ? this.publishers.queueResources(publisher) : [])]);
  }

  /**
   * Lets a function of ours publish the ledger's events; on the region's own bus alone, or wherever publishers put.
   *
   * @internal
   */
  public _grantLedgerEvents(grantee: IGrantable, where: 'own' | 'any'): Grant {
    const events = { source: ledgerEventSource(this.systemName), types: paymentEventTypes };
    return grantPut(grantee, this.bus.eventBusArn, events, where === 'own' ? [] : this.peerBusArns());
  }

  /**
   * ID of the endpoint that publishers address; undefined where they address the region's bus.
   *
   * @internal
   */
  public _endpointId(scope: Construct): string | undefined {
    return this.transport._strategy.endpointId(scope, this.part);
  }

  /** Lets the grantee read what this region last heard of each peer. */
  public grantReadPeers(grantee: IGrantable): Grant {
    this.encryptionKey?.grantDecrypt(grantee);
    return Grant.addToPrincipal({ grantee, actions: ['dynamodb:GetItem'], resourceArns: [this.tableArn()] });
  }

  /**
   * Lets a function of the outbox read the marks of records that were set aside, or make them.
   *
   * @internal
   */
  public _grantAside(grantee: IGrantable, access: 'read' | 'write'): Grant {
    // DynamoDB opens the table's key in the caller's name, also to write.
    if (access === 'read') this.encryptionKey?.grantDecrypt(grantee);
    else this.encryptionKey?.grantEncryptDecrypt(grantee);
    return Grant.addToPrincipal({
      grantee,
      actions: [access === 'read' ? 'dynamodb:GetItem' : 'dynamodb:PutItem'],
      resourceArns: [this.tableArn()],
      conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [meshSchema.asideKey('*')] } },
    });
  }

  /**
   * Time that probes of a peer took to this region.
   *
   * @default - maximum over 1 minute
   */
  public metricProbeLatency(peer: string, options?: MetricOptions): Metric {
    return probeLatency(this.systemName, this.region, peer, options);
  }

  /**
   * Peer whose bus takes what this region publishes; undefined where that is the region's own.
   *
   * @internal
   */
  public _takenBy(): string | undefined {
    return this.transport._strategy.takenBy(this.part);
  }

  private defineBus(queues: MeshQueues, kmsKey?: IKey): EventBus {
    const bus = new EventBus(this, 'Bus', {
      eventBusName: meshBusName(this.systemName),
      description: `${this.systemName}: events of all its regions`,
      // What cannot be encrypted or decrypted would be lost otherwise.
      ...(kmsKey ? { kmsKey, deadLetterQueue: queues.deadLetters } : {}),
    });
    // And with it every rule on it: queues and their policies come before the first event, and go after the last.
    bus.node.addDependency(queues);
    return bus;
  }

  private defineTransport(bus: EventBus): void {
    const { part } = this;
    const strategy = this.transport._strategy;
    const senders = strategy.senders(part);
    denyReserved(bus, { ...part, senders: Object.values(senders), publishingRegions: strategy.publishingRegions(part) });
    strategy.define(this, { ...part, bus, deadLetterQueueArn: this.deadLetterQueue.queueArn });
    allowRoles(bus, this.systemName, senders);
  }

  /** Buses of other regions that a publisher of this region may be led to. */
  private peerBusArns(): string[] {
    return this.transport._strategy
      .publishedTo(this.part)
      .map((region) =>
        Stack.of(this).formatArn({ service: 'events', region, resource: 'event-bus', resourceName: meshBusName(this.systemName) }),
      );
  }

  private tableArn(): string {
    return Stack.of(this).formatArn({ service: 'dynamodb', resource: 'table', resourceName: meshTableName(this.systemName) });
  }

  private get part(): MeshPart {
    return { systemName: this.systemName, region: this.region, regions: this.regions };
  }

  private defineArchive(bus: EventBus, { archiveRetention, encryptionKey }: CrossRegionEventMeshProps): void {
    const archive = new Archive(this, 'Archive', {
      archiveName: meshArchiveName(this.systemName),
      description: `${this.systemName}: events that were on the bus in ${this.region}, for a replay`,
      // By name: the key's policy names the archive's bus, and the bus needs the key.
      sourceEventBus: this.bus,
      eventPattern: { detailType: Match.anythingBut(probeType) },
      retention: archiveRetention ?? Duration.days(30),
      kmsKey: encryptionKey,
    });
    // The CDK writes an empty key where there is none, which some regions refuse. https://github.com/aws/aws-cdk/issues/37847
    if (!encryptionKey) (archive.node.defaultChild as CfnArchive).addPropertyDeletionOverride('KmsKeyIdentifier');
    archive.node.addDependency(bus);
  }

  private queueByName(id: string, name: string): IQueue {
    return Queue.fromQueueArn(
      this,
      id,
      Stack.of(this).formatArn({ service: 'sqs', resource: name, arnFormat: ArnFormat.NO_RESOURCE_NAME }),
    );
  }
}
