import { ArnFormat, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { Grant, IRole, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { IBucket } from 'aws-cdk-lib/aws-s3';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { CfnCanary } from 'aws-cdk-lib/aws-synthetics';
import { Construct } from 'constructs';
import { defineCanaryAlarms } from './canary-alarms';
import { canaryProblem, CanarySettings } from './canary-checks';
import { PaymentsCanaryProps } from './canary-props';
import { canaryScript } from './canary-script';
import { invalidProps } from '../../cdk/checks/invalid-props';
import { checkLiterals } from '../../cdk/checks/literals';
import { checkNames } from '../../cdk/checks/name-limits';
import { declareOnce } from '../../cdk/checks/one-of-a-kind';
import { checkPlaces } from '../../cdk/checks/places';
import { privateBucket } from '../../cdk/private-bucket';
import {
  canaryEnv,
  CanaryIdentity,
  canaryLimits,
  canaryLogGroupName,
  canaryMetrics,
  canaryName,
  CanaryPlan,
  canaryRoleName,
  CanaryTarget,
  untracedRegions,
} from '../contract';

/**
 * Pays through the region's endpoint and through the public name every few minutes, as a caller does: authorises, repeats, is refused,
 * captures, refunds, and adds the lines up (CloudWatch Synthetics). One in each region, beside its API. Business metrics and events know
 * nothing of its payments, by their tenant.
 */
export class PaymentsCanary extends Construct {
  /** Name of the system. */
  public readonly systemName: string;
  /** Names of the canaries: `<systemName>-canary`, and `<systemName>-canary-name` with a public name. */
  public readonly canaryNames: string[];
  /** What the runs leave, below each canary's name. It empties itself: see `artifactRetention`. */
  public readonly bucket: IBucket;
  /** The role of the script. Where callers sign, give its ARN the canaries' tenant. */
  public readonly role: IRole;
  /** The alarms on the canaries. */
  public readonly alarms: Alarm[];
  private readonly settings: CanarySettings;

  constructor(scope: Construct, id: string, props: PaymentsCanaryProps) {
    super(scope, id);
    checkNames(this);
    checkLiterals(this, props, { texts: ['tenant', 'publicName', 'runtimeVersion'] });
    checkPlaces(this, 'PaymentsCanaryProps', props);
    checkPlaces(this, 'CanaryClientProps', props.client, 'client.');
    this.settings = settingsOf(props);
    const problem = canaryProblem(props, this.settings, Stack.of(this));
    if (problem) throw invalidProps(this, problem);
    const { systemName } = props.api._ledger;
    this.systemName = systemName;
    declareOnce(this, { kind: 'PaymentsCanary', prop: 'api', name: systemName });

    const targets: CanaryTarget[] = props.publicName === undefined ? ['REGION'] : ['REGION', 'NAME'];
    this.canaryNames = targets.map((target) => canaryName(systemName, target));
    this.bucket = this.defineBucket();
    this.role = this.defineRole(props);
    const script = canaryScript(this);
    this.alarms = targets.flatMap((target) => this.defineCanary(target, script, props));
  }

  /**
   * Retained, and empty after a while: with the stack goes nothing that a person may want to look into, no function needs the right to
   * delete, and a deletion never stops at a bucket that is not empty.
   */
  private defineBucket(): IBucket {
    return privateBucket(this, 'Artifacts', {
      lifecycle: { expiration: Duration.days(this.settings.artifactDays) },
      removalPolicy: RemovalPolicy.RETAIN,
    });
  }

  /** What Synthetics needs of a canary's role, and what the script does. */
  private defineRole({ api, client }: PaymentsCanaryProps): Role {
    const { systemName, region } = api._ledger;
    const role = new Role(this, 'Role', {
      roleName: canaryRoleName(systemName, region),
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `${systemName}: pays as canary in ${region}`,
    });
    const allow = (actions: string[], resourceArns: string[], conditions?: Record<string, Record<string, string>>): void => {
      Grant.addToPrincipal({ grantee: role, actions, resourceArns, conditions });
    };
    allow(
      ['s3:PutObject', 's3:GetObject'],
      this.canaryNames.map((name) => this.bucket.arnForObjects(`${name}/*`)),
    );
    allow(['s3:GetBucketLocation'], [this.bucket.bucketArn]);
    // Neither knows a resource.
    allow(['s3:ListAllMyBuckets', 'xray:PutTraceSegments'], ['*']);
    allow(['cloudwatch:PutMetricData'], ['*'], { StringEquals: { 'cloudwatch:namespace': canaryMetrics.namespace } });
    // No right to make groups: they are made here, with an end to what they keep.
    const groups = this.canaryNames.map((name) =>
      Stack.of(this).formatArn({
        service: 'logs',
        resource: 'log-group',
        resourceName: canaryLogGroupName(name, '*'),
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      }),
    );
    allow(['logs:CreateLogStream', 'logs:PutLogEvents'], groups);
    if (client) {
      client.clientSecret.grantRead(role);
    } else {
      for (const grant of [api.grantPay(role), api.grantRead(role), api.grantOperate(role)]) grant.assertSuccess();
    }
    return role;
  }

  private defineCanary(target: CanaryTarget, script: Asset, props: PaymentsCanaryProps): Alarm[] {
    const { intervalMinutes, artifactDays, runtimeVersion } = this.settings;
    const { systemName, region } = props.api._ledger;
    const name = canaryName(systemName, target);
    const own = new Construct(this, target === 'REGION' ? 'Region' : 'Name');
    const canary = new CfnCanary(own, 'Canary', {
      name,
      runtimeVersion,
      executionRoleArn: this.role.roleArn,
      artifactS3Location: this.bucket.s3UrlForObject(name),
      artifactConfig: { s3Encryption: { encryptionMode: 'SSE_S3' } },
      code: { handler: 'index.handler', s3Bucket: script.s3BucketName, s3Key: script.s3ObjectKey },
      schedule: { expression: intervalMinutes === 1 ? 'rate(1 minute)' : `rate(${intervalMinutes} minutes)`, durationInSeconds: '0' },
      runConfig: {
        timeoutInSeconds: canaryLimits.runSeconds,
        activeTracing: !untracedRegions.includes(region),
        environmentVariables: canaryEnv.write({ plan: Stack.of(this).toJsonString(planOf(target, props)) }),
      },
      startCanaryAfterCreation: true,
      successRetentionPeriod: artifactDays,
      failureRetentionPeriod: artifactDays,
      // With the canary goes the function that Synthetics makes for it.
      provisionedResourceCleanup: 'AUTOMATIC',
    });
    // The role's policy, too.
    canary.node.addDependency(this.role);
    new LogGroup(own, 'Logs', {
      logGroupName: canaryLogGroupName(name, canary.attrId),
      retention: props.logRetention ?? RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const place = target === 'REGION' ? `the endpoint of ${region}` : `${props.publicName} as ${region} sees it`;
    const alarms = defineCanaryAlarms(own, { systemName, name, place }, this.settings, props.alarmActions);
    // Silence is all that there is before the canary: a first run is under way when its absence begins to count.
    for (const alarm of alarms) alarm.node.addDependency(canary);
    return alarms;
  }
}

function settingsOf({ interval, slowAfter, artifactRetention, runtimeVersion = 'syn-nodejs-4.1' }: PaymentsCanaryProps): CanarySettings {
  return {
    intervalMinutes: (interval ?? Duration.minutes(5)).toMinutes({ integral: false }),
    slowAfterSeconds: (slowAfter ?? Duration.seconds(15)).toSeconds({ integral: false }),
    artifactDays: (artifactRetention ?? Duration.days(31)).toDays({ integral: false }),
    runtimeVersion,
  };
}

function planOf(target: CanaryTarget, { api, tenant, client, publicName }: PaymentsCanaryProps): CanaryPlan {
  const { systemName, region, regions } = api._ledger;
  const identity: CanaryIdentity =
    client === undefined
      ? { kind: 'role' }
      : {
          kind: 'client',
          tokenUrl: client.tokenUrl,
          secretArn: client.clientSecret.secretArn,
          ...(client.scope === undefined ? {} : { scope: client.scope }),
          ...(client.audience === undefined ? {} : { audience: client.audience }),
        };
  return {
    systemName,
    region,
    tenant,
    // The same text in every region, but for its own.
    regions: [region, ...regions.replicas.filter((name) => name !== region)],
    target,
    url: target === 'NAME' ? `https://${publicName}` : api.restApi.url,
    identity,
  };
}
