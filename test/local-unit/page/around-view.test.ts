import { east, west } from './fake-run';
import { state, words } from './states';
import type { DrillView } from '../../../local/drill/calls';
import { documents } from '../../../local/page/views/documents';
import { drills } from '../../../local/page/views/drills';
import { edge } from '../../../local/page/views/edge';
import { page } from '../../../local/page/views/layout';
import type { PageState } from '../../../local/page/views/model';

const hostile = '"><img src=x onerror=alert(1)>\'`&<script>';
const ended = (change: Partial<DrillView> = {}): DrillView => ({
  id: 'one',
  region: east,
  kind: 'drain',
  state: 'PASSED',
  budgetSeconds: 30,
  recoverySeconds: 16.2,
  lost: 0,
  duplicates: 0,
  reasons: [],
  evidence: '/_local/drills/one/evidence',
  ...change,
});
const drilled = (...all: readonly DrillView[]): NonNullable<PageState['drills']> => ({ regions: [east, west], faults: [], drills: all });
const held = { region: east, versions: 3, deletions: 1, bytes: 1_200 };
const parity = { from: east, to: west, state: 'DONE', copied: 4, failed: 0, endedAt: Date.UTC(2026, 10, 22, 3, 0, 1) } as const;
const kept = (change: Partial<NonNullable<PageState['documents']>> = {}): NonNullable<PageState['documents']> => ({
  buckets: [held, { ...held, region: west }],
  waiting: 0,
  ...change,
});

describe('drills', () => {
  test('before the first one: each region can be drilled', () => {
    const markup = drills(state({ drills: drilled() }));
    expect(words(markup)).toContain('no region is drilled');
    expect(words(markup)).toContain(`Drill ${east} Drill ${west}`);
    expect(words(markup)).toContain('No region has been drilled in this run.');
    expect(markup.toString()).toContain('action="/_local/page/drills"');
  });

  test('one by a fault can be started where the app has faults', () => {
    const markup = drills(state({ drills: { ...drilled(), faults: [east] } }));
    expect(words(markup)).toContain(`Drill ${east} Drill ${west} Drill ${east} by a fault`);
    expect(markup.toString()).toContain('<input type="hidden" name="kind" value="fault">');
    expect(drills(state({ drills: drilled() })).toString()).not.toContain('fault');
  });

  test('one that runs says where it is, and can be ended; no other one can be started', () => {
    const running = ended({
      id: 'two',
      state: 'RUNNING',
      step: 'Watch callers leave',
      recoverySeconds: undefined,
      lost: undefined,
      evidence: undefined,
    });
    const markup = drills(state({ drills: drilled(running) }));
    expect(words(markup)).toMatch(new RegExp(`${east} is drilled at ‘Watch callers leave’ End the drill`));
    expect(words(markup)).not.toContain(`Drill ${west}`);
    expect(words(markup)).toContain('not measured not known none yet');
    expect(markup.toString()).toContain('action="/_local/page/drills/two/end"');
  });

  test('what became of the last ones, with reasons and evidence', () => {
    const text = drills(state({ drills: drilled(ended(), ended({ id: 'b', state: 'FAILED', reasons: ['callers were away late'] })) }));
    expect(words(text)).toContain('passed 16.2 s of 30 s 0 lost, 0 twice evidence');
    expect(words(text)).toContain('failed callers were away late');
    expect(text.toString()).toContain('href="/_local/drills/one/evidence"');
  });
});

describe('documents', () => {
  test('what each bucket holds, and how to compare them', () => {
    const text = words(documents(state({ documents: kept({ waiting: 2 }) })));
    expect(text).toContain(`${east} 3 1 1,200 ${west} 3 1 1,200`);
    expect(text).toContain('2 versions on the way');
    expect(text).toContain('Run a backfill The regions have not been compared in this run.');
  });

  test.each<[string, Partial<NonNullable<NonNullable<PageState['documents']>['backfill']>>, string]>([
    [
      'equal',
      { report: { equal: true, differences: [] } },
      `${east} to ${west}: the same documents 4 copied, 0 failed, compared at 03:00:01 UTC`,
    ],
    [
      'different',
      { report: { equal: false, differences: [{ key: 'statements/1', versionId: 'v1', why: 'the copy has not got this version' }] } },
      '1 difference compared at 03:00:01 UTC statements/1 the copy has not got this version v1',
    ],
    ['failed', { state: 'FAILED', why: 'sts answered 503' }, 'failed sts answered 503 03:00:01 UTC'],
    ['under way', { state: 'RUNNING', endedAt: undefined }, `a backfill from ${east} to ${west} is under way 4 copied`],
  ])('a comparison that is %s', (_what, change, expected) => {
    const text = words(documents(state({ documents: kept({ backfill: { ...parity, ...change } }) })));
    expect(text).toContain(expected);
    expect(text.includes('Run a backfill')).toBe(change.state !== 'RUNNING');
  });
});

test('the edge: where it is, and who answered', () => {
  const markup = edge(state({ edge: { url: 'http://127.0.0.1:1', requests: 12, hits: 5, failed: 0, byRegion: { [east]: 7 } } }));
  expect(words(markup)).toContain('serving http://127.0.0.1:1 12 requests 5 from the cache 0 answers 5xx');
  expect(words(markup)).toContain(`${east} 7`);
  expect(words(edge(state({ edge: { url: 'x', requests: 1, hits: 0, failed: 1, byRegion: {} } })))).toContain('some answers were 5xx');
});

test('an app without these parts shows none of them; nothing hostile becomes an element', () => {
  expect(page(state())).not.toMatch(/id="title-(drills|documents|edge)"/);
  const markup = page(
    state({
      drills: {
        regions: [hostile],
        faults: [hostile],
        drills: [ended({ id: hostile, region: hostile, reasons: [hostile], evidence: `/${hostile}` })],
      },
      documents: kept({
        backfill: { ...parity, from: hostile, report: { equal: false, differences: [{ key: hostile, versionId: hostile, why: hostile }] } },
      }),
      edge: { url: hostile, requests: 0, hits: 0, failed: 0, byRegion: { [hostile]: 1 } },
    }),
  );
  expect(markup).toMatch(/id="title-drills"[\s\S]*id="title-documents"[\s\S]*id="title-edge"/);
  expect(markup).not.toContain('<img');
  expect(markup.match(/<script(?![^>]* src="\/_local\/page\/assets\/)/g)).toBeNull();
  const ids = [...markup.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
  expect(ids).toEqual([...new Set(ids)]);
});
