import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import { Archive, EventBus, IEventBus, IRuleTarget, Match, Rule, CfnRule } from 'aws-cdk-lib/aws-events';
import { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import { IKey } from 'aws-cdk-lib/aws-kms';
import { IQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import {
  forwardingRoleName, meshArchiveName, meshBusName, meshDeadLetterQueueName, meshStraysQueueName, probeType, publisherEnv, replicationRoleName,
} from './contract';
import { checkMesh } from './mesh-checks';
import { MeshEndpoint, lookUpEndpointId } from './mesh-endpoint';
import { MeshForwarding, allowRoles } from './mesh-forwarding';
import { MeshQueues } from './mesh-queues';
import { DeadLetteredTarget, MeshRetryOptions, retryPolicy } from './mesh-target';
import { GlobalEndpointProps, MeshTransport } from './mesh-transport';

/** Properties of `CrossRegionEventMesh`. */
export interface CrossRegionEventMeshProps {
  /** Name of the system: 3 to 40 lower-case letters, digits and hyphens; the same in every region. The bus is `<systemName>-events`. */
  readonly systemName: string;

  /** Regions whose events reach each other, two or more, the stack's own included; the same list in every region. With our ledger: `regions.replicas`. */
  readonly regions: string[];

  /**
   * How events get from region to region; the same in every region.
   *
   * @default MeshTransport.rules()
   */
  readonly transport?: MeshTransport;

  /**
   * Key of this region that encrypts the bus, the queues and the archive.
   *
   * @default - keys that the services own
   */
  readonly encryptionKey?: IKey;

  /**
   * How long the archive keeps events for a replay, in whole days.
   *
   * @default Duration.days(30)
   */
  readonly archiveRetention?: Duration;

  /**
   * How long the delivery to a peer is tried before the event goes to the dead-letter queue.
   *
   * @default - 24 hours and 185 attempts, as long as EventBridge allows
   */
  readonly retry?: MeshRetryOptions;
}

/** Which events a target gets, and how long their delivery is tried. */
export interface MeshTargetProps {
  /** Where the events go. Its dead-letter queue and retry policy are set here when it has none. */
  readonly target: IRuleTarget;

  /**
   * Types of events, such as `payment.authorised`.
   *
   * @default - all but probes
   */
  readonly types?: string[];

  /**
   * `Source` of the events.
   *
   * @default - any
   */
  readonly sources?: string[];

  /**
   * Regions where the events began.
   *
   * @default - all regions of the mesh
   */
  readonly origins?: string[];

  /**
   * How long the delivery is tried.
   *
   * @default - 24 hours and 185 attempts
   */
  readonly retry?: MeshRetryOptions;
}

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
  /** Events that a target did not take, and those that a publisher gave up. */
  public readonly deadLetterQueue: IQueue;
  /** Events without a valid origin. */
  public readonly straysQueue: IQueue;

  constructor(scope: Construct, id: string, props: CrossRegionEventMeshProps) {
    super(scope, id);
    this.region = checkMesh(this, props);
    this.systemName = props.systemName;
    this.regions = [...props.regions];
    this.transport = props.transport ?? MeshTransport.rules();
    const peers = this.regions.filter((region) => region !== this.region);
    const { systemName, encryptionKey, retry } = props;

    const queues = new MeshQueues(this, 'Queues', { systemName, encryptionKey });
    const bus = this.defineBus(queues, encryptionKey);
    this.defineArchive(bus, props);
    this.defineStrays(bus, queues);
    this.bus = EventBus.fromEventBusName(this, 'ByName', meshBusName(systemName));
    this.deadLetterQueue = this.queueByName('DeadLettersByName', meshDeadLetterQueueName(systemName));
    this.straysQueue = this.queueByName('StraysByName', meshStraysQueueName(systemName));

    const endpoint = this.transport.globalEndpointProps;
    if (endpoint) this.defineEndpoint(bus, endpoint);
    else this.defineForwarding(bus, { peers, retry });
  }

  /**
   * Delivers events of this region's bus, whatever region they began in, to a target, with a dead-letter queue and a retry policy.
   * Probes and strays are left out.
   *
   * @param scope construct that gets the rule, in a stack of this region
   * @param id ID of the rule
   * @param props which events, and where to
   */
  public addTarget(scope: Construct, id: string, props: MeshTargetProps): Rule {
    const rule = new Rule(scope, id, {
      eventBus: this.bus,
      eventPattern: {
        detailType: props.types ?? Match.anythingBut(probeType),
        ...(props.sources ? { source: props.sources } : {}),
        detail: { origin: props.origins ?? this.regions },
      },
      targets: [new DeadLetteredTarget(props.target, this.deadLetterQueue, props.retry)],
    });
    rule.node.addDependency(this);
    return rule;
  }

  /**
   * Lets the grantee publish: put events on the bus (on both regions' with a global endpoint), and into the dead-letter queue what it
   * gives up.
   */
  public grantPublish(grantee: IGrantable): Grant {
    const regions = this.transport.globalEndpointProps ? this.regions : [this.region];
    const resourceArns = regions.map((region) => Stack.of(this).formatArn({ service: 'events', region, resource: 'event-bus', resourceName: meshBusName(this.systemName) }));
    return Grant.addToPrincipal({ grantee, actions: ['events:PutEvents'], resourceArns })
      .combine(Grant.addToPrincipal({ grantee, actions: ['sqs:SendMessage'], resourceArns: [this.deadLetterQueue.queueArn] }));
  }

  /**
   * Environment with which `createPublisher` (of `cdk-multi-region-payments/runtime`) finds its way. Give it to functions that were
   * granted `grantPublish`.
   *
   * @param scope the function, or another construct of its stack
   */
  public publisherEnvironment(scope: Construct): { [name: string]: string } {
    const primary = this.primary();
    return publisherEnv.write({
      systemName: this.systemName,
      busName: meshBusName(this.systemName),
      deadLetterQueueUrl: this.deadLetterQueue.queueUrl,
      ...(primary ? { endpointId: lookUpEndpointId(scope, this.systemName, primary) } : {}),
    });
  }

  private defineBus(queues: MeshQueues, kmsKey?: IKey): EventBus {
    return new EventBus(this, 'Bus', {
      eventBusName: meshBusName(this.systemName),
      description: `${this.systemName}: events of all its regions`,
      // What cannot be encrypted or decrypted would be lost otherwise.
      ...(kmsKey ? { kmsKey, deadLetterQueue: queues.deadLetters } : {}),
    });
  }

  private defineForwarding(bus: EventBus, { peers, retry }: { peers: string[]; retry?: MeshRetryOptions }): void {
    const { systemName, region } = this;
    new MeshForwarding(this, 'Forwarding', { systemName, region, peers, bus, deadLetterQueueArn: this.deadLetterQueue.queueArn, retry });
    allowRoles(bus, Object.fromEntries(peers.map((peer) => [peer, forwardingRoleName(systemName, peer, region)])));
  }

  private defineEndpoint(bus: EventBus, options: GlobalEndpointProps): void {
    const { systemName } = this;
    allowRoles(bus, { Replication: replicationRoleName(systemName) });
    const primary = this.primary()!;
    const regions = [primary, ...this.regions.filter((region) => region !== primary)];
    if (this.region === primary) new MeshEndpoint(this, 'GlobalEndpoint', { systemName, regions, bus, options });
  }

  /** Of the global endpoint; undefined with rules. */
  private primary(): string | undefined {
    const endpoint = this.transport.globalEndpointProps;
    return endpoint && (endpoint.primary ?? this.regions[0]);
  }

  private defineArchive(bus: EventBus, { archiveRetention, encryptionKey }: CrossRegionEventMeshProps): void {
    new Archive(this, 'Archive', {
      archiveName: meshArchiveName(this.systemName),
      description: `${this.systemName}: events that were on the bus in ${this.region}, for a replay`,
      sourceEventBus: bus,
      eventPattern: { detailType: Match.anythingBut(probeType) },
      retention: archiveRetention ?? Duration.days(30),
      kmsKey: encryptionKey,
    });
  }

  /** Nobody forwards an event whose origin is no region of the mesh, and no consumer gets it: it must not vanish. */
  private defineStrays(bus: EventBus, queues: MeshQueues): void {
    new CfnRule(this, 'StraysRule', {
      name: meshStraysQueueName(this.systemName),
      description: `${this.systemName}: events whose origin is no region of the mesh`,
      eventBusName: bus.eventBusName,
      eventPattern: { detail: { origin: [{ 'anything-but': this.regions }, { exists: false }] } },
      targets: [{ id: 'Strays', arn: queues.strays.queueArn, deadLetterConfig: { arn: queues.deadLetters.queueArn }, retryPolicy: retryPolicy() }],
    });
  }

  private queueByName(id: string, name: string): IQueue {
    return Queue.fromQueueArn(this, id, Stack.of(this).formatArn({ service: 'sqs', resource: name, arnFormat: ArnFormat.NO_RESOURCE_NAME }));
  }
}
