import { account, app, check, notPassed, portsWith, regions, stack, table } from './preflight-account';
import type { PlannedStack, PreflightPorts, SecretState, TemplateResource } from '../../src/commands/preflight/model';
import { planOf } from '../../src/commands/preflight/plan.domain';
import { preflight, preflightText } from '../../src/commands/preflight/service';

const owned = (ids: readonly string[], type: string) => ids.map((id) => ({ type, id }));

describe('the plan of an app', () => {
  const plan = planOf(app, { account, region: undefined });

  test('has the regions of its stacks, replicas and witnesses', () => {
    expect(plan.regions.map(({ region }) => region)).toEqual(['us-east-1', 'us-east-2', 'us-west-2']);
    expect(plan.strong).toEqual(['us-east-1', 'us-east-2', 'us-west-2']);
  });

  test('knows names with account and region filled in, and a table in each of its regions; others it leaves out', () => {
    expect(plan.names.map(({ kind, name, region }) => `${kind} ${name} ${region}`)).toEqual([
      'table acme-ledger us-east-1',
      'table acme-ledger us-west-2',
      `bucket acme-${account}-us-west-2 us-west-2`,
    ]);
  });
});

test('an account in which all is ready passes each check, and each is a line', async () => {
  const result = await check();
  expect(notPassed(result)).toEqual([]);
  expect(result.passed).toBe(result.findings.length);
  expect(result.passed).toBeGreaterThan(20);
  expect(preflightText(result)).toHaveLength(result.passed + 1);
  expect(preflightText(result).at(-1)).toBe(`${result.passed} passed, 0 warned, 0 failed`);
});

test('the worst comes first: what fails, then what is a warning', async () => {
  const result = await check({
    parameter: (region) => Promise.resolve(region === 'us-west-2' ? undefined : '21'),
    quota: (_, code) => Promise.resolve(code.startsWith('lambda') ? 10 : 10_000),
  });
  const verdicts = preflightText(result)
    .slice(0, -1)
    .map((line) => line.split(' ')[0]);
  expect(verdicts).toEqual([
    ...Array<string>(result.failed).fill('fail'),
    ...Array<string>(result.warned).fill('warn'),
    ...Array<string>(result.passed).fill('pass'),
  ]);
  expect([result.failed, result.warned]).toEqual([1, 2]);
});

