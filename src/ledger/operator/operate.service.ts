import { causeOf } from '../../kernel/cause';
import { AskedBy, AuthorityRecord, HomeSettings } from '../homes/authority.domain';
import { Authority } from '../homes/authority.service';
import { unitOf } from '../homes/home.service';
import { CallContext } from '../model';
import { LedgerPorts, LedgerStore, StoreFault } from '../ports';
import { relocate, RelocationPorts, RelocationResult } from './relocate.service';
import { Attempt, GaveUp } from '../protocol/attempt.service';
import { isTextOf, operatorLimits } from '../values.contract';

/** What is asked of the region in which the function stands: it becomes the home, or leaves the home where it is. */
export interface OperatorRequest {
  readonly action: 'takeover' | 'relocate' | 'abort';
  readonly unit: number;
  readonly asked: AskedBy;
}

export type OperatorResult =
  | { readonly kind: 'taken'; readonly record: AuthorityRecord }
  | RelocationResult
  /** The old home writes again. */
  | { readonly kind: 'aborted'; readonly record: AuthorityRecord }
  | { readonly kind: 'refused'; readonly detail: string }
  /** The tables could not be worked with in time; the same request can be made again. */
  | { readonly kind: 'unsure'; readonly detail: string };

export interface OperatorPorts extends LedgerPorts {
  readonly authority: LedgerStore;
  /** All of a unit's items in a region's replica. */
  readonly scan: (region: string, unit: number) => ReturnType<RelocationPorts['scan']>;
  readonly items: RelocationPorts['items'];
}

type UncheckedMembers = Readonly<Record<string, unknown>>;
const membersOf = (event: unknown): UncheckedMembers => (typeof event === 'object' && event !== null ? event : {}) as UncheckedMembers;

const isName = isTextOf(operatorLimits.byLength);
const isReason = isTextOf(operatorLimits.reasonLength);

/**
 * Reads the request of a person on call; a text says what is wrong with it. Whoever may invoke the function is believed in what he does:
 * that is what it is for. Who he is and why, he says, and it is recorded.
 */
export function operatorRequestOf(event: unknown, units: number): OperatorRequest | string {
  const members = membersOf(event);
  const { action, by, reason } = members;
  if (action !== 'takeover' && action !== 'relocate' && action !== 'abort') {
    return (
      `'action' is ${JSON.stringify(action)}: give one of takeover, relocate, abort; 'status' and 'reconcile' are asked of ` +
      `'...-home-status'`
    );
  }
  const unit = unitIn(members, action, units);
  if (typeof unit === 'string') return unit;
  if (!isName(by) || !isReason(reason)) {
    return (
      `'${action}' takes 'by', who asks for it (at most ${operatorLimits.byLength} characters), and 'reason' (at most ` +
      `${operatorLimits.reasonLength}): both are recorded`
    );
  }
  return { action, unit, asked: { by, reason } };
}

/**
 * Reads the request of a cutover, which takes over nothing and names its run; whether that runs is looked up. A text says what is wrong
 * with it.
 */
export function moveRequestOf(event: unknown, units: number): (OperatorRequest & { readonly asked: { readonly run: string } }) | string {
  const members = membersOf(event);
  const { action, run } = members;
  if (action !== 'relocate' && action !== 'abort') return `'action' is ${JSON.stringify(action)}: give relocate or abort`;
  const unit = unitIn(members, action, units);
  if (typeof unit === 'string') return unit;
  if (typeof run !== 'string' || run.length > operatorLimits.runLength) {
    return `'${action}' takes 'run', the ARN of the cutover's execution`;
  }
  return { action, unit, asked: { run } };
}

function unitIn({ unit, tenant }: UncheckedMembers, action: string, units: number): number | string {
  if (typeof tenant === 'string' && tenant !== '' && unit === undefined) return unitOf(tenant, units);
  const number = unit ?? (units === 1 ? 0 : undefined);
  if (typeof number === 'number' && Number.isInteger(number) && number >= 0 && number < units) return number;
  return `'${action}' takes 'unit', a whole number from 0 to ${units - 1}, or 'tenant'`;
}

/** An operator's work in one region: it becomes the home, or says what it finds. */
export class HomeOperations {
  private readonly authority: Authority;

  constructor(
    private readonly ports: OperatorPorts,
    private readonly region: string,
    private readonly home: HomeSettings,
  ) {
    this.authority = new Authority(region, home);
  }

