import { App } from 'aws-cdk-lib';
import { Widget, templatesOf, textOf as joined } from './dashboards';
import { alarms, expressions } from './held-alarms';
import { dashboards } from './held-dashboards';
import { functions, logDays, mappings, othersFunctions, queues } from './held-properties';
import { configOf, partsOf } from '../../examples/active-active/config';
import { defineSystem } from '../../examples/active-active/stacks';
import { configOf as migrationOf } from '../../examples/migration/config';
import { defineMigration } from '../../examples/migration/stacks';

interface Resource {
  readonly Type: string;
  readonly Properties: any;
  readonly DeletionPolicy?: string;
}
type Resources = Readonly<Record<string, Resource>>;

const resourcesOf = (define: (app: App) => unknown): Resources[] => templatesOf(define).map(({ template }) => template.toJSON().Resources);

const templates = [
  ...resourcesOf((app) => defineSystem(app, configOf('STRONG'))),
  ...resourcesOf((app) => defineSystem(app, configOf('STRONG', 'RULES', undefined, partsOf('drill', 'BY_HAND')))),
  ...resourcesOf((app) => defineSystem(app, configOf('HOME_REGION', 'GLOBAL_ENDPOINT'))),
  ...resourcesOf((app) => defineMigration(app, migrationOf('FULL'))),
];

/** The construct that made it: a logical ID without its hash, and without the region or kind at its end. */
const maker = (id: string): string => id.replace(/[0-9A-F]{8}$/, '').replace(/(useast1|uswest2|eucentral1|strays|Function|Logs?)$/, '');
const idIn = (reference: any): string => (reference?.Ref ?? reference?.['Fn::GetAtt']?.[0]) as string;
const text = (value: unknown): string =>
  JSON.stringify(value, (_key, one: unknown) =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  );
const differs = (found: unknown, held: unknown): string[] => (text(found) === text(held) ? [] : [`is ${text(found)}, held: ${text(held)}`]);

type Rule = (id: string, properties: any, all: Resources) => readonly string[];

const alarmRule: Rule = (id, properties) => {
  const { Metrics, MetricName, Statistic, ExtendedStatistic, Period, ComparisonOperator, Threshold, EvaluationPeriods } = properties;
  const { DatapointsToAlarm, TreatMissingData } = properties;
  const signs: Readonly<Record<string, string>> = {
    GreaterThanOrEqualToThreshold: '>=',
    GreaterThanThreshold: '>',
    LessThanThreshold: '<',
  };
  const stats: any[] = (Metrics ?? []).flatMap(({ MetricStat }: any) => (MetricStat ? [MetricStat] : []));
  const reads = Metrics
    ? stats.map(({ Metric, Stat, Period: each }) => `${Metric.MetricName} ${Stat} of ${each} s`)
    : [`${MetricName} ${Statistic ?? ExtendedStatistic} of ${Period} s`];
  const row = alarms[maker(id)];
  if (!row) return ['is an alarm without a row: give it one, with the reason for its statistic and for its missing data'];
  const [read, comparison, threshold, datapoints, missing] = row;
  const found = [
    [...new Set(reads)].sort(),
    signs[ComparisonOperator] ?? ComparisonOperator,
    Threshold,
    `${DatapointsToAlarm ?? EvaluationPeriods} of ${EvaluationPeriods}`,
    TreatMissingData,
  ];
  const reckoned: string[] = (Metrics ?? []).flatMap(({ Expression }: any) => (Expression ? [Expression as string] : []));
  const known = expressions[maker(id)] ?? [];
  return [
    ...differs(found, [read, comparison, threshold, datapoints, missing]),
    ...reckoned.filter((one) => !known.includes(one)).map((one) => `reckons ${one}, held: ${text(known)}`),
  ];
};

/** Whether something refuses what does not come by TLS. */
function refusesPlain(id: string, all: Resources, type: string, list: string): string[] {
  const policies = Object.values(all).filter(
    ({ Type, Properties }) => Type === type && Properties[list].some((one: unknown) => idIn(one) === id),
  );
  const statements: any[] = policies.flatMap(({ Properties }) => Properties.PolicyDocument.Statement as unknown[]);
  const denies = statements.some(
    ({ Effect, Principal, Condition, Action }) =>
      Effect === 'Deny' &&
      ['"*"', '{"AWS":"*"}'].includes(text(Principal)) &&
      ['sqs:*', 'sns:Publish'].includes(Action as string) &&
      text(Condition) === '{"Bool":{"aws:SecureTransport":"false"}}',
  );
  return denies ? [] : ['takes calls without TLS: its policy denies none by aws:SecureTransport'];
}

