import { AuditKey, Before, endProblem, signatureBytes, signatureProblem, SignatureReport, SignatureTally } from './signature.domain';
import { AuditAnchor, auditSeq } from '../contract';
import { AuditDraft, AuditRecord, IntentKind, RecordShape, RegionPair, RunAction, StampedShape, Weights } from '../model';
import { storedText } from './record-text.domain';
import { sha256 } from '../../kernel/digest';

export const firstPrev = 'none';

/** An intent that no result is recorded of. */
export interface OpenIntent {
  readonly seq: number;
  readonly key: string;
  readonly run: string;
  readonly kind: IntentKind;
  readonly to: RecordShape;
  readonly regions?: RegionPair;
}

/** A cutover that a deployment has replaced by one of other regions. */
export interface LeftCutover extends Pick<CutoverState, 'changedAt' | 'soaked' | 'moved'> {
  readonly regions: RegionPair;
  readonly shape: RecordShape;
}

/** A run, as recorded. */
export interface RecordedRun {
  readonly id: string;
  readonly action: RunAction;
  readonly startedAt: string;
  readonly startedBy: readonly string[];
  readonly attested: Readonly<Record<string, string>>;
}

/** Everything that follows from the records, and nothing that does not. */
export interface CutoverState {
  readonly seq: number;
  /** SHA-256 of the last record. */
  readonly tip: string;
  /** When the last record was written, and the ID of the key that signed it. */
  readonly at?: string;
  readonly signedBy?: string;
  readonly keys: ReadonlySet<string>;
  /** The public records as they must stand; absent before they are made and after they are removed. */
  readonly recorded?: StampedShape;
  /** The regions of these records, as the last deployment named them. */
  readonly regions?: RegionPair;
  /** What was there before a deployment with other regions, until a run begins: CloudFormation may take it back. */
  readonly left?: LeftCutover;
  /** Intents since then, oldest first: the last one is to be carried out, the others were overtaken. */
  readonly open: readonly OpenIntent[];
  /** Every change of the TTL, oldest first. */
  readonly ttls: readonly { readonly seconds: number; readonly at: string }[];
  /** When the recorded weights came about, and whether their soak is over. */
  readonly changedAt?: string;
  readonly soaked: boolean;
  readonly run?: RecordedRun;
  readonly ended?: { readonly run: string; readonly state: string; readonly why: string; readonly at: string };
  /** Units whose authority this cutover moved and has not moved back. */
  readonly moved: readonly { readonly unit: number; readonly from: string }[];
}

export const emptyState: CutoverState = { seq: 0, tip: firstPrev, keys: new Set(), open: [], ttls: [], soaked: false, moved: [] };

/** The share of each region in a shape. */
export function weightsOf({ source, target }: RecordShape): Weights {
  return { source: source?.weight ?? 0, target: target.weight };
}

export function samePair(one: RegionPair, other: RegionPair): boolean {
  return one.source === other.source && one.target === other.target;
}

/** The text of the next record, to be signed: canonical enough, since its hash is over the text as stored. */
export function recordText(state: CutoverState, draft: AuditDraft, at: string, signedBy: string): string {
  return storedText({ seq: state.seq + 1, at, prev: state.tip, ...draft, signedBy }, signatureBytes);
}

/** A text as a record; a sentence when it is none. */
export function parseRecord(text: string): AuditRecord | string {
  try {
    const record = JSON.parse(text) as Partial<AuditRecord> | null;
    const { seq, at, prev, key, by, entry, signedBy } = record ?? {};
    const texts = [at, prev, key, entry?.what, signedBy ?? ''];
    if (Number.isInteger(seq) && texts.every((one) => typeof one === 'string') && Array.isArray(by)) {
      return record as AuditRecord;
    }
  } catch {
    // Said below.
  }
  return 'is not a record: its text was changed or written by something else';
}

