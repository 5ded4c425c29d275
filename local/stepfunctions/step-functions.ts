import { randomUUID } from 'node:crypto';
import { foreignPart, type Definition } from './definition';
import { Execution, type ExecutionStatus, type TaskToken } from './execution';
import { StateFault, type Json } from './paths';
import { statusChange, type StatusChange } from './status-change';
import { timers } from './timers';
import type { ExecutionView, RegionHandle } from '../ground/model';
import type { Policies } from '../iam/policies';
import type { MetricStore } from '../metrics/store';
import { AwsApi, AwsApiError } from '../network/aws-api';
import {
  jsonAnswer,
  jsonInput,
  jsonRefusal,
  type FabricService,
  type ServiceAnswer,
  type ServiceCall,
  type ServiceRouting,
} from '../services/services';

export interface StepFunctionsOptions {
  readonly api: AwsApi;
  readonly policies: Pick<Policies, 'decideRole'>;
  readonly accountId: string;
  readonly store?: Pick<MetricStore, 'put'>;
  /** Told of each change of an execution's status, as the event's detail has it on AWS. */
  readonly changed?: (region: string, detail: StatusChange) => void;
  /** A line for what is done otherwise than asked. */
  readonly warn?: (line: string) => void;
  readonly now?: () => number;
}

interface Machine {
  readonly region: string;
  readonly arn: string;
  readonly name: string;
  readonly roleArn: string;
  readonly definition: Definition;
}

interface DescribedMachine {
  readonly name: string;
  readonly roleArn: string;
  readonly definition: string;
  readonly type?: string;
}

/** Refused with a name that callers know. */
class ActionRefusal extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

type ActionHandler = (resource: string, work: () => Promise<object> | object) => ServiceRouting;

const mostKept = 1_000;

/**
 * Step Functions as far as machines call functions and wait for tokens: heartbeats, timeouts, the machine's own role, a history as on AWS.
 * Machines that need more (Map, Parallel, JSONata, other services) are left to the emulator, whole.
 */
export class StepFunctions implements FabricService {
  private readonly executions = new Map<string, Execution>();
  private readonly tokens = new Map<string, TaskToken>();
  private readonly warned = new Set<string>();
  private readonly now: () => number;
  private regions: readonly RegionHandle[] = [];
  private isClosed = false;

  constructor(private readonly options: StepFunctionsOptions) {
    this.now = options.now ?? Date.now;
  }

  /** Regions whose executions stand still while they are stopped. */
  public useRegions(regions: readonly RegionHandle[]): void {
    this.regions = regions;
  }

  public close(): void {
    this.isClosed = true;
    for (const execution of this.executions.values()) execution.abort();
  }

  public async route({ region, operation = '', body }: ServiceCall): Promise<ServiceRouting | undefined> {
    const input = jsonInput(body);
    const answer: ActionHandler = (resource, work) => ({
      region,
      needs: [{ action: `states:${operation}`, resource }],
      answer: () => answerOf(work),
    });
    if (/^SendTask(Success|Failure|Heartbeat)$/.test(operation)) {
      const task = this.tokens.get(String(input.taskToken));
      return task && answer(task.execution.settings.machine.arn, () => this.sendTask(operation, task, input));
    }
    const execution = this.executions.get(String(input.executionArn));
    if (execution) return this.routeExecution(operation, execution, input, answer);
    if (operation !== 'StartExecution' && operation !== 'ListExecutions') return undefined;
    const machine = await this.machine(region, String(input.stateMachineArn)).catch((error: unknown) => {
      // The emulator says best what it does not know.
      if (error instanceof AwsApiError) return undefined;
      throw error;
    });
    if (!machine) return undefined;
    return answer(machine.arn, () => (operation === 'ListExecutions' ? this.list(machine, input) : this.begin(machine, input)));
  }

  /** Starts an execution as the account's root. */
  public async start(machineArn: string, input: unknown, name?: string): Promise<{ executionArn: string }> {
    const region = machineArn.split(':')[3];
    if (this.regions.some((one) => one.name === region && one.state === 'stopped')) {
      throw new Error(`${region} is stopped: nothing can be started there`);
    }
    const machine = await this.machine(region, machineArn);
    const request = { stateMachineArn: machineArn, input: JSON.stringify(input), ...(name === undefined ? {} : { name }) };
    if (!machine) return this.options.api.json(region, 'states', 'StartExecution', request);
    const { executionArn } = this.begin(machine, request);
    return { executionArn };
  }

  public stop(executionArn: string, cause?: string): void {
    this.executions.get(executionArn)?.abort(undefined, cause);
  }