  public async run({ action, unit, asked }: OperatorRequest, context: CallContext): Promise<OperatorResult> {
    const attempt = new Attempt({ ...this.ports, store: this.ports.authority }, { region: this.region }, context);
    try {
      switch (action) {
        case 'takeover':
          return await this.takeOver(attempt, unit, asked);
        case 'relocate':
          return await this.relocate(attempt, unit, asked);
        case 'abort':
          return await this.abort(attempt, unit, asked);
      }
    } catch (error) {
      if (error instanceof GaveUp || error instanceof StoreFault) return { kind: 'unsure', detail: error.message };
      throw error;
    }
  }

  /** Stops the old home first, which may live and only be of no use; then waits as long as anything that it allowed may last. */
  private async takeOver(attempt: Attempt, unit: number, asked: AskedBy): Promise<OperatorResult> {
    if (!(await this.authority.beginDrain(attempt, unit, this.region, asked))) {
      return {
        kind: 'refused',
        detail: `the home of unit ${unit} is ${this.region} already, or the unit is being moved elsewhere: see 'status'`,
      };
    }
    for (;;) {
      const result = await this.authority.takeOver(attempt, unit, true);
      if (result.kind === 'changed') {
        return { kind: 'refused', detail: `unit ${unit} was changed in the meantime, or the takeover was called off: see 'status'` };
      }
      if (result.kind === 'taken') {
        attempt.context.observe?.('homeTakeover');
        return result;
      }
      await this.ports.sleep(result.ms + 10);
    }
  }

  private relocate(attempt: Attempt, unit: number, asked: AskedBy): Promise<OperatorResult> {
    const ports = { scan: (region: string) => this.ports.scan(region, unit), items: this.ports.items };
    return relocate(attempt, this.authority, this.home, ports, unit, asked);
  }

  private async abort(attempt: Attempt, unit: number, asked: AskedBy): Promise<OperatorResult> {
    const record = await this.authority.abortDrain(attempt, unit, { asked });
    return record ? { kind: 'aborted', record } : { kind: 'refused', detail: `unit ${unit} is not being moved: see 'status'` };
  }
}

/** What a cutover's run that is under way is doing, as Step Functions says. */
export interface CutoverSight {
  /** The step that it waits for; undefined when it waits for none. */
  readonly step?: string;
  /** Region that its plan moves to; undefined when the definition has no plan. */
  readonly target?: string;
}

export interface CutoverMovesPorts {
  /** Undefined: no execution of this system's cutover that is under way. Throws when that cannot be told. */
  readonly look: (run: string) => Promise<CutoverSight | undefined>;
  /** Where the function stands. */
  readonly region: string;
  readonly sleep: (ms: number) => Promise<void>;
}

/** How often it is looked again before a run counts as doing something else: Step Functions' answers may lag behind. */
const looks = 20;
const lookAgainMs = 1_000;

/** A cutover's moves: the same work, for a run that can be seen to be making this very move, and for no other caller. */
export class CutoverMoves {
  constructor(
    private readonly operations: HomeOperations,
    private readonly ports: CutoverMovesPorts,
  ) {}

  public async run(request: Exclude<ReturnType<typeof moveRequestOf>, string>, context: CallContext): Promise<OperatorResult> {
    const { run } = request.asked;
    try {
      const problem = await this.problem(run, request.action);
      if (problem !== undefined) return { kind: 'refused', detail: `${problem}: nothing is moved` };
    } catch (error) {
      return { kind: 'unsure', detail: `the state of ${run} could not be read, so nothing is moved: ${causeOf(error)}` };
    }
    return this.operations.run(request, context);
  }

  private async problem(run: string, action: OperatorRequest['action']): Promise<string | undefined> {
    const { look, region, sleep } = this.ports;
    for (let looked = 1; ; looked += 1) {
      const sight = await look(run);
      if (!sight) return `${run} is not a running execution of this system's cutover`;
      if (isMoving(sight, action, region)) return undefined;
      if (looked === looks) {
        return `${run} is not at '${action}' to ${region}: it is at ${sight.step ?? 'no step'}, on the way to ${sight.target ?? 'nowhere'}`;
      }
      await sleep(lookAgainMs);
    }
  }
}

/**
 * Whether a run's step asks this of this region: homes go to the plan's target, and back to where they came from, which is never the
 * target.
 */
function isMoving({ step, target }: CutoverSight, action: OperatorRequest['action'], region: string): boolean {
  if (target === undefined) return false;
  return region === target ? step === 'authority' && action === 'relocate' : step === 'authorityBack';
}
