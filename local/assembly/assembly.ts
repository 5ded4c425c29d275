import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { resolveStatic } from './intrinsics';
import { ofStage } from './stages';
import { LocalRunError } from '../ground/failure';
import type { AssemblyPlan, CfnResource, CfnTemplate, GlobalTablePlan, StackPlan } from '../ground/model';

interface Artifact {
  readonly type: string;
  readonly environment?: string;
  readonly displayName?: string;
  readonly dependencies?: string[];
  readonly properties?: Record<string, any>;
}

interface Manifest {
  readonly artifacts: Record<string, Artifact>;
  readonly missing?: { readonly provider: string; readonly key: string }[];
}

/** A stack of the assembly with what deploying it needs besides the plan. */
export interface AssemblyStack extends StackPlan {
  /** Absent when the app leaves it to the credentials. */
  readonly account?: string;
  /** How the CDK CLI selects it. */
  readonly selector: string;
  /** Names of the stacks that must be deployed before it. */
  readonly dependsOn: readonly string[];
  readonly artifactId: string;
  /** Folder of the (nested) assembly that holds it. */
  readonly folder: string;
}

/** A stack's entry in a manifest, before anything of it is read. */
interface StackEntry {
  readonly id: string;
  readonly artifact: Artifact;
  readonly siblings: Manifest['artifacts'];
  readonly folder: string;
  /** Path of the innermost stage that it stands in; absent outside of stages. */
  readonly stage?: string;
}

/** A cloud assembly as the local run uses it: read, then rewritten in place (the folder is the run's own). */
export class Assembly {
  readonly plan: AssemblyPlan;
  readonly stacks: readonly AssemblyStack[];
  /** The account that the stacks name. */
  readonly accountId: string;

  /**
   * @param defaultAccountId for stacks that name none
   * @param stage path of the stage to deploy; an app with several needs it
   */
  constructor(
    readonly directory: string,
    defaultAccountId: string,
    stage?: string,
  ) {
    this.stacks = inDeployOrder(ofStage(entriesIn(directory), stage).map(readStack));
    if (this.stacks.length === 0) throw new LocalRunError('the app has no stacks: there is nothing to deploy');
    const accountId = (this.accountId = accountOf(this.stacks) ?? defaultAccountId);
    this.plan = {
      directory,
      regions: [...new Set(this.stacks.map((stack) => stack.region))],
      stacks: this.stacks,
      globalTables: this.stacks.flatMap((stack) => globalTablesOf(stack, accountId)),
    };
  }

  /** Buckets by region that the CDK CLI will upload to. */
  assetBuckets(): { readonly region: string; readonly bucket: string }[] {
    const buckets = new Map<string, { region: string; bucket: string }>();
    for (const stack of this.stacks) {
      for (const file of Object.values(readAssets(stack)?.content.files ?? {})) {
        for (const destination of Object.values(file.destinations)) {
          const bucket = destination.bucketName
            .replaceAll('${AWS::AccountId}', this.accountId)
            .replaceAll('${AWS::Region}', stack.region)
            .replaceAll('${AWS::Partition}', 'aws');
          const region = destination.region ?? stack.region;
          buckets.set(`${region}/${bucket}`, { region, bucket });
        }
      }
    }
    return [...buckets.values()];
  }

  /** Writes a stack's rewritten template into the assembly, with the new hash wherever the CLI looks for it. */
  replaceTemplate(stack: AssemblyStack, template: CfnTemplate): void {
    const text = JSON.stringify(template, undefined, 1);
    writeFileSync(stack.templateFile, text);
    const hash = createHash('sha256').update(text).digest('hex');
    const assets = readAssets(stack);
    let objectKey: string | undefined;
    if (assets) {
      for (const [id, file] of Object.entries(assets.content.files)) {
        if (isUnused(file, path.basename(stack.templateFile), text)) {
          // What only resources needed that the emulator does not get.
          delete assets.content.files[id];
          continue;
        }
        for (const destination of Object.values(file.destinations)) delete destination.assumeRoleArn;
        if (file.source?.path !== path.basename(stack.templateFile)) continue;
        delete assets.content.files[id];
        assets.content.files[hash] = file;
        for (const destination of Object.values(file.destinations)) objectKey = destination.objectKey = `${hash}.json`;
      }
      writeFileSync(assets.file, JSON.stringify(assets.content, undefined, 1));
    }
    this.changeManifest(stack, hash, objectKey);
  }

  /** Roles and versions of a bootstrap do not exist here; the CLI acts as the emulator's root user. */
  private changeManifest(stack: AssemblyStack, hash: string, objectKey?: string): void {
    const file = path.join(stack.folder, 'manifest.json');
    const manifest = JSON.parse(readFileSync(file, 'utf8')) as Manifest;
    for (const [id, artifact] of Object.entries(manifest.artifacts)) {
      const properties = artifact.properties;
      if (!properties) continue;
      if (id === stack.artifactId) {
        for (const name of [
          'assumeRoleArn',
          'cloudFormationExecutionRoleArn',
          'lookupRole',
          'requiresBootstrapStackVersion',
          'bootstrapStackVersionSsmParameter',
          'assumeRoleExternalId',
        ]) {
          delete properties[name];
        }
        if (objectKey && properties.stackTemplateAssetObjectUrl) {
          properties.stackTemplateAssetObjectUrl = `${path.posix.dirname(properties.stackTemplateAssetObjectUrl).replace(/^s3:\/(?!\/)/, 's3://')}/${objectKey}`;
        }
        if (properties.templateAssetHash) properties.templateAssetHash = hash;
      } else if (artifact.type === 'cdk:asset-manifest') {
        delete properties.requiresBootstrapStackVersion;
        delete properties.bootstrapStackVersionSsmParameter;
      }
    }
    writeFileSync(file, JSON.stringify(manifest, undefined, 1));
  }
}

