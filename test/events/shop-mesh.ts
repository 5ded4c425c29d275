import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { CrossRegionEventMesh, CrossRegionEventMeshProps } from '../../src/index';
import { account, newApp } from '../cdk/stacks';

export const regions = ['us-east-1', 'eu-central-1', 'ap-southeast-2'];
/** Those of a mesh that is told no others. */
export const two = ['us-east-1', 'eu-central-1'];

interface Part {
  readonly stack: Stack;
  readonly mesh: CrossRegionEventMesh;
  readonly template: () => Template;
}

/** The mesh of the system `shop`, in a stack of its own in a region. */
export function meshIn(region: string, props: Partial<CrossRegionEventMeshProps> = {}, app = newApp()): Part {
  const stack = new Stack(app, `mesh-${region}`, { env: { account, region } });
  const mesh = new CrossRegionEventMesh(stack, 'Mesh', { systemName: 'shop', regions: two, ...props });
  return { stack, mesh, template: () => Template.fromStack(stack) };
}

/** What a publisher is granted. */
export const shipping = { source: 'acme.shipping' };

/** The ARN of the mesh's bus in a region, as `plain` reads it. */
export const bus = (region: string): string => `arn:<AWS::Partition>:events:${region}:${account}:event-bus/shop-events`;
