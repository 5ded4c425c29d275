import type { Browser, Page } from 'playwright-core';
import { FakeRun } from './fake-run';
import { judged, Visits } from './watched-page';
import { browserAbsence, openBrowser } from '../../../tools/chromium';
import { east, ruleTo, twoBuckets, west } from '../documents/two-buckets';
import { FakeDrills } from '../drill/fake-drills';

jest.setTimeout(60_000);

const inBrowser = browserAbsence() === undefined ? describe : describe.skip;

inBrowser("the page's drills, documents and edge in a browser", () => {
  let browser: Browser;
  let run: FakeRun;
  let fake: FakeDrills;
  let buckets: ReturnType<typeof twoBuckets>;
  let visits: Visits;

  beforeAll(async () => {
    browser = await openBrowser();
    visits = new Visits(browser);
  });

  afterAll(async () => browser.close());

  beforeEach(async () => {
    fake = new FakeDrills();
    buckets = twoBuckets();
    buckets.fabric.setRules(east, [ruleTo(west)]);
    const sight = () => ({
      url: 'http://127.0.0.1:4581',
      requests: 128,
      hits: 96,
      failed: 0,
      byRegion: { 'us-east-1': 30, 'us-west-2': 2 },
    });
    run = await FakeRun.open(undefined, { drills: fake.parts, documents: buckets.fabric, edge: { sight } });
  });

  afterEach(async () => {
    await visits.end();
    buckets.fabric.close();
    await run.close();
  });

  const visit = (options?: Parameters<Visits['to']>[1]): Promise<Page> => visits.to(run, options);

  const wrong = (): string[] => visits.wrong();

  test('a drill is started and ended, and what it came to arrives over the stream; a new document is counted', async () => {
    const page = await visit();
    await page.locator('#drill-us-east-1').click();
    await page.locator('#live-drills .standing', { hasText: 'us-east-1 is drilled' }).waitFor();
    await page.locator('#drill-end').click();
    await page.locator('#live-drills', { hasText: 'ended before its verdict' }).waitFor();
    expect(fake.stopped).toHaveLength(1);
    fake.over('second', { state: 'FAILED', reasons: ['callers were away after 48.1 s, budget 30 s'] });
    await page.locator('#live-drills', { hasText: 'callers were away after 48.1 s' }).waitFor();
    const bucket = buckets.fabric.bucket(east)!;
    buckets.fabric.copier.wrote(bucket, bucket.put('statements/1', Buffer.from('x'), 'text/plain', buckets.state.now));
    await page.locator('#live-documents', { hasText: '1 version on the way' }).waitFor();
    expect(wrong()).toEqual([]);
  });

  test.each([
    ['a desktop', { width: 1280, height: 900 }, 'light'],
    ['a phone, in the dark', { width: 390, height: 844 }, 'dark'],
  ] as const)('on %s nothing is cut off, and all can be read', async (_what, viewport, colorScheme) => {
    fake.over('one');
    fake.over('two', {
      state: 'FAILED',
      recoverySeconds: 48.1,
      reasons: ["callers were away after 48.1 s: resolvers keep the public name's answer for 50 s"],
    });
    const page = await visit({ viewport, colorScheme });
    await page.locator('#live-drills', { hasText: 'resolvers keep' }).waitFor();
    expect(await judged<number>(page, 'widest')).toBeLessThanOrEqual(viewport.width);
    expect(await judged<string[]>(page, 'faint')).toEqual([]);
    expect(await judged<string[]>(page, 'blocks')).toEqual([]);
    expect(wrong()).toEqual([]);
  });
});
