import fc from 'fast-check';
import { bucketOf, east, lagMs, ruleTo, twoBuckets, west } from './two-buckets';

const body = Buffer.from('a statement');
const type = 'text/plain';

test('a new document is there after the lag of the link, with the same version, and goes no further', () => {
  const { fabric, state, pass, ids } = twoBuckets();
  fabric.setRules(east, [ruleTo(west)]);
  fabric.setRules(west, [ruleTo(east)]);
  const bucket = fabric.bucket(east)!;
  const version = bucket.put('a', body, type, state.now);
  fabric.copier.wrote(bucket, version);
  expect(version.status).toBe('PENDING');
  pass(lagMs - 10);
  expect(ids(west)).toEqual([]);
  pass(10);
  expect(ids(west)).toEqual(ids(east));
  expect([version.status, fabric.bucket(west)!.current('a')!.status]).toEqual(['COMPLETED', 'REPLICA']);
  pass(10 * lagMs);
  expect(ids(east)).toHaveLength(1);
  fabric.close();
});

test('deletions follow by rule; one version that is removed for good is removed here alone', () => {
  const { fabric, state, pass, ids } = twoBuckets();
  fabric.setRules(east, [ruleTo(west, false)]);
  const bucket = fabric.bucket(east)!;
  const version = bucket.put('a', body, type, state.now);
  fabric.copier.wrote(bucket, version);
  pass(lagMs);
  fabric.copier.wrote(bucket, bucket.mark('a', state.now));
  pass(lagMs);
  expect([bucket.current('a')!.isDeletion, fabric.bucket(west)!.current('a')!.isDeletion]).toEqual([true, false]);
  fabric.setRules(east, [ruleTo(west)]);
  fabric.copier.wrote(bucket, bucket.mark('a', state.now));
  pass(lagMs);
  expect(fabric.bucket(west)!.current('a')!.isDeletion).toBe(true);
  bucket.remove('a', version.versionId);
  pass(lagMs);
  expect(ids(west).some((id) => id.includes(version.versionId))).toBe(true);
  fabric.close();
});

test.each([
  ['a link that is cut', (state: ReturnType<typeof twoBuckets>['state'], isAway: boolean) => (state.isCut = isAway)],
  [
    'a region that is stopped',
    (state: ReturnType<typeof twoBuckets>['state'], isAway: boolean) =>
      isAway ? state.stopped.add('us-west-2') : state.stopped.delete('us-west-2'),
  ],
])('through %s nothing comes, and all comes afterwards; meanwhile lateness and bytes are counted', (_what, away) => {
  const { fabric, state, pass, measured, ids } = twoBuckets();
  fabric.setRules(east, [ruleTo(west)]);
  const bucket = fabric.bucket(east)!;
  away(state, true);
  fabric.copier.wrote(bucket, bucket.put('a', body, type, state.now));
  pass(2_000);
  expect(ids(west)).toEqual([]);
  expect(measured[measured.length - 1]).toBe(`us-east-1 to-${west} 2 s ${body.length} bytes`);
  away(state, false);
  pass(10);
  expect(ids(west)).toEqual(ids(east));
  fabric.close();
});

test('rules that stand in a template itself count too; S3 takes none for a bucket that is not there', () => {
  const { fabric } = twoBuckets();
  fabric.useTemplates([
    bucketOf(east, 'us-east-1', {
      ReplicationConfiguration: { Rules: [{ Id: 'one', Status: 'Enabled', Destination: { Bucket: `arn:aws:s3:::${west}` } }] },
    }),
  ]);
  expect(fabric.bucket(east)!.rules).toEqual([{ id: 'one', isEnabled: true, destination: west, copiesDeletions: false, prefix: '' }]);
  expect(fabric.setRules(east, [ruleTo('elsewhere')])).toBe('the bucket elsewhere does not exist, or has no versions');
  fabric.close();
});

