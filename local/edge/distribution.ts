import type { EdgeBehavior, EdgeDistribution, EdgeError, EdgeOrigin, FunctionEvent } from './model';
import { cachePolicyOf, headersOf, policiesOf, requestPolicyOf } from './policies';
import type { FabricResource } from '../ground/model';

/** The distribution of the templates: the first one. Undefined where there is none. */
export function distributionOf(resources: readonly FabricResource[], accountId: string): EdgeDistribution | undefined {
  const distribution = resources.find(({ type }) => type === 'AWS::CloudFront::Distribution');
  if (!distribution) return undefined;
  const { DistributionConfig: config } = distribution.properties;
  const id = distribution.physicalId!;
  const policies = {
    cache: policiesOf(resources, 'CachePolicy'),
    request: policiesOf(resources, 'OriginRequestPolicy'),
    headers: policiesOf(resources, 'ResponseHeadersPolicy'),
    functions: policiesOf(resources, 'Function'),
  };
  const behavior = (given: Record<string, any>): EdgeBehavior => ({
    pattern: rooted(String(given.PathPattern ?? '*')),
    target: given.TargetOriginId as string,
    methods: (given.AllowedMethods ?? ['GET', 'HEAD']) as string[],
    cachedMethods: (given.CachedMethods ?? ['GET', 'HEAD']) as string[],
    cache: cachePolicyOf(given.CachePolicyId as string | undefined, policies.cache),
    told: requestPolicyOf(given.OriginRequestPolicyId as string | undefined, policies.request),
    headers: headersOf(given.ResponseHeadersPolicyId as string | undefined, policies.headers),
    functions: Object.fromEntries(
      ((given.FunctionAssociations ?? []) as { EventType: FunctionEvent; FunctionARN: string }[]).map(({ EventType, FunctionARN }) => [
        EventType,
        String(policies.functions.get(FunctionARN)?.FunctionCode),
      ]),
    ),
  });
  return {
    id,
    arn: `arn:aws:cloudfront::${accountId}:distribution/${id}`,
    behaviors: [...((config.CacheBehaviors ?? []) as Record<string, any>[]), config.DefaultCacheBehavior as Record<string, any>].map(
      behavior,
    ),
    origins: (config.Origins as Record<string, any>[]).map(originOf),
    groups: ((config.OriginGroups?.Items ?? []) as any[]).map(({ Id, Members, FailoverCriteria }) => ({
      id: Id as string,
      members: (Members.Items as { OriginId: string }[]).map(({ OriginId }) => OriginId),
      codes: (FailoverCriteria.StatusCodes.Items as unknown[]).map(Number),
    })),
    errors: new Map(
      ((config.CustomErrorResponses ?? []) as any[]).map((one): [number, EdgeError] => [Number(one.ErrorCode), errorOf(one)]),
    ),
    root: String(config.DefaultRootObject ?? ''),
    countsMore: resources.some(
      ({ type, properties }) => type === 'AWS::CloudFront::MonitoringSubscription' && properties.DistributionId === id,
    ),
  };
}

function originOf(given: Record<string, any>): EdgeOrigin {
  const { Id: id, DomainName: domain, ConnectionAttempts: attempts = 3, ConnectionTimeout: timeout = 10 } = given;
  const [, name, region] = /^(.+)\.s3\.([a-z0-9-]+)\.amazonaws\.com$/.exec(String(domain)) ?? [];
  return {
    id: id as string,
    domain: String(domain),
    path: String(given.OriginPath ?? ''),
    ...(given.S3OriginConfig && region ? { bucket: { name, region } } : {}),
    signed: given.OriginAccessControlId !== undefined,
    connectMs: Number(attempts) * Number(timeout) * 1000,
    answerMs: Number((given.CustomOriginConfig ?? given.S3OriginConfig)?.OriginReadTimeout ?? 30) * 1000,
  };
}

function errorOf({ ErrorCachingMinTTL: ttl = 10, ResponsePagePath: page, ResponseCode: status }: any): EdgeError {
  return {
    ttl: Number(ttl),
    ...(page === undefined ? {} : { page: page as string }),
    ...(status === undefined ? {} : { status: Number(status) }),
  };
}

/** The slash in front of a pattern may be left out. */
function rooted(pattern: string): string {
  return pattern.startsWith('/') || pattern.startsWith('*') ? pattern : `/${pattern}`;
}
