import { Person } from './model';
import { isPlainName, namesIn, normalName } from '../kernel/person-name';

/** Whether two sets of vouched names are one person's: they share one. */
export function samePerson(these: readonly string[], those: readonly string[]): boolean {
  const known = new Set(these.map(normalName));
  return those.some((name) => known.has(normalName(name)));
}

/** How many people these are: who shares a name with somebody is that person, and so on. */
export function countPeople(people: readonly (readonly string[])[]): number {
  return people.reduce<readonly (readonly string[])[]>(
    (found, names) => [
      ...found.filter((other) => !samePerson(other, names)),
      [...found.filter((other) => samePerson(other, names)).flat(), ...names],
    ],
    [],
  ).length;
}

/** Who may do something: people by a name of theirs, and members of groups. */
export interface NamedPeople {
  readonly people: readonly string[];
  readonly groups: readonly string[];
}

/** The entry by which somebody is one of those people or in one of those groups, by what is vouched for; undefined: none. */
export function entitlementOf({ id, vouched, role, groups }: Person, among: NamedPeople): string | undefined {
  const names = new Set([id, ...vouched].filter(isPlainName).map(normalName));
  const roles = role === undefined ? undefined : normalName(role);
  const entry = among.people.find(
    (name) => names.has(normalName(name)) || names.has(normalName(roleOf(name))) || normalName(roleOf(name)) === roles,
  );
  return entry ?? groups.find((group) => hasGroup(among.groups, group));
}

/**
 * Whether a group is among these: to the letter, but however its accents are written. Its case counts, since a provider's groups may differ
 * by it.
 */
export function hasGroup(groups: readonly string[], group: string): boolean {
  return groups.some((one) => one.normalize('NFC') === group.normalize('NFC'));
}

/** What a session is called, as a name of whoever holds it; undefined: the ARN is no session's. */
export function sessionName(arn: string): string | undefined {
  const name = /^arn:[^:]+:sts::\d{12}:assumed-role\/[^/]+\/([^/]+)$/.exec(arn.trim())?.[1];
  return name === undefined ? undefined : `session ${name}`;
}

/** Whether somebody started an execution. To let in, a name must be vouched for; to keep out, any name will do. */
export function isStarter({ id, names, role, aliases }: Person, starter: string): boolean {
  const theirs = [id, ...names, ...aliases, ...(role === undefined ? [] : [role])].flatMap(namesIn);
  return namesIn(starter).some(
    (name) => samePerson(theirs, [name]) || samePerson([id], [roleOf(name)]) || samePerson(names, [sessionName(name) ?? name]),
  );
}

/** The role of a session's ARN, without the role's path, which a session does not tell; anything but a role or a session as it is. */
export function roleOf(arn: string): string {
  const [, partition, account, role] =
    /^arn:([^:]+):sts::(\d{12}):assumed-role\/([^/]+)\/[^/]+$/.exec(arn.trim()) ??
    /^arn:([^:]+):iam::(\d{12}):role\/(?:.*\/)?([^/]+)$/.exec(arn.trim()) ??
    [];
  return role === undefined ? arn : `arn:${partition}:iam::${account}:role/${role}`;
}
