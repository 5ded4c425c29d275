import { Assembly } from './assembly';
import { rewriteStack, type RewrittenStack } from './rewrite';
import { synthesise } from './synthesise';
import { adaptDrills, hasDrill } from '../drill/plans';
import type { Supervisor } from '../engine/supervisor';
import { LocalRunError } from '../ground/failure';
import type { Issuer } from '../ground/model';
import { adaptGates, approverIssuer, type ApproverIssuer } from '../issuer/approvers';
import { injectKeySet, issuerFor, issuerSettings } from '../issuer/issuer';

/** What `CDK_DEFAULT_ACCOUNT` says while an app is synthesised here. */
const defaultAccountId = '000000000000';

/** An app ready to be deployed into the emulators. */
export interface PreparedAssembly {
  readonly assembly: Assembly;
  readonly rewritten: readonly RewrittenStack[];
  /** Absent when the app's API has no JWT authorizer. */
  readonly issuer?: Issuer;
  /** Absent when no approval gate takes tokens. */
  readonly approvers?: ApproverIssuer;
}

export interface PrepareOptions {
  readonly supervisor: Supervisor;
  readonly appDirectory: string;
  readonly mode?: string;
  readonly transport?: string;
  /** Of an app with several stages: the one to deploy. */
  readonly stage?: string;
  /** CDK context besides. */
  readonly context?: Readonly<Record<string, string>>;
  /** Address of the front door. */
  readonly frontDoor?: string;
  /** How long a minute of metrics is. */
  readonly minuteMs: number;
  /** Of an earlier assembly of the run: the keys stay, and this one has a folder of its own. */
  readonly again?: { readonly before: PreparedAssembly; readonly folder: string };
  readonly log: (line: string) => void;
}

/** Synthesises the app and rewrites its templates for the emulator. */
export async function prepareAssembly(options: PrepareOptions): Promise<PreparedAssembly> {
  const { supervisor, appDirectory, mode, transport, log, frontDoor, again } = options;
  const context = { ...options.context, ...(mode ? { mode } : {}), ...(transport ? { transport } : {}) };
  const directory = await synthesise({ supervisor, appDirectory, accountId: defaultAccountId, context, folder: again?.folder });
  const assembly = new Assembly(directory, defaultAccountId, options.stage);
  checkMode(assembly, mode);
  checkTransport(assembly, transport);
  const settings = issuerSettings(assembly.stacks);
  const issuer = again?.before.issuer ?? (settings && issuerFor(settings));
  const approvers =
    again?.before.approvers ??
    approverIssuer(
      assembly.stacks,
      assembly.stacks.some(({ template }) => hasDrill(template)),
    );
  const rewritten = assembly.stacks.map((stack) => {
    const result = rewriteStack(stack, assembly.accountId);
    if (issuer) injectKeySet(result.template, issuer);
    if (frontDoor) adaptGates(result.template, frontDoor, approvers);
    if (frontDoor) adaptDrills(result.template, frontDoor, options.minuteMs);
    assembly.replaceTemplate(stack, result.template);
    return result;
  });
  log(`synthesised ${assembly.stacks.map((stack) => stack.name).join(', ')}`);
  return { assembly, rewritten, issuer, approvers };
}

/** A mode that the app takes no notice of would be believed to be tried. */
function checkMode(assembly: Assembly, mode?: string): void {
  const wanted = mode === 'HOME_REGION' ? 'EVENTUAL' : mode;
  const tables = assembly.plan.globalTables;
  if (wanted === undefined || tables.some((table) => table.mode === wanted)) return;
  const has =
    tables.map((table) => `${table.name} is ${table.mode === 'EVENTUAL' ? 'HOME_REGION' : table.mode}`).join(', ') ||
    'it has no global table';
  throw new LocalRunError(
    `--mode ${mode} has no effect on this app (${has}): leave the option out, or read the CDK context value 'mode' in the app`,
  );
}

function checkTransport(assembly: Assembly, transport?: string): void {
  const endpoint = assembly.stacks.some(({ template }) =>
    Object.values(template.Resources).some(({ Type }) => Type === 'AWS::Events::Endpoint'),
  );
  if (transport === undefined || (transport === 'GLOBAL_ENDPOINT') === endpoint) return;
  throw new LocalRunError(
    `--transport ${transport} has no effect on this app (it has ${endpoint ? 'a' : 'no'} global endpoint): leave the option out, or ` +
      `read the CDK context value 'transport' in the app`,
  );
}
