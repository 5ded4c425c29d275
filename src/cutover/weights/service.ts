import { changedSince, describeFound, describeShape, driftOf, PublicRecords, isExplained, regionsAt, sameShape, sharesOf } from './domain';
import { sha256 } from '../../kernel/digest';
import { CutoverState, OpenIntent } from '../audit/domain';
import { AuditClock, AuditLog } from '../audit/service';
import { AuditDraft, IntentKind, RecordShape, RegionPair, StampedShape } from '../model';
import { ShiftOutcome } from './model';

/** Route 53's side of the public name. Every method may throw `ControlPlaneUnreachable`. */
export interface RecordsPort {
  read(): Promise<PublicRecords>;
  /** Replaces exactly what was found, all at once; refused when it is no longer what stands there, or when it is not allowed. */
  replace(
    was: PublicRecords,
    becomes: StampedShape | undefined,
  ): Promise<{ readonly kind: 'accepted'; readonly changeId: string } | { readonly kind: 'refused'; readonly detail: string }>;
  /** Whether a change has reached every name server; `unknown` for a change that nobody remembers. */
  isInSync(changeId: string): Promise<boolean | 'unknown'>;
}

/** No answer of Route 53's control plane, which is in us-east-1: it is not known whether what was asked has happened. */
export class ControlPlaneUnreachable extends Error {
  constructor(detail: string, options?: ErrorOptions) {
    super(`control plane unreachable: ${detail}`, options);
    this.name = 'ControlPlaneUnreachable';
  }
}

/** A change of the records to be carried out once, however often it is asked for. */
export interface WeightOrder {
  readonly run: string;
  readonly by: readonly string[];
  /** Names the change: the same text is the same change. */
  readonly key: string;
  readonly kind: IntentKind;
  readonly phase?: number;
  /** What the records become, of what they are; a text says why they become nothing, and is the order's refusal. */
  readonly to: (is: RecordShape | undefined, state: CutoverState, found: PublicRecords) => RecordShape | string;
  /** Whose records they become; those of whom they are, unless a deployment says otherwise. */
  readonly regions?: RegionPair;
  /** Replaces also what nobody recorded. */
  readonly force?: boolean;
  /** As returned by an earlier `pending`. */
  readonly changeId?: string;
  /** Epoch milliseconds until which to wait for the name servers. */
  readonly deadlineMs: number;
}

/** What a worker found when it looked. */
interface RecordsSight {
  readonly found: PublicRecords;
  readonly state: CutoverState;
}

const syncPollMs = 2_000;
const tries = 6;

/**
 * Changes the public name's records: intent recorded, change made, waited for, result recorded. Can be repeated at any point and by
 * several workers at once. Two things make it so: an intent takes a place in the audit that only one can have, and its number is part
 * of what is written, while a change names exactly what it replaces. A worker that was overtaken finds something else and gives up.
 */
export class WeightChange {
  constructor(
    private readonly log: AuditLog,
    private readonly records: RecordsPort,
    private readonly clock: AuditClock,
  ) {}

  public async carryOut(order: WeightOrder): Promise<ShiftOutcome> {
    try {
      return await this.attempt(order);
    } catch (error) {
      if (error instanceof ControlPlaneUnreachable) return { outcome: 'unreachable', detail: error.message };
      throw error;
    }
  }

  /** Records that what stands there now is what shall stand there, if it is still the drift with the digest that people were shown. */
  public async adopt(run: string, by: readonly string[], shown: unknown): Promise<ShiftOutcome> {
    try {
      const current = await this.records.read();
      if (current.kind !== 'ours') {
        return { outcome: 'refused', detail: `the records cannot be adopted: ${describeFound(current)}; revert them` };
      }
      const { shape, stamp } = current.stamped;
      const key = `${run}/adopted`;
      const { keys } = await this.log.append((now) =>
        driftOf(now, current).digest === shown ? { key, by, entry: { what: 'adopted', run, shape, stamp } } : undefined,
      );
      if (!keys.has(key)) return { outcome: 'refused', detail: changedSince(current) };
      return { outcome: 'changed', weights: describeShape(shape), shape };
    } catch (error) {
      if (error instanceof ControlPlaneUnreachable) return { outcome: 'unreachable', detail: error.message };
      throw error;
    }
  }

  private async attempt(order: WeightOrder): Promise<ShiftOutcome> {
    let { changeId } = order;
    let refusal = '';
    for (let tried = 0; tried < tries; tried += 1) {
      const sight = await this.look(order);
      if ('outcome' in sight) return sight;
      const own = await this.ownIntent(order, sight);
      if (!own) continue;
      if (typeof own === 'string') return { outcome: 'refused', detail: own };
      const change = await this.make(own, sight.found, changeId);
      if (change.kind === 'refused') {
        refusal = change.detail;
        await this.clock.sleep(250 * (tried + 1));
        continue;
      }
      const sync = await this.waitForSync(change.changeId, order.deadlineMs);
      if (sync === 'pending') return { outcome: 'pending', changeId: change.changeId };
      changeId = undefined;
      if (sync === 'unknown') continue;
      await this.recordResult(order, own);
    }
    return refusal
      ? { outcome: 'refused', detail: refusal }
      : { outcome: 'superseded', detail: 'other workers kept changing the records: ask again' };
  }

