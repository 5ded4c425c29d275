import { createSocket } from 'node:dgram';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { commandTests } from './command-calls';
import { processes } from './demo-process';
import { backfillTests, documentTests } from './document-calls';
import { edgeTests } from './edge-calls';
import { listenersOf, type Listener } from './listeners';
import { localCredentials } from '../../local/engine/credentials';
import { startLocalRun, type LocalRun } from '../../local/run';
import { ask, cameThrough } from '../local-unit/attacks';
import { timePasses } from '../waits';

jest.setTimeout(300_000);

const traceId = '1-5759e988-bd862e3fe1be46a994272793';
let run: LocalRun;
let listeners: Listener[];

beforeAll(async () => {
  run = await startLocalRun({ port: 0, smoke: false, appDirectory: path.resolve(__dirname, '../../examples/active-active') }, () => {});
  // Functions at work: what they open counts too.
  const token = await (await fetch(`${run.url}/_local/token?tenant=acme`)).text();
  await Promise.all([1, 2, 3].map((n) => fetch(`${run.url}/api/v1/payments/pay_${n}`, { headers: { authorization: `Bearer ${token}` } })));
  listeners = listenersOf(tree().map(({ pid }) => pid));
  expect(listeners.some(isSender)).toBe(true);
});
afterAll(() => run?.stop());

/** This process, and all below it. */
function tree() {
  const all = processes();
  const found = all.filter(({ pid }) => pid === process.pid);
  for (const entry of found) found.push(...all.filter(({ parent }) => parent === entry.pid));
  return found;
}

/** A function's socket to the daemon is bound, so that it looks like a listener; nothing reads from it. */
const isSender = ({ kind, pid }: Listener): boolean => kind === 'udp' && pid !== process.pid;

const frontDoor = (): number => Number(new URL(run.url).port);

const edge = (): number => Number(new URL(run.edgeUrl!).port);

/** What a listener is, by the names of the table in local/README.md; one that is nothing of these is what a new part forgot to protect. */
function nameOf({ kind, port, address }: Listener): string {
  if (kind === 'tcp' && port === frontDoor()) return 'front door';
  if (kind === 'tcp' && port === edge()) return 'edge';
  if (kind === 'tcp' && run.regions.some(({ proxyPort }) => proxyPort === port)) return 'proxy of a region';
  if (kind === 'udp') return 'X-Ray daemon of a region';
  if (kind === 'unix' && address.startsWith(run.folder)) return 'emulator';
  return `unknown: ${kind} ${address}:${port}`;
}

test("what listens is what the table of listeners says, on 127.0.0.1 or in the run's own folder", () => {
  const section = readFileSync(path.resolve(__dirname, '../../local/README.md'), 'utf8').split('## Who may ask what')[1].split('\n## ')[0];
  const documented = [...section.matchAll(/^\| \*\*(.+?)\*\* \|/gm)].map(([, name]) => name);
  expect([...new Set(listeners.filter((one) => !isSender(one)).map(nameOf))].sort()).toEqual(documented.sort());
  expect(listeners.filter(({ kind, address }) => kind !== 'unix' && address !== '127.0.0.1')).toEqual([]);
});

test('no attack comes through at any of them', async () => {
  for (const listener of listeners.filter((one) => !isSender(one))) {
    switch (nameOf(listener)) {
      case 'proxy of a region':
        expect([listener.port, await cameThrough(listener.port)]).toEqual([listener.port, []]);
        break;
      case 'X-Ray daemon of a region':
        await forgeSegment(listener.port);
        break;
      case 'edge':
        await atTheEdge(listener.port);
        break;
      case 'emulator':
        expect([listener.address, run.folder].filter((name) => !statSync(name).mode.toString(8).endsWith('00'))).toEqual([]);
        break;
      default:
        await atTheFrontDoor(listener.port);
    }
  }
  await timePasses(300, 'what was forged would have arrived by then');
  expect((await fetch(`${run.url}/_local/traces/${traceId}`)).status).toBe(404);
});

async function forgeSegment(port: number): Promise<void> {
  const document = { id: '70de5b6f19ff9a0a', trace_id: traceId, name: 'forged', start_time: 1, end_time: 2 };
  const segment = `{"format":"json","version":1}\n${JSON.stringify(document)}`;
  const socket = createSocket('udp4');
  for (const datagram of [segment, `${'0'.repeat(64)}\n${segment}`]) {
    await new Promise((resolve) => {
      socket.send(datagram, port, '127.0.0.1', resolve);
    });
  }
  socket.close();
}

async function atTheFrontDoor(port: number): Promise<void> {
  expect(port).toBe(frontDoor());
  for (const headers of [{ host: 'evil.example' } as Record<string, string>, { origin: 'https://evil.example' }, { origin: 'null' }]) {
    for (const [method, where] of [
      ['GET', '/_local/token?tenant=acme'],
      ['GET', '/_local/status'],
      ['POST', '/_local/regions/us-east-1/stop'],
      ['GET', '/'],
      ['POST', '/_local/aws/us-east-1'],
    ]) {
      expect([where, headers, (await ask(port, { method, path: where, headers })).status]).toEqual([where, headers, 403]);
    }
  }
  expect((await ask(port, { method: 'GET', path: '/api/v1/payments/pay_1' })).status).toBe(401);
  expect(run.regions.map(({ state }) => state)).toEqual(run.regions.map(() => 'running'));
}

/** It leads to the API and to the site, and to nothing of the run itself, however the path is written. */
async function atTheEdge(port: number): Promise<void> {
  expect((await ask(port, { method: 'GET', path: '/api/v1/payments/pay_1' })).status).toBe(401);
  for (const where of [
    '/_local/status',
    '/api/../_local/status',
    '/api/%2e%2e/_local/status',
    '//_local/status',
    '/api/v1/../../_local/status',
  ]) {
    expect([where, (await ask(port, { method: 'GET', path: where })).body]).toEqual([where, expect.not.stringContaining('"regions"')]);
  }
  expect((await ask(port, { method: 'POST', path: '/_local/regions/us-east-1/stop' })).status).toBe(403);
}

test('the secret of the run is in no argument of a process, and in nothing that the front door shows', async () => {
  expect(tree().length).toBeGreaterThan(5);
  expect(tree().filter(({ command }) => command.includes(localCredentials.secretAccessKey))).toEqual([]);
  for (const where of ['/', '/_local/status']) {
    expect(await (await fetch(run.url + where)).text()).not.toContain(localCredentials.secretAccessKey);
  }
});

// Here, for the example runs anyway.
describe('through the edge', () => edgeTests(() => run));
describe('documents', () => {
  documentTests(() => run);
  backfillTests(() => run);
});
describe('commands of the package', () => commandTests(() => run));
