import { isKnownRule } from './choice';
import { knownFunctions, pathPattern, type Json } from './paths';

/** A state as its definition says it. */
export type State = Readonly<Record<string, any>>;

export interface Definition {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
  readonly TimeoutSeconds?: number;
}

export type TaskKind = 'function' | 'invoke' | 'invokeAndWait';

/** How a task's resource is done here; undefined for one that is left to the emulator. */
export function taskKind(resource: unknown): TaskKind | undefined {
  const text = String(resource);
  if (/^arn:aws[\w-]*:lambda:[^:]+:\d+:function:/.test(text)) return 'function';
  const match = /^arn:aws[\w-]*:states:::lambda:invoke(\.waitForTaskToken)?$/.exec(text);
  return match ? (match[1] ? 'invokeAndWait' : 'invoke') : undefined;
}

/** Why a definition cannot be run here; undefined when it can. */
export function foreignPart(definition: Json): string | undefined {
  const { QueryLanguage: language, StartAt: start, States: states } = definition as Record<string, Json>;
  if (language !== undefined && language !== 'JSONPath') return `it is written in ${language}`;
  if (typeof states !== 'object' || !states[start]) return 'it has no first state';
  for (const [name, state] of Object.entries(states as Record<string, State>)) {
    const problem = foreignState(state);
    if (problem) return `state '${name}' ${problem}`;
  }
  return undefined;
}

function foreignState(state: State): string | undefined {
  if (!['Task', 'Choice', 'Wait', 'Pass', 'Succeed', 'Fail'].includes(state.Type)) return `is of type ${state.Type}`;
  if (state.QueryLanguage !== undefined && state.QueryLanguage !== 'JSONPath') return `is written in ${state.QueryLanguage}`;
  if (state.Assign !== undefined) return 'assigns variables';
  if (state.Type === 'Task' && !taskKind(state.Resource)) return `uses ${state.Resource}`;
  if (state.Type === 'Choice' && !(state.Choices as State[]).every(isKnownRule)) return 'has a rule of another kind';
  const path = pathsIn(state).find((text) => !isKnownPath(text));
  return path && `uses the path ${path}`;
}

function isKnownPath(text: string): boolean {
  if (!text.startsWith('States.')) return pathPattern.test(text);
  return [...text.matchAll(/States\.(\w+)\(/g)].every(([, name]) => knownFunctions.has(name));
}

/** Every path of a state, wherever it stands. */
function pathsIn(value: Json, name = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((one) => pathsIn(one));
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value as Record<string, Json>).flatMap(([key, one]) => pathsIn(one, key));
  }
  return typeof value === 'string' && (name.endsWith('.$') || /(Path|^Variable)$/.test(name)) ? [value] : [];
}
