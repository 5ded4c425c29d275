import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DemoProcess, survivors } from './demo-process';
import { listenersOf } from './listeners';

jest.setTimeout(600_000);

const demos: DemoProcess[] = [];

function demo(args: readonly string[], env?: Readonly<Record<string, string>>): DemoProcess {
  const started = new DemoProcess(args, env);
  demos.push(started);
  return started;
}

afterAll(async () => {
  await Promise.all(demos.map((each) => each.discard()));
});

/** tsx keeps a cache of its own in every temporary folder. */
function leftIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => !/^(tsx|node-compile-cache)/.test(name));
}

async function stop(url: string, region: string): Promise<void> {
  expect((await fetch(`${url}/_local/regions/${region}/stop`, { method: 'POST' })).ok).toBe(true);
}

/** The tenant's calls of one run's API. */
async function tenantOf(
  url: string,
): Promise<(method: string, path: string, body?: object, key?: string) => Promise<{ status: number; body: any }>> {
  const token = await (await fetch(`${url}/_local/token?tenant=acme`)).text();
  return async (method, at, body, key) => {
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    };
    const answer = await fetch(`${url}/api/v1${at}`, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    return { status: answer.status, body: await answer.json() };
  };
}

describe('two stages of one app at once, each the whole example in an account of its own', () => {
  const app = ['--app', path.join(__dirname, 'apps/two-stages'), '--port', '0'];
  const accounts = ['111122223333', '444455556666'];
  let first: DemoProcess;
  let second: DemoProcess;
  let urls: string[];

  beforeAll(async () => {
    first = demo([...app, '--stage', 'Beta']);
    second = demo([...app, '--stage', 'Prod']);
    urls = await Promise.all([first.ready(), second.ready()]);
  });

  test('each takes requests of its own', async () => {
    expect(urls[0]).not.toBe(urls[1]);
    for (const url of urls) {
      // Two runs on one machine: a check may take longer than a health check waits.
      let said: unknown[] = [];
      for (let tries = 0; tries < 10 && said[0] !== 200; tries += 1) {
        if (tries > 0) await sleep(1_000);
        const health = await fetch(`${url}/health`);
        said = [health.status, ((await health.json()) as { status: string }).status];
      }
      expect(said).toEqual([200, 'healthy']);
    }
  });

  test("each takes a payment of one tenant, account and key; neither knows of the other's", async () => {
    const tenants = await Promise.all(urls.map(tenantOf));
    const amounts = [300, 700];
    const made = [];
    for (const [at, call] of tenants.entries()) {
      expect(await call('PUT', '/accounts/shared', { currency: 'USD', balance: 1_000 })).toMatchObject({ status: 201 });
      // Each by a key that both know, and by one of its own: what is found by an ID in the other run would be the first one's.
      for (const key of ['order-1', `order-of-${at}`]) {
        const answer = await call('POST', '/payments', { accountId: 'shared', amount: amounts[at] / 2, currency: 'USD' }, key);
        expect(answer).toMatchObject({ status: 201, body: { status: 'AUTHORISED' } });
        made.push({ at, key, paymentId: answer.body.paymentId as string });
      }
    }
    for (const [at, call] of tenants.entries()) {
      expect((await call('GET', '/accounts/shared')).body).toMatchObject({ available: 1_000 - amounts[at], held: amounts[at] });
      for (const { at: whose, key, paymentId } of made.filter((one) => one.key !== 'order-1')) {
        expect([key, (await call('GET', `/payments/${paymentId}`)).status]).toEqual([key, whose === at ? 200 : 404]);
      }
    }
  });

  test("each is deployed in its stage's account", async () => {
    for (const [at, url] of urls.entries()) {
      const { targets } = (await (await fetch(`${url}/_local/status`)).json()) as { targets: { arn: string }[] };
      expect(targets.length).toBeGreaterThan(0);
      expect(new Set(targets.map(({ arn }) => arn.split(':')[4]))).toEqual(new Set([accounts[at]]));
    }
  });

  test('both listen on 127.0.0.1 alone', () => {
    const runs = [first.pid, second.pid];
    // A function's socket to the daemon is bound, so that it looks like a listener; nothing reads from it.
    const listening = listenersOf([...first.tree(), ...second.tree()].map(({ pid }) => pid)).filter(
      ({ kind, pid }) => kind === 'tcp' || (kind === 'udp' && runs.includes(pid)),
    );
    // A front door, an edge, two proxies and two X-Ray daemons each; emulators listen on sockets of their own.
    expect(listening.length).toBe(12);
    expect(listening.filter(({ address }) => address !== '127.0.0.1')).toEqual([]);
  });

  test('each emulator and its functions are one process group of their own', () => {
    const groups = first.tree().filter(({ command }) => command.includes('emulator.py'));
    expect(groups.map(({ pid, group }) => pid === group)).toEqual([true, true, true]);
  });

  test('SIGTERM with a stopped region leaves no process and no folder, and the other run does not notice', async () => {
    await stop(urls[0], 'us-east-1');
    const before = first.tree();
    expect(before.length).toBeGreaterThan(5);
    expect(leftIn(first.temp)).toHaveLength(1);
    first.signal('SIGTERM');
    expect(await first.ended).toBe(0);
    expect(await survivors(before, 0)).toEqual([]);
    expect(leftIn(first.temp)).toEqual([]);
    expect((await fetch(`${urls[1]}/health`)).status).toBe(200);
  });

  test('SIGKILL with a stopped region leaves no process and no folder either', async () => {
    await stop(urls[1], 'us-west-2');
    const before = second.tree();
    second.signal('SIGKILL');
    expect(await survivors(before)).toEqual([]);
    expect(leftIn(second.temp)).toEqual([]);
  });
});