const functionRule: Rule = (
  id,
  { MemorySize, Timeout, TracingConfig, ReservedConcurrentExecutions, LoggingConfig, Architectures, DeadLetterConfig, Layers, Environment },
  all,
) => {
  if (othersFunctions.includes(maker(id))) return [];
  const invoke = Object.values(all).find(
    ({ Type, Properties }) => Type === 'AWS::Lambda::EventInvokeConfig' && idIn(Properties.FunctionName) === id,
  )?.Properties;
  const found = {
    memory: MemorySize,
    seconds: Timeout,
    ...(ReservedConcurrentExecutions === undefined ? {} : { reserved: ReservedConcurrentExecutions }),
    ...(invoke ? { age: invoke.MaximumEventAgeInSeconds, retries: invoke.MaximumRetryAttempts } : {}),
  };
  const held = functions[maker(id)] ?? [];
  return [
    ...(held.some((one) => text(one) === text(found)) ? [] : [`is ${text(found)}, held: ${text(held)}`]),
    ...differs([TracingConfig?.Mode, LoggingConfig?.LogFormat, Architectures, DeadLetterConfig], ['Active', 'JSON', ['arm64'], undefined]),
    // AWS's extension for faults is a layer with a wrapper: without either, no function starts, or no experiment reaches it.
    ...differs(Layers?.length ?? 0, Environment?.Variables?.AWS_LAMBDA_EXEC_WRAPPER === '/opt/aws-fis/bootstrap' ? 1 : 0),
  ];
};

const stageRule: Rule = (_id, { MethodSettings, AccessLogSetting, TracingEnabled }) => [
  ...(MethodSettings as any[]).flatMap(
    ({ ThrottlingRateLimit, ThrottlingBurstLimit, DataTraceEnabled, LoggingLevel, ResourcePath, HttpMethod }) => [
      ...(ThrottlingRateLimit > 0 && ThrottlingBurstLimit > 0 && ThrottlingRateLimit <= 1_000 && ThrottlingBurstLimit <= 500
        ? []
        : [`${HttpMethod} ${text(ResourcePath)} has no throttle of its own, or more than 1,000 a second and 500 at once`]),
      ...(DataTraceEnabled === true || (LoggingLevel ?? 'OFF') !== 'OFF' ? [`${text(ResourcePath)} logs what callers send`] : []),
    ],
  ),
  ...((MethodSettings as any[]).some(({ HttpMethod, ResourcePath }) => HttpMethod === '*' && ResourcePath === '/*')
    ? []
    : ['has no throttle for all of its methods']),
  ...(AccessLogSetting?.DestinationArn && /requestId.*sourceIp.*status/.test(AccessLogSetting.Format as string)
    ? []
    : ['has no access log with request, address and status']),
  ...(/authorization|requestOverride|\$input|header\./i.test(AccessLogSetting?.Format as string) ? ['logs what callers send'] : []),
  ...(TracingEnabled === true ? [] : ['is not traced']),
];

const responseRule: Rule = (_id, { ResponseParameters = {}, ResponseTemplates = {}, StatusCode }) => [
  ...differs(
    [ResponseParameters['gatewayresponse.header.Content-Type'], ResponseParameters['gatewayresponse.header.Cache-Control']],
    ["'application/problem+json'", "'no-store'"],
  ),
  ...(JSON.parse(String(ResponseTemplates['application/json'] ?? '{}').replace(/\$context\.\w+(\.\w+)*/g, 'x')).status ===
  Number(StatusCode)
    ? []
    : ['says another status than it has']),
];

const dashboardRule: Rule = (_id, { DashboardBody }) => {
  const { widgets } = JSON.parse(joined(DashboardBody)) as { widgets: Widget[] };
  const drawn = widgets.flatMap(({ properties: { title } }) => title?.replace(/ of [a-z]+-[a-z]+-\d$/, ' of REGION') ?? []);
  const alarmed = widgets.filter(({ properties }) => properties.alarms !== undefined);
  return [
    ...(dashboards.some((one) => text(one) === text(drawn)) ? [] : [`draws ${text(drawn)}, held: ${text(dashboards)}`]),
    ...differs(alarmed.length, 1),
  ];
};