describe('Batch Replication', () => {
  test('copies what was there before the rules, versions and deletions too, and nothing twice', () => {
    const { fabric, state, pass, ids } = twoBuckets();
    fabric.setRules(east, []);
    const bucket = fabric.bucket(east)!;
    bucket.put('a', body, type, state.now);
    bucket.put('a', Buffer.from('newer'), type, state.now + 1);
    bucket.put('b', body, type, state.now);
    bucket.mark('b', state.now + 2);
    fabric.setRules(east, [ruleTo(west)]);
    pass(10 * lagMs);
    expect(ids(west)).toEqual([]);
    const job = fabric.jobs.start(bucket, ['NONE', 'FAILED']);
    expect([job.state, job.total]).toEqual(['Active', 4]);
    pass(lagMs);
    expect([job.state, job.succeeded, job.failed]).toEqual(['Complete', 4, 0]);
    expect(ids(west)).toEqual(ids(east));
    // Nothing was found: S3 fails such a job.
    expect(fabric.jobs.start(bucket, ['NONE', 'FAILED'])).toMatchObject({
      state: 'Failed',
      total: 0,
      why: expect.stringMatching(/no keys/),
    });
    expect(fabric.jobs.start(fabric.bucket(west)!, ['NONE', 'FAILED']).total).toBe(0);
    fabric.close();
  });

  test('that meets a partition waits for it; what it gives up is copied by the next one', () => {
    const { fabric, state, pass, measured, ids } = twoBuckets();
    fabric.setRules(east, []);
    const bucket = fabric.bucket(east)!;
    for (const key of ['a', 'b']) bucket.put(key, body, type, state.now);
    fabric.setRules(east, [ruleTo(west)]);
    state.isCut = true;
    const waits = fabric.jobs.start(bucket, ['NONE', 'FAILED']);
    pass(5_000);
    expect(waits.state).toBe('Active');
    pass(20_000);
    expect([waits.state, waits.succeeded, waits.failed]).toEqual(['Complete', 0, 2]);
    expect(measured.filter((line) => line.endsWith('failed'))).toHaveLength(2);
    state.isCut = false;
    const next = fabric.jobs.start(bucket, ['NONE', 'FAILED']);
    pass(lagMs);
    expect([next.succeeded, next.failed]).toEqual([2, 0]);
    expect(ids(west)).toEqual(ids(east));
    fabric.close();
  });

  test('leaves nothing out, whatever was written when, and whatever link and regions did', () => {
    const step = fc.oneof(
      fc.record({ what: fc.constant('put' as const), key: fc.constantFrom('a', 'b', 'c/d') }),
      fc.record({ what: fc.constant('delete' as const), key: fc.constantFrom('a', 'b', 'c/d') }),
      fc.record({ what: fc.constant('cut' as const), isCut: fc.boolean() }),
      fc.record({ what: fc.constant('stop' as const), region: fc.constantFrom('us-east-1', 'us-west-2'), isOff: fc.boolean() }),
      fc.record({ what: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 30_000 }) }),
      fc.record({ what: fc.constant('backfill' as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), fc.array(step, { maxLength: 12 }), (before, after) => {
        const { fabric, state, pass, ids } = twoBuckets();
        const run = (steps: typeof before): void => {
          for (const one of steps) {
            state.now += 1;
            const bucket = fabric.bucket(east)!;
            if (one.what === 'put') fabric.copier.wrote(bucket, bucket.put(one.key, body, type, state.now));
            else if (one.what === 'delete') fabric.copier.wrote(bucket, bucket.mark(one.key, state.now));
            else if (one.what === 'cut') state.isCut = one.isCut;
            else if (one.what === 'stop') state.stopped[one.isOff ? 'add' : 'delete'](one.region);
            else if (one.what === 'pass') pass(one.ms);
            else fabric.jobs.start(bucket, ['NONE', 'FAILED']);
          }
        };
        fabric.setRules(east, []);
        run(before);
        fabric.setRules(east, [ruleTo(west)]);
        run(after);
        state.isCut = false;
        state.stopped.clear();
        pass(lagMs + 10);
        fabric.jobs.start(fabric.bucket(east)!, ['NONE', 'FAILED']);
        pass(lagMs + 10);
        fabric.close();
        expect(ids(west)).toEqual(ids(east));
      }),
      { numRuns: 60 },
    );
  });
});
