import { randomBytes } from 'node:crypto';
import { choose } from './choice';
import { taskKind, type Definition, type State } from './definition';
import { faultOf, matches } from './faults';
import { History, mostEvents } from './history';
import { bounded, fill, part, readPath, StateFault, timeOf, write, type Json } from './paths';
import { lookMs, type Timers } from './timers';

/** What an execution needs of its surroundings. */
export interface ExecutionPorts {
  /** Resolves at once while the execution's region runs, else when it is back. */
  readonly regionRuns: () => Promise<void>;
  /** When the region last came back, epoch milliseconds; 0 when it was never away. */
  readonly regionBackAt: () => number;
  /** Rejects with a `StateFault`. */
  readonly invoke: (functionName: string, payload: Json) => Promise<Json>;
  readonly now: () => number;
  readonly random: () => number;
  readonly timers: Timers;
}

export interface ExecutionSettings {
  readonly arn: string;
  readonly name: string;
  readonly machine: { readonly arn: string; readonly name: string; readonly roleArn: string; readonly definition: Definition };
  readonly input: Json;
  readonly ports: ExecutionPorts;
  readonly opened: (token: TaskToken) => void;
  readonly ended: (execution: Execution) => void;
}

export type ExecutionStatus = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';

/** A task that waits to be answered. */
export interface TaskToken {
  readonly token: string;
  readonly execution: Execution;
  open: boolean;
  lastBeat: number;
  readonly settle: (outcome: { readonly output: Json } | StateFault) => void;
}

interface StateOutcome {
  readonly data: Json;
  readonly next?: string;
}

/** Ends the run wherever it is. */
class Ended extends Error {}

/** What a timer of Node.js can hold. */
const longestTimerMs = 2 ** 31 - 1;

/** One execution of a state machine, state by state. While its region is stopped it stands still. */
export class Execution {
  public status: ExecutionStatus = 'RUNNING';
  public readonly startedAt: number;
  public endedAt?: number;
  public output?: Json;
  public error?: string;
  public cause?: string;
  /** The state that it is in, and that state's input. */
  public state?: string;
  public data: Json;
  public waitsForToken = false;
  public readonly history: History;
  private readonly over = new AbortController();
  /** Forgets the token that waits, if one does. */
  private close?: () => void;

  constructor(readonly settings: ExecutionSettings) {
    const { ports, input, machine } = settings;
    this.startedAt = ports.now();
    this.data = input;
    this.history = new History(ports.now);
    this.history.add('ExecutionStarted', { executionStartedEventDetails: { input: JSON.stringify(input), roleArn: machine.roleArn } });
  }