const rules: Readonly<Record<string, Rule>> = {
  'AWS::CloudWatch::Dashboard': dashboardRule,
  'AWS::CloudWatch::Alarm': alarmRule,
  'AWS::SQS::Queue': (
    id,
    { SqsManagedSseEnabled, MessageRetentionPeriod, VisibilityTimeout, DelaySeconds, RedrivePolicy, RedriveAllowPolicy },
    all,
  ) => [
    ...differs(
      { VisibilityTimeout, DelaySeconds, tries: RedrivePolicy?.maxReceiveCount, allows: RedriveAllowPolicy?.redrivePermission },
      queues[maker(id)],
    ),
    ...differs([SqsManagedSseEnabled, MessageRetentionPeriod], [true, 1_209_600]),
    ...refusesPlain(id, all, 'AWS::SQS::QueuePolicy', 'Queues'),
  ],
  'AWS::SNS::Topic': (id, _properties, all) => refusesPlain(id, all, 'AWS::SNS::TopicPolicy', 'Topics'),
  'AWS::Lambda::Function': functionRule,
  'AWS::Lambda::EventSourceMapping': (_id, properties) => {
    const { FunctionName, EventSourceArn, FunctionResponseTypes, DestinationConfig, ScalingConfig, FilterCriteria, ...rest } = properties;
    const source = /Stream/.test(text(EventSourceArn)) ? 'stream' : 'queue';
    const onFailure = DestinationConfig && maker(idIn(DestinationConfig.OnFailure.Destination));
    const { Tags, Enabled, ...held } = rest;
    const found = { ...held, onFailure, concurrency: ScalingConfig?.MaximumConcurrency, filtered: FilterCriteria !== undefined };
    return [
      ...differs(JSON.parse(text(found)), mappings[`${maker(idIn(FunctionName))} < ${source}`]),
      ...differs([FunctionResponseTypes, Enabled ?? true], [['ReportBatchItemFailures'], true]),
    ];
  },
  'AWS::ApiGateway::GatewayResponse': responseRule,
  'AWS::ApiGateway::Stage': stageRule,
  'AWS::ApiGateway::DomainName': (_id, { SecurityPolicy, EndpointConfiguration }) =>
    differs([SecurityPolicy, EndpointConfiguration?.Types], ['TLS_1_2', ['REGIONAL']]),
  // Longer than the functions take, and no longer than API Gateway waits.
  'AWS::ApiGateway::Method': (_id, { Integration: { Type, TimeoutInMillis: ms } }) =>
    differs([Type, ms > 15_000 && ms <= 29_000], ['AWS_PROXY', true]),
  'AWS::Logs::LogGroup': (id, { RetentionInDays }) =>
    logDays[RetentionInDays as number]?.includes(maker(id)) ? [] : [`keeps ${RetentionInDays} days, held: ${text(logDays)}`],
  'AWS::StepFunctions::StateMachine': (_id, { LoggingConfiguration, TracingConfiguration, StateMachineType }) =>
    differs(
      [
        LoggingConfiguration?.IncludeExecutionData,
        LoggingConfiguration?.Level,
        LoggingConfiguration?.Destinations?.length,
        TracingConfiguration?.Enabled,
        StateMachineType,
      ],
      [false, 'ERROR', 1, true, 'STANDARD'],
    ),
  'AWS::KMS::Key': (_id, { PendingWindowInDays, EnableKeyRotation, KeySpec = 'SYMMETRIC_DEFAULT' }) =>
    differs([PendingWindowInDays, EnableKeyRotation ?? false], [30, KeySpec === 'SYMMETRIC_DEFAULT']),
  'AWS::Route53::HealthCheck': (
    _id,
    { HealthCheckConfig: { Type, Port, RequestInterval, FailureThreshold, EnableSNI, InsufficientDataHealthStatus } },
  ) =>
    differs(
      [Type, Port, RequestInterval, FailureThreshold, EnableSNI, InsufficientDataHealthStatus],
      Type === 'HTTPS'
        ? ['HTTPS', 443, 10, 1, true, undefined]
        : ['CLOUDWATCH_METRIC', undefined, undefined, undefined, undefined, 'Unhealthy'],
    ),
};

const problemsOf = (all: Resources, only?: string): string[] =>
  Object.entries(all)
    .filter(([id]) => only === undefined || id === only)
    .flatMap(([id, { Type, Properties = {} }]) => (rules[Type]?.(id, Properties, all) ?? []).map((problem) => `${Type} ${id} ${problem}`));

