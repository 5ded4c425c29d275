import { App, CfnResource, Stack } from 'aws-cdk-lib';

const app = new App();
const stack = new Stack(app, 'undeployable', { env: { region: 'eu-west-1' } });
// AWS has retired it, so no emulator will learn to make it.
new CfnResource(stack, 'Ledger', { type: 'AWS::QLDB::Ledger', properties: { PermissionsMode: 'STANDARD' } });
