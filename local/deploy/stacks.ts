import { readFileSync } from 'node:fs';
import path from 'node:path';
import { CloudFormationClient, DescribeStackResourcesCommand, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { CreateBucketCommand, S3Client, type BucketLocationConstraint } from '@aws-sdk/client-s3';
import type { Assembly, AssemblyStack } from '../assembly/assembly';
import { outputPrefix } from '../assembly/rewrite';
import { localCredentials } from '../engine/credentials';
import { engineClientConfig, type EngineSocket } from '../engine/engine-http';
import type { Supervisor } from '../engine/supervisor';
import { LocalRunError } from '../ground/failure';
import type { DeployedStack, StackPlan } from '../ground/model';
import { cdkProgram } from '../ground/places';

/** A region's endpoints, as far as deploying needs them. */
export interface DeployTarget extends EngineSocket {
  readonly proxyPort: number;
}

export interface DeployOptions {
  readonly supervisor: Supervisor;
  readonly assembly: Assembly;
  readonly targets: ReadonlyMap<string, DeployTarget>;
  readonly log: (line: string) => void;
}

/** Makes the buckets that a bootstrap would have made. */
export async function makeAssetBuckets(assembly: Assembly, targets: ReadonlyMap<string, DeployTarget>): Promise<void> {
  await Promise.all(
    assembly.assetBuckets().map(async ({ region, bucket }) => {
      const target = targets.get(region);
      if (!target) return;
      const client = new S3Client({ ...engineClientConfig(target, region), forcePathStyle: true });
      try {
        await client.send(
          new CreateBucketCommand({
            Bucket: bucket,
            ...(region === 'us-east-1' ? {} : { CreateBucketConfiguration: { LocationConstraint: region as BucketLocationConstraint } }),
          }),
        );
      } finally {
        client.destroy();
      }
    }),
  );
}

/** Deploys all stacks with the CDK CLI: each region's one after the other, regions side by side where dependencies allow. */
export async function deployStacks(options: DeployOptions): Promise<void> {
  const waiting = [...options.assembly.stacks];
  const undone = new Set(waiting.map((stack) => stack.name));
  const running = new Map<string, Promise<void>>();
  const failures: unknown[] = [];
  const start = (region: string): void => {
    const batch = nextBatch(region, waiting, undone);
    if (batch.length === 0) return;
    waiting.splice(0, waiting.length, ...waiting.filter((stack) => !batch.includes(stack)));
    const deployed = deployBatch(options, region, batch).then(() => batch.forEach((stack) => undone.delete(stack.name)));
    running.set(
      region,
      deployed
        .catch((error) => {
          failures.push(error);
        })
        .finally(() => running.delete(region)),
    );
  };
  do {
    if (failures.length === 0) options.assembly.plan.regions.filter((region) => !running.has(region)).forEach(start);
    await Promise.race(running.values());
  } while (running.size > 0 || (waiting.length > 0 && failures.length === 0));
  if (failures.length > 0) throw failures[0];
}

/** Stacks of a region that can go now; ends where another region waits, so that both go on side by side. */
export function nextBatch(region: string, waiting: readonly AssemblyStack[], undone: ReadonlySet<string>): AssemblyStack[] {
  const batch: AssemblyStack[] = [];
  for (const stack of waiting.filter((candidate) => candidate.region === region)) {
    if (stack.dependsOn.some((name) => undone.has(name) && !batch.some((earlier) => earlier.name === name))) break;
    batch.push(stack);
    if (waiting.some((other) => other.region !== region && other.dependsOn.includes(stack.name))) break;
  }
  return batch;
}

async function deployBatch(options: DeployOptions, region: string, batch: readonly AssemblyStack[]): Promise<void> {
  const { supervisor, assembly, targets } = options;
  const names = batch.map((stack) => stack.name).join(', ');
  options.log(`deploying ${names} to ${region} ...`);
  const endpoint = `http://127.0.0.1:${targets.get(region)!.proxyPort}`;
  const home = path.join(supervisor.folder, `cdk-home-${region}`);
  const child = await supervisor.start({
    name: `deploy-${batch[0].name.replaceAll(/[^\w-]/g, '-')}`,
    file: process.execPath,
    cwd: supervisor.folder,
    args: [
      cdkProgram(),
      'deploy',
      '--app',
      assembly.directory,
      '--exclusively',
      '--require-approval',
      'never',
      '--method',
      'direct',
      '--ci',
      '--no-color',
      '--no-notices',
      '--no-version-reporting',
      '--progress',
      'events',
      ...batch.map((stack) => stack.selector),
    ],
    env: {
      PATH: process.env.PATH,
      HOME: home,
      TMPDIR: supervisor.folder,
      CDK_HOME: home,
      CDK_DISABLE_CLI_TELEMETRY: 'true',
      CI: 'true',
      AWS_ENDPOINT_URL: endpoint,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: localCredentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: localCredentials.secretAccessKey,
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: path.join(home, 'none'),
      AWS_SHARED_CREDENTIALS_FILE: path.join(home, 'none'),
    },
  });
  const { code } = await child.ended;
  if (code === 0) return;
  throw new LocalRunError(`deploying ${names} to ${region} failed: ${deployError(readFileSync(child.log, 'utf8'))}`);
}

/** The first resource that failed, else the CLI's own reason. */
export function deployError(output: string): string {
  const lines = output
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  const resource = lines.find((line) => /\b(CREATE|UPDATE)_FAILED\b/.test(line))?.replace(/^.*_FAILED\s*\|\s*/, '');
  const reason =
    lines.find((line) => line.startsWith('‣')) ??
    lines.find((line) => line.startsWith('❌')) ??
    lines.find((line) => /error/i.test(line)) ??
    lines.at(-1);
  return (resource ?? reason ?? 'the CDK CLI printed nothing').replace(/^[‣❌]\s*/u, '').replaceAll(/\s+/g, ' ');
}

/** What CloudFormation made of a stack. */
export async function describeStack(stack: StackPlan, target: DeployTarget): Promise<Pick<DeployedStack, 'physicalIds' | 'outputs'>> {
  const client = new CloudFormationClient(engineClientConfig(target, stack.region));
  try {
    const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: stack.name }));
    const { StackResources } = await client.send(new DescribeStackResourcesCommand({ StackName: stack.name }));
    return {
      outputs: Object.fromEntries((Stacks?.[0].Outputs ?? []).map(({ OutputKey, OutputValue }) => [OutputKey!, OutputValue ?? ''])),
      physicalIds: Object.fromEntries(
        (StackResources ?? []).map(({ LogicalResourceId, PhysicalResourceId }) => [LogicalResourceId!, PhysicalResourceId ?? '']),
      ),
    };
  } finally {
    client.destroy();
  }
}

/** The outputs that the app itself declares. */
export function ownOutputs(outputs: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(outputs).filter(([key]) => !(key.startsWith(outputPrefix) && /^\d+$/.test(key.slice(outputPrefix.length)))),
  );
}
