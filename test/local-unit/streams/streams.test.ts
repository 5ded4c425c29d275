import { afterBatch, resultOf, type StreamRecord } from '../../../local/streams/batches';
import { polledMark, streamMappings } from '../../../local/streams/mapping';
import { passes } from '../../../local/streams/pattern';

const record = (sequence: string, seconds = 1000): StreamRecord => ({
  eventName: 'MODIFY',
  dynamodb: { SequenceNumber: sequence, ApproximateCreationDateTime: seconds },
});
const records = ['1', '2', '3', '4'].map((sequence) => record(sequence));
const identifiers = (batches: readonly { records: readonly StreamRecord[] }[]) =>
  batches.map((batch) => batch.records.map(({ dynamodb }) => dynamodb.SequenceNumber).join(''));

describe('filters', () => {
  const item = {
    eventName: 'MODIFY',
    dynamodb: { NewImage: { pk: { S: 'A#1' }, writtenBy: { S: 'us-east-1' }, version: { N: '7' } }, Size: 5 },
  };
  test.each<[object, boolean]>([
    [{ eventName: ['INSERT', 'MODIFY'] }, true],
    [{ eventName: ['REMOVE'] }, false],
    [{ dynamodb: { NewImage: { writtenBy: { S: ['us-east-1'] } } } }, true],
    [{ dynamodb: { NewImage: { writtenBy: { S: [{ 'anything-but': ['us-east-1'] }] } } } }, false],
    [{ dynamodb: { NewImage: { writtenBy: { S: [{ 'anything-but': { prefix: 'eu-' } }] } } } }, true],
    [{ dynamodb: { NewImage: { pk: { S: [{ prefix: 'A#' }] } } } }, true],
    [{ dynamodb: { NewImage: { pk: { S: [{ suffix: '#2' }] } } } }, false],
    [{ dynamodb: { NewImage: { other: { S: [{ exists: false }] } } } }, true],
    [{ dynamodb: { OldImage: { pk: { S: [{ exists: true }] } } } }, false],
    [{ dynamodb: { NewImage: { other: { S: [{ 'anything-but': ['x'] }] } } } }, false],
    [{ dynamodb: { Size: [{ numeric: ['>', 4, '<=', 5] }] } }, true],
    [{ dynamodb: { NewImage: { pk: { S: [{ wildcard: 'A*1' }] } } } }, true],
    [{ dynamodb: { NewImage: { pk: { S: [{ 'equals-ignore-case': 'a#1' }] } } } }, true],
    [{ $or: [{ eventName: ['REMOVE'] }, { dynamodb: { Size: [5] } }] }, true],
    [{ eventName: ['MODIFY'], dynamodb: { Size: [6] } }, false],
  ])('%j', (pattern, expected) => {
    expect(passes(item, pattern)).toBe(expected);
  });

  test('an operator that is not known is refused', () => {
    expect(() => passes(item, { eventName: [{ cidr: '10.0.0.0/8' }] })).toThrow(/cidr/);
  });
});

describe('what a function says of its batch', () => {
  const result = (payload: unknown, failed = false, reports = true) => resultOf(records, { failed, payload }, reports);
  test.each<[unknown, object]>([
    [null, { kind: 'done' }],
    [{}, { kind: 'done' }],
    [{ batchItemFailures: [] }, { kind: 'done' }],
    [{ batchItemFailures: [{ itemIdentifier: '4' }, { itemIdentifier: '3' }] }, { kind: 'failed', from: 2 }],
    [{ batchItemFailures: [{ itemIdentifier: 'x' }] }, { kind: 'failed', from: 0 }],
    [{ batchItemFailures: [{}] }, { kind: 'failed', from: 0 }],
    [{ batchItemFailures: 'x' }, { kind: 'failed', from: 0 }],
  ])('%j', (payload, expected) => {
    expect(result(payload)).toMatchObject(expected);
  });

  test('an error fails all of it, and without the report nothing else does', () => {
    expect(result({ errorMessage: 'x' }, true)).toMatchObject({ kind: 'failed', from: 0 });
    expect(result({ batchItemFailures: [{ itemIdentifier: '1' }] }, false, false)).toEqual({ kind: 'done' });
  });
});

describe('what follows a failure', () => {
  const failed = (from = 0) => ({ kind: 'failed', from, reason: '' }) as const;
  const now = 1_000_000;

  test('the rest from the first failure on, again and again while there is no limit', () => {
    const step = afterBatch({ records, attempts: 50 }, failed(1), { bisects: false }, now);
    expect([identifiers(step.next), step.discarded, step.waits]).toEqual([['234'], undefined, true]);
  });

  test('halves where that is wanted, down to one record, which goes to the destination when its attempts are over', () => {
    const policy = { bisects: true, maximumAttempts: 2 };
    expect(identifiers(afterBatch({ records, attempts: 0 }, failed(), policy, now).next)).toEqual(['12', '34']);
    expect(identifiers(afterBatch({ records: records.slice(0, 3), attempts: 9 }, failed(), policy, now).next)).toEqual(['12', '3']);
    expect(afterBatch({ records: [records[0]], attempts: 1 }, failed(), policy, now)).toMatchObject({
      next: [{ attempts: 2 }],
      waits: true,
    });
    expect(afterBatch({ records: [records[0]], attempts: 2 }, failed(), policy, now)).toMatchObject({
      next: [],
      discarded: { condition: 'RetryAttemptsExhausted', attempts: 3 },
    });
  });

  test('without halves the whole batch goes', () => {
    expect(afterBatch({ records, attempts: 2 }, failed(), { bisects: false, maximumAttempts: 2 }, now).discarded?.records).toHaveLength(4);
  });

  test('what is too old goes, the rest stays', () => {
    const mixed = [record('1', 10), record('2', 990)];
    const step = afterBatch({ records: mixed, attempts: 0 }, failed(), { bisects: true, maximumAgeMs: 60_000 }, now);
    expect([step.discarded?.condition, step.discarded?.records.length, identifiers(step.next)]).toEqual(['RecordAgeExceeded', 1, ['2']]);
  });
});

test('mappings on streams that the emulator does not poll', () => {
  const properties = {
    FunctionName: 'arn:aws:lambda:r:1:function:f',
    EventSourceArn: 'arn:stream',
    BatchSize: 25,
    StartingPosition: 'TRIM_HORIZON',
    MaximumRetryAttempts: 3,
    MaximumRecordAgeInSeconds: -1,
    BisectBatchOnFunctionError: true,
    FunctionResponseTypes: ['ReportBatchItemFailures'],
    DestinationConfig: { OnFailure: { Destination: 'arn:q' } },
    FilterCriteria: { Filters: [{ Pattern: '{"a":[1]}' }] },
  };
  const mapping = { stack: 's', region: 'r', logicalId: 'M', physicalId: 'id', type: 'AWS::Lambda::EventSourceMapping', properties };
  expect(streamMappings([{ ...mapping, metadata: { [polledMark]: true } }, mapping])).toEqual([
    {
      region: 'r',
      id: 'id',
      functionName: 'f',
      streamArn: 'arn:stream',
      batchSize: 25,
      windowMs: 0,
      fromStart: true,
      maximumAttempts: 3,
      bisects: true,
      reportsFailures: true,
      failureArn: 'arn:q',
      patterns: [{ a: [1] }],
    },
  ]);
});
