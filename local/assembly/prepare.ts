import { bundleHandlers } from '../../tools/bundle';
import type { Supervisor } from '../engine/supervisor';
import { injectKeySet, issuerFor, issuerSettings } from '../issuer/issuer';
import type { Issuer } from '../model';
import { Assembly } from './assembly';
import { rewriteStack, type RewrittenStack } from './rewrite';
import { synthesise } from './synthesise';

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
  readonly accountId: string;
  readonly log: (line: string) => void;
}

/** Bundles the handlers, synthesises the app and rewrites its templates for the emulator. */
export async function prepareAssembly({ supervisor, appDirectory, mode, accountId, log }: PrepareOptions): Promise<PreparedAssembly> {
  await bundleHandlers();
  const directory = await synthesise({ supervisor, appDirectory, accountId, context: mode ? { mode } : {} });
  const assembly = new Assembly(directory, accountId);
  const settings = issuerSettings(assembly.stacks);
  const issuer = settings && issuerFor(settings);
  const rewritten = assembly.stacks.map((stack) => {
    const result = rewriteStack(stack, accountId);
    if (issuer) injectKeySet(result.template, issuer);
    assembly.replaceTemplate(stack, result.template);
    return result;
  });
  log(`synthesised ${assembly.stacks.map((stack) => stack.name).join(', ')}`);
  return { assembly, rewritten, issuer };
}
