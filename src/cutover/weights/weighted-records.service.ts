import { CutoverState } from '../audit/domain';
import { AuditClock, AuditLog } from '../audit/service';
import { AuditAnchor } from '../contract';
import { deployedShape, isDeployed } from './deployed-shape.domain';
import { PublicRecords } from './domain';
import { ShiftOutcome } from './model';
import { RecordsPort, WeightChange, WeightOrder } from './service';
import {
  addressProblem,
  DeployedResource,
  foreignEvent,
  isTakingBack,
  RecordsWish,
  unaskedEvent,
  untimelyEvent,
  wishOf,
} from './weighted-records.domain';
import { causeOf } from '../../kernel/cause';
import { CloudFormationEvent, responseProblem, ResponsePlace } from '../../kernel/custom-resource';
import { RegionAddress } from '../../kernel/system-names';

/** A deployment's request, as CloudFormation names it. */
export interface RecordsRequest {
  readonly type: 'Create' | 'Update' | 'Delete';
  readonly requestId: string;
  readonly stack: string;
  readonly wish: RecordsWish;
  /** CloudFormation takes a failed update back. */
  readonly isTakenBack?: boolean;
}

export interface RecordsPorts {
  readonly log: AuditLog;
  readonly records: RecordsPort;
  readonly clock: AuditClock;
  /** What a region has said of itself. */
  readonly addressOf: (region: string) => Promise<RegionAddress | undefined>;
  /** Whether a run's execution still runs. Throws when that cannot be told. */
  readonly isRunning: (run: string) => Promise<boolean>;
  /** The end of an audit that the deployment takes over. */
  readonly formerAuditEnd?: AuditAnchor;
}

export type RecordsResult = { readonly kind: 'done' } | { readonly kind: 'failed'; readonly reason: string };

const done: RecordsResult = { kind: 'done' };
const failureOf = (reason: string): RecordsResult => ({ kind: 'failed', reason });

/**
 * Makes and keeps the public name's records for a deployment, and never their weights: those are the cutover's. A deployment changes
 * where the records point and how long they are kept.
 */
export class WeightedRecordsKeeper {
  private readonly change: WeightChange;

  constructor(private readonly ports: RecordsPorts) {
    this.change = new WeightChange(ports.log, ports.records, ports.clock);
  }

  public async carryOut(request: RecordsRequest, deadlineMs: number): Promise<RecordsResult> {
    if (request.type === 'Delete') return this.remove(request);
    const { type, wish, requestId, stack } = request;
    // What made the update fail may stand in the way still, and a stack that cannot be put back cannot be deployed either.
    if (request.isTakenBack && isDeployed(wish, undefined, await this.audit(stack))) return done;
    const [source, target] = await Promise.all([wish.source, wish.target].map((region) => this.ports.addressOf(region)));
    const silent = [!source && wish.source, !target && wish.target].filter(Boolean);
    if (!source || !target) {
      return failureOf(
        `${silent.join(' and ')} did not say where its API is: deploy its ActiveActivePaymentsApi with domain.records HANDOVER or ` +
          `CUTOVER first`,
      );
    }
    const foreign = addressProblem(source, wish.source) ?? addressProblem(target, wish.target);
    if (foreign) return failureOf(foreign);
    const state = await this.audit(stack);
    const shape = (found: PublicRecords, now: CutoverState): ReturnType<typeof deployedShape> =>
      deployedShape(wish, { source, target }, found, now);
    // A stack that is made has no machine yet by which people could adopt or revert what stands there.
    const force = wish.replaceExisting && (!state.recorded || type === 'Create');
    if (!force && isDeployed(wish, { source, target }, state)) return done;
    const order: WeightOrder = {
      run: `deploy ${stack}`,
      by: [`cloudformation ${stack}`],
      key: `deploy/${requestId}`,
      kind: state.recorded && !force ? 'deploy' : 'create',
      deadlineMs,
      force,
      to: (_is, now, found) => shape(found, now),
      regions: { source: wish.source, target: wish.target },
    };
    return resultOf(await this.untilInSync(order, deadlineMs), type, state);
  }

  private async audit(stack: string): Promise<CutoverState> {
    const { log, formerAuditEnd } = this.ports;
    if (formerAuditEnd) await log.takeOver(formerAuditEnd, [`cloudformation ${stack}`]);
    return log.current();
  }

  /** An execution that was stopped, or is forgotten, does not record its end any more. */
  private async recordEnd(run: string, stack: string): Promise<void> {
    const why = 'its execution ended without recording its end';
    await this.ports.log.append((now) =>
      now.run?.id === run
        ? { key: `${run}/ended`, by: [`cloudformation ${stack}`], entry: { what: 'ended', run, state: 'PAUSED', why } }
        : undefined,
    );
  }

  private async untilInSync(order: WeightOrder, deadlineMs: number): Promise<ShiftOutcome> {
    for (let changeId: string | undefined; ;) {
      const outcome = await this.change.carryOut({ ...order, ...(changeId ? { changeId } : {}) });
      if (outcome.outcome !== 'pending' || this.ports.clock.nowMs() >= deadlineMs) return outcome;
      changeId = outcome.changeId;
    }
  }

