import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import path from 'path';
import { App, Stack, Validations } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { AwsSolutionsChecks } from 'cdk-nag';
import { configOf, Mode, modeOf, partsOf, pythonRecorderOf, regionsOf, transportOf } from '../../examples/active-active/config';
import { defineSystem } from '../../examples/active-active/stacks';
import { needless, regionOfStack, topicsBeside, undelivered } from '../cdk/alarm-topics';
import { stubContext } from '../cdk/stacks';

const example = path.join(__dirname, '..', '..', 'examples', 'active-active');
/** The example as `cdk synth` makes it: with the feature flags of its cdk.json. */
const { context } = JSON.parse(readFileSync(path.join(example, 'cdk.json'), 'utf8')) as { context: Record<string, unknown> };
const temporary: string[] = [];
afterAll(() => temporary.forEach((folder) => rmSync(folder, { recursive: true })));

const kmsKeys = (region: string): string => `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:kms:${region}:<AWS::AccountId>:key/*]`;
const bootstrap = (region: string): string => `AwsSolutions-IAM5[Resource::arn:aws:s3:::cdk-hnb659fds-assets-<AWS::AccountId>-${region}/*]`;
const drills = (region: string, drilled: string): string =>
  `AwsSolutions-IAM5[Resource::arn:aws:states:${region}:<AWS::AccountId>:execution:acme-pay-drill-${drilled}:*]`;
const documents = (region: string): Readonly<Record<string, string>> => ({
  [`AwsSolutions-IAM5[Resource::arn:aws:s3:::acme-pay-docs-<AWS::AccountId>-${region}/*]`]:
    'every document of the bucket: S3 reads it to copy it, and writes its copy',
  [`AwsSolutions-IAM5[Resource::arn:aws:s3:::acme-pay-docs-<AWS::AccountId>-${region}/.backfill/*]`]:
    'the lists and reports of the jobs, whose names S3 makes',
  [`AwsSolutions-IAM5[Resource::arn:aws:kms:${region}:<AWS::AccountId>:key/*]`]:
    "the documents' key alone, by alias and through S3: see the conditions",
});
const streams = (region: string): string =>
  `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:dynamodb:${region}:<AWS::AccountId>:table/acme-pay-ledger/stream/*]`;
const canaryLogs = (region: string): Record<string, string> =>
  Object.fromEntries(
    ['acme-pay-canary', 'acme-pay-canary-name'].map((name) => [
      `AwsSolutions-IAM5[Resource::arn:aws:logs:${region}:<AWS::AccountId>:log-group:/aws/lambda/cwsyn-${name}-*]`,
      "the canary's log group: its name ends in the canary's ID, which Synthetics makes up",
    ]),
  );
const reasons: Readonly<Record<string, string>> = {
  'AwsSolutions-IAM5[Resource::*]': 'X-Ray takes segments for no particular resource',
  [kmsKeys('us-east-1')]: 'the ledger key alone, by alias and through DynamoDB: see the conditions',
  'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]':
    "the account's role for API Gateway's logs, with the policy that AWS documents for it",
  'AwsSolutions-APIG2': "the functions validate requests by the schemas of the OpenAPI document, and answer in the API's own form",
  'AwsSolutions-APIG4': "GET /health and the path of the probe alone are open: Route 53's checkers have no credentials",
  'AwsSolutions-APIG6': 'the access log has a line for each call; execution logs would hold what callers send',
  'AwsSolutions-SQS3': 'these are dead-letter queues: of rules and of a stream, which cdk-nag does not look at',
  'AwsSolutions-DDB3': 'says when each peer was last heard of, and is written anew every minute',
  'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]':
    "the role of CDK's own function that looks the stream up while deploying",
  [streams('us-east-1')]: "the ledger's stream alone: its name ends in the time when it was made",
  'AwsSolutions-CFR1': 'who may pay where is for the API to decide: the site is for everyone',
  'AwsSolutions-CFR2': "a web ACL costs by the request: the team's own goes into webAclArn",
  'AwsSolutions-CFR3': 'requests are logged by the delivery that leaves fields out, which cdk-nag does not look at',
  'AwsSolutions-S1': 'the site is read by CloudFront alone, which logs each request; the other bucket holds those logs',
  'AwsSolutions-L1': "CDK's own function that copies the site, in the runtime that CDK chose",
  ...Object.fromEntries(
    ['GetBucket', 'GetObject', 'List', 'Abort', 'DeleteObject'].map((action) => [
      `AwsSolutions-IAM5[Action::s3:${action}*]`,
      "as CDK grants it to its own function that copies the site, on the bootstrap's bucket and the site's",
    ]),
  ),
  'AwsSolutions-IAM5[Resource::<SiteBucket978D4AEB.Arn>/*]': 'every file of the site, which that function copies',
  [bootstrap('us-east-1')]: "the bootstrap's bucket, in which it finds the files under a hash",
  ...canaryLogs('us-east-1'),
  ...Object.fromEntries(
    ['acme-pay-canary', 'acme-pay-canary-name'].map((name) => [
      `AwsSolutions-IAM5[Resource::<CanaryArtifacts7ADD0D0B.Arn>/${name}/*]`,
      'what the runs of this canary leave, under names that Synthetics makes up',
    ]),
  ),
  'AwsSolutions-SF1': "what a step came to is in its function's log; the state machine logs what failed",
  ...Object.fromEntries(
    ['calls.json', 'audit.json', 'end.json', 'prober.json', 'result.json', 'evidence.json', 'evidence.html'].map((name) => [
      `AwsSolutions-IAM5[Resource::<DrillEvidenceBucket2D7D760D.Arn>/runs/*/${name}]`,
      'one object a drill',
    ]),
  ),
  ...Object.fromEntries(
    ['ProberFunction03140150', 'LookFunction70613A4C', 'RegionFunctionC98754F4', 'ReportFunction754B7F04'].map((name) => [
      `AwsSolutions-IAM5[Resource::<DrillFunctions${name}.Arn>:*]`,
      'the function with its versions, as a grant to invoke names it',
    ]),
  ),
  'AwsSolutions-COG4': 'callers bring tokens of any OpenID Connect issuer, verified by our authorizer (and GET /health is open)',
};