  public async run(): Promise<void> {
    const { definition } = this.settings.machine;
    const timeoutMs = (definition.TimeoutSeconds ?? Infinity) * 1000;
    const timer = timeoutMs > longestTimerMs ? undefined : setTimeout(() => this.timeOut(), timeoutMs);
    try {
      let next: string | undefined = definition.StartAt;
      while (next !== undefined) next = await this.step(next, definition.States[next]);
      this.end(
        'SUCCEEDED',
        'ExecutionSucceeded',
        { executionSucceededEventDetails: { output: JSON.stringify(this.data) } },
        { output: this.data },
      );
    } catch (thrown) {
      if (thrown instanceof Ended || this.status !== 'RUNNING') return;
      const { error, reason } = faultOf(thrown);
      this.end('FAILED', 'ExecutionFailed', { executionFailedEventDetails: { error, cause: reason } }, { error, cause: reason });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends it from outside. */
  public abort(error?: string, cause?: string): void {
    if (this.status === 'RUNNING') {
      this.end('ABORTED', 'ExecutionAborted', { executionAbortedEventDetails: { error, cause } }, { error, cause });
    }
  }

  private timeOut(): void {
    if (this.status === 'RUNNING') {
      this.end('TIMED_OUT', 'ExecutionTimedOut', { executionTimedOutEventDetails: {} }, { error: 'States.Timeout' });
    }
  }

  private end(status: ExecutionStatus, type: string, details: object, result: { output?: Json; error?: string; cause?: string }): void {
    this.history.add(type, { ...details });
    this.status = status;
    this.endedAt = this.settings.ports.now();
    this.output = result.output;
    this.error = result.error;
    this.cause = result.cause;
    this.over.abort();
    this.settings.ended(this);
  }

  private async step(name: string, state: State | undefined): Promise<string | undefined> {
    await this.unlessOver(this.settings.ports.regionRuns());
    if (!state) throw new StateFault('States.Runtime', `there is no state '${name}'`);
    if (this.history.size > mostEvents) {
      throw new StateFault('States.Runtime', `the execution reached the maximum number of history events (${mostEvents})`);
    }
    this.state = name;
    const type = String(state.Type);
    this.history.add(`${type}StateEntered`, { stateEnteredEventDetails: { name, input: JSON.stringify(this.data) } });
    const context = this.context(name);
    const { data, next } = type === 'Task' ? await this.task(state, context) : await this.plain(state, context);
    bounded(data);
    this.data = data;
    this.history.add(`${type}StateExited`, { stateExitedEventDetails: { name, output: JSON.stringify(data) } });
    return next;
  }

  private context(name: string): Record<string, Json> {
    const { arn, name: execution, machine, input, ports } = this.settings;
    return {
      Execution: { Id: arn, Input: input, Name: execution, RoleArn: machine.roleArn, StartTime: new Date(this.startedAt).toISOString() },
      State: { Name: name, EnteredTime: new Date(ports.now()).toISOString(), RetryCount: 0 },
      StateMachine: { Id: machine.arn, Name: machine.name },
    };
  }

  /** A state that calls nothing. */
  private async plain(state: State, context: Json): Promise<StateOutcome> {
    const input = part(state.InputPath as string, this.data, context);
    const next = state.Next as string | undefined;
    switch (state.Type) {
      case 'Choice':
        return { data: part(state.OutputPath as string, input, context), next: choose(state, input, context) };
      case 'Wait':
        await this.until(this.waitEnd(state, input, context));
        return { data: part(state.OutputPath as string, input, context), next };
      case 'Pass': {
        const result = state.Result ?? (state.Parameters ? fill(state.Parameters, input, context) : input);
        return { data: part(state.OutputPath as string, write(state.ResultPath as string, this.data, result), context), next };
      }
      case 'Fail': {
        const text = (member: string): string =>
          String(state[`${member}Path`] ? readPath(String(state[`${member}Path`]), input, context) : (state[member] ?? ''));
        throw new StateFault(text('Error'), text('Cause'));
      }
      default:
        return { data: part(state.OutputPath as string, input, context) };
    }
  }

  private waitEnd(state: State, input: Json, context: Json): number {
    const memberOf = (member: string): Json =>
      state[`${member}Path`] ? readPath(String(state[`${member}Path`]), input, context) : state[member];
    const seconds = memberOf('Seconds');
    if (seconds === undefined) return Date.parse(String(memberOf('Timestamp')));
    if (!Number.isInteger(seconds) || seconds < 0) {
      throw new StateFault('States.Runtime', `a Wait of '${seconds}' seconds: it must be a whole number from 0`);
    }
    return this.settings.ports.now() + seconds * 1000;
  }

  private async task(state: State, context: Json): Promise<StateOutcome> {
    const retried = new Map<State, number>();
    for (;;) {
      try {
        const result = await this.attempt(state, context);
        bounded(result);
        const selected = state.ResultSelector ? fill(state.ResultSelector, result, context) : result;
        const data = part(state.OutputPath as string, write(state.ResultPath as string, this.data, selected), context);
        return { data, next: state.Next as string | undefined };
      } catch (thrown) {
        if (thrown instanceof Ended) throw thrown;
        const fault = faultOf(thrown);
        if (await this.triesAgain(state, retried, fault)) {
          context.State.RetryCount += 1;
          continue;
        }
        const caught = ((state.Catch ?? []) as State[]).find((one) => matches(one, fault.error));
        if (!caught) throw fault;
        return {
          data: write(caught.ResultPath as string, this.data, { Error: fault.error, Cause: fault.reason }),
          next: caught.Next as string,
        };
      }
    }
  }

  private async triesAgain(state: State, retried: Map<State, number>, fault: StateFault): Promise<boolean> {
    const retry = ((state.Retry ?? []) as State[]).find((one) => matches(one, fault.error));
    const before = retry ? (retried.get(retry) ?? 0) : 0;
    if (!retry || before >= (retry.MaxAttempts ?? 3)) return false;
    retried.set(retry, before + 1);
    const seconds = Math.min(retry.MaxDelaySeconds ?? Infinity, (retry.IntervalSeconds ?? 1) * (retry.BackoffRate ?? 2) ** before);
    await this.until(this.settings.ports.now() + seconds * 1000 * (retry.JitterStrategy === 'FULL' ? this.settings.ports.random() : 1));
    return true;
  }

  private async attempt(state: State, context: Json): Promise<Json> {
    const kind = taskKind(state.Resource)!;
    const token = kind === 'invokeAndWait' ? randomBytes(48).toString('base64url') : undefined;
    const known = token === undefined ? context : { ...context, Task: { Token: token } };
    const input = part(state.InputPath as string, this.data, known);
    const given = state.Parameters ? fill(state.Parameters, input, known) : input;
    bounded(given);
    const deadline = this.settings.ports.now() + timeOf(state, 'TimeoutSeconds', input, known);
    if (kind === 'function') return this.call(state.Resource as string, given, deadline);
    return this.integration(state, given, { input, context: known, token, deadline });
  }

  /** A function named as the resource. */
  private async call(resource: string, payload: Json, deadline: number): Promise<Json> {
    this.history.add('LambdaFunctionScheduled', { lambdaFunctionScheduledEventDetails: { resource, input: JSON.stringify(payload) } });
    this.history.add('LambdaFunctionStarted');
    try {
      const output = await this.before(deadline, this.settings.ports.invoke(resource, payload));
      this.history.add('LambdaFunctionSucceeded', { lambdaFunctionSucceededEventDetails: { output: JSON.stringify(output) } });
      return output;
    } catch (thrown) {
      if (thrown instanceof Ended) throw thrown;
      const { error, reason } = faultOf(thrown);
      const how = error === 'States.Timeout' ? 'TimedOut' : 'Failed';
      this.history.add(`LambdaFunction${how}`, { [`lambdaFunction${how}EventDetails`]: { error, cause: reason } });
      throw thrown;
    }
  }

  /** `states:::lambda:invoke`, with or without waiting for its token. */
  private async integration(
    state: State,
    given: Json,
    task: { input: Json; context: Json; token?: string; deadline: number },
  ): Promise<Json> {
    const about = { resourceType: 'lambda', resource: `invoke${task.token === undefined ? '' : '.waitForTaskToken'}` };
    this.history.add('TaskScheduled', { taskScheduledEventDetails: { ...about, parameters: JSON.stringify(given) } });
    this.history.add('TaskStarted', { taskStartedEventDetails: about });
    try {
      const answered = task.token === undefined ? undefined : this.answer(task.token, state, task);
      // Whoever is asked may answer before the call returns.
      answered?.catch(() => {});
      const payload = await this.before(task.deadline, this.settings.ports.invoke(String(given.FunctionName), given.Payload ?? {}));
      if (answered) {
        this.history.add('TaskSubmitted', {
          taskSubmittedEventDetails: { ...about, output: JSON.stringify({ Payload: payload, StatusCode: 200 }) },
        });
      }
      const output: Json = answered ? await answered : { ExecutedVersion: '$LATEST', Payload: payload, StatusCode: 200 };
      this.history.add('TaskSucceeded', { taskSucceededEventDetails: { ...about, output: JSON.stringify(output) } });
      return output;
    } catch (thrown) {
      if (thrown instanceof Ended) throw thrown;
      const { error, reason } = faultOf(thrown);
      const how = error === 'States.Timeout' || error === 'States.HeartbeatTimeout' ? 'TimedOut' : 'Failed';
      this.history.add(`Task${how}`, { [`task${how}EventDetails`]: { ...about, error, cause: reason } });
      throw thrown;
    } finally {
      this.close?.();
    }
  }

  /** What the token is answered with, before the task's time or the time between two heartbeats is over. */
  private async answer(
    token: string,
    state: State,
    { input, context, deadline }: { input: Json; context: Json; deadline: number },
  ): Promise<Json> {
    const { ports, opened } = this.settings;
    const beatMs = timeOf(state, 'HeartbeatSeconds', input, context);
    return new Promise<Json>((resolve, reject) => {
      const task: TaskToken = {
        token,
        execution: this,
        open: true,
        lastBeat: ports.now(),
        settle: (outcome) => {
          if (!task.open) return;
          this.close!();
          if (outcome instanceof StateFault) reject(outcome);
          else resolve(outcome.output);
        },
      };
      const stopLooking = ports.timers.every(lookMs, () => {
        const now = ports.now();
        // Nobody can send a heartbeat to a region that is away.
        const silentMs = now - Math.max(task.lastBeat, ports.regionBackAt());
        if (now < deadline && silentMs < beatMs) return;
        void ports.regionRuns().then(() => {
          if (now >= deadline) {
            task.settle(new StateFault('States.Timeout', 'the task was not answered in time'));
          } else if (ports.now() - Math.max(task.lastBeat, ports.regionBackAt()) >= beatMs) {
            task.settle(new StateFault('States.HeartbeatTimeout', 'no heartbeat came in time'));
          }
        });
      });
      const abort = (): void => {
        this.close?.();
        reject(new Ended());
      };
      this.waitsForToken = true;
      this.close = () => {
        task.open = false;
        this.waitsForToken = false;
        stopLooking();
        this.over.signal.removeEventListener('abort', abort);
      };
      this.over.signal.addEventListener('abort', abort, { once: true });
      opened(task);
    });
  }

  /** Waits until a moment, and until the region runs. */
  private async until(moment: number): Promise<void> {
    const { ports } = this.settings;
    while (ports.now() < moment) {
      await this.unlessOver(ports.timers.sleep(Math.max(1, moment - ports.now())));
    }
    await this.unlessOver(ports.regionRuns());
  }

  private async before<T>(deadline: number, work: Promise<T>): Promise<T> {
    const { ports } = this.settings;
    let stopLooking = (): void => undefined;
    const late = new Promise<never>((_, reject) => {
      if (deadline === Infinity) return;
      stopLooking = ports.timers.every(lookMs, () => {
        if (ports.now() >= deadline) reject(new StateFault('States.Timeout', 'the function did not answer in time'));
      });
    });
    try {
      return await this.unlessOver(Promise.race([work, late]));
    } finally {
      stopLooking();
    }
  }

  private async unlessOver<T>(work: Promise<T>): Promise<T> {
    const { signal } = this.over;
    if (signal.aborted) throw new Ended();
    return new Promise<T>((resolve, reject) => {
      const abort = (): void => reject(new Ended());
      signal.addEventListener('abort', abort, { once: true });
      work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
    });
  }
}