interface AssetFile {
  source?: { path?: string };
  destinations: Record<string, { bucketName: string; objectKey: string; assumeRoleArn?: string; region?: string }>;
}

/** Whether a file is none of the template, nor the template itself. */
function isUnused({ source, destinations }: AssetFile, templateName: string, template: string): boolean {
  return source?.path !== templateName && Object.values(destinations).every(({ objectKey }) => !template.includes(objectKey));
}

function readAssets(
  stack: AssemblyStack,
): { file: string; content: { files: Record<string, AssetFile>; dockerImages?: Record<string, unknown> } } | undefined {
  const file = path.join(stack.folder, `${stack.artifactId}.assets.json`);
  try {
    return { file, content: JSON.parse(readFileSync(file, 'utf8')) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function entriesIn(folder: string, stage?: string): StackEntry[] {
  const { artifacts, missing } = JSON.parse(readFileSync(path.join(folder, 'manifest.json'), 'utf8')) as Manifest;
  if (missing?.length) {
    throw new LocalRunError(
      `the app looks up ${missing.map(({ provider }) => provider).join(', ')} in an AWS account, which the local run does not have: ` +
        'give the values in the app, or keep them in its cdk.context.json',
    );
  }
  return Object.entries(artifacts).flatMap(([id, artifact]): StackEntry[] => {
    if (artifact.type === 'cdk:cloud-assembly') {
      return entriesIn(path.join(folder, artifact.properties!.directoryName), artifact.properties!.displayName ?? id);
    }
    return artifact.type === 'aws:cloudformation:stack'
      ? [{ id, artifact, siblings: artifacts, folder, ...(stage === undefined ? {} : { stage }) }]
      : [];
  });
}

function readStack({ id, artifact, siblings, folder }: StackEntry): AssemblyStack {
  const templateFile = path.join(folder, artifact.properties!.templateFile);
  const dependsOn = (artifact.dependencies ?? [])
    .filter((name) => siblings[name]?.type === 'aws:cloudformation:stack')
    .map((name) => siblings[name].properties?.stackName ?? name);
  return {
    name: artifact.properties!.stackName ?? id,
    ...environmentOf(id, artifact),
    templateFile,
    dependsOn,
    artifactId: id,
    folder,
    selector: artifact.displayName ?? id,
    template: JSON.parse(readFileSync(templateFile, 'utf8')),
  };
}

function environmentOf(id: string, artifact: Artifact): { region: string; account?: string } {
  const [, account, region] = /^aws:\/\/([^/]+)\/(.+)$/.exec(artifact.environment ?? '') ?? [];
  if (!region || region === 'unknown-region') throw new LocalRunError(`stack ${id} names no region: give it env: { region: '...' }`);
  return account === 'unknown-account' ? { region } : { region, account };
}

/** The emulators stand for one account. */
function accountOf(stacks: readonly AssemblyStack[]): string | undefined {
  const accounts = [...new Set(stacks.flatMap(({ account }) => account ?? []))];
  if (accounts.length > 1) {
    throw new LocalRunError(
      `the app's stacks are for the accounts ${accounts.join(', ')}, the local run has one: take the account from ` +
        `CDK_DEFAULT_ACCOUNT, or name one stage with --stage`,
    );
  }
  return accounts[0];
}

/** Stacks after the stacks they depend on; otherwise as the app has them. */
function inDeployOrder(stacks: AssemblyStack[]): AssemblyStack[] {
  const byName = new Map(stacks.map((stack) => [stack.name, stack]));
  const ordered = new Set<AssemblyStack>();
  const visit = (stack: AssemblyStack): void => {
    if (ordered.has(stack)) return;
    for (const name of stack.dependsOn) if (byName.has(name)) visit(byName.get(name)!);
    ordered.add(stack);
  };
  stacks.forEach(visit);
  return [...ordered];
}

/**
 * Whether a global table is in more than its stack's own region. With one replica it is a plain table, and others may have its name
 * elsewhere.
 */
export function isGlobal({ Type, Properties }: CfnResource): boolean {
  return (
    Type === 'AWS::DynamoDB::GlobalTable' &&
    ((Properties?.Replicas ?? []).length > 1 || (Properties?.GlobalTableWitnesses ?? []).length > 0)
  );
}

function globalTablesOf(stack: AssemblyStack, accountId: string): GlobalTablePlan[] {
  return Object.entries(stack.template.Resources)
    .filter(([, resource]) => isGlobal(resource))
    .map(([logicalId, resource]) => {
      const properties = resolveStatic(resource.Properties ?? {}, { region: stack.region, accountId, stackName: stack.name }) as Record<
        string,
        any
      >;
      const name = properties.TableName ?? `${stack.name}-${logicalId}`;
      if (typeof name !== 'string') {
        throw new LocalRunError(
          `the name of table ${logicalId} in stack ${stack.name} is known only after a deploy: give it a fixed tableName`,
        );
      }
      return {
        name,
        mode: properties.MultiRegionConsistency === 'STRONG' ? 'STRONG' : 'EVENTUAL',
        replicas: (properties.Replicas as { Region: string }[]).map((replica) => replica.Region),
        ...(properties.GlobalTableWitnesses?.[0] ? { witness: properties.GlobalTableWitnesses[0].Region as string } : {}),
      };
    });
}
