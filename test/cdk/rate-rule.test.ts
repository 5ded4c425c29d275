import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { RestApi } from 'aws-cdk-lib/aws-apigateway';
import { newStack } from './stacks';
import { ClientRateOptions, ClientRateRule, ClientRateRuleProps, clientRateProblem } from '../../src/cdk/rate-rule';

function templateOf(change: Partial<ClientRateRuleProps>): Template {
  const stack = newStack('eu-central-1');
  const api = new RestApi(stack, 'Api');
  api.root.addMethod('GET');
  new ClientRateRule(stack, 'Rate', {
    metricName: 'acme-gate',
    stage: api.deploymentStage,
    callsPerMinute: 300,
    refusal: { code: 'throttled' },
    ...change,
  });
  return Template.fromStack(stack);
}

test('each client address is bounded within a minute, and everybody else is let through', () => {
  const template = templateOf({});
  template.hasResourceProperties('AWS::WAFv2::WebACL', {
    Scope: 'REGIONAL',
    DefaultAction: { Allow: {} },
    CustomResponseBodies: { refusal: { Content: '{"code":"throttled"}', ContentType: 'APPLICATION_JSON' } },
    Rules: [
      {
        Action: {
          Block: {
            CustomResponse: {
              ResponseCode: 429,
              ResponseHeaders: [{ Name: 'Retry-After', Value: '60' }],
              CustomResponseBodyKey: 'refusal',
            },
          },
        },
        Statement: { RateBasedStatement: { AggregateKeyType: 'IP', Limit: 300, EvaluationWindowSec: 60 } },
        VisibilityConfig: { MetricName: 'acme-gate-client-rate' },
      },
    ],
  });
  const [stage] = Object.keys(template.findResources('AWS::ApiGateway::Stage'));
  const [{ Properties }] = Object.values(template.findResources('AWS::WAFv2::WebACLAssociation'));
  expect(JSON.stringify(Properties.ResourceArn)).toContain(`{"Ref":"${stage}"}`);
  const [acl] = Object.keys(template.findResources('AWS::WAFv2::WebACL'));
  expect(Properties.WebACLArn).toEqual({ 'Fn::GetAtt': [acl, 'Arn'] });
});

test("the bound can be another; the rule can be left out, and a web ACL of the team's own takes its place", () => {
  templateOf({ options: { callsPerMinute: 12 } }).hasResourceProperties('AWS::WAFv2::WebACL', {
    Rules: [{ Statement: { RateBasedStatement: { Limit: 12 } } }],
  });
  const none = templateOf({ options: { enabled: false } });
  none.resourceCountIs('AWS::WAFv2::WebACL', 0);
  none.resourceCountIs('AWS::WAFv2::WebACLAssociation', 0);
  const webAclArn = 'arn:aws:wafv2:eu-central-1:111122223333:regional/webacl/ours/1';
  const own = templateOf({ webAclArn });
  own.resourceCountIs('AWS::WAFv2::WebACL', 0);
  own.hasResourceProperties('AWS::WAFv2::WebACLAssociation', { WebACLArn: webAclArn });
  templateOf({ webAclArn, options: { enabled: false } }).resourceCountIs('AWS::WAFv2::WebACLAssociation', 1);
});

test('what cannot be is told with its bounds', () => {
  const stack = newStack('eu-central-1');
  const problem = (prop: string, options?: ClientRateOptions, arn?: string): string | undefined =>
    clientRateProblem(stack, prop, options, arn)?.allowed;
  expect(problem('clientRate')).toBeUndefined();
  for (const callsPerMinute of [10, 2_000_000_000]) expect(problem('clientRate', { callsPerMinute })).toBeUndefined();
  for (const callsPerMinute of [9, 10.5, 2_000_000_001, NaN]) {
    expect(problem('clientRate', { callsPerMinute })).toBe('a whole number from 10 to 2000000000');
  }
  expect(problem('clientRate', { callsPerMinute: 100, enabled: false })).toMatch(/only where the construct makes the web ACL/);
  expect(problem('clientRate', { callsPerMinute: 100 }, 'arn:aws:wafv2:eu-central-1:1:regional/webacl/x/1')).toMatch(
    /only where the construct makes the web ACL/,
  );
  expect(problem('clientRate', {}, 'arn:aws:wafv2:us-east-1:1:regional/webacl/x/1')).toBe('the ARN of a regional web ACL in eu-central-1');
  expect(problem('clientRate', {}, 'arn:aws:wafv2:eu-central-1:1:global/webacl/x/1')).toBe('the ARN of a regional web ACL in eu-central-1');
  expect(clientRateProblem(new Stack(), 'clientRate', {}, 'arn:aws:wafv2:us-east-1:1:regional/webacl/x/1')).toBeUndefined();
});
