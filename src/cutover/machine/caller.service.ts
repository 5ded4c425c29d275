import { canonicalJson, Json } from '../../kernel/fingerprint';
import { AuditClock } from '../audit/service';
import { CutoverPlan } from '../contract';

/** An execution as Step Functions knows it. */
export interface ExecutionSight {
  readonly status: string;
  readonly stateMachineArn: string;
  /** As it was started with: JSON. */
  readonly input: string;
}

/** What Step Functions says. Its answers may lag a few seconds behind. Each method throws when it does not answer. */
export interface ExecutionsPort {
  /** Undefined: there is no such execution. */
  describe(run: string): Promise<ExecutionSight | undefined>;
  /** The definition that the execution goes by, whatever was deployed since. */
  definition(run: string): Promise<string>;
  /** What the task that the execution is at was given; undefined when it is at none. */
  given(run: string): Promise<unknown>;
}

/** An execution of the one state machine that is served, which runs. */
export interface RunningCaller {
  readonly kind: 'running';
  /** The execution's input: JSON. */
  readonly input: string;
}

export interface RefusedCaller {
  readonly kind: 'refused';
  readonly why: string;
}

/** What a worker may believe. */
export interface BelievedCaller {
  readonly kind: 'believed';
  readonly plan: CutoverPlan;
  /** The execution's input. */
  readonly request: unknown;
}

export type CallerVerdict = BelievedCaller | RefusedCaller;

/** A definition as far as it is read. */
interface MachineDefinition {
  readonly States?: Readonly<Record<string, { readonly Parameters?: { readonly plan?: CutoverPlan } } | undefined>>;
}

const refusalOf = (why: string): RefusedCaller => ({ kind: 'refused', why });

/**
 * How often it is looked again before a call counts as somebody else's: Step Functions promises no more than to be consistent in the end.
 */
const looks = 20;
const lookAgainMs = 1_000;

/** Where a worker looks its caller up. */
export interface CallerLookup {
  readonly executions: Pick<ExecutionsPort, 'describe' | 'given'>;
  /** ARN of the one state machine that is served. */
  readonly stateMachineArn: string;
  readonly sleep: (ms: number) => Promise<void>;
}

/**
 * Whether an execution of the state machine runs, and is making this call: to the letter, as its history says. A caller is believed nothing
 * but the execution's ARN.
 */
export function askingCaller(ports: CallerLookup, asked: { readonly run: unknown }): Promise<RunningCaller | RefusedCaller> {
  return runningCaller(ports, asked.run, async (run) => isSameJson(await ports.executions.given(run), asked));
}

/** Whether an execution of the state machine runs, and is as it should be. */
export async function runningCaller(
  { executions, stateMachineArn, sleep }: CallerLookup,
  run: unknown,
  isRight: (run: string) => Promise<boolean> = async () => true,
): Promise<RunningCaller | RefusedCaller> {
  if (typeof run !== 'string' || run === '') return refusalOf("'run' is not the ARN of an execution");
  let refusal = refusalOf('');
  for (let look = 1; look <= looks; look += 1) {
    const sight = await executions.describe(run);
    if (sight && sight.stateMachineArn !== stateMachineArn) return refusalOf(`${run} is an execution of ${sight.stateMachineArn}`);
    if (sight && sight.status !== 'RUNNING') return refusalOf(`the execution ${run} is ${sight.status}`);
    if (!sight) {
      refusal = refusalOf(`there is no execution ${JSON.stringify(run.slice(0, 300))}`);
    } else if (await isRight(run)) {
      return { kind: 'running', input: sight.input };
    } else {
      refusal = refusalOf(`the execution ${run} is not making this call`);
    }
    if (look < looks) await sleep(lookAgainMs);
  }
  return refusal;
}

/**
 * Tells whether the state machine is asking, and what it goes by: plan and input are those of the execution, and the call must be the one
 * that the execution's history says it is making now.
 */
export class CallerCheck {
  /** An execution's definition never changes. */
  private readonly plans = new Map<string, CutoverPlan>();

  constructor(
    private readonly executions: ExecutionsPort,
    private readonly stateMachineArn: string,
    private readonly clock: Pick<AuditClock, 'sleep'>,
  ) {}

  public async look(asked: { readonly run: unknown }): Promise<CallerVerdict> {
    const { executions, stateMachineArn, clock } = this;
    const caller = await askingCaller({ executions, stateMachineArn, sleep: (ms) => clock.sleep(ms) }, asked);
    if (caller.kind === 'refused') return caller;
    return { kind: 'believed', plan: await this.planOf(asked.run as string), request: JSON.parse(caller.input) as unknown };
  }

  private async planOf(run: string): Promise<CutoverPlan> {
    const known = this.plans.get(run);
    if (known) return known;
    const { States: states } = JSON.parse(await this.executions.definition(run)) as MachineDefinition;
    const plan = states?.Plan?.Parameters?.plan;
    if (!plan) throw new Error(`the definition of ${run} has no plan: its state 'Plan' was changed by hand`);
    this.plans.set(run, plan);
    return plan;
  }
}

function isSameJson(given: unknown, asked: unknown): boolean {
  return given !== undefined && canonicalJson(given as Json) === canonicalJson(asked as Json);
}