  private alreadyOver({ key, run, kind }: WeightOrder, state: CutoverState): ShiftOutcome | undefined {
    const { recorded, keys } = state;
    if (keys.has(`${key}/changed`)) {
      return recorded && { outcome: 'changed', weights: describeShape(recorded.shape), shape: recorded.shape };
    }
    const deploying = kind === 'create' || kind === 'deploy';
    if (!deploying && state.run?.id !== run) return { outcome: 'superseded', detail: `run ${run} has ended` };
    const last = state.open[state.open.length - 1];
    if (keys.has(key) && last?.key !== key) {
      return { outcome: 'superseded', detail: `${last ? `'${last.kind}' of ${last.run}` : 'another decision'} came in between` };
    }
    // A deployment overtakes nobody but another one, which died.
    if (deploying && last && last.key !== key && last.kind !== 'create' && last.kind !== 'deploy') {
      return {
        outcome: 'superseded',
        detail: `'${last.kind}' of ${last.run} is open: let its run end, or start one, which settles it; then deploy again`,
      };
    }
    return undefined;
  }

  /** What stands there and what is recorded, if the one explains the other; else how that ends the order. */
  private async look(order: WeightOrder): Promise<RecordsSight | ShiftOutcome> {
    for (let before: number | undefined; ;) {
      // The control plane first: while it is away, nothing is recorded that is not done.
      const sight = { found: await this.records.read(), state: await this.log.current() };
      const over = this.alreadyOver(order, sight.state);
      if (over) return over;
      if (order.force || isExplained(sight.state, sight.found)) return sight;
      // Read one after the other, the two may belong to different moments: only what is found between two equal states is a drift.
      if (sight.state.seq === before) return this.recordDrift(order, sight);
      before = sight.state.seq;
    }
  }

  private async recordDrift(order: WeightOrder, { found, state }: RecordsSight): Promise<ShiftOutcome> {
    const { recorded, found: real } = driftOf(state, found);
    await this.log.append((now) =>
      now.seq === state.seq
        ? {
            key: `${order.key}/drift/${sha256(recorded + real).slice(0, 12)}`,
            by: order.by,
            entry: { what: 'drift', run: order.run, recorded, real, ...(found.kind === 'ours' ? { found: found.stamped } : {}) },
          }
        : undefined,
    );
    return { outcome: 'drift', recorded, real };
  }

  /** The order's intent, recorded now if it was not; undefined when the state has changed under it; a text when there is none to record. */
  private async ownIntent(order: WeightOrder, { found, state }: RecordsSight): Promise<OpenIntent | string | undefined> {
    const { key, run, kind, phase, by } = order;
    const mine = (now: CutoverState): OpenIntent | undefined => now.open.find((open) => open.key === key);
    if (mine(state)) return mine(state);
    const from = found.kind === 'ours' ? found.stamped.shape : undefined;
    const to = order.to(from, state, found);
    if (typeof to === 'string') return to;
    const { regions = regionsAt(state, found) } = order;
    const draft: AuditDraft = {
      key,
      by,
      entry: {
        what: 'intent',
        run,
        kind,
        ...(phase === undefined ? {} : { phase }),
        ...(from ? { from } : {}),
        to,
        ...(regions ? { regions } : {}),
      },
    };
    return mine(await this.log.append((now) => (now.seq === state.seq ? draft : undefined)));
  }

  private async make(
    own: OpenIntent,
    found: PublicRecords,
    changeId: string | undefined,
  ): Promise<Awaited<ReturnType<RecordsPort['replace']>>> {
    const done = found.kind === 'ours' && found.stamped.stamp === own.seq && sameShape(found.stamped.shape, own.to);
    if (done && changeId !== undefined) return { kind: 'accepted', changeId };
    // Made by an earlier try whose answer was lost: made once more of itself, to learn whether the name servers have it.
    return this.records.replace(found, { shape: own.to, stamp: own.seq });
  }

  private async waitForSync(changeId: string, deadlineMs: number): Promise<'inSync' | 'pending' | 'unknown'> {
    for (;;) {
      const inSync = await this.records.isInSync(changeId);
      if (inSync === 'unknown') return 'unknown';
      if (inSync) return 'inSync';
      if (this.clock.nowMs() + syncPollMs >= deadlineMs) return 'pending';
      await this.clock.sleep(syncPollMs);
    }
  }

  private async recordResult({ key, run, by, kind }: WeightOrder, own: OpenIntent): Promise<void> {
    await this.log.append((state) =>
      state.open.some(({ seq }) => seq === own.seq)
        ? { key: `${key}/changed`, by, entry: { what: 'changed', run, intent: own.seq, kind, weights: sharesOf(own.to), inSync: true } }
        : undefined,
    );
  }
}
