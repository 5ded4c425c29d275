import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { BrowserSite } from './browser-site';
import { browserAbsence, openBrowser } from '../../tools/chromium';

jest.setTimeout(60_000);

/** Elsewhere `npm test` says that these were left out. */
const inBrowser = browserAbsence() === undefined ? describe : describe.skip;

const phone: BrowserContextOptions = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };
const report = [
  { check: 'replication lag', result: 'passed', found: '120 ms over 5 minutes, limit 500 ms' },
  { check: 'dead-letter queues', result: 'passed', found: 'empty' },
  { check: 'quota parity', result: 'failed', found: 'Lambda concurrency 1,000 in eu-central-1, 3,000 in us-east-1' },
];

inBrowser("the approval's page in a browser", () => {
  let browser: Browser;
  let site: BrowserSite;
  let contexts: BrowserContext[];
  let wrong: string[];

  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    site = await BrowserSite.open();
    site.claims = { sub: 'sub-cem', name: 'Cem', email: 'cem@example.com', email_verified: true, groups: ['approvers'] };
    [contexts, wrong] = [[], []];
  });
  afterEach(async () => {
    await Promise.all(contexts.map((context) => context.close()));
    await site.close();
  });

  async function visit(id: string, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext(options);
    contexts.push(context);
    const page = await context.newPage();
    page.on('console', (message) => wrong.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => wrong.push(String(error)));
    page.on('request', (request) => {
      if (!request.url().startsWith('http://localhost:')) wrong.push(`asked ${request.url()}`);
    });
    page.on('dialog', (dialog) => {
      wrong.push(`dialog ${dialog.message()}`);
      void dialog.dismiss();
    });
    await page.goto(`${site.url}/approvals/${id}`);
    return page;
  }

  test('sign in, comment, approve: the state machine is told once, and a reload tells nobody again', async () => {
    const id = await site.site.world.ask({ report, details: { phase: '2 of 5', weights: 'us-east-1 75, eu-central-1 25' } });
    const page = await visit(id);
    expect(await page.locator('form').count()).toBe(0);
    await page.getByRole('link', { name: 'Sign in to decide' }).click();
    await page.getByText('You are signed in as Cem.').waitFor();
    expect(page.url()).toBe(`${site.url}/approvals/${id}`);
    await page.getByLabel('Comment').fill('Zahlen passen: <ok>');
    await page.getByRole('button', { name: 'Approve' }).click();
    await page.getByText('Approved', { exact: true }).waitFor();
    await page.reload();
    expect(await page.getByText('Zahlen passen: <ok>').count()).toBe(1);
    expect(await page.locator('form').count()).toBe(0);
    expect(site.site.world.tasks.sent).toHaveLength(1);
    expect(site.site.world.tasks.taken.get('TOKEN-secret-0')).toMatchObject({
      decision: 'APPROVED',
      by: ['sub-cem'],
      comments: [{ comment: 'Zahlen passen: <ok>' }],
    });
    expect(wrong).toEqual([]);
  });

  test('two clicks as fast as they can be made, and two windows: one answer', async () => {
    const id = await site.site.world.ask();
    const page = await visit(id);
    await page.getByRole('link', { name: 'Sign in to decide' }).click();
    const second = await page.context().newPage();
    await second.goto(page.url());
    await page.getByRole('button', { name: 'Reject' }).dblclick();
    await second.getByRole('button', { name: 'Approve' }).click();
    await second.getByText('Your answer changes nothing: the decision was made already.').waitFor();
    expect(site.site.world.tasks.sent.map(({ result }) => result.decision)).toEqual(['REJECTED']);
  });

  test('by keyboard alone', async () => {
    const id = await site.site.world.ask();
    const page = await visit(id);
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Sign in to decide');
    expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
    await page.keyboard.press('Enter');
    await page.getByText('You are signed in as Cem.').waitFor();
    for (const name of ['comment', 'decision']) {
      await page.keyboard.press('Tab');
      expect(await page.evaluate('document.activeElement.name')).toBe(name);
    }
    await page.keyboard.press('Enter');
    await page.getByText('Approved', { exact: true }).waitFor();
  });

  test('on a phone nothing is wider than the screen, and buttons are large enough for a thumb', async () => {
    const id = await site.site.world.ask({
      report,
      question: `Send 25 % of the traffic?\n${'x'.repeat(300)}`,
      details: { digest: 'a1b2c3d4'.repeat(16) },
    });
    const page = await visit(id, { ...phone, colorScheme: 'dark' });
    await page.getByRole('link', { name: 'Sign in to decide' }).tap();
    await page.getByText('You are signed in as Cem.').waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    for (const button of await page.getByRole('button').all()) expect((await button.boundingBox())!.height).toBeGreaterThanOrEqual(44);
    if (process.env.GATE_SCREENSHOTS) await page.screenshot({ path: `${process.env.GATE_SCREENSHOTS}/phone.png`, fullPage: true });
  });

  test('hostile text runs nothing, loads nothing and stays text', async () => {
    const hostile = '"><script>alert(1)</script><img src=https://evil.example.com/x onerror=alert(2)><style>*{display:none}</style>';
    site.claims = { ...site.claims, name: hostile };
    const id = await site.site.world.ask({
      subject: 'Move',
      question: hostile,
      details: { [hostile]: hostile },
      report: { [hostile]: [hostile] },
      startedBy: hostile,
    });
    const page = await visit(id);
    await page.getByRole('link', { name: 'Sign in to decide' }).click();
    await page.getByText('You are signed in as').waitFor();
    expect(await page.locator('script, img').count()).toBe(0);
    expect(await page.locator('.question').textContent()).toBe(hostile);
    expect(wrong).toEqual([]);
  });

  test('who may not decide sees why, and no button', async () => {
    site.claims = { sub: 'sub-sam', name: 'Sam', email: 'sam@example.com', groups: ['approvers'] };
    const page = await visit(await site.site.world.ask({ report }));
    await page.getByRole('link', { name: 'Sign in to decide' }).click();
    await page.getByText('You started this execution, so another person must decide.').waitFor();
    expect(await page.getByRole('button').count()).toBe(0);
    if (process.env.GATE_SCREENSHOTS) await page.screenshot({ path: `${process.env.GATE_SCREENSHOTS}/starter.png`, fullPage: true });
  });
});
