import { applyRecord, CutoverState, emptyState, FoundRecords, parseRecord, recordText, ChainVerification, verifyChain } from './domain';
import { AuditKey, endProblem, isAt, signatureProblem, signedText, signerOf } from './signature.domain';
import { sha256 } from '../../kernel/digest';
import { AuditAnchor } from '../contract';
import { AuditDraft, AuditRecord } from '../model';

/** Where records are kept: places that are taken once and for ever. */
export interface AuditPort {
  /** Puts a text into a place that is free; `taken` when it is not. Throws when it is not known which. */
  put(seq: number, text: string): Promise<'written' | 'taken'>;
  /** The texts in some places, at most 10; free places are left out. */
  read(seqs: readonly number[]): Promise<ReadonlyMap<number, string>>;
  /** All there is, for verification. */
  list(): Promise<FoundRecords>;
}

/** The key that vouches for records: whoever may write them may have it sign, and everybody else may only see what it signed. */
export interface AuditSigner {
  /** The key, for verification. */
  readonly key: () => Promise<AuditKey>;
  /** The signature of a text, DER in base64. */
  readonly sign: (text: string) => Promise<string>;
}

export interface AuditClock {
  /** Epoch milliseconds. */
  readonly nowMs: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

/** The records contradict each other: nobody may build on them. */
export class ChainBroken extends Error {
  constructor(
    public readonly seq: number,
    problem: string,
  ) {
    super(`record ${seq} of the audit ${problem}`);
    this.name = 'ChainBroken';
  }
}

const pageSize = 10;
const tries = 12;
/** How often a record is looked for that must be there: up to 7 s. */
const looks = 10;
const waitMs = 150;
/** How far two workers' clocks may be apart: so long one waits, rather than date its record before the last one. */
const clockToleranceMs = 5_000;

/**
 * The append-only record, and the state that follows from it. Whoever decides something decides it on a state, and records it in the
 * place right behind that state: when another one was faster the place is taken, and the decision is made again on what is there now.
 */
export class AuditLog {
  private state: CutoverState = emptyState;
  private readonly records: AuditRecord[] = [];

  constructor(
    private readonly port: AuditPort,
    private readonly signer: AuditSigner,
    private readonly clock: AuditClock,
  ) {}

  /** The state as of the last record that can be seen. Throws `ChainBroken` when any record is not what the cutover wrote. */
  public async current(): Promise<CutoverState> {
    const key = await this.signer.key();
    const state = await this.readOn(key);
    const problem = endProblem(state, key);
    if (problem !== undefined) throw this.breakAt(state.seq, problem);
    return state;
  }

  /** The last record that was seen. */
  public end(): AuditAnchor {
    return { seq: this.state.seq, hash: this.state.tip };
  }

  /**
   * Holds the audit to a record that somebody has seen: an end that was cut off, or grew anew, is as good a chain as any. Throws
   * `ChainBroken` when it is not there.
   */
  public async require({ seq, hash }: AuditAnchor): Promise<void> {
    for (let look = 1; ; look += 1) {
      const state = await this.current();
      if (state.seq >= seq) {
        if (this.tipOf(seq) === hash) return;
        throw this.breakAt(seq, `is not the one that was seen before: its hash is ${this.tipOf(seq)}, it was ${hash}`);
      }
      // Another worker has written it a moment ago: reads may lag behind.
      if (look === looks) throw this.breakAt(seq, 'is missing, though it was seen before: the end of the audit was cut off');
      await this.clock.sleep(waitMs * look);
    }
  }

  private tipOf(seq: number): string {
    return seq === this.state.seq ? this.state.tip : this.records[seq].prev;
  }

  /**
   * Takes over records that were written before this key signed, if there are any: a deployment says where they end, since somebody has
   * read and trusts them. What it says counts for that very end alone.
   */
  public async takeOver(end: AuditAnchor, by: readonly string[]): Promise<void> {
    const key = await this.signer.key();
    const state = await this.readOn(key);
    if (state.seq === 0 || state.signedBy === key.id) return;
    if (!isAt(end, state)) {
      throw this.breakAt(
        state.seq,
        `ends an audit that this deployment does not know: its hash is ${state.tip}, and formerAuditEnd is ${end.seq}:${end.hash}`,
      );
    }
    await this.write(
      state,
      { key: `signing/${key.id}`, by, entry: { what: 'signing', after: state.seq, sha256: state.tip, before: signerOf(state) } },
      key,
    );
    await this.current();
  }

