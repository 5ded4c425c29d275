import { Duration } from 'aws-cdk-lib';
import { MathExpression, Metric, MetricOptions, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { Grant } from 'aws-cdk-lib/aws-iam';
import { EventSourceMapping, FilterCriteria, FilterRule, IFunction, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { SqsDlq, SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { IQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import {
  functionRoleName,
  meshBusName,
  meshMetrics,
  meshTableName,
  NamedRole,
  outboxBundles,
  outboxEnv,
  outboxQueueName,
  outboxRedriveEnv,
  outboxRedriveHintsEnv,
  outboxRedriveName,
  sweepEnv,
} from '../contract';
import { outboxProblem } from './checks';
import { LedgerOutboxProps } from './outbox-props';
import { BundledFunction } from '../../cdk/bundled-function';
import { invalidProps } from '../../cdk/checks/invalid-props';
import { checkLiterals } from '../../cdk/checks/literals';
import { checkNames } from '../../cdk/checks/name-limits';
import { declareOnce } from '../../cdk/checks/one-of-a-kind';
import { checkPlaces } from '../../cdk/checks/places';
import { systemMetric } from '../../cdk/system-metric';
import { AlarmDefinition, AlarmTuning, defineAlarms, minute } from '../../cdk/tuned-alarms';
import { expiredReason, holdBeside, ledgerMetrics } from '../../ledger/contract';
import { writeSyntheticTenants } from '../../ledger/synthetic-tenants.contract';
import { keptQueue, onlyWrittenBy } from '../mesh/kept-queue';

const functionTimeout = Duration.seconds(60);
/** A hint that waits for its claims to replicate is looked at once in two minutes, for an hour. */
const hintAttempts = 30;
const accountKinds = ['ACCOUNT'];
const unreadSpan = Duration.minutes(5);

/**
 * Publishes the ledger's events from one region: each accepted payment and move as one event, from the stream of the replica where
 * the write began. One in each region, beside its `CrossRegionEventMesh`. It also publishes for a peer that is lost.
 */
export class LedgerOutbox extends Construct {
  /** Name of the system. */
  public readonly systemName: string;
  /** Ranges of the stream that could not be published, as Lambda describes them. */
  public readonly deadLetterQueue: IQueue;
  /** Hints of a lost peer's events that could not be published here; absent without a sweep. */
  public readonly sweepDeadLetterQueue?: IQueue;
  /**
   * Publishes the ranges in the dead-letter queue, and gives the sweep its hints again: `aws lambda invoke --function-name
   * <systemName>-outbox-redrive`.
   */
  public readonly redriveFunction: IFunction;

  private readonly props: LedgerOutboxProps;
  private readonly alarms: AlarmDefinition[] = [];

  constructor(scope: Construct, id: string, props: LedgerOutboxProps) {
    super(scope, id);
    checkNames(this);
    checkLiterals(this, props);
    checkPlaces(this, 'LedgerOutboxProps', props);
    checkPlaces(this, 'LedgerOutboxAlarmOptions', props.alarms, 'alarms.');
    const problem = outboxProblem(props);
    if (problem) throw invalidProps(this, problem);
    declareOnce(this, { kind: 'LedgerOutbox', prop: 'ledger', name: props.ledger.systemName });
    this.props = props;
    const { ledger, mesh, sweep = {}, alarms = {} } = props;
    this.systemName = ledger.systemName;
    const streamArn = ledger.lookUpStreamArn(this, 'StreamArn');
    const deadLetters = this.queue('DeadLetters', 'outbox-dlq');
    this.deadLetterQueue = deadLetters;
    this.defineOutbox(streamArn, deadLetters);
    // Lambda leaves a range in the name of the function that it was for; the redrive leaves a record that was set aside.
    onlyWrittenBy(deadLetters, [this.roleName('outbox'), this.roleName('sweep'), this.roleName('outbox-redrive')]);
    const redrive = this.defineRedrive(streamArn, deadLetters);
    this.redriveFunction = redrive.function;
    if (sweep.enabled ?? true) this.sweepDeadLetterQueue = this.defineSweep(streamArn, deadLetters, redrive);
    defineAlarms(this, `${ledger.systemName} in ${mesh.region}`, this.alarms, alarms.actions);
  }

  /**
   * Events that this region published.
   *
   * @default - sum over 1 minute
   */
  public metricPublished(options?: MetricOptions): Metric {
    return this.metric(meshMetrics.eventsPublished, options);
  }

  /**
   * Events of lost peers that this region published.
   *
   * @default - sum over 1 minute
   */
  public metricSwept(options?: MetricOptions): Metric {
    return this.metric(meshMetrics.swept, options);
  }

  private defineOutbox(streamArn: string, deadLetters: Queue): void {
    const { ledger, mesh, parallelizationFactor = 4, alarms = {} } = this.props;
    const publisher = this.publisher('Publish', 'outbox', outboxBundles.outbox, { roleName: this.roleName('outbox') });
    this.mapStream('Records', publisher, streamArn, deadLetters, {
      filters: filtersOf([mesh.region]),
      batchSize: 100,
      parallelizationFactor,
    });
    this.alarms.push(
      ageAlarm('Age', 'changes of the ledger wait to be published', 'outbox-age', publisher.function, 60_000, alarms.age),
      unreadAlarm(this.metric(ledgerMetrics.decided, { period: unreadSpan }), publisher.function, alarms.unread),
      lettersAlarm(
        'DeadLetterAlarm',
        'changes of the ledger could not be published',
        'outbox-dead-letters',
        deadLetters,
        alarms.deadLetters,
      ),
    );
    ledger._grantReadItems(publisher.function);
    mesh._grantAside(publisher.function, 'read');
  }

  private defineRedrive(streamArn: string, deadLetters: Queue): BundledFunction {
    const { ledger } = this.props;
    const redrive = this.publisher('Redrive', 'outbox redrive', outboxBundles.redrive, {
      functionName: outboxRedriveName(ledger.systemName),
      roleName: this.roleName('outbox-redrive'),
      timeout: Duration.minutes(15),
      environment: outboxRedriveEnv.write({ deadLetterQueueUrl: deadLetters.queueUrl, streamArn }),
    });
    ledger._grantReadItems(redrive.function);
    ledger.grantStreamRead(redrive.function);
    deadLetters.grantConsumeMessages(redrive.function);
    deadLetters.grantSendMessages(redrive.function);
    this.props.mesh._grantAside(redrive.function, 'write');
    return redrive;
  }

  private defineSweep(streamArn: string, ranges: Queue, redrive: BundledFunction): Queue {
    const { ledger, mesh, sweep = {}, alarms = {} } = this.props;
    const deadLetters = this.queue('SweepDeadLetters', 'sweep-dlq', outboxQueueName(ledger.systemName, 'sweep'));
    const hints = keptQueue(this, 'Hints', {
      queueName: outboxQueueName(ledger.systemName, 'sweep'),
      encryptionKey: this.props.encryptionKey,
      deliveryDelay: sweep.delay ?? Duration.minutes(5),
      visibilityTimeout: Duration.seconds(2 * functionTimeout.toSeconds()),
      deadLetterQueue: { queue: deadLetters, maxReceiveCount: hintAttempts },
    });
    // What a hint says is published as the ledger's word.
    onlyWrittenBy(hints, [this.roleName('sweep'), this.roleName('outbox-redrive')]);
    onlyWrittenBy(deadLetters);
    this.redriveHints(redrive, deadLetters, hints);
    const silentMs = mesh.silentAfter.toMilliseconds();
    const takenBy = mesh._takenBy();
    const { systemName, tableName } = ledger;
    const sweeper = this.function('Sweep', {
      description: `${systemName}: sweep`,
      roleName: this.roleName('sweep'),
      bundle: outboxBundles.sweep,
      environment: {
        // On this region's bus alone, and never through a global endpoint: every survivor publishes for itself.
        ...outboxEnv.write({
          systemName,
          tableName,
          busName: meshBusName(systemName),
          meshTableName: meshTableName(systemName),
          syntheticTenants: writeSyntheticTenants(ledger.syntheticTenants),
        }),
        ...sweepEnv.write({
          queueUrl: hints.queueUrl,
          silentAfterMs: String(silentMs),
          aliveWithinMs: String(Math.min(silentMs, 1.5 * mesh.probeInterval.toMilliseconds())),
          takenBy,
        }),
      },
    });
    mesh._grantLedgerEvents(sweeper.function, 'own');
    mesh.grantReadPeers(sweeper.function);
    ledger._grantReadItems(sweeper.function);
    hints.grantSendMessages(sweeper.function);
    // Nothing waits for hints: large batches keep the number of calls down.
    const noted = takenBy ? mesh.regions : mesh.regions.filter((region) => region !== mesh.region);
    this.mapStream('PeerRecords', sweeper, streamArn, ranges, {
      filters: filtersOf(noted),
      batchSize: 500,
      maxBatchingWindow: Duration.seconds(10),
      parallelizationFactor: 1,
    });
    sweeper.function.addEventSource(new SqsEventSource(hints, { batchSize: 10, reportBatchItemFailures: true, maxConcurrency: 10 }));
    this.alarms.push(
      ageAlarm('SweepAge', 'changes of other regions wait to be noted', 'sweep-age', sweeper.function, 300_000, alarms.sweepAge),
      lettersAlarm(
        'SweepDeadLetterAlarm',
        'events of a lost region could not be published',
        'sweep-dead-letters',
        deadLetters,
        alarms.sweepDeadLetters,
      ),
    );
    return deadLetters;
  }

  /** Hints that were given up go back by our redrive, which may write where nobody else does. */
  private redriveHints(redrive: BundledFunction, from: Queue, to: Queue): void {
    for (const [name, value] of Object.entries(outboxRedriveHintsEnv.write({ hintLettersUrl: from.queueUrl, hintsUrl: to.queueUrl }))) {
      redrive.function.addEnvironment(name, value);
    }
    from.grantConsumeMessages(redrive.function);
    to.grantSendMessages(redrive.function);
  }

  private roleName(role: NamedRole): string {
    return functionRoleName(this.props.ledger.systemName, role, this.props.mesh.region);
  }

  /** A function that publishes as the mesh does. */
  private publisher(
    id: string,
    role: string,
    bundle: string,
    more: Partial<ConstructorParameters<typeof BundledFunction>[2]> = {},
  ): BundledFunction {
    const {
      ledger: { systemName, tableName, syntheticTenants },
      mesh,
    } = this.props;
    const publisher = this.function(id, {
      ...more,
      bundle,
      description: `${systemName}: ${role}`,
      environment: {
        ...outboxEnv.write({
          systemName,
          tableName,
          busName: meshBusName(systemName),
          meshTableName: meshTableName(systemName),
          endpointId: mesh._endpointId(this),
          syntheticTenants: writeSyntheticTenants(syntheticTenants),
        }),
        ...more.environment,
      },
    });
    mesh._grantLedgerEvents(publisher.function, 'any');
    return publisher;
  }

  private function(id: string, props: Omit<ConstructorParameters<typeof BundledFunction>[2], 'logRetention'>): BundledFunction {
    const logRetention = this.props.logRetention ?? RetentionDays.ONE_MONTH;
    const bundled = new BundledFunction(this, id, { timeout: functionTimeout, memorySize: 512, ...props, logRetention });
    this.props.mesh._deployBefore(bundled.function);
    return bundled;
  }

  private mapStream(
    id: string,
    made: BundledFunction,
    streamArn: string,
    deadLetters: Queue,
    options: {
      readonly filters: Record<string, unknown>[];
      readonly batchSize: number;
      readonly parallelizationFactor: number;
      readonly maxBatchingWindow?: Duration;
    },
  ): void {
    const { ledger, maxRecordAge, retryAttempts } = this.props;
    // Lambda asks for the list of streams when the mapping is made; that action knows no narrower resource.
    const list = Grant.addToPrincipal({ grantee: made.function, actions: ['dynamodb:ListStreams'], resourceArns: ['*'] });
    const grants = [ledger.grantStreamRead(made.function), list, deadLetters.grantSendMessages(made.function)];
    const mapping = new EventSourceMapping(this, id, {
      ...options,
      target: made.function,
      eventSourceArn: streamArn,
      // What was decided before the outbox was there, as far as the stream remembers it.
      startingPosition: StartingPosition.TRIM_HORIZON,
      bisectBatchOnError: true,
      reportBatchItemFailures: true,
      maxRecordAge: maxRecordAge ?? Duration.hours(12),
      retryAttempts: retryAttempts ?? 1_000,
      onFailure: new SqsDlq(deadLetters),
    });
    for (const grant of grants) grant.applyBefore(mapping);
  }

  private queue(id: string, name: 'outbox-dlq' | 'sweep-dlq', deadLettersOf?: string): Queue {
    const { ledger, encryptionKey } = this.props;
    return keptQueue(this, id, {
      queueName: outboxQueueName(ledger.systemName, name),
      encryptionKey,
      deadLettersOf,
      visibilityTimeout: Duration.minutes(15),
    });
  }

  private metric(metricName: string, options?: MetricOptions): Metric {
    const { ledger, mesh } = this.props;
    return systemMetric(metricName, { systemName: ledger.systemName, region: mesh.region }, options);
  }
}

/** Only writes of these regions that can have decided something: accounts, claims with holds beside them, claims declined with no entry. */
function filtersOf(writers: string[]): Record<string, unknown>[] {
  const imageFilter = (image: Record<string, unknown>, names = ['INSERT', 'MODIFY']): Record<string, unknown> =>
    FilterCriteria.filter({ eventName: FilterRule.or(...names), dynamodb: { NewImage: { ...image, writtenBy: { S: writers } } } });
  return [
    imageFilter({ kind: { S: accountKinds } }),
    imageFilter({ kind: { S: ['PAYMENT'] }, outcome: { S: ['DECLINED'] }, reason: { S: [expiredReason] } }),
    imageFilter({ kind: { S: ['PAYMENT'] }, hold: { S: [holdBeside] } }, ['INSERT']),
  ];
}

function ageAlarm(id: string, says: string, anchor: string, of: IFunction, threshold: number, tuning?: AlarmTuning): AlarmDefinition {
  return {
    id,
    says,
    anchor,
    threshold,
    minutes: 3,
    tuning,
    metric: of.metric('IteratorAge', { statistic: Stats.MAXIMUM, period: minute }),
  };
}

/** Both are counted a moment apart, so one span alone proves nothing. */
function unreadAlarm(decided: Metric, outbox: IFunction, tuning?: AlarmTuning): AlarmDefinition {
  const metric = new MathExpression({
    expression: 'IF(FILL(calls, 0) == 0, FILL(decided, 0), 0)',
    usingMetrics: { decided, calls: outbox.metricInvocations({ period: unreadSpan }) },
    label: 'Payments without a call of the outbox',
    period: unreadSpan,
  });
  return {
    id: 'Unread',
    says: 'payments are decided, but the outbox function is not called',
    anchor: 'outbox-unread',
    threshold: 1,
    minutes: 2,
    tuning,
    metric,
  };
}

function lettersAlarm(id: string, says: string, anchor: string, queue: Queue, tuning?: AlarmTuning): AlarmDefinition {
  const metric = queue.metricApproximateNumberOfMessagesVisible({ statistic: Stats.MAXIMUM, period: minute });
  return { id, says, anchor, threshold: 1, minutes: 1, tuning, metric };
}
