import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { EventBus, IRuleTarget, Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Grant } from 'aws-cdk-lib/aws-iam';
import { IKey } from 'aws-cdk-lib/aws-kms';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { functionRoleName, meshBundles, meshBusName, meshEnv, meshEventSource, meshSchema, meshTableName, probeType } from '../contract';
import { grantPut } from './trust';
import { BundledFunction } from '../../cdk/bundled-function';
import { PropProblem } from '../../cdk/checks/invalid-props';
import { keepProtection } from '../../cdk/checks/kept-protection';

/** The events by which each region measures the way from every other one. */
export interface MeshProbeOptions {
  /**
   * How often each region sends one, 1 to 60 whole minutes.
   *
   * @default Duration.minutes(1)
   */
  readonly interval?: Duration;

  /**
   * Without a probe for so long a peer counts as silent, and the alarm is raised: a multiple of the interval, at least two of it.
   *
   * @default - three intervals
   */
  readonly silentAfter?: Duration;

  /**
   * A probe that was on its way for so long is late.
   *
   * @default Duration.seconds(30)
   */
  readonly lateAfter?: Duration;
}

/** The options with their defaults. */
export interface ProbeTimes {
  readonly interval: Duration;
  readonly silentAfter: Duration;
  readonly lateAfter: Duration;
}

export function probeTimes({
  interval = Duration.minutes(1),
  silentAfter,
  lateAfter = Duration.seconds(30),
}: MeshProbeOptions = {}): ProbeTimes {
  return { interval, silentAfter: silentAfter ?? Duration.seconds(3 * interval.toSeconds()), lateAfter };
}

export function probesProblem(options: MeshProbeOptions = {}): PropProblem | undefined {
  const { interval, silentAfter } = probeTimes(options);
  const minutes = interval.toMinutes({ integral: false });
  if (!(Number.isInteger(minutes) && minutes >= 1 && minutes <= 60)) {
    return {
      prop: 'probes.interval',
      given: `${interval.toSeconds()} seconds`,
      allowed: '1 to 60 whole minutes',
      mend: 'leave it out for 1 minute',
    };
  }
  const intervals = silentAfter.toSeconds() / interval.toSeconds();
  return Number.isInteger(intervals) && intervals >= 2
    ? undefined
    : {
        prop: 'probes.silentAfter',
        given: `${silentAfter.toSeconds()} seconds with a probe every ${interval.toSeconds()}`,
        allowed: 'a multiple of the interval, at least two of it',
        mend: 'leave it out for three intervals',
      };
}

export interface MeshProbesProps {
  readonly systemName: string;
  readonly region: string;
  readonly bus: EventBus;
  readonly peers: string[];
  readonly times: ProbeTimes;
  readonly encryptionKey?: IKey;
  readonly logRetention: RetentionDays;
  /** Gives a target its dead-letter queue. */
  readonly deadLettered: (target: IRuleTarget) => IRuleTarget;
}

/** Sends a probe on a schedule, and measures those of the peers where they arrive. */
export class MeshProbes extends Construct {
  /** What this region last heard of each peer. */
  public readonly table: Table;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: MeshProbesProps,
  ) {
    super(scope, id);
    this.table = keepProtection(
      new Table(this, 'Heard', {
        tableName: meshTableName(props.systemName),
        partitionKey: { name: meshSchema.partitionKey, type: AttributeType.STRING },
        billingMode: BillingMode.PAY_PER_REQUEST,
        // Nothing in it is older than the last probe.
        removalPolicy: RemovalPolicy.DESTROY,
        ...(props.encryptionKey ? { encryption: TableEncryption.CUSTOMER_MANAGED, encryptionKey: props.encryptionKey } : {}),
      }),
    );
    this.defineSender();
    this.defineReceiver();
  }

  private defineSender(): void {
    const { systemName, region, bus, times } = this.props;
    const sender = this.defineFunction(
      'Send',
      meshBundles.probeSend,
      'sends a probe to its own bus',
      functionRoleName(systemName, 'probe', region),
    );
    grantPut(sender.function, bus.eventBusArn, { source: meshEventSource(systemName), types: [probeType] });
    new Rule(this, 'Schedule', {
      // On the default bus, where schedules are.
      ruleName: `${meshBusName(systemName)}-probe`,
      description: `${systemName}: a probe to every peer`,
      schedule: Schedule.rate(times.interval),
      // No dead-letter queue: a call to send a probe is no event that could be put back on the bus, and the peers' silence alarm misses the
      // probe.
      targets: [new LambdaFunction(sender.function, oneProbe)],
    });
  }

  private defineReceiver(): void {
    const { bus, peers, deadLettered } = this.props;
    const receiver = this.defineFunction('Arrive', meshBundles.probeArrive, 'measures the probes of peers');
    Grant.addToPrincipal({ grantee: receiver.function, actions: ['dynamodb:UpdateItem'], resourceArns: [this.table.tableArn] });
    this.props.encryptionKey?.grantEncryptDecrypt(receiver.function);
    new Rule(this, 'Arrivals', {
      eventBus: bus,
      description: `${this.props.systemName}: probes of ${peers.join(', ')}`,
      eventPattern: { source: [meshEventSource(this.props.systemName)], detailType: [probeType], detail: { origin: peers } },
      targets: [deadLettered(new LambdaFunction(receiver.function, oneProbe))],
    });
  }

  private defineFunction(id: string, bundle: string, does: string, roleName?: string): BundledFunction {
    const { systemName, times, logRetention } = this.props;
    return new BundledFunction(this, id, {
      bundle,
      roleName,
      description: `${systemName}: ${does}`,
      environment: meshEnv.write({
        systemName,
        busName: meshBusName(systemName),
        tableName: this.table.tableName,
        silentAfterMs: `${times.silentAfter.toMilliseconds()}`,
      }),
      timeout: Duration.seconds(10),
      memorySize: 256,
      // The next probe is worth more than a late one.
      retryAttempts: 0,
      maxEventAge: Duration.minutes(1),
      logRetention,
    });
  }
}

const oneProbe = { maxEventAge: Duration.minutes(1), retryAttempts: 1 };
