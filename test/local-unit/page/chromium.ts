import { accessSync, constants, existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

/** Where Debian, Fedora, Arch and macOS put it; `CHROMIUM` names another place. */
const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'];

/** Undefined where there is none. */
export function chromiumBinary(): string | undefined {
  return [process.env.CHROMIUM, ...places].find((place) => place !== undefined && place !== '' && existsSync(place) && isExecutable(place));
}

/** Why the browser tests are left out; undefined where they can run. */
export function browserAbsence(): string | undefined {
  return chromiumBinary() ? undefined : 'no Chromium was found: *.browser.test.ts were not run; install chromium, or name one in the variable CHROMIUM';
}

export function openBrowser(): Promise<Browser> {
  // The tests' pages are their own, and containers often have no user namespaces for its sandbox.
  return chromium.launch({ executablePath: chromiumBinary(), args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
