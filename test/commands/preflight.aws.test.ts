import { preflightAccount } from '../../src/commands/preflight/aws';
import { AwsCall, AwsReply, FakeAws, refusal } from '../runtime/fake-aws';

const xml = (body: string, status = 200): AwsReply => ({ status, body, headers: { 'content-type': 'text/xml' } });
const errorXml = (code: string, message: string, status = 400): AwsReply =>
  xml(`<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`, status);

/** A text within elements, the outermost first. */
const within = (names: string, text: string): string => names.split(' ').reduceRight((inner, name) => `<${name}>${inner}</${name}>`, text);

let aws: FakeAws;
let replies: Readonly<Record<string, AwsReply>> = {};
const reply = (call: AwsCall): AwsReply => replies[call.action] ?? refusal('AccessDeniedException');

beforeAll(async () => {
  aws = await FakeAws.start({ AWS_MAX_ATTEMPTS: '1' });
});

beforeEach(() => {
  aws.calls.length = 0;
  aws.answer = reply;
});

afterAll(() => aws.stop());

/** A fresh account: nothing is remembered of an earlier answer. */
const account = () => preflightAccount(aws.url);

test('who asks, where regions are on, and what the bootstrap says', async () => {
  replies = {
    GetCallerIdentity: xml(
      within(
        'GetCallerIdentityResponse GetCallerIdentityResult',
        '<Account>111122223333</Account><Arn>arn:aws:iam::111122223333:user/ana</Arn>',
      ),
    ),
    'POST /getRegionOptStatus': { body: { RegionName: 'eu-south-2', RegionOptStatus: 'DISABLED' } },
    GetParameter: { body: { Parameter: { Value: '21' } } },
  };
  const ports = account();
  await expect(ports.account('us-west-2')).resolves.toBe('111122223333');
  await expect(ports.regionStatus('eu-south-2')).resolves.toBe('DISABLED');
  await expect(ports.parameter('us-west-2', '/cdk-bootstrap/x/version')).resolves.toBe('21');
  expect(aws.calls.map(({ service, region }) => `${service} ${region}`)).toEqual(['sts us-west-2', 'account us-east-1', 'ssm us-west-2']);
  expect(aws.calls[1].input).toEqual({ RegionName: 'eu-south-2' });
  expect(aws.calls[2].input).toEqual({ Name: '/cdk-bootstrap/x/version' });
  replies = { GetParameter: refusal('ParameterNotFound') };
  await expect(ports.parameter('us-west-2', '/cdk-bootstrap/x/version')).resolves.toBeUndefined();
});

test('whether a secret is there and can be read, without its content', async () => {
  const name = 'acme-pay/drill-client';
  const current = { VersionIdsToStages: { a: ['AWSPREVIOUS'], b: ['AWSCURRENT', 'own'] } };
  replies = { DescribeSecret: { body: { Name: name, ...current } } };
  await expect(account().secret('us-west-2', name)).resolves.toEqual({ isDeleted: false, hasValue: true });
  expect(aws.calls.map(({ service, region, input }) => [service, region, input])).toEqual([
    ['secretsmanager', 'us-west-2', { SecretId: 'acme-pay/drill-client' }],
  ]);
  replies = { DescribeSecret: { body: { ...current, DeletedDate: 1_800_000_000 } } };
  await expect(account().secret('us-west-2', name)).resolves.toEqual({ isDeleted: true, hasValue: true });
  for (const VersionIdsToStages of [undefined, {}, { a: ['AWSPENDING'] }]) {
    replies = { DescribeSecret: { body: { VersionIdsToStages } } };
    await expect(account().secret('us-west-2', name)).resolves.toEqual({ isDeleted: false, hasValue: false });
  }
  replies = { DescribeSecret: refusal('ResourceNotFoundException') };
  await expect(account().secret('us-west-2', name)).resolves.toBeUndefined();
});