/** The state after one more record. */
export function applyRecord(state: CutoverState, record: AuditRecord, text: string): CutoverState {
  const { seq, at, signedBy } = record;
  const next: CutoverState = { ...state, seq, at, signedBy, tip: sha256(text), keys: new Set([...state.keys, record.key]) };
  return { ...next, ...effectOf(next, record) };
}

function effectOf(state: CutoverState, { seq, at, key, by, entry }: AuditRecord): Partial<CutoverState> {
  switch (entry.what) {
    case 'intent':
      return {
        open: [
          ...state.open,
          { seq, key, run: entry.run, kind: entry.kind, to: entry.to, ...(entry.regions ? { regions: entry.regions } : {}) },
        ],
      };
    case 'changed':
      return applyChange(state, entry.intent, entry.kind, at);
    case 'adopted':
      return { ...applyShape(state, { shape: entry.shape, stamp: entry.stamp }, at), open: [], changedAt: at, soaked: false };
    case 'removed':
      return { recorded: undefined, left: undefined, open: [], changedAt: undefined, soaked: false };
    case 'started':
      return { left: undefined, run: { id: entry.run, action: entry.action, startedAt: at, startedBy: by, attested: entry.attested } };
    case 'soaked':
      return { soaked: true };
    case 'authority': {
      const others = state.moved.filter(({ unit }) => unit !== entry.unit);
      const back = state.moved.some(({ unit, from }) => unit === entry.unit && from === entry.to);
      // A move counts from its intent on, a move back only once it is done.
      if (back && !entry.done) return {};
      return { moved: back ? others : [...others, { unit: entry.unit, from: entry.from }] };
    }
    case 'ended':
      return {
        ...(state.run?.id === entry.run ? { run: undefined } : {}),
        ended: { run: entry.run, state: entry.state, why: entry.why, at },
      };
    default:
      return {};
  }
}

function applyChange(state: CutoverState, seq: number, kind: IntentKind, at: string): Partial<CutoverState> {
  const intent = state.open.find((open) => open.seq === seq);
  if (!intent) return {};
  // A deployment changes where records point and how long they are kept, not who gets how much.
  const sameWeights = kind === 'deploy' && state.recorded !== undefined;
  const { regions = state.regions } = intent;
  return {
    ...applyShape(state, { shape: intent.to, stamp: seq }, at),
    regions,
    ...(sameWeights ? {} : { changedAt: at, soaked: false }),
    ...(regions && state.regions && !samePair(regions, state.regions) ? otherCutover(state, regions, at) : {}),
  };
}

/** Other regions are another cutover: what the one before has watched and moved counts no longer, unless it is taken back. */
function otherCutover(
  { left, recorded, regions, changedAt, soaked, moved }: CutoverState,
  now: RegionPair,
  at: string,
): Partial<CutoverState> {
  if (left && samePair(left.regions, now)) return { changedAt: left.changedAt, soaked: left.soaked, moved: left.moved, left: undefined };
  return {
    changedAt: at,
    soaked: false,
    moved: moved.filter(({ from }) => from === now.source),
    left: recorded && regions ? { regions, shape: recorded.shape, changedAt, soaked, moved } : undefined,
  };
}

function applyShape(state: CutoverState, recorded: StampedShape, at: string): Partial<CutoverState> {
  const before = state.ttls[state.ttls.length - 1]?.seconds;
  const seconds = recorded.shape.ttlSeconds;
  return {
    recorded,
    // What was meant later than this is still to be done.
    open: state.open.filter(({ seq }) => seq > recorded.stamp),
    ...(before === seconds ? {} : { ttls: [...state.ttls, { seconds, at }] }),
  };
}

/** Since when every recorded TTL was at most this long; undefined when the present one is longer. */
export function ttlSince({ ttls }: CutoverState, seconds: number): string | undefined {
  const tooLong = ttls.map((ttl) => ttl.seconds > seconds).lastIndexOf(true);
  return ttls[tooLong + 1]?.at;
}

