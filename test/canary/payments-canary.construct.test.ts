import { existsSync } from 'node:fs';
import path from 'node:path';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { datapoints, judge } from '../../local/alarms/evaluate';
import { alarmSpecs, AlarmSpec } from '../../local/alarms/specs';
import { MetricStore } from '../../local/metrics/store';
import { canaryMetrics } from '../../src/canary/contract';
import {
  ActiveActivePaymentsApi,
  LedgerReplica,
  PaymentRegions,
  PaymentsAuthorization,
  PaymentsCanary,
  PaymentsCanaryProps,
} from '../../src/index';
import { newStack, plain, regions, stubContext } from '../cdk/stacks';

const jwt = PaymentsAuthorization.jwt({ issuer: 'https://login.example.com', audience: ['payments'], tenantClaim: 'tenant' });

function apiIn(stack: Stack, authorization: PaymentsAuthorization): ActiveActivePaymentsApi {
  return new ActiveActivePaymentsApi(stack, 'Api', {
    ledger: LedgerReplica.of(stack, 'acme-pay', regions, { syntheticTenants: ['canary'] }),
    authorization,
  });
}

function canaryIn(props: Partial<PaymentsCanaryProps> = {}, stack = newStack()): PaymentsCanary {
  return new PaymentsCanary(stack, 'Canary', {
    api: props.api ?? apiIn(stack, jwt),
    tenant: 'canary',
    publicName: 'pay.example.com',
    client: {
      tokenUrl: 'https://login.example.com/token',
      clientSecret: Secret.fromSecretNameV2(stack, 'Client', 'acme-pay/canary-client'),
      scope: 'payments/pay payments/read payments/operate',
    },
    ...props,
  });
}

function templateOf(props: Partial<PaymentsCanaryProps> = {}): Template {
  const stack = newStack();
  canaryIn(props, stack);
  return Template.fromStack(stack);
}

const template = templateOf();
type Properties = Record<string, any>;
const propertiesOf = (from: Template, type: string): Properties[] =>
  Object.values(plain(from.findResources(type))).map((resource) => (resource as { Properties: Properties }).Properties);
const canaries = (from = template): Properties[] => propertiesOf(from, 'AWS::Synthetics::Canary');
const plans = (from = template): Properties[] =>
  canaries(from).map(({ RunConfig }) => JSON.parse(RunConfig.EnvironmentVariables.CANARY_PLAN as string) as Properties);