  /** Newest first. */
  public views(): ExecutionView[] {
    return [...this.executions.values()].reverse().map((execution) => {
      const {
        settings: { arn, machine, input },
        status,
        startedAt,
        endedAt,
        output,
        error,
        cause,
        state,
        data,
        waitsForToken,
      } = execution;
      return {
        arn,
        machine: machine.name,
        region: arn.split(':')[3],
        status,
        startedAt: new Date(startedAt).toISOString(),
        input,
        output,
        error,
        cause,
        waitsForToken,
        ...(endedAt === undefined ? {} : { endedAt: new Date(endedAt).toISOString() }),
        ...(status === 'RUNNING' ? { state, data } : {}),
      };
    });
  }

  private routeExecution(
    operation: string,
    execution: Execution,
    input: Record<string, any>,
    answer: ActionHandler,
  ): ServiceRouting | undefined {
    const { arn, machine } = execution.settings;
    switch (operation) {
      case 'DescribeExecution':
        return answer(arn, () => described(execution));
      case 'GetExecutionHistory':
        return answer(arn, () => historyPage(execution, input));
      case 'StopExecution':
        return answer(arn, () => {
          execution.abort(input.error as string, input.cause as string);
          return { stopDate: (execution.endedAt ?? this.now()) / 1000 };
        });
      case 'DescribeStateMachineForExecution':
        return answer(arn, () => ({
          stateMachineArn: machine.arn,
          name: machine.name,
          roleArn: machine.roleArn,
          definition: JSON.stringify(machine.definition),
          updateDate: execution.startedAt / 1000,
        }));
      default:
        return undefined;
    }
  }

  /** The machine as it is deployed now; undefined when the emulator runs it. */
  private async machine(region: string, arn: string): Promise<Machine | undefined> {
    const facts = await this.options.api.json<DescribedMachine>(region, 'states', 'DescribeStateMachine', { stateMachineArn: arn });
    const definition = JSON.parse(facts.definition) as Definition;
    const foreign = facts.type === 'EXPRESS' ? 'it is an express one' : foreignPart(definition);
    if (foreign === undefined) return { region, arn, name: facts.name, roleArn: facts.roleArn, definition };
    if (!this.warned.has(arn)) {
      this.options.warn?.(`state machine ${facts.name} is left to the emulator, without heartbeats and rights: ${foreign}`);
    }
    this.warned.add(arn);
    return undefined;
  }

