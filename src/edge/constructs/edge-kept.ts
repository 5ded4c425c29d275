import { CachePolicy, CfnDistribution } from 'aws-cdk-lib/aws-cloudfront';
import { Construct } from 'constructs';
import { describeProblem, PropProblem } from '../../cdk/checks/invalid-props';
import { propertiesInTemplate } from '../../cdk/checks/kept-resource';
import { edgeLimits } from '../contract';
import { mayMeet, rooted } from '../path-patterns';

interface Behavior {
  readonly PathPattern: string;
  readonly CachePolicyId?: unknown;
}

interface ErrorResponse {
  readonly ErrorCode: number;
  readonly ErrorCachingMinTTL?: number;
  readonly ResponsePagePath?: string;
}

interface Config {
  readonly CacheBehaviors?: readonly Behavior[];
  readonly CustomErrorResponses?: readonly ErrorResponse[];
}

/** Holds the distribution in the final template, after `addBehavior`, aspects and overrides, to what the API's paths need. */
export function keepApiUncached(scope: Construct, distribution: CfnDistribution, apiPaths: readonly string[]): void {
  scope.node.addValidation({
    validate: () => {
      const { DistributionConfig } = propertiesInTemplate(distribution) as { DistributionConfig: Config };
      return [...pathProblems(DistributionConfig, apiPaths), ...errorProblems(DistributionConfig)].map(describeProblem);
    },
  });
}

const isUncached = ({ CachePolicyId }: Behavior): boolean => CachePolicyId === CachePolicy.CACHING_DISABLED.cachePolicyId;

/** CloudFront takes the first behavior that matches: the API's own, and every one before it that may match one of its paths. */
function pathProblems({ CacheBehaviors: behaviors = [] }: Config, apiPaths: readonly string[]): PropProblem[] {
  return apiPaths.flatMap((path) => {
    const own = behaviors.findIndex(({ PathPattern }) => rooted(PathPattern) === path);
    const taking = behaviors.slice(0, own + 1).filter(({ PathPattern }) => mayMeet(rooted(PathPattern), path));
    const cached = taking.find((behavior) => !isUncached(behavior));
    if (own >= 0 && !cached) return [];
    return [
      {
        prop: 'apiPaths',
        given: `'${path}', ${cached ? `which the behavior '${cached.PathPattern}' caches` : 'which no behavior of the distribution has'}`,
        allowed: 'an answer of the API is never cached: the managed policy CachingDisabled on each behavior that may match its paths',
        mend: 'give the behavior another path or that policy, or remove the aspect or override that changed it',
      },
    ];
  });
}

/** They are one list for all behaviors: a page for the site's errors would stand in place of the API's answers. */
function errorProblems({ CustomErrorResponses: responses = [] }: Config): PropProblem[] {
  const paged = responses.find(({ ResponsePagePath }) => ResponsePagePath !== undefined);
  const kept = edgeLimits.errorCodes.find((code) => responses.find(({ ErrorCode }) => ErrorCode === code)?.ErrorCachingMinTTL !== 0);
  if (!paged && kept === undefined) return [];
  return [
    {
      prop: 'CustomErrorResponses of the distribution',
      given: paged ? `a page for ${paged.ErrorCode}` : `without a TTL of 0 for ${kept}`,
      allowed: `a TTL of 0 for each of ${edgeLimits.errorCodes.join(', ')}, and no page: the API's errors are answers too`,
      mend: 'remove the override; the site routes by its function',
    },
  ];
}
