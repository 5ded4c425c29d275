import { Stack } from 'aws-cdk-lib';
import { CfnStateMachine, IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';

/** A task of a state machine's definition that waits for a token. */
export interface TokenTask {
  readonly state: string;
  /** Absent: no timeout, or one that is known only when it runs. */
  readonly timeoutSeconds?: number;
}

type Json = { readonly [name: string]: unknown };

/** A state machine's definition, if it is made in this app and not read from a file at deployment. */
export function definitionOf(stateMachine: IStateMachine): Json | undefined {
  const resource = stateMachine.node.defaultChild;
  if (!(resource instanceof CfnStateMachine)) return undefined;
  const resolved: unknown = Stack.of(resource).resolve(resource.definitionString);
  try {
    return JSON.parse(flat(resolved)) as Json;
  } catch {
    return undefined;
  }
}

/** The text with something in place of what only the deployment knows. */
function flat(value: unknown): string {
  if (typeof value === 'string') return value;
  const [, parts] = (value as { 'Fn::Join'?: [string, unknown[]] } | undefined)?.['Fn::Join'] ?? ['', undefined];
  return parts ? parts.map((part) => typeof part === 'string' ? part : 'unknown').join('') : '';
}

/** Its token tasks, wherever they stand: in branches of Parallel states and iterations of Map states too. */
export function tokenTasksIn(definition: Json): TokenTask[] {
  const states = (definition.States ?? {}) as Readonly<Record<string, Json>>;
  return Object.entries(states).flatMap(([name, state]) => {
    const nested = [...(state.Branches ?? []) as Json[], ...[state.ItemProcessor, state.Iterator].filter((inner): inner is Json => inner !== undefined)];
    const own = typeof state.Resource === 'string' && state.Resource.endsWith('.waitForTaskToken') ? [{ state: name, ...(typeof state.TimeoutSeconds === 'number' ? { timeoutSeconds: state.TimeoutSeconds } : {}) }] : [];
    return [...own, ...nested.flatMap(tokenTasksIn)];
  });
}
