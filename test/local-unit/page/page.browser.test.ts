import type { Browser, Page } from 'playwright-core';
import { FakeRun, east, west } from './fake-run';
import { judged, Visits } from './watched-page';
import { browserAbsence, openBrowser } from '../../../tools/chromium';
import { until } from '../../waits';

jest.setTimeout(60_000);

/** Elsewhere `npm test` says that these were left out. */
const inBrowser = browserAbsence() === undefined ? describe : describe.skip;

inBrowser('the page in a browser', () => {
  let browser: Browser;
  let run: FakeRun;
  let visits: Visits;

  beforeAll(async () => {
    browser = await openBrowser();
    visits = new Visits(browser);
  });

  afterAll(async () => browser.close());

  beforeEach(async () => {
    run = await FakeRun.open({ noticeMs: 1_500, ttlMs: 500 });
  });

  afterEach(async () => {
    await visits.end();
    await run.close();
  });

  const visit = (options?: Parameters<Visits['to']>[1], at?: string): Promise<Page> => visits.to(run, options, at);

  const wrong = (): string[] => visits.wrong();
  const sees = (page: Page, selector: string, text: string | RegExp) =>
    page.locator(selector, { hasText: text }).first().waitFor({ timeout: 15_000 });
  /** The first payment, as a link that htmx follows: until it has bound a row that has just come, a press opens the page anew. */
  const bound = (page: Page): Promise<unknown> =>
    until('a bound payment', () => page.evaluate('"htmx-internal-data" in (document.querySelector(".payment") ?? {})'), {
      withinMs: 15_000,
    });

  test('loads without errors, breaches of its policy or requests to other hosts, and takes what comes over the stream', async () => {
    const page = await visit();
    expect(await page.locator('.payment').count()).toBe(0);
    await run.pay(123456);
    await sees(page, '.payment', '1,234.56 USD');
    run.alarms = [{ ...run.alarms[0], state: 'ALARM' }];
    await sees(page, '#live-alarms', 'payments-health-us-east-1');
    await page.locator('#storm').click();
    await sees(page, '#live-senders', 'one payment, debited once');
    await sees(page, '.payment', '39 replays');
    expect(wrong()).toEqual([]);
  });

  test("stops and starts a region by keyboard, counts the recovery before one's eyes, and keeps the focus", async () => {
    const page = await visit();
    const focused = () => judged<string | undefined>(page, 'focused');
    for (let tabs = 0; (await focused()) !== `Stop ${east}` && tabs < 10; tabs += 1) await page.keyboard.press('Tab');
    expect(await focused()).toBe(`Stop ${east}`);
    await page.keyboard.press('Enter');
    await sees(page, '.headline', `${east} is lost. Its callers have had no answer for`);
    const clock = async () => parseFloat(await page.locator('#recovery-clock').innerText());
    const first = await clock();
    await page.waitForTimeout(600);
    expect(await clock()).toBeGreaterThan(first);
    expect(await focused()).toBe(`Start ${east}`);
    await sees(page, '.headline', `Its callers were answered by ${west} after`);
    const recovered = await clock();
    expect(recovered).toBeGreaterThan(1.4);
    expect(recovered).toBeLessThan(6);
    await page.waitForTimeout(500);
    expect(await clock()).toBe(recovered);
    await sees(page, '#live-announcement', `Recovered: callers of ${east} are answered by ${west} after ${recovered.toFixed(1)} s.`);
    await page.keyboard.press('Enter');
    await sees(page, '.headline', 'Last recovery');
    expect(await focused()).toBe(`Stop ${east}`);
    expect(run.door.regions[0].state).toBe('running');
    expect(wrong()).toEqual([]);
  });

  test('leaves alone what is being typed, and sends it', async () => {
    const page = await visit();
    await page.locator('#rate').fill('17');
    await run.pay(1250);
    await sees(page, '.payment', '12.50 USD');
    await page.keyboard.press('Tab');
    await page.waitForTimeout(600);
    expect(await page.locator('#rate').inputValue()).toBe('17');
    await page.keyboard.press('Enter');
    await sees(page, '#live-senders', 'sending');
    expect(await page.locator('#rate').inputValue()).toBe('17');
    await page.locator('#load-stop').click();
    await sees(page, '#live-senders', 'not sending');
    const lag = page.getByLabel(`Lag from ${east} to ${west}`).first();
    await lag.fill('250');
    await page.keyboard.press('Enter');
    await until('the links of the form', async () => (await run.door.ask('GET', '/_local/status')).body.includes('"lagMs":250'));
    await page.getByLabel(`Cut both ${east} and ${west}`).click();
    await page.getByLabel(`Mend both ${east} and ${west}`).waitFor();
    expect(wrong()).toEqual([]);
  });

  test('draws the trace of a payment that is chosen, and says so', async () => {
    const page = await visit();
    const traceId = run.traceOf(await run.pay(1250));
    const late = run.segments.get(traceId)!.pop()!;
    await bound(page);
    await page.locator('.payment').first().focus();
    await page.keyboard.press('Enter');
    await sees(page, '#trace-panel', 'EventBridge PutEvents');
    expect(await page.locator('.waterfall li').count()).toBe(6);
    await sees(page, '#trace-live', 'Trace with 6 segments in 1 region');
    run.segments.get(traceId)!.push(late);
    await page.locator('.waterfall li').nth(6).waitFor();
    expect(await page.locator('.waterfall', { hasText: east }).filter({ hasText: west }).count()).toBe(1);
    await sees(page, '#trace-panel .events', 'payment.authorised');
    expect(page.url()).toBe(`${run.url}/`);
    const bars = await page.evaluate<number[]>(
      '[...document.querySelectorAll(".waterfall li rect:not(.rail)")].map((bar) => bar.getBoundingClientRect().width)',
    );
    expect(bars).toHaveLength(7);
    expect(Math.min(...bars)).toBeGreaterThan(1);
    expect(wrong()).toEqual([]);
  });

  test('fits a phone of 360 px, also while a region is away', async () => {
    for (let index = 0; index < 3; index += 1) await run.pay(123_456_789 + index, { region: index % 2 ? west : east });
    const page = await visit(
      { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true },
      `/?trace=${run.traceOf(await run.pay(100))}`,
    );
    await page.locator('details summary').first().tap();
    const widest = () => judged<number>(page, 'widest');
    expect(await widest()).toBe(360);
    await page.getByLabel(`Stop ${east}`).tap();
    await sees(page, '.headline', 'answered by');
    expect(await widest()).toBe(360);
    expect(await judged(page, 'blocks')).toEqual([]);
    expect(wrong()).toEqual([]);
  });

  test.each(['light', 'dark'] as const)('can be read in %s, and by those who cannot see it', async (colorScheme) => {
    for (const amount of [1250, 1257]) await run.pay(amount);
    const page = await visit({ colorScheme, reducedMotion: 'reduce' }, `/?trace=${run.traceOf(await run.pay(100))}`);
    run.alarms = [{ ...run.alarms[0], state: 'ALARM' }];
    await sees(page, '#live-alarms', 'payments-health-us-east-1');
    expect(await judged(page, 'faint')).toEqual([]);
    expect(await judged(page, 'blocks')).toEqual([]);
    await page.getByLabel(`Stop ${east}`).click();
    await sees(page, '.headline', 'is lost');
    expect(await judged(page, 'faint')).toEqual([]);
    await sees(page, '.headline', 'answered by');
    expect(await judged(page, 'faint')).toEqual([]);
    expect(await judged(page, 'moving')).toBe(0);
  });

  test('has switches that work without a script', async () => {
    await run.pay(1250);
    const page = await visit({ javaScriptEnabled: false });
    await page.getByLabel(`Stop ${west}`).click();
    await page.getByLabel(`Start ${west}`).waitFor();
    expect(run.door.regions[1].state).toBe('stopped');
    await page.locator('.payment').first().click();
    await page.getByText('EventBridge PutEvents').waitFor();
    await page.getByText('Load again').waitFor();
  });

  test('says what was refused, and that the run has ended', async () => {
    const page = await visit();
    await page.route('**/_local/page/storm', (route) =>
      route.fulfill({ status: 409, contentType: 'application/problem+json', body: '{"detail":"A storm is under way <b>already</b>."}' }),
    );
    await page.locator('#storm').click();
    await sees(page, '#notice', 'A storm is under way <b>already</b>.');
    await run.close();
    await sees(page, '#connection', 'the run has ended');
    run = await FakeRun.open();
  });
});
