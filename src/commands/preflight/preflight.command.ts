import { Command } from 'commander';
import { stacksOfAssembly } from './assembly.node';
import { preflightAccount } from './aws';
import { nameServersOf } from './resolver.node';
import { preflight, preflightText } from './service';
import { endpointProblem } from '../options.service';
import { ending, say, writeJson } from '../terminal';

interface PreflightOptions {
  readonly app: string;
  readonly endpointUrl?: string;
  readonly json?: string;
}

const help = `
Run it after 'npx cdk synth', with the credentials of the deployment. It reads, and changes nothing.
It needs sts:GetCallerIdentity, account:GetRegionOptStatus, ssm:GetParameter, cloudformation:DescribeStacks and ListStackResources,
dynamodb:DescribeTable and ListTables, s3:ListBucket, kms:DescribeKey, servicequotas:GetServiceQuota, lambda:GetAccountSettings,
and, where the app has such parts, secretsmanager:DescribeSecret, route53:GetAccountLimit and GetHostedZone, acm:DescribeCertificate
and sns:GetTopicAttributes.
What it may not ask is a warning.

Each check is a line, the worst first: "pass", "warn" or "fail", the region, the check and what was found; below it the way to put it right.
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
      const wrong = endpointProblem(endpointUrl);
      if (wrong !== undefined) return command.error(wrong);
      const stacks = stacksOfAssembly(app);
      if (typeof stacks === 'string') return command.error(`--app: ${stacks}`);
      if (stacks.length === 0) return command.error(`--app: ${app} holds no stack`);
      const result = await preflight(stacks, process.env.AWS_REGION || process.env.AWS_DEFAULT_REGION, {
        ...preflightAccount(endpointUrl),
        delegatedTo: nameServersOf,
      });
      if (typeof result === 'string') return ending(false, result);
      if (json !== undefined) writeJson(json, result);
      preflightText(result).forEach(say);
      process.exitCode = result.failed === 0 ? 0 : 1;
    });
}
