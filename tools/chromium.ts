import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { chromium, type Browser } from 'playwright-core';

/** Where Debian, Fedora, Arch and macOS put it; `CHROMIUM` names another place, or is `package` for the one that the packages bring. */
const places = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** A browser, and what it needs in its environment. */
export interface ChromiumPlace {
  readonly executable: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Why the browser tests are left out; undefined where they can run. */
export function browserAbsence(): string | undefined {
  if (installed() || broughtFor(process.platform, process.arch)) return undefined;
  return (
    `no Chromium was found, and none comes with the packages for ${process.platform}-${process.arch}: *.browser.test.ts were not ` +
    `run; install chromium, or name one in the variable CHROMIUM`
  );
}

export function openBrowser(place: ChromiumPlace = installed() ?? broughtChromium()): Promise<Browser> {
  const { executable: executablePath, env } = place;
  // The tests' pages are their own, and containers often have no user namespaces for its sandbox.
  return chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
    ...(env ? { env: { ...(process.env as Record<string, string>), ...env } } : {}),
  });
}

function installed(): ChromiumPlace | undefined {
  if (process.env.CHROMIUM === 'package') return undefined;
  const executable = [process.env.CHROMIUM, ...places].find(
    (place) => place !== undefined && place !== '' && existsSync(place) && isExecutable(place),
  );
  return executable === undefined ? undefined : { executable };
}

/** `@sparticuz/chromium` holds a browser for Linux on x64, with the libraries that it needs beside the C library's. */
export function broughtFor(platform: string, arch: string): boolean {
  return platform === 'linux' && arch === 'x64';
}

/** The browser that the packages bring: unpacked into `.tools` once for each version. */
export function broughtChromium(tools = path.resolve(__dirname, '../.tools')): ChromiumPlace {
  const entry = require.resolve('@sparticuz/chromium');
  const { version } = JSON.parse(readFileSync(path.resolve(path.dirname(entry), '../../package.json'), 'utf8')) as { version: string };
  const home = path.join(tools, `chromium-${version}`);
  if (!existsSync(home)) unpack(entry, home);
  return {
    executable: path.join(home, 'chromium'),
    env: { LD_LIBRARY_PATH: path.join(home, 'al2023', 'lib'), FONTCONFIG_FILE: path.join(home, 'fonts.conf') },
  };
}

/** Made beside its place and moved there: another run that starts meanwhile never sees half of it. */
function unpack(entry: string, home: string): void {
  mkdirSync(path.dirname(home), { recursive: true });
  const draft = mkdtempSync(`${home}.${process.pid}-`);
  try {
    // It unpacks into the temporary folder, and its libraries only where it takes itself to be on Lambda.
    const env = { PATH: process.env.PATH, TMPDIR: draft, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x' };
    const { status, stderr } = spawnSync(
      process.execPath,
      ['-e', 'const brought = require(process.argv[1]); (brought.default ?? brought).executablePath()', entry],
      { env, encoding: 'utf8' },
    );
    if (status !== 0) throw new Error(`@sparticuz/chromium could not be unpacked into ${draft}: ${stderr}`);
    // A cache's path is relative to the working directory whatever its prefix says, so it is written whole.
    const folders = `<dir prefix="relative">fonts</dir><dir>/usr/share/fonts</dir><cachedir>${path.join(home, 'fonts-cache')}</cachedir>`;
    writeFileSync(
      path.join(draft, 'fonts.conf'),
      `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>${folders}</fontconfig>\n`,
    );
    renameSync(draft, home);
  } catch (error) {
    // A folder with something in it is never replaced, so this may be the other run's.
    if (!existsSync(home)) throw error;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