describe('the canaries', () => {
  test('are one for the endpoint and one for the name, with all that a run needs', () => {
    expect(
      canaries().map(({ Name, Schedule, RuntimeVersion }) => [Name, Schedule.Expression, Schedule.DurationInSeconds, RuntimeVersion]),
    ).toEqual([
      ['acme-pay-canary', 'rate(5 minutes)', '0', 'syn-nodejs-4.1'],
      ['acme-pay-canary-name', 'rate(5 minutes)', '0', 'syn-nodejs-4.1'],
    ]);
    const identity = expect.objectContaining({ kind: 'client', tokenUrl: 'https://login.example.com/token' });
    const known = { systemName: 'acme-pay', region: 'us-east-1', tenant: 'canary', regions: ['us-east-1', 'us-west-2'], identity };
    expect(plans()).toEqual([
      {
        ...known,
        target: 'REGION',
        url: expect.stringMatching(/^https:\/\/<.+>\.execute-api\.us-east-1\..+\/live\/$|^https:\/\/.+\/.+\/$/),
      },
      { ...known, target: 'NAME', url: 'https://pay.example.com' },
    ]);
    expect(JSON.stringify(plans())).not.toMatch(/client_secret|SecretString/);
  });

  test('run until they are stopped, one run at a time, and go with all that Synthetics makes for them', () => {
    for (const { RunConfig, StartCanaryAfterCreation, ProvisionedResourceCleanup } of canaries()) {
      expect([RunConfig.TimeoutInSeconds, StartCanaryAfterCreation, ProvisionedResourceCleanup]).toEqual([60, true, 'AUTOMATIC']);
    }
    expect(canaries(templateOf({ interval: Duration.minutes(1) }))[0].Schedule.Expression).toBe('rate(1 minute)');
  });

  test('without a public name there is one', () => {
    const alone = templateOf({ publicName: undefined });
    expect(canaries(alone).map(({ Name }) => Name)).toEqual(['acme-pay-canary']);
    const watching = propertiesOf(alone, 'AWS::CloudWatch::Alarm').filter(({ Namespace }) => Namespace === canaryMetrics.namespace);
    expect(watching).toHaveLength(3);
  });

  test('begin when their role has all its rights', () => {
    for (const { DependsOn } of Object.values(template.findResources('AWS::Synthetics::Canary'))) {
      expect(DependsOn).toEqual(expect.arrayContaining([expect.stringMatching(/^CanaryRoleDefaultPolicy/)]));
    }
  });

  test('come before the alarm on their silence: until the first run there is nothing else', () => {
    const silent = Object.entries(template.findResources('AWS::CloudWatch::Alarm')).filter(([id]) => id.includes('Silent'));
    expect(silent.map(([id, { DependsOn }]) => [id.replace(/Silent.*/, ''), DependsOn])).toEqual([
      ['CanaryRegion', [expect.stringMatching(/^CanaryRegionCanary/)]],
      ['CanaryName', [expect.stringMatching(/^CanaryNameCanary/)]],
    ]);
  });

  test.each([
    ['ap-southeast-3', false],
    ['ap-southeast-1', true],
  ])('are traced where Synthetics can do so: %s %s', (region, isTraced) => {
    const asian = PaymentRegions.homeRegion({
      replicas: ['ap-southeast-3', 'ap-southeast-1'],
      authority: { replicas: ['ap-northeast-1', 'ap-northeast-2'], witness: 'ap-northeast-3' },
    });
    const stack = newStack(region);
    const api = new ActiveActivePaymentsApi(stack, 'Api', {
      ledger: LedgerReplica.of(stack, 'acme-pay', asian, { syntheticTenants: ['canary'] }),
      authorization: jwt,
    });
    canaryIn({ api }, stack);
    for (const { RunConfig } of canaries(Template.fromStack(stack))) expect(RunConfig.ActiveTracing).toBe(isTraced);
  });

  test('have the script at the root and where older runtimes look for it', () => {
    const app = new App({ context: { ...stubContext(), 'aws:cdk:disable-asset-staging': false } });
    canaryIn({}, newStack('us-east-1', app));
    const { directory } = app.synth();
    const folder = path.join(directory, 'canary-script');
    expect(existsSync(path.join(folder, 'index.js'))).toBe(true);
    const older = jest.requireActual<{ handler: () => Promise<string> }>(path.join(folder, 'nodejs', 'node_modules', 'index.js'));
    return expect(older.handler()).resolves.toBe('canary/functions/canary');
  });
});

describe('what stays of a run', () => {
  test('is private, encrypted, by TLS alone, and goes after a while, also where nobody removes the bucket', () => {
    template.hasResource('AWS::S3::Bucket', {
      DeletionPolicy: 'Retain',
      Properties: {
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        BucketEncryption: Match.objectLike({}),
        LifecycleConfiguration: { Rules: [Match.objectLike({ ExpirationInDays: 31, Status: 'Enabled' })] },
      },
    });
    template.hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: Match.objectLike({
        Statement: Match.arrayWith([Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } })]),
      }),
    });
    for (const { SuccessRetentionPeriod, FailureRetentionPeriod, ArtifactConfig } of canaries()) {
      expect([SuccessRetentionPeriod, FailureRetentionPeriod, ArtifactConfig.S3Encryption.EncryptionMode]).toEqual([31, 31, 'SSE_S3']);
    }
    const short = templateOf({ artifactRetention: Duration.days(3) });
    expect(canaries(short)[0].FailureRetentionPeriod).toBe(3);
    short.hasResourceProperties('AWS::S3::Bucket', { LifecycleConfiguration: { Rules: [Match.objectLike({ ExpirationInDays: 3 })] } });
  });

  test('logs have an end too: the group is made here, under the name that Synthetics gives the function', () => {
    const groups = propertiesOf(template, 'AWS::Logs::LogGroup').filter(({ LogGroupName }) => /cwsyn/.test(String(LogGroupName)));
    expect(groups.map(({ LogGroupName, RetentionInDays }) => [LogGroupName, RetentionInDays])).toEqual([
      [expect.stringMatching(/^\/aws\/lambda\/cwsyn-acme-pay-canary-<CanaryRegion.*>$/), 30],
      [expect.stringMatching(/^\/aws\/lambda\/cwsyn-acme-pay-canary-name-<CanaryName.*>$/), 30],
    ]);
  });
});

