import { App, Stack } from 'aws-cdk-lib';
import { NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';

// As a CDK app bundles it: with the defaults, which leave out what Lambda brings, as an ES module, and with everything inside.
const app = new App({ analyticsReporting: false });
const stack = new Stack(app, 'Functions', { env: { account: '111111111111', region: 'us-east-1' } });
new NodejsFunction(stack, 'Defaults', { entry: 'handler.ts' });
new NodejsFunction(stack, 'Module', { entry: 'handler.ts', bundling: { format: OutputFormat.ESM, minify: true } });
new NodejsFunction(stack, 'Everything', {
  entry: 'handler.ts',
  bundling: { externalModules: [], minify: true, mainFields: ['module', 'main'] },
});
app.synth();
