import { createSocket } from 'node:dgram';
import { startDaemon } from '../../../local/xray/daemon';
import { Traces } from '../../../local/xray/traces';

const traceId = '1-5759e988-bd862e3fe1be46a994272793';
const header = '{"format":"json","version":1}\n';
const segment = (change: object = {}) => header + JSON.stringify({ id: '70de5b6f19ff9a0a', trace_id: traceId, name: 'payments', start_time: 1.5, end_time: 2.25, ...change });

test('segments of one trace from two regions, subsegments too, by their start', () => {
  const traces = new Traces();
  expect(traces.receive('b', segment({ id: '53995c3f42cd8ad8', parent_id: '70de5b6f19ff9a0a', name: 'consumer', start_time: 3, end_time: 4, fault: true }))).toBe(true);
  expect(traces.receive('a', segment({ subsegments: [{ id: '53995c3f42cd8ad9', name: 'DynamoDB', start_time: 1.6, end_time: 1.7, annotations: { table: 't' } }] }))).toBe(true);
  expect(traces.segments(traceId)).toEqual([
    { id: '70de5b6f19ff9a0a', name: 'payments', region: 'a', start: 1500, end: 2250 },
    { id: '53995c3f42cd8ad9', parentId: '70de5b6f19ff9a0a', name: 'DynamoDB', region: 'a', start: 1600, end: 1700, annotations: { table: 't' } },
    { id: '53995c3f42cd8ad8', parentId: '70de5b6f19ff9a0a', name: 'consumer', region: 'b', start: 3000, end: 4000, failed: true },
  ]);
  expect(traces.segments('1-5759e988-bd862e3fe1be46a994272794')).toBeUndefined();
});

test('a segment that was open is replaced by its end, in whatever order they come', () => {
  const traces = new Traces();
  const open = segment({ end_time: undefined, in_progress: true });
  traces.receive('a', open);
  expect(traces.segments(traceId)).toEqual([{ id: '70de5b6f19ff9a0a', name: 'payments', region: 'a', start: 1500, end: 1500, inProgress: true }]);
  traces.receive('a', segment());
  traces.receive('a', open);
  expect(traces.segments(traceId)).toEqual([{ id: '70de5b6f19ff9a0a', name: 'payments', region: 'a', start: 1500, end: 2250 }]);
});

test.each(['', 'x', '{"format":"json"}', segment().replace('json', 'xml'), segment({ trace_id: 'x' }), segment({ id: 7 }), segment({ start_time: 'now' })])('what is no segment is dropped: %.40s', (datagram) => {
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

test('the daemon listens on 127.0.0.1', async () => {
  const traces = new Traces();
  const daemon = await startDaemon('a', traces);
  const [host, port] = daemon.address.split(':');
  expect(host).toBe('127.0.0.1');
  const socket = createSocket('udp4');
  await new Promise((resolve) => { socket.send(segment(), Number(port), host, resolve); });
  for (let wait = 0; wait < 100 && !traces.segments(traceId); wait++) await new Promise((resolve) => { setTimeout(resolve, 10); });
  socket.close();
  await daemon.close();
  expect(traces.segments(traceId)).toHaveLength(1);
});