describe('the role', () => {
  const rightsIn = (from: Template): [string, string, unknown][] =>
    Object.values(plain(from.findResources('AWS::IAM::Policy')))
      .filter((policy) => JSON.stringify((policy as { Properties: Properties }).Properties.Roles).includes('CanaryRole'))
      .flatMap((policy) => (policy as { Properties: Properties }).Properties.PolicyDocument.Statement as Properties[])
      .flatMap(({ Action, Resource, Condition }) =>
        [Action]
          .flat()
          .flatMap((action: string) => [Resource].flat().map((one): [string, string, unknown] => [action, String(one), Condition])),
      );

  test('may do what a canary needs, on its own, and read its own secret', () => {
    const rights = rightsIn(template);
    expect([...new Set(rights.map(([action]) => action))].sort()).toEqual([
      'cloudwatch:PutMetricData',
      'logs:CreateLogStream',
      'logs:PutLogEvents',
      's3:GetBucketLocation',
      's3:GetObject',
      's3:ListAllMyBuckets',
      's3:PutObject',
      'secretsmanager:DescribeSecret',
      'secretsmanager:GetSecretValue',
      'xray:PutTraceSegments',
    ]);
    const wide = rights.filter(([, resource]) => resource === '*');
    expect(wide).toEqual([
      ['s3:ListAllMyBuckets', '*', undefined],
      ['xray:PutTraceSegments', '*', undefined],
      ['cloudwatch:PutMetricData', '*', { StringEquals: { 'cloudwatch:namespace': 'CloudWatchSynthetics' } }],
    ]);
    const objects = rights.filter(([action]) => action === 's3:PutObject').map(([, resource]) => resource);
    expect(objects.map((resource) => resource.replace(/^<.*>/, ''))).toEqual(['/acme-pay-canary/*', '/acme-pay-canary-name/*']);
  });

  test('signs where callers sign, with the rights to this API alone', () => {
    const stack = newStack();
    const api = apiIn(stack, PaymentsAuthorization.iam());
    canaryIn({ api, client: undefined, publicName: undefined }, stack);
    const signing = Template.fromStack(stack);
    expect(plans(signing)[0].identity).toEqual({ kind: 'role' });
    const rights = rightsIn(signing);
    expect(rights.filter(([action]) => action === 'execute-api:Invoke')).toHaveLength(8);
    expect(rights.filter(([action]) => action.startsWith('secretsmanager:'))).toEqual([]);
    signing.hasResourceProperties('AWS::IAM::Role', { RoleName: 'acme-pay-canary-us-east-1' });
  });
});

describe('alarms', () => {
  /** The alarms of the canary of the endpoint, as CloudWatch would judge them. */
  const specs = alarmSpecs(
    Object.entries(template.findResources('AWS::CloudWatch::Alarm')).map(([logicalId, { Type, Properties }]) => ({
      stack: 'Stack',
      region: 'us-east-1',
      logicalId,
      type: Type as string,
      properties: plain(Properties as Properties),
    })),
  ).filter((spec): spec is AlarmSpec => spec.kind === 'metric' && spec.name.startsWith('CanaryRegion'));
  const minuteMs = 60_000;
  const end = 100 * 5 * minuteMs;

  /** What each alarm comes to after runs, the last one just now: passed or not, and how long. */
  function after(...runs: readonly (readonly [passed: boolean, ms: number] | undefined)[]): Record<string, string | undefined> {
    const store = new MetricStore(24 * 60 * minuteMs);
    runs.forEach((run, at) => {
      if (!run) return;
      const metric = { region: 'us-east-1', namespace: canaryMetrics.namespace, dimensions: { CanaryName: 'acme-pay-canary' } };
      const time = end - (runs.length - at) * 5 * minuteMs + 1;
      store.put({ ...metric, name: canaryMetrics.success }, run[0] ? 100 : 0, time);
      store.put({ ...metric, name: canaryMetrics.duration }, run[1], time);
    });
    return Object.fromEntries(
      specs.map((spec) => [
        spec.name.replace(/^CanaryRegion|[0-9A-F]{8}$/g, ''),
        judge(spec, datapoints(spec, store, end, 5 * minuteMs))?.state,
      ]),
    );
  }
  const good = [true, 3_000] as const;
  const bad = [false, 3_000] as const;
  const slow = [true, 15_000] as const;

  test('are quiet while payments pass, or one run alone is bad', () => {
    const quiet = { Failing: 'OK', Slow: 'OK', Silent: 'OK' };
    expect(after(good, good, good, good, good)).toEqual(quiet);
    expect(after(good, good, good, bad, good)).toEqual(quiet);
    expect(after(good, good, slow, good, good)).toEqual(quiet);
  });

  test.each([
    ['two of three runs failed', [good, good, bad, good, bad], 'Failing'],
    ['two of three runs were slow', [good, good, slow, good, slow], 'Slow'],
    ['it does not run', [], 'Silent'],
  ] as const)('rise when %s', (_, runs, name) => {
    expect(after(...runs)).toEqual({ Failing: 'OK', Slow: 'OK', Silent: 'OK', [name]: 'ALARM' });
  });

  test('say where, and what to do; they tell whom they are told to tell', () => {
    const stack = newStack();
    canaryIn({ alarmActions: [new SnsAction(new Topic(stack, 'Topic'))], slowAfter: Duration.seconds(4) }, stack);
    const alarms = propertiesOf(Template.fromStack(stack), 'AWS::CloudWatch::Alarm').filter(
      ({ Namespace }) => Namespace === canaryMetrics.namespace,
    );
    expect(alarms).toHaveLength(6);
    for (const { AlarmActions, AlarmDescription, Period } of alarms) {
      expect([AlarmActions.length, Period]).toEqual([1, 300]);
      expect(AlarmDescription).toMatch(
        /^acme-pay: .+(the endpoint of us-east-1|pay\.example\.com as us-east-1 sees it).+#a-canary-(fails|is-slow|is-silent)$/,
      );
    }
    expect(alarms.filter(({ MetricName }) => MetricName === 'Duration').map(({ Threshold }) => Threshold)).toEqual([4000, 4000]);
  });
});

