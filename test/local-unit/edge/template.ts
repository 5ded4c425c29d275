import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import type { AssemblyStack } from '../../../local/assembly/assembly';
import { resolveFabric, rewriteStack } from '../../../local/assembly/rewrite';
import { distributionOf } from '../../../local/edge/distribution';
import type { EdgeDistribution } from '../../../local/edge/model';
import type { CfnTemplate, FabricResource } from '../../../local/ground/model';
import { PaymentsEdge } from '../../../src/index';
import { account, newApp } from '../../cdk/stacks';

type Config = Record<string, any>;

/** What the fabric gets of an app with the library's own edge. The template may be spoilt afterwards: synthesis would refuse that. */
function edgeResources(change: (edge: PaymentsEdge) => void, spoil: (config: Config) => void): FabricResource[] {
  const stack = new Stack(newApp() as App, 'acme-edge', { env: { account, region: 'us-east-1' } });
  change(new PaymentsEdge(stack, 'Edge', { systemName: 'acme', regions: ['us-east-1', 'us-west-2'], apiName: 'pay.example.com' }));
  const template = Template.fromStack(stack).toJSON() as CfnTemplate;
  const distribution = Object.values(template.Resources).find(({ Type }) => Type === 'AWS::CloudFront::Distribution')!;
  spoil(distribution.Properties!.DistributionConfig as Config);
  const plan = { name: 'acme-edge', region: 'us-east-1', templateFile: '', template } as unknown as AssemblyStack;
  return resolveFabric(rewriteStack(plan, account), {}, {});
}

export function edgeOf(
  change: (edge: PaymentsEdge) => void = () => undefined,
  spoil: (config: Config) => void = () => undefined,
): EdgeDistribution {
  return distributionOf(edgeResources(change, spoil), account)!;
}