const reasonsByMode: Readonly<Record<Mode, Readonly<Record<string, string>>>> = {
  STRONG: {
    ...reasons,
    ...documents('us-east-1'),
    ...documents('us-west-2'),
    ...canaryLogs('us-west-2'),
    ...Object.fromEntries([kmsKeys, streams, bootstrap].map((rule) => [rule('us-west-2'), 'the same in the other region'])),
    [drills('us-east-1', 'us-west-2')]: 'the drills of the one machine',
    [drills('us-west-2', 'us-east-1')]: 'the same in the other region',
  },
  HOME_REGION: {
    ...reasons,
    ...documents('us-east-1'),
    ...documents('eu-central-1'),
    ...canaryLogs('eu-central-1'),
    [drills('us-east-1', 'eu-central-1')]: 'the drills of the one machine',
    [drills('eu-central-1', 'us-east-1')]: 'the same in the other region',
    [kmsKeys('eu-central-1')]: 'the same in the other region; the operator compares both replicas',
    [streams('eu-central-1')]: 'the same in the other region',
    [bootstrap('eu-central-1')]: 'the same in the other region',
    ...Object.fromEntries(
      ['us-east-1', 'eu-central-1'].map((region) => [
        `AwsSolutions-IAM5[Resource::arn:aws:states:${region}:<AWS::AccountId>:execution:acme-pay-cutover:*]`,
        "runs of this system's cutover alone, wherever its state machine stands: looked at, not started",
      ]),
    ),
  },
};

interface Finding {
  readonly ruleName: string;
  readonly violatingConstructs: { readonly constructPath: string }[];
}

interface Synthesised {
  readonly templates: Readonly<Record<string, unknown>>;
  readonly findings: readonly Finding[];
}

function synth(mode: Mode): Synthesised {
  const outdir = mkdtempSync(path.join(tmpdir(), 'active-active-'));
  temporary.push(outdir);
  const app = new App({ outdir, context: { ...context, ...stubContext() } });
  defineSystem(app, configOf(mode));
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  // cdk-nag's findings make the synth fail after the templates are written; they are judged below, one by one.
  const log = jest.spyOn(console, 'error').mockImplementation(() => undefined);
  try {
    app.synth();
  } catch {
    /* the report is read below */
  } finally {
    log.mockRestore();
  }
  const report = JSON.parse(readFileSync(path.join(outdir, 'validation-report.json'), 'utf8')) as {
    pluginReports: { pluginName: string; violations: Finding[] }[];
  };
  return {
    templates: Object.fromEntries(
      readdirSync(outdir)
        .filter((file) => file.endsWith('.template.json'))
        .map((file) => [file.replace('.template.json', ''), mask(readFileSync(path.join(outdir, file), 'utf8'))]),
    ),
    findings: report.pluginReports
      .filter(({ pluginName }) => pluginName.startsWith('AwsSolutions'))
      .flatMap(({ violations }) => violations),
  };
}

