/** A mesh of three regions without a ledger. In each a queue takes all events. */
import { App, Stack } from 'aws-cdk-lib';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { CrossRegionEventMesh } from 'cdk-multi-region-payments';

const regions = ['us-east-1', 'us-west-2', 'eu-central-1'];

const app = new App();
for (const region of regions) {
  const stack = new Stack(app, `trio-${region}`, { env: { account: process.env.CDK_DEFAULT_ACCOUNT, region } });
  const mesh = new CrossRegionEventMesh(stack, 'Mesh', { systemName: 'trio', regions });
  mesh.addTarget(stack, 'Arrivals', {
    target: new SqsQueue(new Queue(stack, 'ArrivalsQueue', { queueName: 'arrivals' })),
    sources: ['test'],
  });
}
app.synth();
