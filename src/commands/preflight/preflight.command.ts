import { Command } from 'commander';
import { stacksOfAssembly } from './assembly.node';
import { preflightAccount } from './aws';
import { nameServersOf } from './resolver.node';
import { preflight, preflightText } from './service';
import { ending, writeJson } from '../terminal';
import { isLoopback } from '../verify/verify-request.service';

interface PreflightOptions {
  readonly app: string;
  readonly endpointUrl?: string;
  readonly json?: string;
}

const help = `
Run it after 'npx cdk synth', with the credentials of the deployment. It reads, and changes nothing.
It needs sts:GetCallerIdentity, account:GetRegionOptStatus, ssm:GetParameter, cloudformation:DescribeStacks and ListStackResources,
dynamodb:DescribeTable and ListTables, s3:ListBucket, kms:DescribeKey, servicequotas:GetServiceQuota, and, where the app has such parts,
route53:GetAccountLimit, route53:GetHostedZone, acm:DescribeCertificate. What it may not ask is a warning.

Each check is a line: "pass", "warn" or "fail", the region, the check and what was found; below it the way to put it right.
Exit code 0: nothing failed. 1: something failed. 2: wrong arguments.

Example:
  npx cdk synth && npx cdk-multi-region-payments preflight --app cdk.out`;

/** Says whether an app can be deployed into its regions. */
export function preflightCommand(): Command {
  return new Command('preflight')
    .description('check before a deployment: regions, bootstrap, names, quotas, hosted zones, certificates')
    .option('--app <folder>', "the app's cloud assembly", 'cdk.out')
    .option('--endpoint-url <url>', "where AWS's services answer, if not at AWS; {region} stands for the region")
    .option('--json <file>', 'write what was found to a file')
    .addHelpText('after', help)
    .action(async ({ app, endpointUrl, json }: PreflightOptions, command: Command) => {
      if (endpointUrl !== undefined && !URL.canParse(endpointUrl.replaceAll('{region}', 'us-east-1'))) {
        return command.error('--endpoint-url: give an address, such as http://127.0.0.1:4580/_local/aws/{region}');
      }
      const stacks = stacksOfAssembly(app);
      if (typeof stacks === 'string') return command.error(`--app: ${stacks}`);
      if (stacks.length === 0) return command.error(`--app: ${app} holds no stack`);
      const isLocal = endpointUrl !== undefined && isLoopback(endpointUrl.replaceAll('{region}', 'us-east-1'));
      const ports = preflightAccount({
        ...(endpointUrl === undefined ? {} : { endpointUrl }),
        ...(isLocal ? { credentials: { accessKeyId: 'local', secretAccessKey: 'local' } } : {}),
      });
      const result = await preflight(stacks, process.env.AWS_REGION, { ...ports, delegatedTo: nameServersOf });
      if (typeof result === 'string') return ending(false, result);
      if (json !== undefined) writeJson(json, result);
      const lines = preflightText(result);
      process.stdout.write(lines.map((line) => `${line}\n`).join(''));
      process.exitCode = result.failed === 0 ? 0 : 1;
    });
}