  private begin(machine: Machine, { input: text, name = randomUUID() }: Record<string, any>): { executionArn: string; startDate: number } {
    if (!/^[^\s<>{}[\]?*"#%\\^|~`$&,;:/]{1,80}$/.test(String(name))) throw new ActionRefusal('InvalidName', `Invalid Name: '${name}'`);
    const arn = `${machine.arn.replace(':stateMachine:', ':execution:')}:${name}`;
    const input = parsedOr('InvalidExecutionInput', text);
    const before = this.executions.get(arn);
    if (before) {
      const same = before.status === 'RUNNING' && JSON.stringify(before.settings.input) === JSON.stringify(input);
      if (same) return { executionArn: arn, startDate: before.startedAt / 1000 };
      throw new ActionRefusal('ExecutionAlreadyExists', `Execution Already Exists: '${arn}'`);
    }
    const execution = new Execution({
      arn,
      name: String(name),
      machine,
      input,
      opened: (task) => this.tokens.set(task.token, task),
      ended: (one) => this.over(one),
      ports: {
        now: this.now,
        random: Math.random,
        timers,
        regionRuns: () => this.regionRuns(machine.region),
        regionBackAt: () => this.region(machine.region)?.lastResumedAt ?? 0,
        invoke: (functionName, payload) => this.invoke(machine, functionName, payload),
      },
    });
    this.executions.set(arn, execution);
    this.count(machine, 'ExecutionsStarted', 1);
    this.tell(execution);
    void execution.run();
    return { executionArn: arn, startDate: execution.startedAt / 1000 };
  }

  /** Told when one has ended: its tokens are gone, and only now is its time known. */
  private over(execution: Execution): void {
    const { machine } = execution.settings;
    for (const [token, task] of this.tokens) if (task.execution === execution) this.tokens.delete(token);
    this.count(machine, 'ExecutionTime', this.now() - execution.startedAt);
    this.count(machine, metricOf[execution.status], 1);
    this.tell(execution);
    for (const [arn, old] of this.executions) {
      if (this.executions.size <= mostKept) break;
      if (old.status !== 'RUNNING') this.executions.delete(arn);
    }
  }

  /** The end of the run is nobody's news. */
  private tell(execution: Execution): void {
    if (!this.isClosed) this.options.changed?.(execution.settings.arn.split(':')[3], statusChange(execution));
  }

  private count(machine: Pick<Machine, 'arn'>, name: string, value: number): void {
    const metric = { region: machine.arn.split(':')[3], namespace: 'AWS/States', name, dimensions: { StateMachineArn: machine.arn } };
    this.options.store?.put(metric, value, this.now());
  }

  private region(name: string): RegionHandle | undefined {
    return this.regions.find((region) => region.name === name);
  }

  private async regionRuns(name: string): Promise<void> {
    const region = this.region(name);
    if (!region || region.state === 'running') return;
    await new Promise<void>((resolve) => {
      let waits = true;
      region.onChange((state) => {
        if (state !== 'running' || !waits) return;
        waits = false;
        resolve();
      });
    });
    return this.regionRuns(name);
  }

  /** As the machine's role. */
  private async invoke({ region, roleArn }: Machine, functionName: string, payload: Json): Promise<Json> {
    const arn = functionName.startsWith('arn:')
      ? functionName
      : `arn:aws:lambda:${region}:${this.options.accountId}:function:${functionName}`;
    try {
      const decision = await this.options.policies.decideRole(region, roleArn, 'lambda:InvokeFunction', arn);
      const refused = `${roleArn} is not authorized to perform: lambda:InvokeFunction on resource: ${arn}`;
      if (decision !== 'allowed') throw new StateFault('Lambda.AWSLambdaException', refused);
      const { failed, payload: result } = await this.options.api.invoke(region, arn.split(':')[6], payload, 'RequestResponse');
      if (!failed) return result === '' ? null : result;
      const { errorType } = result as { errorType?: string };
      throw new StateFault(errorType ?? 'Lambda.Unknown', JSON.stringify(result));
    } catch (thrown) {
      if (thrown instanceof StateFault) throw thrown;
      if (!(thrown instanceof AwsApiError)) throw new StateFault('Lambda.SdkClientException', String(thrown));
      throw new StateFault(`Lambda.${thrown.status >= 500 ? 'ServiceException' : thrown.code}`, thrown.message);
    }
  }

  private sendTask(operation: string, task: TaskToken, { output, error, cause }: Record<string, any>): object {
    if (!task.open) throw new ActionRefusal('TaskTimedOut', "Task Timed Out: 'Provided task does not exist anymore'");
    if (operation === 'SendTaskHeartbeat') {
      task.lastBeat = this.now();
      return {};
    }
    task.settle(
      operation === 'SendTaskFailure'
        ? new StateFault(String(error ?? ''), String(cause ?? ''))
        : { output: parsedOr('InvalidOutput', output) },
    );
    return {};
  }

  private list(machine: Machine, { statusFilter, maxResults = 100, nextToken }: Record<string, any>): object {
    const all = [...this.executions.values()]
      .reverse()
      .filter((one) => one.settings.machine.arn === machine.arn && (statusFilter === undefined || one.status === statusFilter));
    return page(
      all.map((one) => {
        const { executionArn, stateMachineArn, name, status, startDate, stopDate } = described(one);
        return { executionArn, stateMachineArn, name, status, startDate, stopDate };
      }),
      'executions',
      Number(maxResults) || 100,
      nextToken as string,
    );
  }
}

const metricOf: Readonly<Record<ExecutionStatus, string>> = {
  RUNNING: '',
  SUCCEEDED: 'ExecutionsSucceeded',
  FAILED: 'ExecutionsFailed',
  TIMED_OUT: 'ExecutionsTimedOut',
  ABORTED: 'ExecutionsAborted',
};

async function answerOf(work: () => Promise<object> | object): Promise<ServiceAnswer> {
  try {
    return jsonAnswer(await work());
  } catch (error) {
    if (error instanceof ActionRefusal) return jsonRefusal(error.code, error.message);
    throw error;
  }
}

function parsedOr(code: string, text: unknown): Json {
  try {
    return JSON.parse(String(text ?? '{}')) as Json;
  } catch {
    throw new ActionRefusal(code, `'${String(text).slice(0, 100)}' is not JSON`);
  }
}

function described(execution: Execution): Record<string, any> {
  const {
    settings: { arn, name, machine, input },
    status,
    startedAt,
    endedAt,
    output,
    error,
    cause,
  } = execution;
  return {
    executionArn: arn,
    stateMachineArn: machine.arn,
    name,
    status,
    startDate: startedAt / 1000,
    error,
    cause,
    input: JSON.stringify(input),
    inputDetails: { included: true },
    ...(endedAt === undefined ? {} : { stopDate: endedAt / 1000 }),
    ...(status === 'SUCCEEDED' ? { output: JSON.stringify(output), outputDetails: { included: true } } : {}),
  };
}

function historyPage(
  execution: Execution,
  { maxResults = 100, nextToken, reverseOrder, includeExecutionData }: Record<string, any>,
): object {
  const events = [...execution.history.events(includeExecutionData !== false)];
  return page(reverseOrder ? events.reverse() : events, 'events', Number(maxResults) || 100, nextToken as string);
}

/** The token of a page is where it begins. */
function page(all: readonly object[], member: string, length: number, nextToken?: string): object {
  const from = Number(nextToken ?? 0);
  if (!Number.isInteger(from)) throw new ActionRefusal('InvalidToken', `Invalid Token: '${nextToken}'`);
  return { [member]: all.slice(from, from + length), ...(from + length < all.length ? { nextToken: String(from + length) } : {}) };
}
