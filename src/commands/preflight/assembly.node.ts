import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { PlannedStack, Template } from './service';

interface Manifest {
  readonly artifacts?: Readonly<Record<string, Artifact>>;
}

interface Artifact {
  readonly type: string;
  readonly environment?: string;
  readonly displayName?: string;
  readonly properties?: {
    readonly templateFile?: string;
    readonly directoryName?: string;
    readonly stackName?: string;
    readonly parameters?: Readonly<Record<string, string>>;
    readonly requiresBootstrapStackVersion?: number;
    readonly bootstrapStackVersionSsmParameter?: string;
  };
}

/** Stacks of a cloud assembly, with those of its stages; a text: why it cannot be read. */
export function stacksOfAssembly(folder: string): readonly PlannedStack[] | string {
  let manifest: Manifest;
  try {
    manifest = readJson(folder, 'manifest.json') as Manifest;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return `${folder} holds no manifest.json: run 'npx cdk synth' first, and give its output folder`;
  }
  const stacks: PlannedStack[] = [];
  for (const [id, artifact] of Object.entries(manifest.artifacts ?? {})) {
    if (artifact.type === 'cdk:cloud-assembly' && artifact.properties?.directoryName !== undefined) {
      const nested = stacksOfAssembly(path.join(folder, artifact.properties.directoryName));
      if (typeof nested === 'string') return nested;
      stacks.push(...nested);
    } else if (artifact.type === 'aws:cloudformation:stack') {
      stacks.push(plannedStack(folder, id, artifact));
    }
  }
  return stacks;
}

const readJson = (folder: string, file: string): unknown => JSON.parse(readFileSync(path.join(folder, file), 'utf8'));

function plannedStack(folder: string, id: string, { environment = '', displayName, properties = {} }: Artifact): PlannedStack {
  const [account, region] = environment.replace(/^aws:\/\//, '').split('/');
  const {
    templateFile,
    stackName,
    parameters,
    requiresBootstrapStackVersion: version,
    bootstrapStackVersionSsmParameter: parameter,
  } = properties;
  if (templateFile === undefined) throw new Error(`the stack ${id} of ${folder} names no template: run 'npx cdk synth' again`);
  return {
    id: displayName ?? id,
    name: stackName ?? id,
    ...(account === '' || account === 'unknown-account' ? {} : { account }),
    ...(region === undefined || region === 'unknown-region' ? {} : { region }),
    ...(version === undefined || parameter === undefined ? {} : { bootstrap: { parameter, version } }),
    ...(parameters === undefined ? {} : { parameters }),
    template: readJson(folder, templateFile) as Template,
  };
}
