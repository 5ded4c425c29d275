import { Stack } from 'aws-cdk-lib';
import { CfnStateMachine, IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';

/** A task of a state machine's definition that waits for a token. */
export interface TokenTask {
  readonly state: string;
  /** In seconds; `unknown`: a path or an expression says it when it runs; absent: none. */
  readonly timeout?: number | 'unknown';
}

type DefinitionPart = { readonly [name: string]: unknown };

/** A state machine's definition, if it is made in this app and not read from a file at deployment. */
export function definitionOf(stateMachine: IStateMachine): DefinitionPart | undefined {
  const resource = stateMachine.node.defaultChild;
  return resource instanceof CfnStateMachine ? definitionIn(resource) : undefined;
}

/** The definition as the template will have it, if it is written there. */
export function definitionIn(resource: CfnStateMachine): DefinitionPart | undefined {
  const resolved: unknown = Stack.of(resource).resolve(resource.definitionString);
  try {
    return JSON.parse(flat(resolved)) as DefinitionPart;
  } catch {
    return undefined;
  }
}

/** The text with something in place of what only the deployment knows. */
function flat(value: unknown): string {
  if (typeof value === 'string') return value;
  const [, parts] = (value as { 'Fn::Join'?: [string, unknown[]] } | undefined)?.['Fn::Join'] ?? ['', undefined];
  return parts ? parts.map((part) => (typeof part === 'string' ? part : 'unknown')).join('') : '';
}

function timeoutOf(state: DefinitionPart): { readonly timeout?: number | 'unknown' } {
  if (typeof state.TimeoutSeconds === 'number') return { timeout: state.TimeoutSeconds };
  return state.TimeoutSeconds === undefined && state.TimeoutSecondsPath === undefined ? {} : { timeout: 'unknown' };
}

/** Whether it is of the kind that waits for tokens and keeps histories; true where that is not known here. */
export function isStandard(stateMachine: IStateMachine): boolean {
  const resource = stateMachine.node.defaultChild;
  return !(resource instanceof CfnStateMachine) || resource.stateMachineType !== 'EXPRESS';
}

/** Its token tasks, wherever they stand: in branches of Parallel states and iterations of Map states too. */
export function tokenTasksIn(definition: DefinitionPart): TokenTask[] {
  const states = (definition.States ?? {}) as Readonly<Record<string, DefinitionPart>>;
  return Object.entries(states).flatMap(([name, state]) => {
    const nested = [
      ...((state.Branches ?? []) as DefinitionPart[]),
      ...[state.ItemProcessor, state.Iterator].filter((inner): inner is DefinitionPart => inner !== undefined),
    ];
    const own =
      typeof state.Resource === 'string' && state.Resource.endsWith('.waitForTaskToken') ? [{ state: name, ...timeoutOf(state) }] : [];
    return [...own, ...nested.flatMap(tokenTasksIn)];
  });
}