test.each<[string, Partial<PreflightPorts>, readonly string[]]>([
  [
    'a region that is off',
    { regionStatus: (region) => Promise.resolve(region === 'us-east-2' ? 'DISABLED' : 'ENABLED') },
    ['fail us-east-2 enabled: DISABLED'],
  ],
  [
    'a region that was not bootstrapped',
    { parameter: (region) => Promise.resolve(region === 'us-west-2' ? undefined : '21') },
    ['fail us-west-2 bootstrapped: /cdk-bootstrap/hnb659fds/version is not there'],
  ],
  [
    'an old bootstrap stack',
    { parameter: () => Promise.resolve('5') },
    regions.map((region) => `fail ${region} bootstrapped: version 5, 6 is needed`),
  ],
  [
    'a first deployment that failed',
    { stackStatus: (region) => Promise.resolve(region === 'us-east-1' ? 'ROLLBACK_COMPLETE' : 'UPDATE_COMPLETE') },
    ['fail us-east-1 stack acme-us-east-1: ROLLBACK_COMPLETE: its first deployment failed'],
  ],
  [
    'a deployment under way',
    { stackStatus: () => Promise.resolve('UPDATE_IN_PROGRESS') },
    regions.map((region) => `fail ${region} stack acme-${region}: UPDATE_IN_PROGRESS`),
  ],
  [
    'a table that an earlier system left',
    { exists: ({ kind, region }) => Promise.resolve(kind === 'table' && region === 'us-east-1') },
    ['fail us-east-1 names are free or ours: there is already a table acme-ledger'],
  ],
  [
    "a new account's quota of functions",
    { quota: (_, code) => Promise.resolve(code.startsWith('lambda') ? 10 : 1_000) },
    regions.map(
      (region) =>
        `warn ${region} quota of functions: 10 at once, 1000 of them unreserved; 2 functions, with 50 reserved: ` +
        "a new account's quota, less than the usual 1000",
    ),
  ],
  [
    'concurrency that other functions have reserved',
    { unreservedConcurrency: (region) => Promise.resolve(region === 'us-west-2' ? 149 : 150) },
    [
      'fail us-west-2 quota of functions: 1000 at once, 149 of them unreserved; 2 functions, with 50 reserved: ' +
        '100 must be left unreserved',
    ],
  ],
  [
    'quotas that differ',
    { quota: (region, code) => Promise.resolve(code.startsWith('apigateway') && region === 'us-west-2' ? 2_500 : 10_000) },
    ['warn all requests a second to APIs are on a par: us-east-1 10000, us-west-2 2500'],
  ],
  [
    'no room for tables',
    { tableCount: () => Promise.resolve(2_500) },
    regions.map((region) => `fail ${region} quota of tables: 2500 in use, 1 more tables of this app, 2500 allowed`),
  ],
  [
    'no room for health checks',
    { healthChecks: () => Promise.resolve({ used: 200, limit: 200 }) },
    ['fail all quota of health checks: 200 in use, 1 more health checks of this app, 200 allowed'],
  ],
  [
    'a zone that its parent does not know',
    { delegatedTo: () => Promise.resolve([]) },
    ['fail all hosted zone Z1: pay.example.com. is delegated to no name server'],
  ],
  [
    'a zone of another provider',
    { delegatedTo: () => Promise.resolve(['ns.other.example']) },
    ['fail all hosted zone Z1: pay.example.com. is delegated to ns.other.example'],
  ],
  ['a zone of another account', { zone: () => Promise.resolve(undefined) }, ['fail all hosted zone Z1: it does not exist in this account']],
  [
    'a certificate that is not proven',
    { certificate: () => Promise.resolve({ status: 'PENDING_VALIDATION' }) },
    ['fail us-east-1 certificate of the domain name of App/us-east-1: PENDING_VALIDATION'],
  ],
  [
    'a certificate that ends',
    { certificate: () => Promise.resolve({ status: 'ISSUED', notAfter: new Date('2026-12-09T00:00:00Z') }) },
    ['warn us-east-1 certificate of the domain name of App/us-east-1: ISSUED, valid for 10 days'],
  ],
  [
    'a call that is not allowed',
    { healthChecks: () => Promise.reject(new Error('not authorized')) },
    ['warn all quota of health checks: it could not be asked: not authorized'],
  ],
])('%s is found, and nothing else, with the way to put it right', async (_, changed, wanted) => {
  const result = await check(changed);
  expect(notPassed(result)).toEqual(wanted);
  expect(result.findings.filter(({ verdict, fix }) => verdict !== 'pass' && !fix)).toEqual([]);
});

test('of a region that is off nothing else is asked', async () => {
  const asked: string[] = [];
  await check({
    regionStatus: (region) => Promise.resolve(region === 'us-west-2' ? 'DISABLED' : 'ENABLED'),
    parameter: (region) => {
      asked.push(region);
      return Promise.resolve('21');
    },
  });
  expect(asked).toEqual(['us-east-1']);
});

test('names of what the app has deployed before are its own', async () => {
  const result = await check({
    exists: () => Promise.resolve(true),
    stackResources: (region) =>
      Promise.resolve(owned(region === 'us-east-1' ? ['acme-ledger'] : [`acme-${account}-us-west-2`], 'AWS::Some::Thing')),
  });
  expect(notPassed(result)).toEqual([]);
});

test("a name that an earlier stack left is foreign, also where another region's stack has one of the same name", async () => {
  const bucket = { Type: 'AWS::S3::Bucket', Properties: { BucketName: 'acme-inbox' } };
  const result = await check(
    {
      exists: () => Promise.resolve(true),
      stackResources: (region) => Promise.resolve(region === 'us-east-1' ? owned(['acme-inbox'], 'AWS::S3::Bucket') : []),
    },
    regions.map((region) => stack(region, { Inbox: bucket })),
  );
  expect(notPassed(result)).toEqual(['fail us-west-2 names are free or ours: there is already a bucket acme-inbox']);
});

