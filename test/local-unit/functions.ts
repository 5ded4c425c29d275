import path from 'node:path';
import {
  CloudFormationClient,
  CreateStackCommand,
  DescribeStacksCommand,
  waitUntilStackCreateComplete,
} from '@aws-sdk/client-cloudformation';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { Regions } from './regions';
import { engineClientConfig } from '../../local/engine/engine-http';

/** What a test function is asked to do: one DynamoDB call, after a pause. */
export interface Order {
  readonly command: string;
  readonly input: object;
  readonly region?: string;
  readonly pauseMs?: number;
  readonly appId?: string;
}
export interface Outcome {
  readonly ok: boolean;
  readonly name?: string;
  readonly message?: string;
  readonly answer?: Record<string, unknown>;
}

const code = `
const sdk = require('@aws-sdk/client-dynamodb');
exports.handler = async ({ command, input, region, pauseMs, appId }) => {
  const client = new sdk.DynamoDBClient({ region, maxAttempts: 1, ...(appId ? { userAgentAppId: appId } : {}) });
  if (pauseMs) await new Promise((resolve) => setTimeout(resolve, pauseMs));
  try {
    const { $metadata, ...answer } = await client.send(new sdk[command + 'Command'](input));
    return { ok: true, answer };
  } catch (error) {
    return { ok: false, name: error.name, message: error.message };
  }
};`;

/** Functions with a role of their own each, deployed by CloudFormation into one region's emulator. */
export async function deployFunctions(
  regions: Regions,
  region: string,
  policies: Readonly<Record<string, { Statement: object[] }>>,
  timeout = 10,
): Promise<(name: string, order: Order) => Promise<Outcome>> {
  const cloudFormation = new CloudFormationClient(engineClientConfig(regions.engines.get(region)!, region));
  const Resources = Object.assign(
    {},
    ...Object.entries(policies).map(([name, { Statement }]) => ({
      [`${name}Role`]: {
        Type: 'AWS::IAM::Role',
        Properties: {
          AssumeRolePolicyDocument: {
            Version: '2012-10-17',
            Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'lambda.amazonaws.com' } }],
          },
          Policies: [{ PolicyName: 'own', PolicyDocument: { Version: '2012-10-17', Statement } }],
        },
      },
      [name]: {
        Type: 'AWS::Lambda::Function',
        Properties: {
          FunctionName: name,
          Runtime: 'nodejs22.x',
          Handler: 'index.handler',
          Timeout: timeout,
          TracingConfig: { Mode: 'Active' },
          Code: { ZipFile: code },
          Role: { 'Fn::GetAtt': [`${name}Role`, 'Arn'] },
          Environment: { Variables: { AWS_SDK_UA_APP_ID: `fn-${name}`, NODE_PATH: path.resolve(__dirname, '../../node_modules') } },
        },
      },
    })),
  );
  await cloudFormation.send(
    new CreateStackCommand({ StackName: 'functions', TemplateBody: JSON.stringify({ Resources }), Capabilities: ['CAPABILITY_IAM'] }),
  );
  await waitUntilStackCreateComplete({ client: cloudFormation, maxWaitTime: 30, minDelay: 1, maxDelay: 1 }, { StackName: 'functions' });
  await cloudFormation.send(new DescribeStacksCommand({ StackName: 'functions' }));
  cloudFormation.destroy();
  const lambda = new LambdaClient({ ...engineClientConfig(regions.engines.get(region)!, region), maxAttempts: 1 });
  return async (name, order) => {
    const { Payload } = await lambda.send(new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(order) }));
    return JSON.parse(Buffer.from(Payload!).toString()) as Outcome;
  };
}