/** What is kept below an audit's path. */
export interface FoundRecords {
  /** By place. */
  readonly texts: ReadonlyMap<number, string>;
  /** Names that are no place's. */
  readonly others: readonly string[];
}

/** A principal that may put parameters may give them any name: only those of places are records. */
export function recordsAmong(systemName: string, parameters: readonly { readonly Name: string; readonly Value: string }[]): FoundRecords {
  const texts = new Map<number, string>();
  const others: string[] = [];
  for (const { Name, Value } of parameters) {
    const seq = auditSeq(systemName, Name);
    if (seq === undefined) others.push(Name);
    else texts.set(seq, Value);
  }
  return { texts, others };
}

/** One thing that is wrong with a chain. */
export interface ChainProblem {
  /** The record; undefined for what is none. */
  readonly seq?: number;
  readonly problem: string;
}

export interface ChainVerification {
  readonly records: readonly AuditRecord[];
  readonly problems: readonly ChainProblem[];
  /** Last place and its hash: whoever keeps these can tell later whether the end was cut off. */
  readonly anchor: AuditAnchor;
  readonly signatures: SignatureReport;
}

/**
 * Checks a whole chain as found: places, hashes, and, when given, that it still holds a state that was seen before. With a key also
 * signatures and times; without one it says what the chain alone proves.
 */
export function verifyChain({ texts, others }: FoundRecords, key: AuditKey | undefined, seen?: AuditAnchor): ChainVerification {
  const tally = new SignatureTally(key?.id);
  const records: AuditRecord[] = [];
  const problems: ChainProblem[] = others.map((name) => ({
    problem: `${name} is not the name of a record: it was not written by the cutover`,
  }));
  let last = 0;
  let prev: string | undefined = firstPrev;
  let before: Before = { seq: 0 };
  const toward = (next: number): void => {
    if (next <= last + 1) return;
    problems.push({
      seq: last + 1,
      problem:
        next === last + 2 ? 'is missing: it was deleted' : `is missing, and all after it up to record ${next - 1}: they were deleted`,
    });
    prev = undefined;
  };
  // By what is there, not place by place: whoever may put parameters may put one into the last place.
  for (const [seq, text] of [...texts].sort(([one], [other]) => one - other)) {
    toward(seq);
    last = seq;
    const record = parseRecord(text);
    if (typeof record === 'string') {
      problems.push({ seq, problem: record });
    } else {
      const unsigned = key && signatureProblem(record, text, before, key);
      problems.push(...placeProblems(record, seq, prev), ...(unsigned === undefined ? [] : [{ seq, problem: unsigned }]));
      tally.add(record, unsigned !== undefined);
      records.push(record);
      // What follows a forged record is held to what was before it.
      if (unsigned === undefined) before = { seq, at: record.at, signedBy: record.signedBy };
    }
    prev = sha256(text);
    if (seen?.seq === seq && prev !== seen.hash) {
      problems.push({ seq, problem: `is not the record that was seen before: its hash is ${prev}, it was ${seen.hash}` });
    }
  }
  if (seen && seen.seq > last) {
    toward(seen.seq + 1);
    last = seen.seq;
  }
  const end = key && endProblem(before, key);
  if (end !== undefined) problems.push({ seq: before.seq, problem: end });
  return { records, problems, anchor: { seq: last, hash: prev ?? 'missing' }, signatures: tally.report() };
}

function placeProblems(record: AuditRecord, seq: number, prev: string | undefined): ChainProblem[] {
  const problems: ChainProblem[] = [];
  if (record.seq !== seq) problems.push({ seq, problem: `says that it is record ${record.seq}: it was moved` });
  // Behind a missing record nothing can be said of the link.
  if (prev !== undefined && record.prev !== prev) {
    problems.push({
      seq,
      problem:
        seq === 1 ? 'does not begin the chain' : `does not follow record ${seq - 1}: one of the two was changed after it was written`,
    });
  }
  return problems;
}
