import type { Browser, Page } from 'playwright-core';
import { FakeRun } from './fake-run';
import { judged, Visits } from './watched-page';
import { browserAbsence, openBrowser } from '../../../tools/chromium';
import { FakeCutover, people } from '../cutover/fake-cutover';

jest.setTimeout(60_000);

const inBrowser = browserAbsence() === undefined ? describe : describe.skip;

inBrowser("the page's cutover in a browser", () => {
  let browser: Browser;
  let run: FakeRun;
  let fake: FakeCutover;
  let visits: Visits;

  beforeAll(async () => {
    browser = await openBrowser();
    visits = new Visits(browser);
  });

  afterAll(async () => browser.close());

  beforeEach(async () => {
    fake = new FakeCutover();
    await fake.weigh(0);
    run = await FakeRun.open(undefined, { cutover: fake });
  });

  afterEach(async () => {
    await visits.end();
    await run.close();
  });

  const visit = (options?: Parameters<Visits['to']>[1]): Promise<Page> => visits.to(run, options);

  const wrong = (): string[] => visits.wrong();

  test("is started by keyboard in somebody's name, shows who is asked, and is rolled back", async () => {
    const page = await visit();
    await page.locator('#cutover-as').focus();
    await page.keyboard.press('g');
    await page.waitForTimeout(600);
    expect(await page.locator('#cutover-as').inputValue()).toBe(people[1]);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.locator('.standing', { hasText: 'under way' }).waitFor();
    expect(fake.started).toMatchObject([{ input: { startedBy: people[1], action: 'cutover' } }]);
    fake.mails = [fake.mailOf('A'.repeat(22))];
    fake.running({ state: 'Approval', waitsForToken: true });
    const link = page.locator('#open-approval');
    await link.waitFor();
    expect(await link.getAttribute('href')).toBe(`/approvals/${'A'.repeat(22)}`);
    await page.locator('#cutover-rollback').click();
    await page.waitForTimeout(300);
    expect(fake.started).toMatchObject([{}, { input: { action: 'rollback' } }]);
    expect(wrong()).toEqual([]);
  });

  test.each([
    ['a desk', { width: 1280, height: 900 }],
    ['a phone', { width: 360, height: 740 }],
  ])('can be read and used on %s, in light and dark', async (_, viewport) => {
    await fake.record('pre', {
      what: 'prechecks',
      run: 'r',
      phase: 0,
      passed: false,
      digest: 'd',
      failed: ['b'],
      checks: ['ok a: fine', 'NOT b: missing'],
    });
    fake.running({ state: 'Soak', data: { last: { phase: 0 } } });
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await visit({ viewport, colorScheme });
      await page.locator('.phases').waitFor();
      await page.locator('#cutover-checks summary').click();
      expect(await judged(page, 'faint')).toEqual([]);
      expect(await judged(page, 'blocks')).toEqual([]);
      expect(await judged<number>(page, 'widest')).toBeLessThanOrEqual(viewport.width);
    }
    expect(wrong()).toEqual([]);
  });

  test('works without a script', async () => {
    const page = await visit({ javaScriptEnabled: false });
    await page.locator('#cutover-start').click();
    await page.locator('.standing', { hasText: 'under way' }).waitFor();
    expect(fake.started).toMatchObject([{ input: { startedBy: people[0], action: 'cutover' } }]);
  });
});
