import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { FakeRun } from './fake-run';

const judges = readFileSync(path.join(__dirname, 'judges.js'), 'utf8').trim().replace(/;$/, '');

/** A page that notes what must not happen. */
interface WatchedPage {
  readonly page: Page;
  /** Errors on the console, exceptions, breaches of the content security policy, requests to other hosts. */
  readonly wrong: string[];
}

async function watchedPage(browser: Browser, run: FakeRun, options: BrowserContextOptions = {}, at = '/'): Promise<WatchedPage> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...options });
  const scripted = options.javaScriptEnabled !== false;
  const wrong: string[] = [];
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && wrong.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => wrong.push(`exception: ${error.message}`));
  page.on('request', (request) => !request.url().startsWith(`${run.url}/`) && wrong.push(`request to ${request.url()}`));
  if (scripted) {
    await page.exposeFunction('noteBreach', (what: string) => wrong.push(`policy: ${what}`));
    await page.addInitScript(
      'document.addEventListener("securitypolicyviolation", (event) => noteBreach(`${event.violatedDirective} ${event.blockedURI} ' +
        '${event.sourceFile}`))',
    );
  }
  await page.goto(`${run.url}${at}`);
  if (scripted) await page.waitForSelector('#connection[data-state=live]');
  return { page, wrong };
}

/** The pages of one test, of whichever run it has. */
export class Visits {
  private open: WatchedPage[] = [];

  constructor(private readonly browser: Browser) {}

  public async to(run: FakeRun, options?: BrowserContextOptions, at?: string): Promise<Page> {
    const watched = await watchedPage(this.browser, run, options, at);
    this.open.push(watched);
    return watched.page;
  }

  /** What must not have happened on any of them. */
  public wrong(): string[] {
    return this.open.flatMap(({ wrong }) => wrong);
  }

  /** Closes them, and forgets what happened. */
  public async end(): Promise<void> {
    await Promise.all(this.open.map(({ page }) => page.close()));
    this.open = [];
  }
}

/**
 * Asks the page itself: `faint` for texts and bars of too little contrast, `blocks` for what assistive technology stumbles over, `focused`
 * for the name of what has the focus, `widest` for the page's width, `moving` for the number of animations.
 */
export function judged<T>(page: Page, judge: 'faint' | 'blocks' | 'focused' | 'widest' | 'moving'): Promise<T> {
  return page.evaluate<T>(`(${judges}).${judge}()`);
}
