import { CallContext, Rejected } from '../model';
import { commandRules, contextRules, ValueRule } from '../values.contract';

/** A command of the ledger, by its name. */
export type CommandName = keyof typeof commandRules;

type CommandMembers = Readonly<Record<string, unknown>>;

/**
 * What is wrong with a call, whoever makes it: the API has asked before, and the ledger believes nobody. Undefined: it can be worked on.
 * The value itself is not repeated, for it may be anyone's secret.
 */
export function callProblem(name: CommandName, context: CallContext, command: unknown): Rejected | undefined {
  const wrong = wrongMember(contextRules, context as unknown as CommandMembers, false) ?? commandProblem(name, command);
  return wrong === undefined ? undefined : { kind: 'rejected', code: 'invalid_request', detail: wrong };
}

/** What is wrong with a command, in a sentence. */
export function commandProblem(name: CommandName, command: unknown): string | undefined {
  if (typeof command !== 'object' || command === null) return `'${name}' takes an object`;
  const members = command as CommandMembers;
  const wrong = wrongMember(commandRules[name], members, true);
  if (wrong !== undefined) return wrong;
  return name === 'move' && members.type === 'VOID' && members.amount !== undefined
    ? "'amount' must be absent: a void releases all that is held"
    : undefined;
}

function wrongMember(rules: Readonly<Record<string, ValueRule>>, members: CommandMembers, alone: boolean): string | undefined {
  const unknown = alone ? Object.keys(members).find((name) => !Object.hasOwn(rules, name)) : undefined;
  if (unknown !== undefined) return `'${unknown.slice(0, 40)}' is not a member of this call: it takes ${Object.keys(rules).join(', ')}`;
  for (const [name, { is, allowed, optional }] of Object.entries(rules)) {
    const value = members[name];
    if (value === undefined ? !optional : !is(value)) return `'${name}' must be ${allowed}`;
  }
  return undefined;
}
