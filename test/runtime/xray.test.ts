import { createSocket, Socket } from 'node:dgram';
import type { AddressInfo } from 'node:net';
import type { TraceContext } from '../../src/kernel/trace';
import { daemonOf, tracerOf, XRayTracer } from '../../src/runtime/xray';
import { timePasses } from '../waits';

const traceId = '1-5f2330a4-6a0de1cd0e17c0508d386a64';
const other = '1-00000001-000000000000000000000001';
const parentId = '53995c3f42cd8ad8';
const sampled: TraceContext = { traceId, parentId, sampled: true };

class World {
  public nowMs = 1_800_000_000_000;
  public invocation: string | undefined;
  public readonly datagrams: string[] = [];
  private ids = 0;
  public readonly tracer = new XRayTracer(
    {
      nowMs: () => this.nowMs,
      segmentId: () => String((this.ids += 1)).padStart(16, '0'),
      invocation: () => this.invocation,
      send: (datagram) => this.datagrams.push(datagram.toString()),
    },
    { system: 'acme', region: 'eu-west-1' },
  );

  public get documents(): any[] {
    return this.datagrams.map((datagram) => {
      const [header, document] = datagram.split('\n');
      expect(JSON.parse(header)).toEqual({ format: 'json', version: 1 });
      return JSON.parse(document);
    });
  }
}

test("work in another trace than the invocation's is a segment of its own", () => {
  const world = new World();
  world.invocation = `Root=${other};Parent=aaaaaaaaaaaaaaaa;Sampled=1`;
  const span = world.tracer.begin({ name: 'acme-payments', context: sampled, kind: 'work' });
  span.annotate('payment.id', 'pay_1');
  world.nowMs += 25;
  span.end({ status: 201 });
  expect(world.documents).toEqual([
    {
      name: 'acme-payments',
      id: '0000000000000001',
      trace_id: traceId,
      parent_id: parentId,
      start_time: 1_800_000_000,
      end_time: 1_800_000_000.025,
      annotations: { system: 'acme', region: 'eu-west-1', payment_id: 'pay_1' },
      http: { response: { status: 201 } },
    },
  ]);
});

test("work in the trace of the invocation is a part of Lambda's segment", () => {
  const world = new World();
  world.invocation = `Root=${traceId};Parent=aaaaaaaaaaaaaaaa;Sampled=1`;
  world.tracer.begin({ name: 'acme-payments', context: sampled, kind: 'work' }).end();
  expect(world.documents).toEqual([expect.objectContaining({ trace_id: traceId, parent_id: 'aaaaaaaaaaaaaaaa', type: 'subsegment' })]);
});

test('steps go into the document of the work around them', () => {
  const world = new World();
  const work = world.tracer.begin({ name: 'acme-payments', context: sampled, kind: 'work', startMs: world.nowMs - 5 });
  const step = world.tracer.begin({ name: 'ledger', context: work.context, kind: 'step' });
  const inner = world.tracer.begin({ name: 'home', context: step.context, kind: 'step' });
  expect(step.context).toEqual({ traceId, parentId: '0000000000000002', sampled: true });
  inner.end({ fault: true });
  step.end();
  expect(world.datagrams).toEqual([]);
  work.end();
  const [document] = world.documents;
  expect(document.start_time).toBe(1_799_999_999.995);
  expect(document.subsegments).toEqual([expect.objectContaining({ name: 'ledger', id: '0000000000000002' })]);
  expect(document.subsegments[0]).not.toHaveProperty('trace_id');
  expect(document.subsegments[0].subsegments).toEqual([expect.objectContaining({ name: 'home', fault: true })]);
});

test('a step that outlasts the work, or whose work is elsewhere, goes alone', () => {
  const world = new World();
  const work = world.tracer.begin({ name: 'acme-payments', context: sampled, kind: 'work' });
  const late = world.tracer.begin({ name: 'ledger', context: work.context, kind: 'step' });
  work.end();
  late.end();
  world.tracer.begin({ name: 'elsewhere', context: sampled, kind: 'step' }).end();
  expect(world.documents.map(({ name, type, parent_id }) => [name, type, parent_id])).toEqual([
    ['acme-payments', undefined, parentId],
    ['ledger', 'subsegment', '0000000000000001'],
    ['elsewhere', 'subsegment', parentId],
  ]);
});