test('what is deployed already needs no more room, and no concurrency a second time', async () => {
  const asked: string[] = [];
  const result = await check({
    exists: ({ kind }) => Promise.resolve(kind === 'table'),
    tableCount: () => Promise.resolve(2_500),
    healthChecks: () => Promise.resolve({ used: 200, limit: 200 }),
    unreservedConcurrency: () => Promise.resolve(100),
    stackResources: (region, name) => {
      asked.push(name);
      const here =
        region === 'us-east-1'
          ? [...owned(['acme-ledger'], 'AWS::DynamoDB::GlobalTable'), ...owned(['1'], 'AWS::Route53::HealthCheck')]
          : [];
      return Promise.resolve([...here, ...owned(['f'], 'AWS::Lambda::Function')]);
    },
  });
  expect(notPassed(result)).toEqual([]);
  expect(asked.sort()).toEqual(['acme-us-east-1', 'acme-us-west-2']);
});

test('a stack whose region is open is not passed over', async () => {
  const open = { ...stack('us-west-2'), region: undefined };
  const result = await check({}, [stack('us-east-1'), open]);
  expect(notPassed(result)).toEqual(['fail all region of App/us-west-2: it is open']);
});

test('a certificate in another region than AWS takes it from is not asked for', async () => {
  const distribution = stack('us-west-2', {
    Edge: {
      Type: 'AWS::CloudFront::Distribution',
      Properties: { DistributionConfig: { ViewerCertificate: { AcmCertificateArn: `arn:aws:acm:us-west-2:${account}:certificate/2` } } },
    },
  });
  const result = await check({ certificate: () => Promise.reject(new Error('asked')) }, [distribution]);
  expect(notPassed(result)).toEqual(['fail us-east-1 certificate of the distribution of App/us-west-2: it is in us-west-2']);
});

test('a strong table in a region that the list does not have is a warning', async () => {
  const elsewhere = { ...table, Properties: { ...table.Properties, GlobalTableWitnesses: [{ Region: 'sa-east-1' }] } };
  const result = await check({}, [stack('us-east-1', { Table: elsewhere })]);
  expect(notPassed(result)).toEqual(['warn sa-east-1 strong consistency is offered: it is not in the list of 2026-09-23']);
});

test('credentials of another account are found for each stack', async () => {
  const result = await check({ account: () => Promise.resolve('999999999999') });
  expect(notPassed(result)).toEqual(
    regions.map((region) => `fail ${region} account of App/${region}: the app says ${account}, the credentials are of 999999999999`),
  );
});

test('without credentials, or without a region, it asks nothing more', async () => {
  await expect(preflight(app, undefined, portsWith({ account: () => Promise.reject(new Error('expired')) }))).resolves.toBe(
    "the credentials were refused in us-east-1: expired. Set them as for 'cdk deploy', such as by AWS_PROFILE",
  );
  const open = [{ ...stack('us-east-1'), region: undefined }];
  await expect(preflight(open, undefined, portsWith())).resolves.toBe('the app leaves the region of its stacks open: set AWS_REGION');
});