test.each(Object.keys(rules))('%s: each one does what its row says', (type) => {
  const found = templates.flatMap((all) =>
    Object.keys(all)
      .filter((id) => all[id].Type === type)
      .flatMap((id) => problemsOf(all, id)),
  );
  expect([...new Set(found)]).toEqual([]);
  expect(templates.some((all) => Object.values(all).some(({ Type }) => Type === type))).toBe(true);
});

test('no row is left over', () => {
  const made = new Set(templates.flatMap((all) => Object.keys(all).map(maker)));
  expect([alarms, functions, queues].flatMap((table) => Object.keys(table)).filter((name) => !made.has(name))).toEqual([]);
});

/** Properties that something else holds, or that say what a thing is called. */
const elsewhere: Readonly<Record<string, RegExp>> = {
  'AWS::CloudWatch::Dashboard': /^DashboardName$/,
  'AWS::CloudWatch::Alarm': /^(AlarmName|AlarmDescription|AlarmActions|OKActions|Dimensions|Namespace|Tags)$/,
  'AWS::SQS::Queue': /^(QueueName|Tags)$/,
  'AWS::Lambda::Function': /^(Code|Handler|Role|Environment|FunctionName|Description|Runtime|Tags)$/,
  'AWS::Lambda::EventSourceMapping': /^(EventSourceArn|FunctionName|Tags)$/,
  'AWS::ApiGateway::GatewayResponse': /^(ResponseType|RestApiId)$/,
  'AWS::ApiGateway::Stage': /^(DeploymentId|RestApiId|StageName|Tags)$/,
  'AWS::ApiGateway::DomainName': /^(DomainName|RegionalCertificateArn|Tags)$/,
  'AWS::ApiGateway::Method': /^(AuthorizationType|AuthorizerId|AuthorizationScopes|HttpMethod|ResourceId|RestApiId)$/,
  'AWS::Logs::LogGroup': /^(LogGroupName|Tags|KmsKeyId)$/,
  'AWS::StepFunctions::StateMachine': /^(DefinitionString|RoleArn|StateMachineName|Tags)$/,
  'AWS::KMS::Key': /^(KeyPolicy|Description|Tags|KeySpec|KeyUsage)$/,
  'AWS::Route53::HealthCheck': /^HealthCheckTags$/,
  'AWS::SNS::Topic': /^(DisplayName|TopicName|KmsMasterKeyId|Tags)$/,
};

/** The same properties with one of them gone, and with it changed where it is one value. */
function spoilt(properties: any, name: string): readonly object[] {
  const { [name]: value, ...rest } = properties;
  const changed =
    typeof value === 'number' ? value + 1 : typeof value === 'boolean' ? !value : typeof value === 'string' ? `${value}x` : undefined;
  return [rest, ...(changed === undefined ? [] : [{ ...rest, [name]: changed }])];
}

function isNoticed(all: Resources, id: string, properties: object): boolean {
  try {
    return problemsOf({ ...all, [id]: { ...all[id], Properties: properties } }, id).length > 0;
  } catch {
    return true;
  }
}

test.each(Object.keys(rules))('%s: no property goes unnoticed when it is taken away or changed', (type) => {
  const unnoticed = new Set<string>();
  for (const all of templates) {
    for (const [id, { Properties = {} }] of Object.entries(all).filter(
      ([one, { Type }]) => Type === type && !othersFunctions.includes(maker(one)),
    )) {
      // As many datapoints as periods is the default.
      const isDefault = (one: string): boolean => one === 'DatapointsToAlarm' && Properties[one] === Properties.EvaluationPeriods;
      for (const name of Object.keys(Properties).filter((one) => !elsewhere[type].test(one) && !isDefault(one))) {
        if (!spoilt(Properties, name).every((properties) => isNoticed(all, id, properties))) unnoticed.add(`${maker(id)}: ${name}`);
      }
    }
  }
  expect([...unnoticed]).toEqual([]);
});

test('a queue or topic without its policy is found', () => {
  for (const all of templates) {
    const open = Object.fromEntries(Object.entries(all).filter(([, { Type }]) => !/^AWS::(SQS::QueuePolicy|SNS::TopicPolicy)$/.test(Type)));
    const expected = Object.values(all).filter(({ Type }) => Type === 'AWS::SQS::Queue' || Type === 'AWS::SNS::Topic').length;
    expect(problemsOf(open).filter((problem) => problem.includes('without TLS'))).toHaveLength(expected);
  }
});