test('how many subscriptions of a topic are confirmed, its key and its policy', async () => {
  const attributes = (entry: string): AwsReply =>
    xml(
      within(
        'GetTopicAttributesResponse GetTopicAttributesResult Attributes',
        entry && `<entry>${entry}</entry><entry><key>Policy</key><value>{}</value></entry>`,
      ),
    );
  const topic = 'arn:aws:sns:us-west-2:111122223333:pager';
  replies = { GetTopicAttributes: attributes('<key>SubscriptionsConfirmed</key><value>2</value>') };
  await expect(account().topic('us-west-2', topic)).resolves.toEqual({ confirmed: 2, policy: '{}' });
  expect(aws.calls.map(({ service, region, input }) => [service, region, input.TopicArn])).toEqual([['sns', 'us-west-2', topic]]);
  const encrypted = '<key>SubscriptionsConfirmed</key><value>0</value></entry><entry><key>KmsMasterKeyId</key><value>alias/aws/sns</value>';
  replies = { GetTopicAttributes: attributes(encrypted) };
  await expect(account().topic('us-west-2', topic)).resolves.toEqual({ confirmed: 0, key: 'alias/aws/sns', policy: '{}' });
  replies = { GetTopicAttributes: attributes('') };
  await expect(account().topic('us-west-2', topic)).rejects.toThrow('AWS says no number for confirmed subscriptions');
  replies = { GetTopicAttributes: errorXml('NotFound', 'Topic does not exist', 404) };
  await expect(account().topic('us-west-2', topic)).resolves.toBeUndefined();
  replies = { GetTopicAttributes: errorXml('AuthorizationError', 'not authorized', 403) };
  await expect(account().topic('us-west-2', topic)).rejects.toThrow('not authorized');
});

test("a stack's status and resources, page by page; none of a stack that does not exist", async () => {
  const page = (id: string, next = ''): AwsReply =>
    xml(
      '<ListStackResourcesResponse><ListStackResourcesResult><StackResourceSummaries><member>' +
        `<PhysicalResourceId>${id}</PhysicalResourceId><ResourceType>AWS::S3::Bucket</ResourceType></member>` +
        `</StackResourceSummaries>${next}` +
        '</ListStackResourcesResult></ListStackResourcesResponse>',
    );
  replies = { DescribeStacks: xml(within('DescribeStacksResponse DescribeStacksResult Stacks member StackStatus', 'ROLLBACK_COMPLETE')) };
  aws.answer = (call) => {
    if (call.action !== 'ListStackResources') return reply(call);
    return call.input.NextToken === 'more' ? page('second') : page('first', '<NextToken>more</NextToken>');
  };
  const ports = account();
  await expect(ports.stackStatus('us-east-1', 'pay')).resolves.toBe('ROLLBACK_COMPLETE');
  await expect(ports.stackResources('us-east-1', 'pay')).resolves.toEqual([
    { type: 'AWS::S3::Bucket', id: 'first' },
    { type: 'AWS::S3::Bucket', id: 'second' },
  ]);
  aws.answer = () => errorXml('ValidationError', 'Stack with id pay does not exist');
  await expect(ports.stackStatus('us-east-1', 'pay')).resolves.toBeUndefined();
  await expect(ports.stackResources('us-east-1', 'pay')).resolves.toEqual([]);
  aws.answer = () => errorXml('AccessDenied', 'not authorized', 403);
  await expect(ports.stackStatus('us-east-1', 'pay')).rejects.toThrow('not authorized');
  await expect(ports.stackResources('us-east-1', 'pay')).rejects.toThrow('not authorized');
});

test.each<['table' | 'alias', string, string]>([
  ['table', 'DescribeTable', 'ResourceNotFoundException'],
  ['alias', 'DescribeKey', 'NotFoundException'],
])('a %s is there, is not, or cannot be asked for', async (kind, action, absent) => {
  const name = { kind, name: 'acme', region: 'us-west-2', owner: 'us-west-2' };
  const ports = account();
  replies = { [action]: { body: {} } };
  await expect(ports.exists(name)).resolves.toBe(true);
  expect(aws.calls[0].region).toBe('us-west-2');
  expect(Object.values(aws.calls[0].input)).toEqual(['acme']);
  replies = { [action]: refusal(absent) };
  await expect(ports.exists(name)).resolves.toBe(false);
  replies = {};
  await expect(ports.exists(name)).rejects.toThrow('AccessDeniedException');
});

