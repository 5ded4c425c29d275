import { readdirSync } from 'node:fs';
import path from 'node:path';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Code, Function, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { ConsumerHandling, CrossRegionEventMesh, IdempotentConsumer } from 'cdk-multi-region-payments';

// One system with a consumer for each form of the function: every folder of `deployed/` is the code of one. What they publish comes into
// one queue.
const [systemName, source, region] = ['acme-pay', 'acme.stock', 'us-east-1'];
const app = new App({ analyticsReporting: false });
const stack = new Stack(app, 'forms', { env: { account: process.env.CDK_DEFAULT_ACCOUNT, region } });
const mesh = new CrossRegionEventMesh(stack, 'Mesh', { systemName, regions: [region, 'us-west-2'] });
for (const form of readdirSync('deployed')) {
  const handler = new Function(stack, form, {
    functionName: `${systemName}-${form}`,
    code: Code.fromAsset(path.join('deployed', form)),
    handler: 'index.handler',
    runtime: Runtime.NODEJS_24_X,
    timeout: Duration.seconds(35),
  });
  new IdempotentConsumer(stack, `${form}-consumer`, {
    mesh,
    consumerName: form,
    handler,
    handling: ConsumerHandling.WRAPPED,
    handlerTimeout: Duration.seconds(10),
    sources: ['acme.orders'],
    maxConcurrency: 2,
  });
  mesh.grantPublish(handler, { source });
  for (const [name, value] of Object.entries(mesh.publisherEnvironment(handler, { source }))) handler.addEnvironment(name, value);
}
mesh.addTarget(stack, 'Seen', { target: new SqsQueue(new Queue(stack, 'SeenQueue', { queueName: 'seen' })), sources: [source] });
app.synth();
