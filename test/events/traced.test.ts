import { createSocket, Socket } from 'node:dgram';
import { traced } from '../../src/events/consumers/traced.aws';
import { handlerWithin } from '../../src/events/consumers/wrapper.aws';
import type { TracedHandler } from '../../src/events/runtime.model';
import type { TeamTracers, XRaySdkSegment } from '../../src/kernel/team-tracers';
import type { TraceContext } from '../../src/kernel/trace';
import { withinTrace } from '../../src/runtime/team-tracers';
import { timePasses, until } from '../waits';

const traceId = '1-5f2330a4-6a0de1cd0e17c0508d386a64';
const parentId = 'b'.repeat(16);
const trace: TraceContext = { traceId, parentId, sampled: true };

/** The SDKs' contexts, as far as they are set; the SDKs themselves are tried in test/local-unit/xray. */
class Segment implements XRaySdkSegment {
  public id = 'own';
  public notTraced?: boolean;
  constructor(
    public readonly name: string,
    public readonly root: string,
  ) {}
  public addNewSubsegment(): void {}
}
let current: object | undefined;
const namespace = {
  runAndReturn: <T>(work: () => T): T => {
    const before = current;
    try {
      return work();
    } finally {
      current = before;
    }
  },
};
const setSegment = (segment: object): void => void (current = segment);
const xray = { Segment, getNamespace: () => namespace, setSegment };
const openTelemetry = {
  context: {
    active: () => ({ baggage: 'kept' }),
    with: <T>(context: object, work: () => T): T => namespace.runAndReturn(() => (setSegment(context), work())),
  },
  trace: { setSpanContext: (context: object, span: object) => ({ ...context, span }) },
};
const powertoolsAt = (segment: object | undefined) => ({
  provider: { getNamespace: () => namespace, getSegment: () => segment, setSegment },
});
beforeEach(() => void (current = undefined));

test.each<[string, TeamTracers]>([
  ['the X-Ray SDK', { xray }],
  ['Powertools in Lambda', { powertools: powertoolsAt(new Segment('facade', '')) }],
  ['Powertools below a subsegment', { powertools: powertoolsAt({ segment: new Segment('facade', '') }) }],
  ['Powertools elsewhere, with the SDK beside it', { powertools: powertoolsAt(undefined), xray }],
])('%s gets a facade of our work, which is never sent, for as long as the work goes on', (_, tracers) => {
  const seen = withinTrace(tracers, trace, () => current as Segment & Record<string, () => unknown>);
  expect(seen).toBeInstanceOf(Segment);
  expect(seen).toMatchObject({ id: parentId, root: traceId, notTraced: false });
  expect([seen.isClosed(), seen.close(), seen.flush(), seen.incrementCounter(), seen.decrementCounter()]).toEqual([
    true,
    ...Array.from({ length: 4 }, () => undefined),
  ]);
  expect(current).toBeUndefined();
});

test('OpenTelemetry gets our work as remote parent in the active context', () => {
  const span = { traceId: '5f2330a46a0de1cd0e17c0508d386a64', spanId: parentId, traceFlags: 1, isRemote: true };
  expect(withinTrace({ openTelemetry }, trace, () => current)).toEqual({ baggage: 'kept', span });
  expect(withinTrace({ openTelemetry, xray }, { ...trace, sampled: false }, () => current)).toMatchObject({ span: { traceFlags: 0 } });
});

test('without a tracer, or a parent, the work is done as it is; a Powertools tracer without a segment says what it needs', () => {
  expect(withinTrace({}, trace, () => current)).toBeUndefined();
  expect(withinTrace({ xray, openTelemetry }, { traceId, sampled: false }, () => current)).toBeUndefined();
  for (const segment of [undefined, {}]) {
    expect(() => withinTrace({ powertools: powertoolsAt(segment) }, trace, () => 1)).toThrow(
      "give the module aws-xray-sdk-core beside it, as 'xray'",
    );
  }
});

test('a consumer gives its handler the trace of the event, and none where there is none', async () => {
  const seen: unknown[] = [];
  const handle = handlerWithin(async () => void seen.push(current), { xray });
  const delivery = { attempt: 1, completion: () => ({}) as never, documentCompletion: () => ({}) as never };
  expect(await handle({} as never, { ...delivery, trace }, 1_000)).toEqual({ kind: 'done' });
  expect(await handle({} as never, delivery, 1_000)).toEqual({ kind: 'done' });
  expect(seen).toEqual([expect.objectContaining({ id: parentId }), undefined]);
  const broken = handlerWithin(async () => undefined, { powertools: powertoolsAt(undefined) });
  expect(await broken({} as never, { ...delivery, trace }, 1_000)).toMatchObject({ kind: 'failed', reason: expect.stringContaining('as') });
});

describe('traced', () => {
  let daemon: Socket;
  let sent: Record<string, any>[];
  beforeEach(async () => {
    sent = [];
    daemon = createSocket('udp4').on('message', (message) => sent.push(JSON.parse(message.toString().split('\n')[1]) as object));
    await new Promise<void>((resolve) => daemon.bind(0, '127.0.0.1', resolve));
  });
  afterEach(() => new Promise<void>((resolve) => daemon.close(() => resolve())));

  function wrapped<O>(handler: TracedHandler<unknown, O, unknown>) {
    const environment = { AWS_XRAY_DAEMON_ADDRESS: `127.0.0.1:${daemon.address().port}`, AWS_REGION: 'us-west-2' };
    return traced({ systemName: 'acme-pay', name: 'acme-pay-shop', tracers: { xray }, environment }, handler);
  }

  test.each<[string, unknown, string | undefined]>([
    ['a header in any case', { headers: { 'x-amzn-TRACE-id': `Root=${traceId};Parent=${parentId};Sampled=1` } }, parentId],
    ["the W3C's header", { headers: { traceparent: `00-5f2330a46a0de1cd0e17c0508d386a64-${parentId}-01` } }, parentId],
    ["the event's own trace", { detail: { trace: { traceId, parentId } } }, parentId],
  ])('goes on in the trace of %s', async (_, event, parent) => {
    const seen: unknown[] = [];
    const result = await wrapped(async (given, context, own) => {
      seen.push(given, context, (current as XRaySdkSegment).id === own.parentId);
      return own.traceId;
    })(event, 'context');
    await until('the segment', () => sent.length > 0);
    expect([result, seen]).toEqual([traceId, [event, 'context', true]]);
    expect(sent).toEqual([expect.objectContaining({ name: 'acme-pay-shop', trace_id: traceId, parent_id: parent })]);
  });

  test.each<[string, unknown]>([
    ['a trace that is not recorded', { detail: { trace: { traceId } } }],
    ['no event', undefined],
    ['a trace of another form', { detail: { trace: { traceId: 'x', parentId } }, headers: null }],
  ])('records nothing of %s', async (_, event) => {
    expect(await wrapped(async (_given, _context, { sampled }) => [sampled, current])(event, {})).toEqual([false, undefined]);
    await timePasses(50, 'nothing may be sent');
    expect(sent).toEqual([]);
  });

  test('shows a fault, and throws it', async () => {
    const failing = wrapped(async () => {
      throw new Error('no stock');
    });
    await expect(failing({ detail: { trace: { traceId, parentId } } }, {})).rejects.toThrow('no stock');
    await until('the segment', () => sent.length > 0);
    expect(sent).toEqual([expect.objectContaining({ fault: true })]);
  });
});