test.each(['SIGINT', 'SIGTERM'] as const)('%s while it deploys ends it at once, and leaves nothing', async (signal) => {
  const run = demo(['--port', '0']);
  await run.line(/deploying/);
  const before = run.tree();
  run.signal(signal);
  expect(await run.ended).toBe(0);
  expect(run.errors).toBe('');
  expect(await survivors(before, 0)).toEqual([]);
  expect(leftIn(run.temp)).toEqual([]);
});

test('an emulator that dies ends the run with one line and exit 1, and leaves nothing', async () => {
  const run = demo(['--port', '0', '--lag', '7']);
  const url = await run.ready();
  const { links } = (await (await fetch(`${url}/_local/status`)).json()) as { links: { lagMs: number }[] };
  expect(new Set(links.map(({ lagMs }) => lagMs))).toEqual(new Set([7]));
  const before = run.tree();
  process.kill(before.find(({ command }) => command.includes('emulator.py'))!.pid, 'SIGKILL');
  expect(await run.ended).toBe(1);
  expect(run.errors).toMatch(/^the emulator of (us-east-1|us-west-2|the strong copies) ended by itself\n$/);
  expect(await survivors(before, 0)).toEqual([]);
  expect(leftIn(run.temp)).toEqual([]);
});

describe('what the user can mend is one line and exit 1', () => {
  async function complaint(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<string> {
    const run = demo(args, env);
    expect(await run.ended).toBe(1);
    expect(run.errors.trimEnd().split('\n')).toHaveLength(1);
    expect(leftIn(run.temp)).toEqual([]);
    return run.errors.trimEnd();
  }

  test('a port in use', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    expect(await complaint(['--port', String(port)])).toBe(
      `port ${port} on 127.0.0.1 is in use: end what listens there, or choose another one with --port`,
    );
    server.close();
  });

  test('an unknown option', async () => {
    expect(await complaint(['--speed'])).toMatch(/^Unknown option '--speed': the options are --port N, /);
  });

  test('a folder without an app', async () => {
    expect(await complaint(['--port', '0', '--app', __dirname])).toBe(
      `${__dirname} has no cdk.json: start it in the folder of a CDK app, or name one with --app DIR`,
    );
  });

  test('an app with several stages, and none is named', async () => {
    expect(await complaint(['--port', '0', '--app', path.join(__dirname, 'apps/two-stages')])).toBe(
      'the app has the stages Beta, Prod, the local run deploys one: name it with --stage',
    );
  });

  test('an app that does not synthesise', async () => {
    const app = path.join(__dirname, 'apps/broken');
    expect(await complaint(['--port', '0', '--app', app])).toBe(
      `synthesising the app in ${app} failed: Error: this app is broken on purpose`,
    );
  });

  test('a deploy that fails', async () => {
    expect(await complaint(['--port', '0', '--app', path.join(__dirname, 'apps/undeployable')])).toMatch(
      /^deploying undeployable to eu-west-1 failed: .*AWS::QLDB::Ledger/,
    );
  });
});
