import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { FakeRun } from './fake-run';

const judges = readFileSync(path.join(__dirname, 'judges.js'), 'utf8').trim().replace(/;$/, '');

/** A page that notes what must not happen. */
export interface WatchedPage {
  readonly page: Page;
  /** Errors on the console, exceptions, breaches of the content security policy, requests to other hosts. */
  readonly wrong: string[];
}

export async function watchedPage(browser: Browser, run: FakeRun, options: BrowserContextOptions = {}, at = '/'): Promise<WatchedPage> {
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

/**
 * Asks the page itself: `faint` for texts and bars of too little contrast, `blocks` for what assistive technology stumbles over, `focused`
 * for the name of what has the focus, `widest` for the page's width, `moving` for the number of animations.
 */
export function judged<T>(page: Page, judge: 'faint' | 'blocks' | 'focused' | 'widest' | 'moving'): Promise<T> {
  return page.evaluate<T>(`(${judges}).${judge}()`);
}
