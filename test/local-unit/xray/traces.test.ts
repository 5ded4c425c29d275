import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { startDaemon, type Daemon } from '../../../local/xray/daemon';
import { Traces } from '../../../local/xray/traces';

const traceId = '1-5759e988-bd862e3fe1be46a994272793';
const header = '{"format":"json","version":1}\n';
const segment = (change: object = {}) =>
  header + JSON.stringify({ id: '70de5b6f19ff9a0a', trace_id: traceId, name: 'payments', start_time: 1.5, end_time: 2.25, ...change });

test('segments of one trace from two regions, subsegments too, by their start', () => {
  const traces = new Traces();
  expect(
    traces.receive(
      'b',
      segment({ id: '53995c3f42cd8ad8', parent_id: '70de5b6f19ff9a0a', name: 'consumer', start_time: 3, end_time: 4, fault: true }),
    ),
  ).toBe(true);
  expect(
    traces.receive(
      'a',
      segment({ subsegments: [{ id: '53995c3f42cd8ad9', name: 'DynamoDB', start_time: 1.6, end_time: 1.7, annotations: { table: 't' } }] }),
    ),
  ).toBe(true);
  expect(traces.segments(traceId)).toEqual([
    { id: '70de5b6f19ff9a0a', name: 'payments', region: 'a', start: 1500, end: 2250 },
    {
      id: '53995c3f42cd8ad9',
      parentId: '70de5b6f19ff9a0a',
      name: 'DynamoDB',
      region: 'a',
      start: 1600,
      end: 1700,
      annotations: { table: 't' },
    },
    { id: '53995c3f42cd8ad8', parentId: '70de5b6f19ff9a0a', name: 'consumer', region: 'b', start: 3000, end: 4000, failed: true },
  ]);
  expect(traces.segments('1-5759e988-bd862e3fe1be46a994272794')).toBeUndefined();
});

test('a segment that was open is replaced by its end, in whatever order they come', () => {
  const traces = new Traces();
  const open = segment({ end_time: undefined, in_progress: true });
  traces.receive('a', open);
  expect(traces.segments(traceId)).toEqual([
    { id: '70de5b6f19ff9a0a', name: 'payments', region: 'a', start: 1500, end: 1500, inProgress: true },
  ]);
  traces.receive('a', segment());
  traces.receive('a', open);
  expect(traces.segments(traceId)).toEqual([{ id: '70de5b6f19ff9a0a', name: 'payments', region: 'a', start: 1500, end: 2250 }]);
});

test.each([
  '',
  'x',
  '{"format":"json"}',
  segment().replace('json', 'xml'),
  segment({ trace_id: 'x' }),
  segment({ id: 7 }),
  segment({ start_time: 'now' }),
])('what is no segment is dropped: %.40s', (datagram) => {
  const traces = new Traces();
  expect(traces.receive('a', datagram)).toBe(false);
  expect(traces.segments(traceId)).toBeUndefined();
});

test('the oldest traces make room', () => {
  const traces = new Traces();
  const id = (n: number) => `1-5759e988-${String(n).padStart(24, '0')}`;
  for (let n = 0; n < 2001; n++) traces.receive('a', segment({ trace_id: id(n) }));
  expect([traces.segments(id(0)), traces.segments(id(1))?.length, traces.segments(id(2000))?.length]).toEqual([undefined, 1, 1]);
});

describe('the daemon', () => {
  let traces: Traces;
  let daemon: Daemon;

  beforeEach(async () => {
    traces = new Traces();
    daemon = await startDaemon('a', traces);
  });
  afterEach(() => daemon.close());

  const address = () => daemon.functionEnv.AWS_XRAY_DAEMON_ADDRESS.split(':') as [string, string];
  const arrived = async (id = traceId) => {
    for (let wait = 0; wait < 100 && !traces.segments(id); wait++) await sleep(10);
    return traces.segments(id)?.length ?? 0;
  };

  /** A function of the run, in a process as the emulator starts it. */
  async function functionSends(code: string, env: Readonly<Record<string, string>> = daemon.functionEnv): Promise<void> {
    const child = spawn(
      process.execPath,
      [
        '-e',
        `const [host, port] = process.env.AWS_XRAY_DAEMON_ADDRESS.split(':'); const socket = ` +
          `require('node:dgram').createSocket('udp4'); ${code}`,
        segment(),
      ],
      { env: { PATH: process.env.PATH, ...env, NODE_OPTIONS: daemon.nodeOptions }, stdio: 'inherit' },
    );
    await once(child, 'exit');
  }

  test.each([
    ['socket.send(process.argv[1], Number(port), host, () => socket.close())'],
    [
      'const bytes = Buffer.from(`..${process.argv[1]}...`); socket.send(bytes, 2, bytes.length - 5, Number(port), host, () => ' +
        'socket.close())',
    ],
    [
      'const bytes = Buffer.from(process.argv[1]); socket.send([bytes.subarray(0, 9), bytes.subarray(9)], Number(port), host, () => ' +
        'socket.close())',
    ],
  ])('takes what a function sends, in each form of the call: %s', async (code) => {
    expect(address()[0]).toBe('127.0.0.1');
    await functionSends(code);
    expect(await arrived()).toBe(1);
  });

  test('drops what anybody else sends: without a code, with a wrong one, with the one of another datagram or another run', async () => {
    const other = await startDaemon('a', new Traces());
    const socket = createSocket('udp4');
    const send = (text: string) =>
      new Promise((resolve) => {
        socket.send(text, Number(address()[1]), address()[0], resolve);
      });
    const code = (text: string, key: string) => `${createHmac('sha256', key).update(text).digest('hex')}\n`;
    const key = daemon.functionEnv.LOCAL_RUN_TRACE_KEY;
    await send(segment());
    await send(`${'0'.repeat(64)}\n${segment()}`);
    await send(`${code(segment({ name: 'other' }), key)}${segment()}`);
    await send(`${code(segment(), other.functionEnv.LOCAL_RUN_TRACE_KEY)}${segment()}`);
    await send('');
    const last = segment({ trace_id: '1-5759e988-bd862e3fe1be46a994272799' });
    await send(code(last, key) + last);
    expect(await arrived('1-5759e988-bd862e3fe1be46a994272799')).toBe(1);
    expect(traces.segments(traceId)).toBeUndefined();
    socket.close();
    await other.close();
  });
});