/** Without what changes with the handlers' code alone. */
function mask(template: string): unknown {
  return JSON.parse(template.replace(/[0-9a-f]{64}/g, '<hash>'));
}

const synthesised: Readonly<Record<Mode, Synthesised>> = { STRONG: synth('STRONG'), HOME_REGION: synth('HOME_REGION') };
// The findings set it.
process.exitCode = undefined;

test('keys, tables and regions, one stack each', () => {
  expect(Object.keys(synthesised.STRONG.templates).sort()).toEqual([
    'acme-pay-alarms-us-east-1',
    'acme-pay-alarms-us-west-2',
    'acme-pay-documents-us-east-1',
    'acme-pay-documents-us-west-2',
    'acme-pay-edge',
    'acme-pay-key-us-east-1',
    'acme-pay-key-us-west-2',
    'acme-pay-ledger',
    'acme-pay-mesh-us-east-1',
    'acme-pay-mesh-us-west-2',
    'acme-pay-us-east-1',
    'acme-pay-us-west-2',
  ]);
  expect(Object.keys(synthesised.HOME_REGION.templates).sort()).toEqual([
    'acme-pay-alarms-eu-central-1',
    'acme-pay-alarms-us-east-1',
    'acme-pay-authority',
    'acme-pay-documents-eu-central-1',
    'acme-pay-documents-us-east-1',
    'acme-pay-edge',
    'acme-pay-eu-central-1',
    'acme-pay-key-eu-central-1',
    'acme-pay-key-us-east-1',
    'acme-pay-ledger',
    'acme-pay-mesh-eu-central-1',
    'acme-pay-mesh-us-east-1',
    'acme-pay-us-east-1',
  ]);
});

test('the mode is asked for by context', () => {
  expect([modeOf(undefined), modeOf('HOME_REGION')]).toEqual(['STRONG', 'HOME_REGION']);
  expect(() => modeOf('home')).toThrow("context 'mode' is 'home': give STRONG or HOME_REGION, or leave it out for STRONG");
});

test('the regions are asked for by context, each mode has its own', () => {
  expect(regionsOf('STRONG')).toMatchObject({ replicas: ['us-east-1', 'us-west-2'], witness: 'us-east-2' });
  expect(regionsOf('STRONG', 'us-east-1, eu-central-1', 'us-east-2')).toMatchObject({
    consistency: 'STRONG',
    replicas: ['us-east-1', 'eu-central-1'],
    witness: 'us-east-2',
  });
  expect(regionsOf('STRONG', 'us-east-1,eu-central-1,ap-south-1').witness).toBeUndefined();
  expect(regionsOf('HOME_REGION', 'us-east-1,eu-west-1')).toMatchObject({
    consistency: 'HOME_REGION',
    replicas: ['us-east-1', 'eu-west-1'],
  });
  expect(regionsOf('HOME_REGION', 'eu-west-1,eu-central-1', undefined, 'eu-central-1,eu-west-1,eu-west-2').authority).toEqual({
    replicas: ['eu-central-1', 'eu-west-1'],
    witness: 'eu-west-2',
  });
  expect(() => regionsOf('STRONG', 'us-east-1,')).toThrow(
    "context 'replicas' is 'us-east-1,': give names of regions with a comma between them",
  );
  expect(() => regionsOf('STRONG', 'us-east-1,eu-central-1', 7)).toThrow("context 'witness' is '7': give the name of a region");
  expect(() => regionsOf('HOME_REGION', undefined, 'us-east-2')).toThrow(
    "context 'witness' is 'us-east-2' in mode HOME_REGION, which has none",
  );
});

test.each(Object.keys(synthesised.STRONG.templates))('%s is as it was', (name) => {
  expect(synthesised.STRONG.templates[name]).toMatchSnapshot();
});

test.each(Object.keys(synthesised.HOME_REGION.templates))('in mode HOME_REGION %s is as it was', (name) => {
  expect(synthesised.HOME_REGION.templates[name]).toMatchSnapshot();
});

