import { apply, CutoverState, emptyState, parseRecord, recordText, Verification, verifyChain } from './audit.domain';
import { AuditDraft, AuditRecord } from './cutover.model';

/** Where records are kept: places that are taken once and for ever. */
export interface AuditPort {
  /** Puts a text into a place that is free; `taken` when it is not. Throws when it is not known which. */
  put(seq: number, text: string): Promise<'written' | 'taken'>;
  /** The texts in some places, at most 10; free places are left out. */
  read(seqs: readonly number[]): Promise<ReadonlyMap<number, string>>;
  /** All there is, for verification. */
  list(): Promise<ReadonlyMap<number, string>>;
}

export interface AuditClock {
  /** Epoch milliseconds. */
  readonly nowMs: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

/** The records contradict each other: nobody may build on them. */
export class ChainBroken extends Error {
  constructor(public readonly seq: number, problem: string) {
    super(`record ${seq} of the audit ${problem}`);
    this.name = 'ChainBroken';
  }
}

const pageSize = 10;
const tries = 12;
const waitMs = 150;

/**
 * The append-only record, and the state that follows from it. Whoever decides something decides it on a state, and records it in the
 * place right behind that state: when another one was faster the place is taken, and the decision is made again on what is there now.
 */
export class AuditLog {
  private state: CutoverState = emptyState;
  private readonly records: AuditRecord[] = [];

  constructor(private readonly port: AuditPort, private readonly clock: AuditClock) {}

  /** The state as of the last record that can be seen. */
  public async current(): Promise<CutoverState> {
    for (;;) {
      const from = this.state.seq + 1;
      const page = await this.port.read(Array.from({ length: pageSize }, (_, at) => from + at));
      for (let seq = from; seq < from + pageSize; seq += 1) {
        const text = page.get(seq);
        if (text === undefined) {
          const later = [...page.keys()].find((found) => found > seq);
          if (later !== undefined) await this.checkGap(seq);
          return this.state;
        }
        this.take(seq, text);
      }
    }
  }

  /** The records up to the state last seen. */
  public history(): readonly AuditRecord[] {
    return this.records;
  }

  /**
   * Records what `decide` makes of the present state; nothing when it returns undefined, or when the same was recorded before.
   * Returns the state afterwards.
   */
  public async append(decide: (state: CutoverState) => AuditDraft | undefined): Promise<CutoverState> {
    for (let tried = 1; ; tried += 1) {
      const state = await this.current();
      const draft = decide(state);
      if (!draft || state.keys.has(draft.key)) return state;
      const text = recordText(state, draft, new Date(this.clock.nowMs()).toISOString());
      if (await this.port.put(state.seq + 1, text) === 'written') {
        this.take(state.seq + 1, text);
        return this.state;
      }
      // Taken by another worker, or by an earlier try of this one whose answer was lost; a moment later it can be read.
      if (tried === tries) throw new Error(`the audit's place ${state.seq + 1} is taken and cannot be read: is reading it allowed?`);
      await this.clock.sleep(waitMs * tried);
    }
  }

  /** Reads everything anew and says what is wrong with it. */
  public async verify(seen?: Verification['anchor']): Promise<Verification> {
    return verifyChain(await this.port.list(), seen);
  }

  /** Reads may lag a little behind each other: only a gap that stays is one. */
  private async checkGap(seq: number): Promise<void> {
    await this.clock.sleep(waitMs);
    const again = await this.port.read([seq]);
    if (!again.has(seq)) throw new ChainBroken(seq, 'is missing, and later ones are there: it was deleted');
    this.take(seq, again.get(seq)!);
  }

  private take(seq: number, text: string): void {
    // Two calls of one process may have read the same page.
    if (seq <= this.state.seq) return;
    const record = parseRecord(text);
    if (typeof record === 'string') throw new ChainBroken(seq, record);
    if (record.prev !== this.state.tip) throw new ChainBroken(seq, `does not follow record ${seq - 1}: one of the two was changed after it was written`);
    if (record.seq !== seq) throw new ChainBroken(seq, `says that it is record ${record.seq}`);
    this.state = apply(this.state, record, text);
    this.records.push(record);
  }
}
