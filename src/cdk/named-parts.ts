import { CfnResource } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { Notes } from './checks/notes';
import { mayShareAccount } from './checks/one-account';
import { deployAfter } from './deployment-order';

/** A part that others know by its name alone. */
export interface NamedPart {
  readonly kind: 'ledger table' | 'ledger key' | 'table of homes' | 'event bus' | 'event endpoint' | 'documents';
  /** Name of its system. */
  readonly systemName: string;
  /** Regions in which it is; for a user those in which it is needed. */
  readonly regions: readonly string[];
}

interface Noted extends NamedPart {
  readonly scope: Construct;
  readonly resources: readonly CfnResource[];
}

const provided = new Notes<Noted>();
const used = new Notes<Noted>();

/** Notes a part, and has those of the app that use it by its name deployed after it, whichever was made first. */
export function providePart(scope: Construct, part: NamedPart, resources: readonly CfnResource[]): void {
  const own: Noted = { ...part, scope, resources };
  provided.of(scope).push(own);
  for (const user of used.of(scope)) if (isSame(user, own)) deployAfter(user.resources, own.resources);
}

/**
 * Notes a use of a part by its name: the resources are deployed after it where the app has it.
 *
 * @param resources those that prove the part to the deployment, and so stand for all that uses it
 */
export function useNamedPart(scope: Construct, part: NamedPart, resources: readonly CfnResource[]): void {
  const own: Noted = { ...part, scope, resources };
  used.of(scope).push(own);
  for (const other of provided.of(scope)) if (isSame(own, other)) deployAfter(own.resources, other.resources);
}

function isSame(user: Noted, part: Noted): boolean {
  return (
    user.kind === part.kind &&
    user.systemName === part.systemName &&
    mayShareAccount(user.scope, part.scope) &&
    user.regions.some((region) => part.regions.includes(region))
  );
}