describe('what cannot be meant is refused', () => {
  test.each<[string, Partial<PaymentsCanaryProps>, string]>([
    ['a tenant whose payments count', { tenant: 'acme' }, "'tenant' is 'acme'; allowed: canary"],
    ['no client for callers with tokens', { client: undefined, publicName: undefined }, "'client' is missing"],
    ['a client by HTTP', { client: { tokenUrl: 'http://a', clientSecret: {} as never } }, "'client.tokenUrl' is 'http://a'"],
    ['a name with a scheme', { publicName: 'https://pay.example.com' }, "'publicName' is 'https://pay.example.com'"],
    ['half a minute', { interval: Duration.seconds(30) }, "'interval' is 0.5 minutes"],
    ['two hours', { interval: Duration.hours(2) }, "'interval' is 120 minutes"],
    ['no time for a run', { slowAfter: Duration.seconds(0) }, "'slowAfter' is 0 seconds"],
    ['hours', { artifactRetention: Duration.hours(30) }, "'artifactRetention' is"],
    ['more than Synthetics keeps', { artifactRetention: Duration.days(456) }, "'artifactRetention' is 456 days"],
    ['another language', { runtimeVersion: 'syn-python-selenium-7.0' }, "'runtimeVersion' is 'syn-python-selenium-7.0'"],
    [
      'a runtime that wants another folder',
      { runtimeVersion: 'syn-nodejs-puppeteer-10.0' },
      "'runtimeVersion' is 'syn-nodejs-puppeteer-10.0'",
    ],
  ])('%s', (_, props, message) => {
    expect(() => canaryIn(props)).toThrow(message);
  });

  test.each(['syn-nodejs-3.1', 'syn-nodejs-puppeteer-11.0', 'syn-nodejs-puppeteer-15.0'])('%s is taken', (runtimeVersion) => {
    expect(canaries(templateOf({ runtimeVersion }))[0].RuntimeVersion).toBe(runtimeVersion);
  });

  test('a client, or a public name, where callers sign', () => {
    const stack = newStack();
    const api = apiIn(stack, PaymentsAuthorization.iam());
    expect(() => canaryIn({ api }, stack)).toThrow("'client' is set, for an API with IAM authorization");
    const other = newStack();
    expect(() => canaryIn({ api: apiIn(other, PaymentsAuthorization.iam()), client: undefined }, other)).toThrow(
      "'publicName' is 'pay.example.com', for an API with IAM authorization",
    );
  });

  test("another region's API, and a second canary of one API", () => {
    const app = new App({ context: stubContext() });
    const api = apiIn(newStack('us-east-1', app), jwt);
    const elsewhere = new Stack(app, 'Elsewhere', { env: { account: '111122223333', region: 'us-west-2' } });
    expect(() => canaryIn({ api }, elsewhere)).toThrow("'api' is in us-east-1");
    const stack = newStack();
    const own = apiIn(stack, jwt);
    canaryIn({ api: own, publicName: undefined }, stack);
    const client = { tokenUrl: 'https://a.example.com', clientSecret: Secret.fromSecretNameV2(stack, 'Other', 'other') };
    expect(() => {
      new PaymentsCanary(stack, 'Second', { api: own, tenant: 'canary', client });
      Template.fromStack(stack);
    }).toThrow();
  });
});
