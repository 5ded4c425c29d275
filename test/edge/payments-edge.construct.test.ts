import { App, CfnResource, Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { CachePolicy, CfnDistribution } from 'aws-cdk-lib/aws-cloudfront';
import { HttpOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import { HostedZone } from 'aws-cdk-lib/aws-route53';
import { edgeLimits } from '../../src/edge/contract';
import { mayMeet } from '../../src/edge/path-patterns';
import { EdgeDomainProps, PaymentsEdge, PaymentsEdgeProps } from '../../src/index';
import { account, newApp, newStack, plain } from '../cdk/stacks';

type Override = Partial<PaymentsEdgeProps>;

const define = (stack: Stack, override: Override = {}): PaymentsEdge =>
  new PaymentsEdge(stack, 'Edge', { systemName: 'acme', regions: ['us-east-1', 'us-west-2'], apiName: 'pay.example.com', ...override });
const distributionOf = (template: Template): CfnDistribution.DistributionConfigProperty & Record<string, any> =>
  plain(Object.values(template.findResources('AWS::CloudFront::Distribution'))[0].Properties.DistributionConfig);
const made = (override: Override = {}): { template: Template; config: Record<string, any> } => {
  const stack = newStack();
  define(stack, override);
  const template = Template.fromStack(stack);
  return { template, config: distributionOf(template) };
};
const domainOf = (stack: Stack, override: Partial<EdgeDomainProps> = {}): EdgeDomainProps => ({
  name: 'app.example.com',
  certificate: Certificate.fromCertificateArn(stack, 'Certificate', `arn:aws:acm:us-east-1:${account}:certificate/one`),
  hostedZone: HostedZone.fromHostedZoneAttributes(stack, 'Zone', { hostedZoneId: 'Z0123456789EXAMPLE00', zoneName: 'example.com' }),
  ...override,
});
const policyOf = (template: Template, type: string, id: { Ref: string }): any =>
  Object.values(Object.values(template.findResources(`AWS::CloudFront::${type}`)[id.Ref].Properties)[0] as object).length > 0 &&
  Object.values(template.findResources(`AWS::CloudFront::${type}`)[id.Ref].Properties)[0];

describe("the API's paths", () => {
  const { template, config } = made();
  const [behavior] = config.CacheBehaviors;
  const origin = config.Origins.find(({ Id }: { Id: string }) => Id === behavior.TargetOriginId);

  test('go to the public name with every method, over TLS alone, uncached, with all that the viewer sent but the host', () => {
    expect(config.CacheBehaviors).toHaveLength(1);
    expect(behavior).toMatchObject({
      PathPattern: '/api/*',
      AllowedMethods: ['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'POST', 'DELETE'],
      ViewerProtocolPolicy: 'https-only',
      // Managed policies: CachingDisabled and AllViewerExceptHostHeader.
      CachePolicyId: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad',
      OriginRequestPolicyId: 'b689b0a8-53d0-40ab-baf2-68738e2966ac',
    });
    expect(behavior.FunctionAssociations).toBeUndefined();
    expect(origin).toMatchObject({
      DomainName: 'pay.example.com',
      CustomOriginConfig: { OriginProtocolPolicy: 'https-only', OriginSSLProtocols: ['TLSv1.2'], OriginReadTimeout: 30 },
    });
  });

  test('have one origin, for a POST is not sent twice: DNS leads it', () => {
    expect(config.OriginGroups.Items.map(({ Id }: { Id: string }) => Id)).not.toContain(behavior.TargetOriginId);
  });

  test('errors are kept for no second, and replaced by no page', () => {
    expect(config.CustomErrorResponses).toEqual(edgeLimits.errorCodes.map((ErrorCode) => ({ ErrorCode, ErrorCachingMinTTL: 0 })));
  });

  test('no browser and no proxy keeps an answer', () => {
    expect(policyOf(template, 'ResponseHeadersPolicy', behavior.ResponseHeadersPolicyId).CustomHeadersConfig.Items).toEqual([
      { Header: 'Cache-Control', Value: 'no-store', Override: true },
    ]);
  });
});

describe('the site', () => {
  const { template, config } = made({ regions: ['eu-central-1', 'us-west-2', 'us-east-1'] });
  const behavior = config.DefaultCacheBehavior;
  const originOf = (id: string): any => config.Origins.find(({ Id }: { Id: string }) => Id === id);

  test('comes from the first two buckets, by their names, with a signature', () => {
    const [group] = config.OriginGroups.Items;
    expect(behavior.TargetOriginId).toBe(group.Id);
    const members = group.Members.Items.map(({ OriginId }: { OriginId: string }) => originOf(OriginId));
    expect(members.map(({ DomainName }: { DomainName: string }) => DomainName)).toEqual([
      `acme-site-${account}-eu-central-1.s3.eu-central-1.amazonaws.com`,
      `acme-site-${account}-us-west-2.s3.us-west-2.amazonaws.com`,
    ]);
    for (const member of members) {
      expect(member).toMatchObject({
        S3OriginConfig: { OriginAccessIdentity: '', OriginReadTimeout: 5 },
        ConnectionAttempts: 2,
        ConnectionTimeout: 2,
      });
      expect(member.OriginAccessControlId).toBeDefined();
    }
    template.hasResourceProperties('AWS::CloudFront::OriginAccessControl', {
      OriginAccessControlConfig: Match.objectLike({
        SigningBehavior: 'always',
        SigningProtocol: 'sigv4',
        OriginAccessControlOriginType: 's3',
      }),
    });
  });

  test('fails over on errors of a region, and on what a bucket says that is lost or half deployed', () => {
    expect(config.OriginGroups.Items[0].FailoverCriteria.StatusCodes.Items).toEqual([403, 404, 500, 502, 503, 504]);
  });

  test('is read alone, compressed, and led to HTTPS', () => {
    expect(behavior).toMatchObject({
      AllowedMethods: ['GET', 'HEAD', 'OPTIONS'],
      Compress: true,
      ViewerProtocolPolicy: 'redirect-to-https',
      CachePolicyId: '658327ea-f89d-4fab-a63d-7e88639e58f6',
    });
    expect(behavior.OriginRequestPolicyId).toBeUndefined();
  });

  test('has security headers, which nothing overrides', () => {
    const headers = policyOf(template, 'ResponseHeadersPolicy', behavior.ResponseHeadersPolicyId).SecurityHeadersConfig;
    expect(headers).toEqual({
      ContentSecurityPolicy: {
        ContentSecurityPolicy: "default-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
        Override: true,
      },
      ContentTypeOptions: { Override: true },
      FrameOptions: { FrameOption: 'DENY', Override: true },
      ReferrerPolicy: { ReferrerPolicy: 'strict-origin-when-cross-origin', Override: true },
      StrictTransportSecurity: { AccessControlMaxAgeSec: 31_536_000, IncludeSubdomains: true, Override: true },
    });
    const own = made({ contentSecurityPolicy: "default-src 'none'" });
    expect(JSON.stringify(own.template.toJSON())).toContain("default-src 'none'");
  });
});

test("the edge's own name has records in both families, TLS 1.2 of 2021 and the certificate", () => {
  const stack = newStack();
  const edge = define(stack, { domain: domainOf(stack) });
  const template = Template.fromStack(stack);
  expect(edge.domainName).toBe('app.example.com');
  expect(distributionOf(template)).toMatchObject({
    Aliases: ['app.example.com'],
    ViewerCertificate: {
      AcmCertificateArn: `arn:aws:acm:us-east-1:${account}:certificate/one`,
      MinimumProtocolVersion: 'TLSv1.2_2021',
      SslSupportMethod: 'sni-only',
    },
    HttpVersion: 'http2and3',
    DefaultRootObject: 'index.html',
  });
  for (const Type of ['A', 'AAAA']) template.hasResourceProperties('AWS::Route53::RecordSet', { Type, Name: 'app.example.com.' });
  const bare = made();
  bare.template.resourceCountIs('AWS::Route53::RecordSet', 0);
});

test('access logs hold no query, cookie or referrer, and the delivery may write nothing else', () => {
  const { template, config } = made({ accessLogs: { retention: Duration.days(7) } });
  expect(config.Logging).toBeUndefined();
  const [{ Properties: delivery }] = Object.values(template.findResources('AWS::Logs::Delivery'));
  expect(delivery.RecordFields).toContain('cs-uri-stem');
  expect(delivery.RecordFields.filter((field: string) => /query|cookie|referer/i.test(field))).toEqual([]);
  template.hasResourceProperties('AWS::S3::Bucket', {
    LifecycleConfiguration: { Rules: [Match.objectLike({ ExpirationInDays: 7 })] },
    PublicAccessBlockConfiguration: { BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true },
  });
  const [{ Properties: policy }] = Object.values(template.findResources('AWS::S3::BucketPolicy'));
  const [statement] = policy.PolicyDocument.Statement.filter(({ Effect }: { Effect: string }) => Effect === 'Allow');
  expect(plain(statement)).toMatchObject({
    Action: 's3:PutObject',
    Principal: { Service: 'delivery.logs.amazonaws.com' },
    Condition: {
      StringEquals: { 'aws:SourceAccount': account, 's3:x-amz-acl': 'bucket-owner-full-control' },
      ArnLike: { 'aws:SourceArn': `arn:<AWS::Partition>:logs:us-east-1:${account}:delivery-source:acme-edge` },
    },
  });
  made({ accessLogs: { enabled: false } }).template.resourceCountIs('AWS::Logs::Delivery', 0);
});

test('alarms read what CloudFront writes, which is under the region Global', () => {
  const alarms = Object.values(made().template.findResources('AWS::CloudWatch::Alarm')).map(({ Properties }) => Properties);
  expect(alarms.map(({ MetricName, Namespace }) => `${Namespace} ${MetricName}`).sort()).toEqual([
    'AWS/CloudFront 5xxErrorRate',
    'AWS/CloudFront OriginLatency',
  ]);
  for (const { Dimensions } of alarms) expect(Dimensions).toContainEqual({ Name: 'Region', Value: 'Global' });
});

test('the metric of the latency alarm is billed: it is counted where the alarm is made', () => {
  made().template.hasResourceProperties('AWS::CloudFront::MonitoringSubscription', {
    MonitoringSubscription: { RealtimeMetricsSubscriptionConfig: { RealtimeMetricsSubscriptionStatus: 'Enabled' } },
  });
  const without = made({ alarms: { originLatency: { enabled: false } } }).template;
  without.resourceCountIs('AWS::CloudFront::MonitoringSubscription', 0);
  without.resourceCountIs('AWS::CloudWatch::Alarm', 1);
});

test('a web ACL for CloudFront stands in front', () => {
  const webAclArn = `arn:aws:wafv2:us-east-1:${account}:global/webacl/edge/1234`;
  expect(made({ webAclArn }).config.WebACLId).toBe(webAclArn);
});

describe('is refused at synthesis', () => {
  test.each<[string, Override, RegExp]>([
    ['one region', { regions: ['us-east-1'] }, /'regions' is us-east-1; allowed: two or more regions/],
    ['no region', { regions: [] }, /'regions' is empty; allowed: two or more regions/],
    ['a region twice', { regions: ['us-east-1', 'us-east-1'] }, /'regions' is us-east-1, us-east-1 \(us-east-1 twice\)/],
    ['no region at all', { regions: ['Ohio', 'us-east-1'] }, /'regions' is 'Ohio'/],
    ['every path', { apiPaths: ['/*'] }, /'apiPaths' is '\/\*'; allowed: one or more folders with an asterisk at the end/],
    ['a path without asterisk', { apiPaths: ['/api'] }, /'apiPaths' is '\/api'/],
    ['an asterisk inside', { apiPaths: ['/a*i/*'] }, /'apiPaths' is '\/a\*i\/\*'/],
    ['no path', { apiPaths: [] }, /'apiPaths' is empty/],
    [
      'paths that clash',
      { apiPaths: ['/api/*', '/api/v1/*'] },
      /'apiPaths' is '\/api\/\*' and '\/api\/v1\/\*'; allowed: patterns of which no path/,
    ],
    ['a regional web ACL', { webAclArn: `arn:aws:wafv2:us-east-1:${account}:regional/webacl/a/b` }, /'webAclArn' is 'arn:aws:wafv2/],
    ['half a day of logs', { accessLogs: { retention: Duration.hours(12) } }, /'accessLogs.retention' is 0.5 days/],
    ['a long name', { systemName: 'a'.repeat(36) }, /'systemName' is 'a+'; allowed: 35 characters with these regions/],
  ])('%s', (_what, override, message) => {
    expect(() => define(newStack(), override)).toThrow(new RegExp(`^\\[Stack/Edge\\] ${message.source}`));
  });

  test.each<[string, Partial<EdgeDomainProps>, string]>([
    ["the API's name", { name: 'pay.example.com' }, "'domain.name' is 'pay.example.com', which is the API's"],
    ['an asterisk', { name: '*.example.com' }, "'domain.name' is '*.example.com'"],
    [
      'a name of another zone',
      { name: 'app.example.net' },
      "'domain.name' is 'app.example.net'; allowed: the hosted zone's name 'example.com'",
    ],
  ])('%s', (_what, override, message) => {
    const stack = newStack();
    expect(() => define(stack, { domain: domainOf(stack, override) })).toThrow(`[Stack/Edge] ${message}`);
  });

  test('a certificate of another region', () => {
    const stack = newStack();
    const certificate = Certificate.fromCertificateArn(stack, 'Other', `arn:aws:acm:eu-central-1:${account}:certificate/two`);
    expect(() => define(stack, { domain: domainOf(stack, { certificate }) })).toThrow(
      "[Stack/Edge] 'domain.certificate' is in eu-central-1; allowed: the stack's region us-east-1 and account 111122223333: CloudFront",
    );
  });

  test.each<[string, () => Stack, string]>([
    ['another region', () => newStack('us-west-2'), 'us-west-2'],
    ['no region', () => new Stack(newApp(), 'Stack'), 'not set'],
  ])('a stack of %s: the alarms would see nothing', (_what, stack, given) => {
    expect(() => define(stack())).toThrow(
      `[Stack/Edge] 'env.region of the stack' is ${given}; allowed: us-east-1: CloudFront has its metrics`,
    );
  });
});

describe('whoever changes the distribution', () => {
  const synth = (change: (edge: PaymentsEdge, resource: CfnDistribution) => void): string => {
    const stack = newStack();
    const edge = define(stack);
    change(edge, edge.distribution.node.defaultChild as CfnDistribution);
    try {
      (stack.node.root as App).synth();
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  };
  const origin = new HttpOrigin('img.example.com');

  test('may add a path of their own', () => {
    expect(synth(({ distribution }) => distribution.addBehavior('/img/*', origin))).toBe('');
    expect(synth(({ distribution }) => distribution.addBehavior('/api-docs/*', origin))).toBe('');
  });

  test('may not have the API cached: by an override, or by a path in front of it', () => {
    const cached = "'apiPaths' is '/api/*', which the behavior";
    const policy = CachePolicy.CACHING_OPTIMIZED.cachePolicyId;
    expect(synth((_edge, resource) => resource.addPropertyOverride('DistributionConfig.CacheBehaviors.0.CachePolicyId', policy))).toContain(
      `[Stack/Edge] ${cached} '/api/*' caches`,
    );
    const before = { PathPattern: '*/v1/*', TargetOriginId: 'one', ViewerProtocolPolicy: 'https-only', CachePolicyId: policy };
    expect(
      synth((_edge, resource) => {
        const own = (Stack.of(resource).resolve((resource as any)._toCloudFormation()) as any).Resources;
        const { CacheBehaviors } = (Object.values(own)[0] as any).Properties.DistributionConfig;
        resource.addPropertyOverride('DistributionConfig.CacheBehaviors', [before, ...CacheBehaviors]);
      }),
    ).toContain(`${cached} '*/v1/*' caches`);
    expect(synth((_edge, resource) => resource.addPropertyOverride('DistributionConfig.CacheBehaviors', []))).toContain(
      "'/api/*', which no behavior of the distribution has",
    );
  });

  test('may not have errors kept, or pages put in the place of answers', () => {
    const at = (name: string, value: unknown) => (_edge: PaymentsEdge, resource: CfnResource) =>
      resource.addPropertyOverride(`DistributionConfig.CustomErrorResponses.2.${name}`, value);
    expect(synth(at('ErrorCachingMinTTL', 10))).toContain("'CustomErrorResponses of the distribution' is without a TTL of 0 for 404");
    expect(synth(at('ResponsePagePath', '/index.html'))).toContain("'CustomErrorResponses of the distribution' is a page for 404");
  });
});

test.each<[string, string, boolean]>([
  ['/api/*', '/api/v1/*', true],
  ['/api/*', '*', true],
  ['/api/*', '*.json', true],
  ['/api/*', '/a?i/x', true],
  ['/api/*', '/api', false],
  ['/api/*', '/img/*', false],
  ['/api/*', '/apis/*', false],
  ['*/v1/*', '/api/*', true],
])('%s and %s: a path that both match: %s', (one, other, both) => {
  expect([mayMeet(one, other), mayMeet(other, one)]).toEqual([both, both]);
});
