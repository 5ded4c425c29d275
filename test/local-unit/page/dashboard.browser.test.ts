import { App } from 'aws-cdk-lib';
import type { Browser, Page } from 'playwright-core';
import { FakeRun, east, west } from './fake-run';
import { judged, Visits } from './watched-page';
import { configOf } from '../../../examples/active-active/config';
import { defineSystem } from '../../../examples/active-active/stacks';
import { apiMetrics } from '../../../src/api/contract';
import { systemMetrics } from '../../../src/kernel/system-metrics';
import { browserAbsence, openBrowser } from '../../../tools/chromium';
import { templatesOf, textOf } from '../../examples/dashboards';
import { api, Boards, dashboard } from '../dashboard/boards';

jest.setTimeout(60_000);

const inBrowser = browserAbsence() === undefined ? describe : describe.skip;

/** The dashboards of the example, as its templates have them. */
function exampleDashboards() {
  return templatesOf((app: App) => void defineSystem(app, configOf('STRONG'))).flatMap(({ region, template }) =>
    Object.values(template.findResources('AWS::CloudWatch::Dashboard')).map(({ Properties }) =>
      dashboard(textOf(Properties.DashboardBody), Properties.DashboardName as string, region),
    ),
  );
}

inBrowser('dashboards in a browser', () => {
  const resources = [...exampleDashboards(), api(east, 'acme-pay-payments'), api(west, 'acme-pay-payments')];
  let browser: Browser;
  let boards: Boards;
  let run: FakeRun;
  let visits: Visits;

  beforeAll(async () => {
    browser = await openBrowser();
    visits = new Visits(browser);
  });

  afterAll(async () => browser.close());

  beforeEach(async () => {
    boards = new Boards(resources, { now: Date.now });
    run = await FakeRun.open(undefined, {
      dashboards: boards.dashboards,
      passing: { answered: (answer) => boards.measures.answered(answer) },
    });
    boards.nowMs = Date.now();
  });

  afterEach(async () => {
    await visits.end();
    boards.dashboards.close();
    await run.close();
  });

  const visit = (options?: Parameters<Visits['to']>[1], at?: string): Promise<Page> => visits.to(run, options, at);
  const wrong = (): string[] => visits.wrong();
  const widget = (page: Page, title: string) => page.locator('.widget', { has: page.locator('figcaption', { hasText: title }) });

  /** What the API's function writes of a payment into its log. */
  function counted(region: string, times: number): void {
    const { namespace, systemDimension, regionDimension } = systemMetrics;
    const metric = {
      region,
      namespace,
      name: apiMetrics.authorised,
      dimensions: { [systemDimension]: 'acme-pay', [regionDimension]: region },
    };
    for (let one = 0; one < times; one += 1) boards.store.put(metric, 1, Date.now());
  }

  test('is drawn when it is chosen, with every widget of the template, and closed again', async () => {
    const page = await visit();
    expect(await page.locator('.widget').count()).toBe(0);
    await page.locator('#dashboards a', { hasText: 'acme-pay-us-east-1' }).click();
    await widget(page, 'Split by region').waitFor();
    const titles = await page.locator('.widget figcaption').allInnerTexts();
    expect(titles).toEqual(expect.arrayContaining(['Payments by status a minute', 'Write conflicts per million writes', 'Alarms']));
    expect(await page.locator('.widget h4').allInnerTexts()).toEqual(expect.arrayContaining(['Traffic', 'Ledger', 'Alarms of us-east-1']));
    expect(await page.locator('.widget h3').innerText()).toBe('acme-pay: us-east-1, us-west-2');
    await page.locator('#dashboards a', { hasText: 'Close' }).click();
    await page.locator('#dashboards', { hasText: 'Choose one' }).waitFor();
    expect(wrong()).toEqual([]);
  });

  test('shows payments that are made while it is open, by region, and leaves no zero where nothing is emitted', async () => {
    const page = await visit();
    await page.locator('#dashboards a', { hasText: 'acme-pay-us-east-1' }).click();
    await widget(page, 'API, requests').waitFor();
    expect(await widget(page, 'API, requests').innerText()).toContain('Nothing was measured in this time.');
    for (let paid = 0; paid < 3; paid += 1) await run.pay(1250, { region: east });
    await run.pay(1250, { region: west });
    counted(east, 3);
    counted(west, 1);
    await page.locator('.widget svg[aria-label="Split by region: us-east-1 75, us-west-2 25"]').waitFor();
    await page.locator('.widget svg[aria-label^="API, requests: us-east-1 3, us-west-2 1"]').waitFor();
    await page.locator('.widget svg[aria-label^="Answers with 5xx: us-east-1 0, us-west-2 0"]').waitFor();
    const units = widget(page, 'Ledger, units');
    expect(await units.innerText()).toContain(
      'Not emitted locally: AWS/DynamoDB ConsumedWriteCapacityUnits, AWS/DynamoDB ConsumedReadCapacityUnits.',
    );
    expect(await units.locator('.plot').count()).toBe(0);
    expect(await units.innerText()).not.toMatch(/\b0\b/);
    expect(wrong()).toEqual([]);
  });

  test('alarms of its region are there, raised ones first', async () => {
    const page = await visit({}, '/?dashboard=acme-pay-us-east-1');
    const alarms = page.locator('.alarm-states li');
    const names = (await alarms.allInnerTexts()).map((text) => text.replace(/^\S+ /, '').split(/\s/)[0]);
    names.forEach((name) => boards.alarms.set(name, 'OK'));
    boards.alarms.set(names[4], 'ALARM');
    await page.locator('.alarm-states li:first-child', { hasText: 'in alarm' }).waitFor();
    expect(await alarms.first().innerText()).toContain(names[4]);
    expect(wrong()).toEqual([]);
  });

  test.each([
    ['a desktop', { width: 1280, height: 900 }, 'light'],
    ['a desktop, in the dark', { width: 1280, height: 900 }, 'dark'],
    ['a phone', { width: 360, height: 740 }, 'light'],
  ] as const)('on %s nothing is cut off, and all can be read', async (_what, viewport, colorScheme) => {
    counted(east, 7);
    const page = await visit({ viewport, colorScheme }, '/?dashboard=acme-pay-us-west-2');
    await page.locator('.widget svg[role=img]').first().waitFor();
    expect(await judged<number>(page, 'widest')).toBeLessThanOrEqual(viewport.width);
    expect(await judged<string[]>(page, 'faint')).toEqual([]);
    expect(await judged<string[]>(page, 'blocks')).toEqual([]);
    expect(wrong()).toEqual([]);
  });

  test('works without a script; a dashboard that is not there is told', async () => {
    const page = await visit({ javaScriptEnabled: false });
    await page.locator('#dashboards a', { hasText: 'acme-pay-us-west-2' }).click();
    await widget(page, 'Split by region').waitFor();
    const answer = await run.door.ask('GET', '/_local/dashboards/gone');
    expect([answer.status, answer.json().detail]).toEqual([
      404,
      "There is no dashboard 'gone' in this run: it has acme-pay-us-east-1, acme-pay-us-west-2.",
    ]);
    expect((await run.door.ask('GET', '/_local/dashboards')).json()).toHaveLength(2);
  });
});
