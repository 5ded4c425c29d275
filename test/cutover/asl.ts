/** Runs a state machine's definition: the states, paths and error handling that the cutover uses, with a clock of its own. */

export interface AslHost {
  /** Answers a task. Throws an error whose `name` is the error's name in the machine. */
  readonly task: (resource: string, payload: any) => Promise<unknown>;
  readonly wait: (seconds: number) => void;
  readonly executionId: string;
}

export interface AslResult {
  readonly status: 'SUCCEEDED' | 'FAILED';
  readonly output: any;
  readonly error?: string;
  readonly cause?: string;
  /** Events that Step Functions would have in the history. */
  readonly events: number;
  readonly visited: readonly string[];
}

type Data = Record<string, any>;

function read(data: unknown, path: string, context: Data): any {
  if (path.startsWith('$$')) return read(context, path.slice(1), context);
  const found = path
    .replace(/^\$/, '')
    .split('.')
    .filter(Boolean)
    .reduce<any>((part, name) => part?.[name], data);
  if (found === undefined) throw Object.assign(new Error(`the path ${path} leads nowhere`), { name: 'States.ParameterPathFailure' });
  return found;
}

function write(data: Data, path: string | undefined | null, value: unknown): Data {
  if (path === undefined || path === '$') return value as Data;
  if (path === null) return data;
  const names = path.slice(2).split('.');
  const copy = structuredClone(data);
  let part = copy;
  for (const name of names.slice(0, -1)) part = part[name] ??= {};
  part[names[names.length - 1]] = value;
  return copy;
}

function fill(template: any, data: unknown, context: Data): any {
  if (Array.isArray(template)) return template.map((one) => fill(one, data, context));
  if (typeof template !== 'object' || template === null) return template;
  return Object.fromEntries(
    Object.entries(template).map(([name, value]) =>
      name.endsWith('.$') ? [name.slice(0, -2), read(data, value as string, context)] : [name, fill(value, data, context)],
    ),
  );
}

const matches = (errors: readonly string[], name: string): boolean => errors.includes('States.ALL') || errors.includes(name);

export async function runAsl(definition: Data, input: unknown, host: AslHost, limit = 100_000): Promise<AslResult> {
  const visited: string[] = [];
  let events = 2;
  let name: string = definition.StartAt;
  let data: any = input;
  while (visited.length < limit) {
    visited.push(name);
    const state: Data = definition.States[name];
    const context: Data = {
      Execution: { Id: host.executionId },
      State: { Name: name, EnteredTime: `state ${visited.length}` },
      Task: { Token: 'token' },
    };
    events += state.Type === 'Task' ? 5 : state.Type === 'Succeed' || state.Type === 'Fail' ? 1 : 2;
    if (state.Type === 'Succeed') {
      return { status: 'SUCCEEDED', output: state.OutputPath ? read(data, state.OutputPath, context) : data, events, visited };
    }
    if (state.Type === 'Fail') {
      return {
        status: 'FAILED',
        output: data,
        error: read(data, state.ErrorPath, context),
        cause: read(data, state.CausePath, context),
        events,
        visited,
      };
    }
    if (state.Type === 'Choice') {
      name = state.Choices.find((choice: Data) => read(data, choice.Variable, context) === choice.StringEquals)?.Next ?? state.Default;
    } else if (state.Type === 'Wait') {
      const seconds = state.Seconds ?? read(data, state.SecondsPath, context);
      if (!Number.isInteger(seconds) || seconds < 0) throw new Error(`${name} waits '${seconds}' seconds`);
      host.wait(seconds);
      name = state.Next;
    } else if (state.Type === 'Pass') {
      data = write(data, state.ResultPath, state.Parameters ? fill(state.Parameters, data, context) : data);
      name = state.Next;
    } else {
      const next = await runTask(state, data, context, host, () => {
        events += 3;
      });
      data = next.data;
      name = next.name;
    }
  }
  throw new Error(`no end after ${limit} states: ${visited.slice(-12).join(', ')}`);
}

async function runTask(state: Data, data: any, context: Data, host: AslHost, retried: () => void): Promise<{ data: any; name: string }> {
  const payload = fill(state.Parameters, data, context);
  for (let attempt = 0; ; attempt += 1) {
    try {
      return {
        data: write(data, state.ResultPath, JSON.parse(JSON.stringify((await host.task(state.Resource, payload)) ?? null))),
        name: state.Next,
      };
    } catch (error) {
      const fault = error as Error;
      const retry = (state.Retry ?? []).find((one: Data) => matches(one.ErrorEquals, fault.name));
      if (retry && attempt < (retry.MaxAttempts ?? 3)) {
        retried();
        host.wait(
          Math.ceil(Math.min(retry.MaxDelaySeconds ?? Infinity, (retry.IntervalSeconds ?? 1) * (retry.BackoffRate ?? 2) ** attempt)),
        );
        continue;
      }
      const caught = (state.Catch ?? []).find((one: Data) => matches(one.ErrorEquals, fault.name));
      if (!caught) throw error;
      return { data: write(data, caught.ResultPath, { Error: fault.name, Cause: fault.message }), name: caught.Next };
    }
  }
}