test.each([
  [200, {}],
  [404, { error: true }],
  [429, { error: true, throttle: true }],
  [503, { fault: true }],
])('status %d', (status, marks) => {
  const world = new World();
  world.tracer.begin({ name: 'x', context: sampled, kind: 'work' }).end({ status });
  const [{ error, throttle, fault }] = world.documents;
  expect({ error, throttle, fault }).toEqual(marks);
});

test('a link names the other trace', () => {
  const world = new World();
  const span = world.tracer.begin({ name: 'x', context: { traceId, sampled: true }, kind: 'work' });
  span.link({ traceId: other });
  span.end();
  span.end();
  expect(world.documents).toEqual([expect.objectContaining({ annotations: expect.objectContaining({ linkedTrace: other }) })]);
  expect(world.documents[0]).not.toHaveProperty('parent_id');
});

test('nothing is recorded of a trace that is not sampled', () => {
  const world = new World();
  const context = { traceId, parentId, sampled: false };
  const span = world.tracer.begin({ name: 'x', context, kind: 'work' });
  span.annotate('a', 1);
  span.link({ traceId: other });
  span.end();
  expect(span.context).toBe(context);
  expect(world.datagrams).toEqual([]);
});

test('names and annotations keep to what X-Ray takes', () => {
  const world = new World();
  const span = world.tracer.begin({ name: `<acme>${'x'.repeat(300)}`, context: sampled, kind: 'work' });
  span.annotate('long', 'y'.repeat(5_000));
  span.end();
  const [{ name, annotations }] = world.documents;
  expect(name).toMatch(/^_acme_x{194}$/);
  expect(annotations.long).toHaveLength(1_000);
});

test('a document that is too long goes in parts, and a part that is too long is left out', () => {
  const world = new World();
  const work = world.tracer.begin({ name: 'work', context: sampled, kind: 'work' });
  for (let count = 1; count <= 2; count += 1) {
    const step = world.tracer.begin({ name: `step${count}`, context: work.context, kind: 'step' });
    for (let name = 0; name < 40 * count; name += 1) step.annotate(`n${name}`, 'z'.repeat(1_000));
    step.end();
  }
  work.end();
  expect(world.documents.map(({ name, parent_id, trace_id, type }) => [name, parent_id, trace_id, type])).toEqual([
    ['work', parentId, traceId, undefined],
    ['step1', '0000000000000001', traceId, 'subsegment'],
  ]);
});

test.each([
  ['169.254.100.1:2000', { host: '169.254.100.1', port: 2000 }],
  ['tcp:127.0.0.1:2000 udp:127.0.0.2:2001', { host: '127.0.0.2', port: 2001 }],
  ['nonsense', undefined],
  [undefined, undefined],
])('the daemon at %s', (address, daemon) => {
  expect(daemonOf(address)).toEqual(daemon);
});

test('without a daemon nothing is recorded', () => {
  expect(tracerOf({}, 'acme').begin({ name: 'x', context: sampled, kind: 'work' }).context).toBe(sampled);
});

describe('over the wire', () => {
  let daemon: Socket;
  beforeEach((done) => {
    daemon = createSocket('udp4').bind(0, '127.0.0.1', done);
  });
  afterEach((done) => void daemon.close(done));

  test.each(['127.0.0.1', 'localhost'])('a document arrives at %s, and nobody listening is no fault', async (host) => {
    const arrived = new Promise<string>((resolve) => daemon.once('message', (message) => resolve(message.toString())));
    const tracer = tracerOf(
      { AWS_XRAY_DAEMON_ADDRESS: `${host}:${(daemon.address() as AddressInfo).port}`, AWS_REGION: 'eu-west-1' },
      'acme',
    );
    const span = tracer.begin({ name: 'acme-payments', context: sampled, kind: 'work' });
    expect(span.context.parentId).toMatch(/^[0-9a-f]{16}$/);
    span.end();
    expect(JSON.parse((await arrived).split('\n')[1])).toMatchObject({
      id: span.context.parentId,
      annotations: { region: 'eu-west-1', system: 'acme' },
    });
    const nobody = tracerOf({ AWS_XRAY_DAEMON_ADDRESS: `${host}:9` }, 'acme');
    for (let count = 0; count < 3; count += 1) nobody.begin({ name: 'x', context: sampled, kind: 'work' }).end();
    await timePasses(20, 'an error of the socket would be thrown by then');
  });
});
