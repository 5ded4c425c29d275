import { bundleHandlers } from '../../tools/bundle';
import type { Supervisor } from '../engine/supervisor';
import { LocalRunError } from '../failure';
import { injectKeySet, issuerFor, issuerSettings } from '../issuer/issuer';
import type { Issuer } from '../model';
import { Assembly } from './assembly';
import { rewriteStack, type RewrittenStack } from './rewrite';
import { synthesise } from './synthesise';

/** What `CDK_DEFAULT_ACCOUNT` says while an app is synthesised here. */
const defaultAccountId = '000000000000';

/** An app ready to be deployed into the emulators. */
export interface PreparedAssembly {
  readonly assembly: Assembly;
  readonly rewritten: readonly RewrittenStack[];
  /** Absent when the app's API has no JWT authorizer. */
  readonly issuer?: Issuer;
}

export interface PrepareOptions {
  readonly supervisor: Supervisor;
  readonly appDirectory: string;
  readonly mode?: string;
  readonly transport?: string;
  /** CDK context besides. */
  readonly context?: Readonly<Record<string, string>>;
  readonly log: (line: string) => void;
}

/** Bundles the handlers, synthesises the app and rewrites its templates for the emulator. */
export async function prepareAssembly({ supervisor, appDirectory, mode, transport, log, ...options }: PrepareOptions): Promise<PreparedAssembly> {
  await bundleHandlers();
  const context = { ...options.context, ...(mode ? { mode } : {}), ...(transport ? { transport } : {}) };
  const directory = await synthesise({ supervisor, appDirectory, accountId: defaultAccountId, context });
  const assembly = new Assembly(directory, defaultAccountId);
  checkMode(assembly, mode);
  checkTransport(assembly, transport);
  const settings = issuerSettings(assembly.stacks);
  const issuer = settings && issuerFor(settings);
  const rewritten = assembly.stacks.map((stack) => {
    const result = rewriteStack(stack, assembly.accountId);
    if (issuer) injectKeySet(result.template, issuer);
    assembly.replaceTemplate(stack, result.template);
    return result;
  });
  log(`synthesised ${assembly.stacks.map((stack) => stack.name).join(', ')}`);
  return { assembly, rewritten, issuer };
}

/** A mode that the app takes no notice of would be believed to be tried. */
function checkMode(assembly: Assembly, mode?: string): void {
  const wanted = mode === 'HOME_REGION' ? 'EVENTUAL' : mode;
  const tables = assembly.plan.globalTables;
  if (wanted === undefined || tables.some((table) => table.mode === wanted)) return;
  const has = tables.map((table) => `${table.name} is ${table.mode === 'EVENTUAL' ? 'HOME_REGION' : table.mode}`).join(', ') || 'it has no global table';
  throw new LocalRunError(`--mode ${mode} has no effect on this app (${has}): leave the option out, or read the CDK context value 'mode' in the app`);
}

function checkTransport(assembly: Assembly, transport?: string): void {
  const endpoint = assembly.stacks.some(({ template }) => Object.values(template.Resources).some(({ Type }) => Type === 'AWS::Events::Endpoint'));
  if (transport === undefined || (transport === 'GLOBAL_ENDPOINT') === endpoint) return;
  throw new LocalRunError(`--transport ${transport} has no effect on this app (it has ${endpoint ? 'a' : 'no'} global endpoint): leave the option out, or read the CDK context value 'transport' in the app`);
}