  private async readOn(key: AuditKey): Promise<CutoverState> {
    for (let first = true; ; first = false) {
      // The last one that is known along with those behind it: it may have been deleted since.
      const known = first && this.state.seq > 0 ? this.end() : undefined;
      const from = this.state.seq + 1;
      const until = from + pageSize - (known ? 1 : 0);
      const page = await this.port.read(Array.from({ length: pageSize }, (_, at) => until - pageSize + at));
      if (known) await this.checkKnown(known, page.get(known.seq));
      for (let seq = from; seq < until; seq += 1) {
        const text = page.get(seq);
        if (text === undefined) {
          const later = [...page.keys()].find((found) => found > seq);
          if (later !== undefined) await this.checkGap(seq, key);
          return this.state;
        }
        this.take(seq, text, key);
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
      if (await this.write(state, draft, await this.signer.key())) return this.state;
      // Taken by another worker, or by an earlier try of this one whose answer was lost; a moment later it can be read.
      if (tried === tries) {
        throw new Error(`the audit's place ${state.seq + 1} is taken and cannot be read: allow the function to read the parameter`);
      }
      await this.clock.sleep(waitMs * tried);
    }
  }

  /** Reads everything anew and says what is wrong with it. */
  public async verify(seen?: AuditAnchor): Promise<ChainVerification> {
    return verifyChain(await this.port.list(), await this.signer.key(), seen);
  }

  /** Puts a record into the place behind a state; false when another one has taken it. */
  private async write(state: CutoverState, draft: AuditDraft, key: AuditKey): Promise<boolean> {
    const text = recordText(state, draft, new Date(await this.notBefore(state, key)).toISOString(), key.id);
    const signed = signedText(text, await this.signer.sign(text));
    if ((await this.port.put(state.seq + 1, signed)) !== 'written') return false;
    this.take(state.seq + 1, signed, key);
    return true;
  }

  /** Now, but not before the last record: a clock that is a little behind is waited for. */
  private async notBefore({ seq, at, signedBy }: CutoverState, key: AuditKey): Promise<number> {
    const last = at === undefined || signedBy !== key.id ? -Infinity : Date.parse(at);
    const behind = last - this.clock.nowMs();
    if (behind > clockToleranceMs) {
      throw new Error(
        `this worker's clock is ${Math.ceil(behind / 1000)} s behind record ${seq} of the audit, of ${at}: nothing is recorded ` +
          `until the clock has passed it`,
      );
    }
    if (behind > 0) await this.clock.sleep(behind);
    return Math.max(last, this.clock.nowMs());
  }

  private async checkKnown({ seq, hash }: AuditAnchor, found: string | undefined): Promise<void> {
    let text = found;
    for (let look = 1; text === undefined && look < looks; look += 1) {
      await this.clock.sleep(waitMs * look);
      text = (await this.port.read([seq])).get(seq);
    }
    if (text === undefined) throw this.breakAt(seq, 'is missing, though it was read before: it was deleted');
    if (sha256(text) !== hash) throw this.breakAt(seq, 'was changed after it was read');
  }

  /** Reads may lag a little behind each other: only a gap that stays is one. */
  private async checkGap(seq: number, key: AuditKey): Promise<void> {
    await this.clock.sleep(waitMs);
    const again = await this.port.read([seq]);
    if (!again.has(seq)) throw this.breakAt(seq, 'is missing, and later ones are there: it was deleted');
    this.take(seq, again.get(seq)!, key);
  }

  private take(seq: number, text: string, key: AuditKey): void {
    // Two calls of one process may have read the same page.
    if (seq <= this.state.seq) return;
    const record = parseRecord(text);
    if (typeof record === 'string') throw this.breakAt(seq, record);
    if (record.prev !== this.state.tip) {
      throw this.breakAt(seq, `does not follow record ${seq - 1}: one of the two was changed after it was written`);
    }
    if (record.seq !== seq) throw this.breakAt(seq, `says that it is record ${record.seq}`);
    const problem = signatureProblem(record, text, this.state, key);
    if (problem !== undefined) throw this.breakAt(seq, problem);
    this.state = applyRecord(this.state, record, text);
    this.records.push(record);
  }

  /** What was read is forgotten, so that a chain that was mended is read anew. */
  private breakAt(seq: number, problem: string): ChainBroken {
    this.state = emptyState;
    this.records.length = 0;
    return new ChainBroken(seq, problem);
  }
}
