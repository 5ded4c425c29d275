/** A record of a DynamoDB stream as Lambda gives it to a function. */
export interface StreamRecord {
  readonly eventName: string;
  readonly eventSourceARN?: string;
  readonly dynamodb: { readonly SequenceNumber: string; readonly ApproximateCreationDateTime?: number; readonly [part: string]: unknown };
  readonly [part: string]: unknown;
}

/** What an invocation came to. */
export type BatchResult = { readonly kind: 'done' } | { readonly kind: 'failed'; readonly from: number; readonly reason: string };

/** Records that are given to the function together, with how often and since when that failed. */
export interface Batch {
  readonly records: readonly StreamRecord[];
  readonly attempts: number;
}

export interface BatchPolicy {
  readonly maximumAttempts?: number;
  readonly maximumAgeMs?: number;
  readonly bisects: boolean;
}

export interface Step {
  /** What is tried next, in this order. */
  readonly next: readonly Batch[];
  /** What goes to the failure destination. */
  readonly discarded?: {
    readonly records: readonly StreamRecord[];
    readonly condition: 'RetryAttemptsExhausted' | 'RecordAgeExceeded';
    readonly attempts: number;
  };
  /** Whether to wait before the next try. */
  readonly waits: boolean;
}

/** The answer of a function that reports failures of single records; the lowest of them is where the stream goes on. */
export function resultOf(
  records: readonly StreamRecord[],
  answer: { readonly failed: boolean; readonly payload: unknown },
  reportsFailures: boolean,
): BatchResult {
  if (answer.failed) return { kind: 'failed', from: 0, reason: JSON.stringify(answer.payload).slice(0, 500) };
  const failures = (answer.payload as { batchItemFailures?: unknown } | null | undefined)?.batchItemFailures;
  if (!reportsFailures || failures === undefined || failures === null) return { kind: 'done' };
  if (!Array.isArray(failures)) return { kind: 'failed', from: 0, reason: 'batchItemFailures is not a list' };
  if (failures.length === 0) return { kind: 'done' };
  const positions = failures.map((failure: { itemIdentifier?: unknown } | null) =>
    records.findIndex(({ dynamodb }) => dynamodb.SequenceNumber === failure?.itemIdentifier),
  );
  // A report that names no record of the batch fails all of it.
  return { kind: 'failed', from: positions.includes(-1) ? 0 : Math.min(...positions), reason: `${failures.length} reported as failed` };
}

/** What follows a batch that was tried, as Lambda goes on: from the first failure, in halves where that is wanted, until the limits. */
export function afterBatch(batch: Batch, result: BatchResult, policy: BatchPolicy, now: number): Step {
  if (result.kind === 'done') return { next: [], waits: false };
  const records = batch.records.slice(result.from);
  // Progress: what is left begins anew.
  const attempts = result.from > 0 ? 1 : batch.attempts + 1;
  if (policy.maximumAgeMs !== undefined && records.some((record) => now - createdAt(record, now) > policy.maximumAgeMs!)) {
    const tooOld = records.filter((record) => now - createdAt(record, now) > policy.maximumAgeMs!);
    const left = records.filter((record) => !tooOld.includes(record));
    return {
      next: left.length ? [{ records: left, attempts: 0 }] : [],
      discarded: { records: tooOld, condition: 'RecordAgeExceeded', attempts },
      waits: false,
    };
  }
  if (policy.maximumAttempts !== undefined && attempts > policy.maximumAttempts) {
    // A batch that can still be halved is: the good half must not go with the bad one.
    if (!policy.bisects || records.length === 1) {
      return { next: [], discarded: { records, condition: 'RetryAttemptsExhausted', attempts }, waits: false };
    }
  }
  if (!policy.bisects || records.length === 1) return { next: [{ records, attempts }], waits: true };
  const middle = Math.ceil(records.length / 2);
  return {
    next: [
      { records: records.slice(0, middle), attempts: 0 },
      { records: records.slice(middle), attempts: 0 },
    ],
    waits: true,
  };
}

export function createdAt({ dynamodb }: StreamRecord, now: number): number {
  return dynamodb.ApproximateCreationDateTime === undefined ? now : dynamodb.ApproximateCreationDateTime * 1000;
}