describe.each<[Mode, string]>([
  ['STRONG', 'us-west-2'],
  ['HOME_REGION', 'eu-central-1'],
])('in mode %s', (mode, second) => {
  const { templates, findings } = synthesised[mode];

  test('no stack imports anything of another', () => {
    expect(JSON.stringify(templates)).not.toMatch(/Fn::ImportValue|"Export"/);
    expect(JSON.stringify(templates)).not.toContain('Custom::CrossRegionExport');
  });

  test('what alarms send arrives', () => {
    for (const [name, template] of Object.entries(templates)) {
      expect([...undelivered(template as object, topicsBeside(name, templates)), ...needless(template as object)]).toEqual([]);
    }
  });

  test('every alarm is sent to a topic of its own region', () => {
    const alarms = Object.entries(templates).flatMap(([name, template]) =>
      Object.entries(Template.fromJSON(template as Record<string, unknown>).findResources('AWS::CloudWatch::Alarm')).map(
        ([id, { Properties }]) => ({ id, region: regionOfStack(name), actions: Properties.AlarmActions as unknown[] | undefined }),
      ),
    );
    expect(alarms.length).toBeGreaterThan(50);
    const astray = alarms.filter(
      ({ region, actions }) => actions?.length !== 1 || !JSON.stringify(actions).includes(`"arn:aws:sns:${region}:"`),
    );
    expect(astray).toEqual([]);
  });

  test('cdk-nag finds nothing that has no reason, and no reason is left over', () => {
    const known = reasonsByMode[mode];
    const unexplained = findings
      .filter(({ ruleName }) => !(ruleName in known))
      .map(({ ruleName, violatingConstructs }) => `${ruleName} at ${violatingConstructs.map(({ constructPath }) => constructPath)}`);
    expect(unexplained).toEqual([]);
    expect(Object.keys(known).filter((rule) => !findings.some(({ ruleName }) => ruleName === rule))).toEqual([]);
    const open = findings
      .filter(({ ruleName }) => ruleName === 'AwsSolutions-APIG4')
      .flatMap(({ violatingConstructs }) => violatingConstructs.map(({ constructPath }) => constructPath));
    expect([...new Set(open)].sort()).toEqual(
      ['us-east-1', second]
        .flatMap((region) => ['health', 'health/probe'].map((leaf) => `acme-pay-${region}/Api/Api/Default/${leaf}/GET/Resource`))
        .sort(),
    );
  });
});

/** Without the dashboard: its text is the same in every region, the order of the regions too. */
function withoutDashboard(template: unknown): unknown {
  const { Resources, ...rest } = template as { Resources: Record<string, { Type: string }> };
  return {
    ...rest,
    Resources: Object.fromEntries(Object.entries(Resources).filter(([, { Type }]) => Type !== 'AWS::CloudWatch::Dashboard')),
  };
}