  private async remove({ wish, requestId, stack }: RecordsRequest): Promise<RecordsResult> {
    if (wish.onDelete === 'RETAIN') return done;
    const { log, records } = this.ports;
    const state = await log.current();
    if (state.run) {
      const { id } = state.run;
      if (await this.ports.isRunning(id)) return failureOf(`run ${id} is under way: the records go when it has ended`);
      await this.recordEnd(id, stack);
    }
    const current = await records.read();
    // Nothing of ours is left to delete.
    if (current.kind === 'other' || (current.kind === 'none' && !state.recorded)) return done;
    const answer = current.kind === 'ours' ? await records.replace(current, undefined) : undefined;
    if (answer?.kind === 'refused') return failureOf(`the records could not be deleted: ${answer.detail}`);
    // Also when an earlier try has deleted them, whose answer was lost.
    await log.append(() => ({
      key: `deploy/${requestId}/removed`,
      by: [`cloudformation ${stack}`],
      entry: { what: 'removed', run: `deploy ${stack}` },
    }));
    return done;
  }
}

function resultOf(outcome: ShiftOutcome, type: RecordsRequest['type'], before: CutoverState): RecordsResult {
  switch (outcome.outcome) {
    case 'changed':
      return done;
    case 'drift':
      return failureOf(
        before.recorded
          ? `the records are not as recorded (found ${outcome.real}; recorded ${outcome.recorded}): ` +
              `${type === 'Create' ? 'set replaceExisting' : 'start a run with action adopt or revert, then deploy again'}`
          : `the public name has other records (${outcome.real}): take them out of their stack without deleting them, and set ` +
              `replaceExisting`,
      );
    case 'pending':
      return failureOf(`change ${outcome.changeId} has not reached the name servers in time: deploy again`);
    default:
      return failureOf(outcome.detail);
  }
}

/** How often CloudFormation is asked whether it asks: its events may come a little after its requests. */
const looks = 10;
const lookAgainMs = 2_000;

/** What stands around a keeper that is asked by CloudFormation. */
export interface ResourcePorts {
  readonly keeper: Pick<WeightedRecordsKeeper, 'carryOut'>;
  /** Throws when CloudFormation does not say. */
  readonly stackStatus: (stackId: string) => Promise<string>;
  /** What CloudFormation last said of a resource of the stack; it may lag a little. */
  readonly resourceStatus: (stackId: string, logicalId: string) => Promise<string | undefined>;
  readonly sleep: (ms: number) => Promise<void>;
  readonly respond: (event: CloudFormationEvent, result: RecordsResult) => Promise<void>;
  /** Somebody else than CloudFormation asked. */
  readonly refused: (why: string) => void;
}

/**
 * The custom resource. An event decides nothing but its type: what the records shall be is what the function was deployed with, and whether
 * there is a deployment is asked of CloudFormation. Any other event changes nothing, and is answered only where CloudFormation listens.
 */
export class WeightedRecordsResource {
  constructor(
    private readonly ports: ResourcePorts,
    private readonly own: DeployedResource,
    private readonly place: ResponsePlace,
  ) {}

  public async handle(event: CloudFormationEvent, deadlineMs: number): Promise<RecordsResult> {
    const elsewhere = responseProblem(event?.ResponseURL, this.place.region, this.place.endpoint);
    if (elsewhere) return this.refuse(elsewhere);
    const foreign = foreignEvent(event, this.own);
    // Not answered either: the answer would be about a resource that is not this one.
    if (foreign && (event.StackId !== this.own.stackId || event.LogicalResourceId !== this.own.logicalId)) return this.refuse(foreign);
    const result = foreign ? this.refuse(foreign) : await this.carryOut(event, deadlineMs);
    await this.ports.respond(event, result);
    return result;
  }

  private async doubtAbout(
    event: Pick<CloudFormationEvent, 'RequestType' | 'LogicalResourceId'>,
    stackId: string,
  ): Promise<string | undefined> {
    for (let look = 1; ; look += 1) {
      const problem = unaskedEvent(event, await this.ports.resourceStatus(stackId, event.LogicalResourceId));
      if (problem === undefined || look === looks) return problem;
      await this.ports.sleep(lookAgainMs);
    }
  }

  private async carryOut(
    { RequestType, RequestId, StackId, LogicalResourceId }: CloudFormationEvent,
    deadlineMs: number,
  ): Promise<RecordsResult> {
    try {
      const status = await this.ports.stackStatus(StackId);
      const untimely = untimelyEvent({ RequestType, StackId }, status);
      if (untimely) return this.refuse(untimely);
      const unasked = await this.doubtAbout({ RequestType, LogicalResourceId }, StackId);
      if (unasked) return this.refuse(unasked);
      const stack = StackId.split('/')[1] ?? StackId;
      return await this.ports.keeper.carryOut(
        {
          type: RequestType,
          requestId: RequestId,
          stack,
          wish: wishOf(this.own.properties),
          isTakenBack: RequestType === 'Update' && isTakingBack(status),
        },
        deadlineMs,
      );
    } catch (error) {
      return failureOf(causeOf(error));
    }
  }

  private refuse(why: string): RecordsResult {
    this.ports.refused(why);
    return failureOf(`refused: ${why}`);
  }
}
