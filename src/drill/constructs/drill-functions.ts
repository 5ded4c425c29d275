import { Duration, Stack } from 'aws-cdk-lib';
import { Effect, Grant, IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Function, IFunction } from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { IBucket } from 'aws-cdk-lib/aws-s3';
import { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { DrillProberProps, RegionDrillProps } from './drill-props';
import { FaultRights } from './fault-rights';
import { BundledFunction } from '../../cdk/bundled-function';
import { meshDeadLetterQueueName, outboxQueueName } from '../../events/contract';
import { cutoverName } from '../../kernel/system-names';
import {
  cutoverRegions,
  drillBundles,
  drillEnv,
  DrillIdentity,
  drillLimits,
  drillName,
  DrillPlan,
  drillProberName,
  drillWatchdogName,
  mayFault,
  proberEnv,
} from '../contract';

export interface DrillFunctionsProps {
  readonly plan: DrillPlan;
  readonly drill: RegionDrillProps;
  readonly bucket: IBucket;
  readonly topic: ITopic;
}

/** What hides, deletes or unlocks evidence, or takes away what keeps it. */
const removingActions = [
  's3:DeleteObject',
  's3:DeleteObjectVersion',
  's3:BypassGovernanceRetention',
  's3:PutObjectRetention',
  's3:PutObjectLegalHold',
  's3:PutBucketVersioning',
  's3:PutBucketObjectLockConfiguration',
  's3:PutLifecycleConfiguration',
  's3:PutBucketPolicy',
  's3:DeleteBucketPolicy',
  's3:DeleteBucket',
] as const;

/** The functions of a drill, each with the rights to what it does and no more. */
export class DrillFunctions extends Construct {
  public readonly look: IFunction;
  public readonly region: IFunction;
  public readonly report: IFunction;
  public readonly prober: Function;
  public readonly watchdog: Function;
  private readonly props: DrillFunctionsProps;

  constructor(scope: Construct, id: string, props: DrillFunctionsProps) {
    super(scope, id);
    this.props = props;
    this.prober = this.defineProber(props.drill.prober);
    this.look = this.defineLook();
    this.region = this.defineRegion();
    this.report = this.defineReport();
    this.watchdog = this.defineWatchdog();
    for (const one of [this.look, this.region, this.report, this.prober, this.watchdog]) this.denyRemoval(one);
    if (!mayFault(props.plan)) return;
    const rights = new FaultRights(props.plan, (service, region, resource) => this.arn(service, region, resource));
    rights.look(this.look);
    rights.start(this.region);
    for (const one of [this.region, this.watchdog]) rights.stop(one);
  }

  private make(
    id: string,
    bundle: string,
    says: string,
    more: { environment?: Record<string, string>; functionName?: string; seconds?: number; reserved?: number } = {},
  ): Function {
    const { plan, drill } = this.props;
    return new BundledFunction(this, id, {
      bundle,
      functionName: more.functionName,
      description: `${plan.systemName}: ${says}`,
      environment: { ...more.environment },
      timeout: Duration.seconds(more.seconds ?? drillLimits.stepSeconds),
      memorySize: 512,
      reservedConcurrentExecutions: (drill.reserveConcurrency ?? true) ? more.reserved : undefined,
      logRetention: drill.logRetention ?? RetentionDays.ONE_YEAR,
    }).function;
  }

  private environment(more: { topicArn?: string; prober?: string } = {}): Record<string, string> {
    const { plan, bucket } = this.props;
    return drillEnv.write({ plan: JSON.stringify(plan), bucket: bucket.bucketName, stateMachineArn: this.machineArn, ...more });
  }

  /** To look up who calls: IAM cannot say it, and a payload proves nothing. */
  private grantCaller(grantee: IGrantable, actions: readonly string[] = ['states:DescribeExecution', 'states:GetExecutionHistory']): void {
    allow(grantee, [...actions], [`${this.machineArn.replace(':stateMachine:', ':execution:')}:*`]);
  }

  /** By its name: the machine needs the functions. */
  private get machineArn(): string {
    const { systemName, drilled } = this.props.plan;
    return this.arn('states', Stack.of(this).region, `stateMachine:${drillName(systemName, drilled)}`);
  }

  private arn(service: string, region: string, resource: string): string {
    const { partition, account } = Stack.of(this);
    return `arn:${partition}:${service}:${region}:${account}:${resource}`;
  }

  private defineLook(): IFunction {
    const { plan, drill } = this.props;
    const look = this.make('Look', drillBundles.look, `looks at the system while ${plan.drilled} is drilled`, {
      environment: this.environment(),
    });
    this.grantCaller(look);
    // Metrics and alarms know no resource where they are asked for by state.
    allow(look, ['cloudwatch:GetMetricData', 'cloudwatch:DescribeAlarms'], ['*']);
    allow(
      look,
      ['states:ListExecutions'],
      cutoverRegions(plan).map((region) => this.arn('states', region, `stateMachine:${cutoverName(plan.systemName)}`)),
    );
    if (plan.eventMs !== undefined) {
      const queues = [meshDeadLetterQueueName(plan.systemName), outboxQueueName(plan.systemName, 'outbox-dlq')];
      allow(
        look,
        ['sqs:GetQueueUrl', 'sqs:GetQueueAttributes'],
        plan.regions.flatMap((region) => queues.map((name) => this.arn('sqs', region, name))),
      );
    }
    drill.api._ledger._grantSwitch(look, plan.regions, ['dynamodb:GetItem']);
    this.grantObjects(look, ['runs/*/calls.json', 'runs/*/audit.json'], ['runs/*/end.json']);
    return look;
  }

  private defineRegion(): IFunction {
    const { plan, drill } = this.props;
    const region = this.make('Region', drillBundles.region, `takes ${plan.drilled} out of service for a drill, and puts it back`, {
      environment: this.environment(),
      reserved: drillLimits.reserved,
    });
    this.grantCaller(region);
    drill.api._ledger._grantSwitch(region, [plan.drilled], ['dynamodb:PutItem', 'dynamodb:DeleteItem']);
    const others = plan.regions.filter((name) => name !== plan.drilled);
    drill.api._ledger._grantSwitch(region, others, ['dynamodb:GetItem']);
    return region;
  }

  private defineReport(): IFunction {
    const { plan, topic } = this.props;
    const report = this.make('Report', drillBundles.report, `tells of drills of ${plan.drilled}, and keeps their evidence`, {
      environment: this.environment({ topicArn: topic.topicArn, prober: this.prober.functionName }),
    });
    this.grantCaller(report);
    topic.grantPublish(report);
    this.prober.grantInvoke(report);
    this.grantObjects(report, ['runs/*/calls.json'], ['runs/*/evidence.json', 'runs/*/evidence.html', 'runs/*/result.json', 'passed.json']);
    return report;
  }

  private defineProber({ tokenUrl, clientSecret, scope, audience }: DrillProberProps): Function {
    const { plan, drill } = this.props;
    const identity: DrillIdentity = {
      tokenUrl,
      secretArn: clientSecret.secretArn,
      ...(scope === undefined ? {} : { scope }),
      ...(audience === undefined ? {} : { audience }),
    };
    const zoneName = drill.zoneName ?? plan.publicName.split('.').slice(1).join('.');
    const prober = this.make('Prober', drillBundles.prober, `pays through the public name while ${plan.drilled} is drilled`, {
      functionName: drillProberName(plan.systemName, plan.drilled),
      environment: { ...this.environment(), ...proberEnv.write({ identity: Stack.of(this).toJsonString(identity), zoneName }) },
      seconds: drillLimits.proberSeconds,
    });
    // A second one would send the first one's payments again.
    prober.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: Duration.minutes(1) });
    this.grantCaller(prober, ['states:DescribeExecution']);
    clientSecret.grantRead(prober);
    this.grantObjects(prober, ['runs/*/end.json', 'runs/*/prober.json'], ['runs/*/prober.json', 'runs/*/calls.json', 'runs/*/audit.json']);
    return prober;
  }

  private defineWatchdog(): Function {
    const { plan, drill, topic } = this.props;
    const watchdog = this.make('Watchdog', drillBundles.watchdog, `puts ${plan.drilled} back, whatever became of a drill`, {
      functionName: drillWatchdogName(plan.systemName, plan.drilled),
      environment: this.environment({ topicArn: topic.topicArn }),
      seconds: drillLimits.watchdogSeconds,
      reserved: drillLimits.reserved,
    });
    drill.api._ledger._grantSwitch(watchdog, [plan.drilled], ['dynamodb:GetItem', 'dynamodb:DeleteItem']);
    allow(watchdog, ['states:ListExecutions'], [this.machineArn]);
    this.grantCaller(watchdog, ['states:DescribeExecution']);
    topic.grantPublish(watchdog);
    this.grantObjects(
      watchdog,
      ['runs/*/calls.json', 'runs/*/result.json', 'passed.json', ...(mayFault(plan) ? ['runs/*/end.json'] : [])],
      ['runs/*/end.json', 'runs/*/evidence.json', 'runs/*/evidence.html', 'runs/*/result.json', 'passed.json'],
    );
    return watchdog;
  }

  /** Whatever a role is given besides, what a drill has written stays, with its versions and its lock. */
  private denyRemoval(grantee: IGrantable): void {
    const { bucket } = this.props;
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({
        sid: 'EvidenceStays',
        effect: Effect.DENY,
        actions: [...removingActions],
        resources: [bucket.bucketArn, bucket.arnForObjects('*')],
      }),
    );
  }

  /** With the right to list, S3 says of what is not there that it is not; without it, that it is forbidden. */
  private grantObjects(grantee: IGrantable, read: readonly string[], write: readonly string[]): void {
    const { bucket } = this.props;
    allow(grantee, ['s3:ListBucket'], [bucket.bucketArn]);
    allow(
      grantee,
      ['s3:GetObject'],
      read.map((key) => bucket.arnForObjects(key)),
    );
    allow(
      grantee,
      ['s3:PutObject'],
      write.map((key) => bucket.arnForObjects(key)),
    );
  }
}

function allow(grantee: IGrantable, actions: string[], resourceArns: string[]): void {
  Grant.addToPrincipal({ grantee, actions, resourceArns });
}
