import { addresses, source as sourceRegion, target as targetRegion } from './settings';
import { TestSigner } from './signer';
import { weightsOf } from '../../src/cutover/audit/domain';
import { AuditLog, AuditPort } from '../../src/cutover/audit/service';
import { AuditDraft, RecordShape, StampedShape } from '../../src/cutover/model';
import { PublicRecords, sameShape } from '../../src/cutover/weights/domain';
import { ControlPlaneUnreachable, RecordsPort, WeightChange, WeightOrder } from '../../src/cutover/weights/service';

/** Thrown in place of going on: the process is gone. */
export class Crash extends Error {}

export const shapeOf = (source: number, target: number, ttlSeconds = 60): RecordShape => ({
  ttlSeconds,
  source: { ...addresses[sourceRegion], weight: source },
  target: { ...addresses[targetRegion], weight: target },
});

/** Something done to a port's call: before it has an effect, or after it. */
export type Disturb = (port: string) => Promise<{ readonly after: () => void }>;
const calm: Disturb = async () => ({ after: () => undefined });

/** Parameter Store and Route 53 as far as a cutover knows them, with a clock of their own. */
export class World {
  public nowMs = Date.parse('2026-11-22T10:00:00Z');
  public readonly parameters = new Map<number, string>();
  /** Parameters below the audit's path that are in no place. */
  public beside: string[] = [];
  /** Everybody who may write. */
  public signer = new TestSigner();
  public stamped?: StampedShape;
  public foreign?: string;
  public unreachable = false;
  public syncMs = 5_000;
  /** Every shape that the public ever saw. */
  public readonly seen: RecordShape[] = [];
  private readonly changes = new Map<string, number>();

  public readonly clock = {
    nowMs: (): number => this.nowMs,
    sleep: async (ms: number): Promise<void> => {
      this.nowMs += ms;
    },
  };

  public audit(disturb: Disturb = calm): AuditPort {
    return {
      put: async (seq, text) => {
        const { after } = await disturb('put');
        const taken = this.parameters.has(seq);
        if (!taken) this.parameters.set(seq, text);
        after();
        return taken ? 'taken' : 'written';
      },
      read: async (seqs) => {
        (await disturb('read')).after();
        return new Map(seqs.flatMap((seq): [number, string][] => (this.parameters.has(seq) ? [[seq, this.parameters.get(seq)!]] : [])));
      },
      list: async () => ({ texts: new Map(this.parameters), others: this.beside }),
    };
  }

  public log(disturb?: Disturb): AuditLog {
    return new AuditLog(this.audit(disturb), this.signer, this.clock);
  }

  public records(disturb: Disturb = calm): RecordsPort {
    const call = async (name: string): Promise<() => void> => {
      const { after } = await disturb(name);
      if (this.unreachable) throw new ControlPlaneUnreachable('no answer from Route 53');
      return after;
    };
    return {
      read: async () => {
        const after = await call('records.read');
        after();
        return this.foundRecords();
      },
      replace: async (was, becomes) => {
        const after = await call('records.replace');
        if (!this.matches(was)) return { kind: 'refused', detail: 'values provided do not match the current values' };
        this.stamped = becomes;
        this.foreign = undefined;
        if (becomes) this.seen.push(becomes.shape);
        const changeId = `C${this.changes.size + 1}`;
        this.changes.set(changeId, this.nowMs + this.syncMs);
        after();
        return { kind: 'accepted', changeId };
      },
      isInSync: async (changeId) => {
        (await call('records.isInSync'))();
        const at = this.changes.get(changeId);
        return at === undefined ? 'unknown' : this.nowMs >= at;
      },
    };
  }

  public change(disturb?: Disturb): WeightChange {
    return new WeightChange(this.log(disturb), this.records(disturb), this.clock);
  }

  public foundRecords(): PublicRecords {
    if (this.foreign !== undefined) return { kind: 'other', description: this.foreign, raw: this.foreign };
    return this.stamped ? { kind: 'ours', stamped: this.stamped, raw: this.stamped } : { kind: 'none', raw: undefined };
  }

  private matches(was: PublicRecords): boolean {
    const is = this.foundRecords();
    if (is.kind === 'ours' && was.kind === 'ours') {
      return is.stamped.stamp === was.stamped.stamp && sameShape(is.stamped.shape, was.stamped.shape);
    }
    return is.kind === was.kind && is.raw === was.raw;
  }

  /** The records made and recorded, and a run begun. */
  public async prepare(run = 'run-1', weights: [number, number] = [100, 0]): Promise<this> {
    await this.change().carryOut(this.order({ key: 'create', kind: 'create', run: 'deploy', to: () => shapeOf(...weights) }));
    await this.start(run);
    return this;
  }

  public async start(run: string, action: 'cutover' | 'rollback' = 'cutover'): Promise<void> {
    await this.log().append(() => startDraft(run, action));
  }

  public order(order: Partial<WeightOrder> & Pick<WeightOrder, 'key' | 'to'>): WeightOrder {
    return { run: 'run-1', by: ['tester'], kind: 'shift', deadlineMs: this.nowMs + 60_000, ...order };
  }
}

export function startDraft(run: string, action: 'cutover' | 'rollback' | 'adopt' | 'revert' = 'cutover'): AuditDraft {
  return {
    key: `${run}/started`,
    by: ['alice'],
    entry: { what: 'started', run, action, reason: 'because', plan: 'p', phases: [10, 100], attested: {} },
  };
}

/** Crashes the nth call of all ports, before or after its effect. */
export function crashAt(nth: number, when: 'before' | 'after'): Disturb {
  let calls = 0;
  return async () => {
    calls += 1;
    const now = calls === nth;
    if (now && when === 'before') throw new Crash();
    return {
      after: () => {
        if (now && when === 'after') throw new Crash();
      },
    };
  };
}

/** A record that says little. */
export const note = (key: string, why = 'so'): AuditDraft => ({
  key,
  by: ['alice'],
  entry: { what: 'ended', run: 'r', state: 'PAUSED', why },
});

/** Shares of the target that the public has seen, one after the other. */
export const sharesSeen = ({ seen }: World): number[] => seen.map((shape) => weightsOf(shape).target);
