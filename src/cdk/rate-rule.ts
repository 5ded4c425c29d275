import { Stack, Token } from 'aws-cdk-lib';
import { Stage } from 'aws-cdk-lib/aws-apigateway';
import { CfnWebACL, CfnWebACLAssociation } from 'aws-cdk-lib/aws-wafv2';
import { Construct } from 'constructs';
import { PropProblem } from './checks/invalid-props';

/** Bound on the calls from one client address, by a WAF web ACL of one rate-based rule. */
export interface ClientRateOptions {
  /**
   * Whether the web ACL is made. It costs about 6 USD a month and region, and 0.60 USD for a million calls (AWS WAF pricing, November
   * 2026).
   *
   * @default true
   */
  readonly enabled?: boolean;

  /**
   * Calls from one address in one minute, 10 to 2,000,000,000. Beyond it the address gets 429 until its rate has fallen; WAF looks every
   * few seconds, so that some more get through at first.
   *
   * @default - see the construct
   */
  readonly callsPerMinute?: number;
}

/**
 * Bounds of a rate-based rule. Source: AWS WAF developer guide, "Rate-based rule high-level settings", read on 28 November 2026: the lowest
 * limit is 10, windows are 60, 120, 300 or 600 seconds; WAFV2 API reference, `RateBasedStatement`: `Limit` at most 2,000,000,000.
 */
export const clientRateLimits = { windowSeconds: 60, lowest: 10, highest: 2_000_000_000 } as const;

/** @internal What the calls of one client are bounded by. */
export interface ClientRateRuleProps {
  /** Of what the calls are, for the metric: letters, digits, hyphens and underscores. */
  readonly metricName: string;
  readonly stage: Stage;
  readonly callsPerMinute: number;
  /** What an address is answered beyond its bound, in the API's own form. */
  readonly refusal: object;
  /** Path whose calls are not counted, whatever comes before it: one that strangers cannot name. */
  readonly exemptPath?: string;
  /** The team's own web ACL, which then takes the place of ours. */
  readonly webAclArn?: string;
  readonly options?: ClientRateOptions;
}

/**
 * Puts a web ACL in front of a REST API's stage: the team's own, or one that bounds each client address; none where that is switched off.
 */
export class ClientRateRule extends Construct {
  constructor(scope: Construct, id: string, props: ClientRateRuleProps) {
    super(scope, id);
    const { stage, webAclArn, options = {} } = props;
    if (webAclArn === undefined && options.enabled === false) return;
    new CfnWebACLAssociation(this, 'Association', { webAclArn: webAclArn ?? this.defineAcl(props).attrArn, resourceArn: stage.stageArn });
  }

  private defineAcl({ metricName, callsPerMinute, refusal, exemptPath, options = {} }: ClientRateRuleProps): CfnWebACL {
    const { windowSeconds } = clientRateLimits;
    const responseHeaders = [{ name: 'Retry-After', value: String(windowSeconds) }];
    const limit = options.callsPerMinute ?? callsPerMinute;
    const visibility = (name: string): CfnWebACL.VisibilityConfigProperty => ({
      cloudWatchMetricsEnabled: true,
      sampledRequestsEnabled: false,
      metricName: name,
    });
    // No name of ours: CloudFormation's is unique, so that the web ACL can be replaced.
    return new CfnWebACL(this, 'WebAcl', {
      scope: 'REGIONAL',
      description: `Bounds the calls of each client address to ${metricName}`,
      defaultAction: { allow: {} },
      visibilityConfig: visibility(metricName),
      customResponseBodies: { refusal: { contentType: 'APPLICATION_JSON', content: JSON.stringify(refusal) } },
      rules: [
        {
          name: 'client-rate',
          priority: 0,
          // 403, which it would be without this, tells callers never to come again. It takes precedence over the API's own response for
          // WAF_FILTERED.
          action: { block: { customResponse: { responseCode: 429, responseHeaders, customResponseBodyKey: 'refusal' } } },
          // The address that API Gateway sees: a header such as X-Forwarded-For is the caller's own text.
          statement: {
            rateBasedStatement: {
              aggregateKeyType: 'IP',
              limit,
              evaluationWindowSec: windowSeconds,
              ...(exemptPath && { scopeDownStatement: allBut(exemptPath) }),
            },
          },
          visibilityConfig: visibility(`${metricName}-client-rate`),
        },
      ],
    });
  }
}

/** The stage's name comes before the path by the API's own address, and not by the public name. */
function allBut(path: string): CfnWebACL.StatementProperty {
  const byteMatchStatement = {
    fieldToMatch: { uriPath: {} },
    positionalConstraint: 'ENDS_WITH',
    searchString: path,
    textTransformations: [{ priority: 0, type: 'NONE' }],
  };
  return { notStatement: { statement: { byteMatchStatement } } };
}

/** What is wrong with the bound on one client or with the team's own web ACL; undefined when nothing is. */
export function clientRateProblem(
  scope: Construct,
  prop: string,
  options: ClientRateOptions = {},
  webAclArn?: string,
): PropProblem | undefined {
  const { region } = Stack.of(scope);
  const known = webAclArn !== undefined && !Token.isUnresolved(webAclArn) && !Token.isUnresolved(region);
  if (known && !isRegionalWebAcl(webAclArn, region)) {
    return {
      prop: 'webAclArn',
      given: `'${webAclArn}'`,
      allowed: `the ARN of a regional web ACL in ${region}`,
      mend: 'make the web ACL with scope REGIONAL in this region',
    };
  }
  const { callsPerMinute, enabled } = options;
  if (callsPerMinute !== undefined && (enabled === false || webAclArn !== undefined)) {
    return {
      prop: `${prop}.callsPerMinute`,
      given: `${callsPerMinute}, and no web ACL is made`,
      allowed: 'a limit only where the construct makes the web ACL',
      mend: 'leave it out, or put the limit into your own web ACL',
    };
  }
  const { lowest, highest } = clientRateLimits;
  if (callsPerMinute === undefined || (Number.isInteger(callsPerMinute) && callsPerMinute >= lowest && callsPerMinute <= highest)) {
    return undefined;
  }
  return {
    prop: `${prop}.callsPerMinute`,
    given: `${callsPerMinute}`,
    allowed: `a whole number from ${lowest} to ${highest}`,
    mend: 'leave it out for the default',
  };
}

function isRegionalWebAcl(arn: string, region: string): boolean {
  const [prefix, , service, place, , resource = ''] = arn.split(':');
  return prefix === 'arn' && service === 'wafv2' && place === region && resource.startsWith('regional/webacl/');
}
