/**
 * The local run's package as a stranger uses it: installed from its tarball, started in the folder of an app that `init` wrote. A payment
 * is taken, repeated, and asked for again of the other region while the one that took it is stopped. In the end no process and no file is
 * left.
 */
import { ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { ConsumerError, must, packageIn } from './consumers-commands';
import { localName } from './local-package/package';
import { Outcome, lastLines, passed, root } from './steps';

const readyWithinMs = 240_000;
const answerWithinMs = 60_000;
const endWithinMs = 30_000;
const [key, account] = ['order-4711', 'acc-1'];

/** How a run comes to its end: as by Ctrl-C, or because the npm that started it was killed, which no signal tells. */
export type RunEnd = 'interrupted' | 'npm is killed';

/** Runs the app of a folder, with the environment in which it synthesises. */
export async function runsLocally(
  workshop: string,
  app: string,
  end: RunEnd,
  env: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const program = await installed(workshop);
  const byNpm = ['npm', 'exec', '--prefix', path.join(workshop, 'local'), '--', localName];
  const temp = mkdtempSync(path.join(os.tmpdir(), 'l-'));
  const start = Date.now();
  const environment = { ...env, TMPDIR: temp, XDG_CACHE_HOME: path.join(workshop, 'local', 'cache') };
  // One run has every part of the example, the other one what none of them can be left out of.
  const run =
    end === 'interrupted'
      ? new InstalledRun([program], app, environment, [])
      : new InstalledRun(byNpm, app, environment, ['--only', 'none']);
  try {
    const url = await run.ready();
    const readyAfter = (Date.now() - start) / 1000;
    await payTwiceAndElsewhere(url);
    await run.endsWithoutTrace(temp, end);
    return passed(`ready after ${readyAfter.toFixed(0)} s, paid, and ended after ${((Date.now() - start) / 1000).toFixed(0)} s`);
  } finally {
    await run.kill();
    rmSync(temp, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Installed once for all apps, as npx does it in its cache. The emulator's environment is the clone's: what it is made of is the same. */
async function installed(workshop: string): Promise<string> {
  const folder = path.join(workshop, 'local');
  const program = path.join(folder, 'node_modules', '.bin', localName);
  const tarball = packageIn('js', '.tgz', `${localName}-`);
  if (fresh.has(tarball)) return program;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(path.join(folder, 'cache'), { recursive: true });
  symlinkSync(path.join(root, '.tools'), path.join(folder, 'cache', localName));
  await must('npm', ['install', '--prefix', folder, '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error', tarball], {
    cwd: folder,
  });
  fresh.add(tarball);
  return program;
}
const fresh = new Set<string>();

class InstalledRun {
  private output = '';
  private over = false;
  private readonly child: ChildProcess;
  private readonly ended: Promise<number | null>;

  constructor([program, ...first]: readonly string[], app: string, env: Readonly<Record<string, string>>, parts: readonly string[]) {
    this.child = spawn(program, [...first, '--app', '.', '--port', '0', ...parts], {
      cwd: app,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout!, this.child.stderr!]) stream.on('data', (part: Buffer) => (this.output += part.toString()));
    this.ended = new Promise((resolve) => {
      this.child.once('error', (error) => {
        this.output += error.message;
        resolve(-1);
      });
      this.child.once('close', resolve);
    });
    void this.ended.then(() => (this.over = true));
  }

  /** The front door's address. */
  async ready(): Promise<string> {
    for (const deadline = Date.now() + readyWithinMs; Date.now() < deadline && !this.over; await sleep(200)) {
      const url = /payments API\s+(http:\S+)\/api\/v1/.exec(this.output)?.[1];
      if (url !== undefined) return url;
    }
    throw new ConsumerError(`${localName} ${this.over ? 'ended before it was ready' : 'was not ready'}:\n${lastLines(this.output, 30)}`);
  }

  async endsWithoutTrace(temp: string, end: RunEnd): Promise<void> {
    if (end === 'interrupted') await this.interrupt();
    else this.child.kill('SIGKILL');
    // npm keeps a cache of its own there.
    const left = (): string[] => [...processesWith(`TMPDIR=${temp}`), ...readdirSync(temp).filter((name) => /^mrp/.test(name))];
    for (const deadline = Date.now() + endWithinMs; left().length > 0 && Date.now() < deadline;) await sleep(200);
    if (left().length > 0) throw new ConsumerError(`${localName} left ${left().join(', ')} behind when ${end}`);
  }

  private async interrupt(): Promise<void> {
    this.child.kill('SIGINT');
    const code = await Promise.race([this.ended, sleep(endWithinMs, 'not within 30 s' as const, { ref: false })]);
    if (code !== 0) throw new ConsumerError(`${localName} ended on SIGINT with ${code}:\n${lastLines(this.output, 30)}`);
  }

  async kill(): Promise<void> {
    if (this.over) return;
    this.child.kill('SIGTERM');
    await Promise.race([this.ended, sleep(endWithinMs, undefined, { ref: false })]);
    this.child.kill('SIGKILL');
  }
}

/** Processes by a variable of their environment that begins so; none where there is no `/proc`. */
function processesWith(variable: string): string[] {
  if (!existsSync('/proc/self/environ')) return [];
  return readdirSync('/proc').filter((pid) => {
    try {
      return (
        /^\d+$/.test(pid) &&
        readFileSync(`/proc/${pid}/environ`, 'utf8')
          .split('\0')
          .some((text) => text.startsWith(variable))
      );
    } catch {
      return false; // It has ended, or is another user's.
    }
  });
}

interface Answer {
  readonly status: number;
  readonly replayed: boolean;
  readonly region: string | null;
  readonly body: unknown;
}

async function payTwiceAndElsewhere(url: string): Promise<void> {
  const token = await (await fetch(`${url}/_local/token?tenant=acme`)).text();
  const call = async (method: string, address: string, body: object): Promise<Answer> => {
    const response = await fetch(address, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify(body),
    });
    return {
      status: response.status,
      replayed: response.headers.get('idempotency-replayed') === 'true',
      region: response.headers.get('x-served-by-region'),
      body: await response.json(),
    };
  };
  const pay = (base: string): Promise<Answer> =>
    call('POST', `${base}/api/v1/payments`, { accountId: account, amount: 1250, currency: 'EUR' });
  const opened = await call('PUT', `${url}/api/v1/accounts/${account}`, { currency: 'EUR', balance: 100_000 });
  expectThat(opened.status === 201, 'the account is opened', opened);
  const first = await pay(url);
  expectThat(first.status === 201 && !first.replayed && first.region !== null, 'the first payment is taken', first);
  const again = await pay(url);
  expectThat(isSame(again, first), 'the second answer is the first', again);
  const { regions } = (await (await fetch(`${url}/_local/status`)).json()) as { regions: { name: string }[] };
  const other = regions.find(({ name }) => name !== first.region)!.name;
  await fetch(`${url}/_local/regions/${first.region}/stop`, { method: 'POST' });
  let elsewhere = await pay(`${url}/_local/regions/${other}`);
  for (const deadline = Date.now() + answerWithinMs; elsewhere.status === 503 && Date.now() < deadline; await sleep(500)) {
    elsewhere = await pay(`${url}/_local/regions/${other}`);
  }
  expectThat(isSame(elsewhere, first) && elsewhere.region === other, `${other} answers the same with ${first.region} stopped`, elsewhere);
}

const isSame = (later: Answer, first: Answer): boolean =>
  later.replayed && later.status === first.status && isDeepStrictEqual(later.body, first.body);

function expectThat(holds: boolean, what: string, answer: Answer): void {
  if (!holds) throw new ConsumerError(`in the local run it is not so that ${what}: ${JSON.stringify(answer).slice(0, 500)}`);
}