test("a bucket's name is taken by another account's too", async () => {
  const bucket = { kind: 'bucket', name: 'acme-docs', region: 'us-west-2', owner: 'us-west-2' } as const;
  const ports = account();
  const answers: [number, boolean][] = [
    [200, true],
    [403, true],
    [404, false],
  ];
  for (const [status, taken] of answers) {
    aws.answer = () => xml('', status);
    await expect(ports.exists(bucket)).resolves.toBe(taken);
  }
  expect(aws.calls[0].path.replace(/\/$/, '')).toBe('/acme-docs');
  aws.answer = () => xml('', 400);
  await expect(ports.exists(bucket)).rejects.toThrow();
});

test('tables are counted over all pages, a quota is asked for once', async () => {
  aws.answer = (call) => {
    if (call.action === 'GetServiceQuota') return { body: { Quota: { Value: 750 } } };
    return call.input.ExclusiveStartTableName === 'b'
      ? { body: { TableNames: ['c'] } }
      : { body: { TableNames: ['a', 'b'], LastEvaluatedTableName: 'b' } };
  };
  const ports = account();
  await expect(ports.tableCount('us-east-1')).resolves.toBe(3);
  const quotas = await Promise.all([ports.quota('us-east-1', 'lambda L-B99A9384'), ports.quota('us-east-1', 'lambda L-B99A9384')]);
  expect(quotas).toEqual([750, 750]);
  expect(aws.inputs('GetServiceQuota')).toEqual([{ ServiceCode: 'lambda', QuotaCode: 'L-B99A9384' }]);
  aws.answer = () => ({ body: { Quota: {} } });
  await expect(ports.quota('us-west-2', 'lambda L-B99A9384')).rejects.toThrow('AWS says no number for lambda L-B99A9384');
});

test('health checks, a hosted zone and a certificate', async () => {
  replies = {
    'GET /2013-04-01/accountlimit/MAX_HEALTH_CHECKS_BY_OWNER': xml(
      within('GetAccountLimitResponse', '<Count>7</Count><Limit><Type>MAX_HEALTH_CHECKS_BY_OWNER</Type><Value>200</Value></Limit>'),
    ),
    'GET /2013-04-01/hostedzone/Z1': xml(
      within(
        'GetHostedZoneResponse',
        within('HostedZone', '<Id>/hostedzone/Z1</Id><Name>pay.example.com.</Name><Config><PrivateZone>false</PrivateZone></Config>') +
          within('DelegationSet NameServers NameServer', 'ns-1.example'),
      ),
    ),
    'GET /2013-04-01/hostedzone/Z2': errorXml('NoSuchHostedZone', 'No hosted zone found', 404),
    DescribeCertificate: { body: { Certificate: { Status: 'ISSUED', NotAfter: 1_800_000_000 } } },
  };
  const ports = account();
  await expect(ports.healthChecks()).resolves.toEqual({ used: 7, limit: 200 });
  await expect(ports.zone('Z1')).resolves.toEqual({ name: 'pay.example.com.', isPrivate: false, nameServers: ['ns-1.example'] });
  await expect(ports.zone('Z2')).resolves.toBeUndefined();
  const arn = 'arn:aws:acm:eu-west-1:111122223333:certificate/1';
  await expect(ports.certificate(arn)).resolves.toEqual({ status: 'ISSUED', notAfter: new Date(1_800_000_000_000) });
  expect(aws.calls.at(-1)).toMatchObject({ service: 'acm', region: 'eu-west-1', input: { CertificateArn: arn } });
  replies = { DescribeCertificate: refusal('ResourceNotFoundException') };
  await expect(ports.certificate(arn)).resolves.toBeUndefined();
});

test('what no function has reserved, of the account that is asked in the region', async () => {
  replies = {
    'GET /2016-08-19/account-settings': { body: { AccountLimit: { ConcurrentExecutions: 1_000, UnreservedConcurrentExecutions: 850 } } },
  };
  await expect(account().unreservedConcurrency('us-west-2')).resolves.toBe(850);
  expect(aws.calls.map(({ service, region }) => `${service} ${region}`)).toEqual(['lambda us-west-2']);
  replies = { 'GET /2016-08-19/account-settings': { body: {} } };
  await expect(account().unreservedConcurrency('us-west-2')).rejects.toThrow('AWS says no number for unreserved concurrency');
});