test('the two regions differ by their region alone, and by where the drain is commanded from', () => {
  const region = (name: string, peer: string): unknown =>
    JSON.parse(
      JSON.stringify(withoutDashboard(synthesised.STRONG.templates[`acme-pay-${name}`]))
        .replace(/--region [a-z0-9-]+/g, '')
        .replaceAll(name, 'OWN')
        .replaceAll(peer, 'PEER')
        .replace(/-us[ew]\d"/g, (short) => (short === `-${name.replace(/^(us)-([ew])\w*-/, '$1$2')}"` ? '-OWN"' : '-PEER"'))
        .replaceAll(name.replace(/-/g, ''), 'OWN')
        .replaceAll('["PEER","OWN"]', '["OWN","PEER"]')
        // Each is drilled in a week of its own.
        .replace(/ 3#\d /, ' 3#N ')
        .replace(/[0-9A-F]{8}([0-9a-f]{32})?/g, '')
        // A hash of the construct's path.
        .replace(/(?<=cr-owned:)[0-9a-f]{8}/g, ''),
      // The CDK sorts a statement's resources by their texts, regions' names too.
      (key, value: unknown) =>
        key === 'Resource' && Array.isArray(value)
          ? [...(value as unknown[])].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
          : value,
    );
  expect(region('us-east-1', 'us-west-2')).toEqual(region('us-west-2', 'us-east-1'));
});

test("with a global endpoint the other region's bus is made first, and publishers are told where to go", () => {
  const app = new App({ context: { ...context, ...stubContext(), 'aws:cdk:bundling-stacks': [] } });
  defineSystem(app, configOf('STRONG', 'GLOBAL_ENDPOINT'));
  const stacks = Object.fromEntries(
    app.node.children.filter((child): child is Stack => Stack.isStack(child)).map((stack) => [stack.stackName, stack]),
  );
  const before = (name: string): string[] => stacks[name].dependencies.map(({ stackName }) => stackName);
  expect(before('acme-pay-mesh-us-east-1')).toEqual(['acme-pay-mesh-us-west-2', 'acme-pay-alarms-us-east-1']);
  expect(before('acme-pay-mesh-us-west-2')).toEqual(['acme-pay-alarms-us-west-2']);
  expect(before('acme-pay-us-west-2').sort()).toEqual([
    'acme-pay-alarms-us-west-2',
    'acme-pay-ledger',
    'acme-pay-mesh-us-east-1',
    'acme-pay-mesh-us-west-2',
  ]);
  Template.fromStack(stacks['acme-pay-us-west-2']).hasResourceProperties('Custom::MeshEndpointId', {
    Create: Match.stringLikeRegexp('"region":"us-east-1"'),
  });
});

test('the transport is asked for by context', () => {
  expect([transportOf(undefined), transportOf('GLOBAL_ENDPOINT')]).toEqual(['RULES', 'GLOBAL_ENDPOINT']);
  expect(() => transportOf('bridge')).toThrow("context 'transport' is 'bridge': give RULES or GLOBAL_ENDPOINT, or leave it out for RULES");
});

test('the edge can be left out, with the site', () => {
  const made = (edge?: { name: string; folder: string }): number[] => {
    const app = new App({ context: { ...context, ...stubContext(), 'aws:cdk:bundling-stacks': [] } });
    defineSystem(app, { ...configOf('STRONG'), parts: { dashboard: false, documents: false, edge } });
    const stacks = app.node.children.filter((child): child is Stack => Stack.isStack(child)).map((stack) => Template.fromStack(stack));
    return ['AWS::CloudFront::Distribution', 'AWS::S3::Bucket'].map(
      (type) => stacks.flatMap((template) => Object.keys(template.findResources(type))).length,
    );
  };
  // A bucket of each region, and one for access logs.
  expect([made({ name: 'app.example.com', folder: 'site' }), made()]).toEqual([
    [1, 3],
    [0, 0],
  ]);
});

test('the documents can be left out, and are asked for with the other parts', () => {
  const buckets = (only: string): number => {
    const app = new App({ context: { ...context, ...stubContext(), 'aws:cdk:bundling-stacks': [] } });
    defineSystem(app, configOf('STRONG', 'RULES', undefined, partsOf(only)));
    const stacks = app.node.children.filter((child): child is Stack => Stack.isStack(child)).map((stack) => Template.fromStack(stack));
    return stacks.flatMap((template) => Object.keys(template.findResources('AWS::S3::Bucket'))).length;
  };
  expect([buckets('documents'), buckets('none')]).toEqual([2, 0]);
  expect(partsOf()).toEqual(configOf('STRONG').parts);
  expect(partsOf('edge, documents')).toEqual({ ...partsOf(), dashboard: false, canary: undefined, drill: undefined });
  expect(() => partsOf('edge,cash')).toThrow(
    "context 'only' has 'cash': give some of dashboard, edge, documents, canary, drill with commas between them, or none",
  );
});

test('the dashboard can be left out', () => {
  const dashboards = (dashboard: boolean): number => {
    const app = new App({ context: { ...context, ...stubContext(), 'aws:cdk:bundling-stacks': [] } });
    const stacks = defineSystem(app, { ...configOf('STRONG'), parts: { dashboard, documents: false } });
    return stacks.flatMap((stack) => Object.keys(Template.fromStack(stack).findResources('AWS::CloudWatch::Dashboard'))).length;
  };
  expect([dashboards(true), dashboards(false)]).toEqual([2, 0]);
});

test('the recorder in Python is there where it is asked for, and may complete its events in the inbox of its own', () => {
  // No bundler, and no pip: its code does not matter here.
  const app = new App({ context: { ...context, ...stubContext(), 'aws:cdk:bundling-stacks': [] } });
  defineSystem(app, configOf('STRONG', 'RULES', undefined, partsOf('none'), pythonRecorderOf('true')));
  const template = Template.fromStack(app.node.findChild('acme-pay-us-east-1') as Stack);
  template.hasResourceProperties('AWS::Lambda::Function', {
    Runtime: 'python3.13',
    Handler: 'index.handler',
    TracingConfig: { Mode: 'Active' },
    Environment: { Variables: Match.objectLike({ EFFECTS_TABLE: Match.anyValue(), INBOX_TABLE: Match.anyValue() }) },
  });
  template.hasResourceProperties('AWS::SQS::Queue', { QueueName: 'acme-pay-recorder-python' });
  expect([pythonRecorderOf(undefined), pythonRecorderOf('false')]).toEqual([false, false]);
  expect(() => pythonRecorderOf('yes')).toThrow("context 'pythonRecorder' is 'yes': give true or false, or leave it out for false");
});