describe('what a stranger forgets', () => {
  const alarm = (AlarmActions?: unknown[]): TemplateResource => ({ Type: 'AWS::CloudWatch::Alarm', Properties: { AlarmActions } });
  const Policy = {
    Type: 'AWS::IAM::Policy',
    Properties: {
      PolicyDocument: {
        Statement: [
          {
            Resource: {
              'Fn::Join': [
                '',
                ['arn:', { Ref: 'AWS::Partition' }, `:secretsmanager:us-east-1:${account}:secret:acme-pay/drill-client-??????`],
              ],
            },
          },
        ],
      },
    },
  };

  test('alarms without an action are told, with their number', async () => {
    const stacks = [stack('us-east-1', { Late: alarm(), Down: alarm([]), Heard: alarm(['arn:aws:sns:us-east-1:111122223333:pager']) })];
    expect(notPassed(await check({}, stacks))).toEqual(['warn us-east-1 alarms have an action: 2 of 3 alarms have no action']);
    expect(notPassed(await check({}, [stack('us-east-1', { Heard: alarm(['arn:aws:sns:us-east-1:111122223333:pager']) })]))).toEqual([]);
  });

  test('a secret that the app reads by its name must be there', async () => {
    const stacks = [stack('us-east-1', { Policy, Again: Policy })];
    const asked: string[] = [];
    const secret = (region: string, name: string): Promise<undefined> => {
      asked.push(`${region} ${name}`);
      return Promise.resolve(undefined);
    };
    expect(notPassed(await check({ secret }, stacks))).toEqual(['fail us-east-1 secret acme-pay/drill-client: it does not exist']);
    expect(asked).toEqual(['us-east-1 acme-pay/drill-client']);
    expect(notPassed(await check({}, stacks))).toEqual([]);
  });

  test.each<[SecretState, string, string]>([
    [
      { isDeleted: true, hasValue: true },
      'its deletion is scheduled: it cannot be read',
      "restore it: 'aws secretsmanager restore-secret --region us-east-1 --secret-id acme-pay/drill-client'",
    ],
    [{ isDeleted: false, hasValue: false }, 'it has no current value', 'put-secret-value --region us-east-1'],
  ])('a secret that cannot be read is as good as none: %j', async (state, detail, fix) => {
    const { findings } = await check({ secret: () => Promise.resolve(state) }, [stack('us-east-1', { Policy })]);
    expect(findings.filter(({ verdict }) => verdict !== 'pass')).toEqual([
      { region: 'us-east-1', check: 'secret acme-pay/drill-client', verdict: 'fail', detail, fix: expect.stringContaining(fix) as string },
    ]);
  });

  test('a composed alarm is an alarm, and its parts are heard by it', async () => {
    const composed = (AlarmActions?: unknown[]): TemplateResource => ({
      Type: 'AWS::CloudWatch::CompositeAlarm',
      Properties: { AlarmActions, AlarmRule: { 'Fn::Join': ['', ['ALARM("', { 'Fn::GetAtt': ['Part', 'Arn'] }, '")']] } },
    });
    const silent = await check({}, [stack('us-east-1', { Part: alarm(), Late: alarm(), Whole: composed() })]);
    expect(notPassed(silent)).toEqual(['warn us-east-1 alarms have an action: 3 of 3 alarms have no action']);
    const pager = ['arn:aws:sns:us-east-1:111122223333:pager'];
    expect(notPassed(await check({}, [stack('us-east-1', { Part: alarm(), Whole: composed(pager) })]))).toEqual([]);
  });

  describe('a secret by its ARN', () => {
    const reads = (region: unknown, of: unknown): TemplateResource => ({
      Type: 'AWS::IAM::Policy',
      Properties: {
        Resource: {
          'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':secretsmanager:', region, ':', of, ':secret:acme/client-??????']],
        },
      },
    });
    const makes = (more: object = {}): TemplateResource => ({
      Type: 'AWS::SecretsManager::Secret',
      Properties: { Name: 'acme/client', ...more },
    });
    const secret = (region: string, name: string): Promise<undefined> => Promise.reject(new Error(`${name} of ${region}`));
    const asked = async (...stacks: readonly PlannedStack[]): Promise<string[]> => notPassed(await check({ secret }, stacks));
    const here = reads({ Ref: 'AWS::Region' }, { Ref: 'AWS::AccountId' });
    const wasAsked = (of: string): string => `it could not be asked: acme/client of ${of}`;

    test('is asked for in its region', async () => {
      expect(await asked(stack('us-east-1', { Policy: here }))).toEqual([`warn us-east-1 secret acme/client: ${wasAsked('us-east-1')}`]);
      expect(await asked(stack('us-east-1', { Policy: reads('us-west-2', account) }))).toEqual([
        `warn us-east-1 secret acme/client in us-west-2: ${wasAsked('us-west-2')}`,
      ]);
    });

    test('of another account is a warning, and not asked for', async () =>
      expect(await asked(stack('us-east-1', { Policy: reads('us-east-1', '999999999999') }))).toEqual([
        'warn us-east-1 secret acme/client: it is of the account 999999999999: it was not asked for',
      ]));

    test('that the app makes there, or copies there, need not be there', async () => {
      const reader = stack('us-east-1', { Policy: here });
      expect(await asked(reader, stack('us-east-1', { Secret: makes() }))).toEqual([]);
      expect(await asked(reader, stack('us-west-2', { Secret: makes({ ReplicaRegions: [{ Region: 'us-east-1' }] }) }))).toEqual([]);
      expect(await asked(reader, stack('us-west-2', { Secret: makes() }))).toHaveLength(1);
    });
  });

  test('a parameter that another stack of the app makes need not be there, nor one whose place the deployment gives', async () => {
    const Parameters = { Id: { Type: 'AWS::SSM::Parameter::Value<String>', Default: '/acme/id' } };
    const makes = { Made: { Type: 'AWS::SSM::Parameter', Properties: { Name: '/acme/id' } } };
    const reader = (of: PlannedStack): PlannedStack => ({ ...of, template: { ...of.template, Parameters } });
    const parameter = (_: string, name: string) => Promise.resolve(name.startsWith('/acme/') ? undefined : '21');
    const asked = async (...stacks: readonly PlannedStack[]): Promise<string[]> => notPassed(await check({ parameter }, stacks));
    const absent = (name: string): string[] => [`fail us-east-1 parameter ${name}: it does not exist`];
    const east = reader(stack('us-east-1'));
    expect(await asked(east)).toEqual(absent('/acme/id'));
    expect(await asked(east, stack('us-east-1', makes))).toEqual([]);
    expect(await asked(east, stack('us-west-2', makes))).toEqual(absent('/acme/id'));
    expect(await asked(reader(stack('us-east-1', makes)))).toEqual(absent('/acme/id'));
    expect(await asked({ ...east, parameters: { Id: '/acme/other' } })).toEqual(absent('/acme/other'));
    expect(await asked({ ...east, parameters: { Id: '/given' } })).toEqual([]);
  });

  test('an alarm that stops an experiment is heard by AWS FIS', async () => {
    const Experiment = {
      Type: 'AWS::FIS::ExperimentTemplate',
      Properties: { StopConditions: [{ Source: 'aws:cloudwatch:alarm', Value: { 'Fn::GetAtt': ['Stop', 'Arn'] } }] },
    };
    const result = await check({}, [stack('us-east-1', { Stop: alarm(), Late: alarm(), Experiment })]);
    expect(notPassed(result)).toEqual(['warn us-east-1 alarms have an action: 1 of 2 alarms have no action']);
    expect(notPassed(await check({}, [stack('us-east-1', { Stop: alarm(), Experiment })]))).toEqual([]);
  });

  test('what AWS offers under a parameter must be offered in the region, such as the extension of AWS FIS', async () => {
    const layer = '/aws/service/fis/lambda-extension/AWS-FIS-extension-arm64/1.x.x';
    const parameter = (Default: string) => ({ Type: 'AWS::SSM::Parameter::Value<String>', Default });
    const [own] = [stack('us-east-1', {})];
    const Parameters = {
      Layer: parameter(layer),
      BootstrapVersion: parameter('/cdk-bootstrap/hnb659fds/version'),
      Plain: { Type: 'String', Default: 'x' },
    };
    const bootstrap = { parameter: '/cdk-bootstrap/hnb659fds/version', version: 6 };
    const stacks = [{ ...own, bootstrap, template: { ...own.template, Parameters } }];
    const only = (name: string) => (_: string, asked: string) => Promise.resolve(asked === name ? undefined : '21');
    expect(notPassed(await check({ parameter: only(layer) }, stacks))).toEqual([`fail us-east-1 parameter ${layer}: it does not exist`]);
    expect((await check({}, stacks)).findings.filter(({ check: of }) => of.startsWith('parameter '))).toHaveLength(1);
  });
});
