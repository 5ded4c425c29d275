import { ConsumerWorld, defaults, itemOf, source } from './consumer-world';
import { Consumer } from '../../src/events/consumers/service';
import { inboxSchema } from '../../src/events/contract';
import { MeshEvent } from '../../src/events/model';
import { Span, SpanStart, Tracer, untraced } from '../../src/kernel/trace';

const traceId = '1-5f2330a4-6a0de1cd0e17c0508d386a64';

let world: ConsumerWorld;
beforeEach(() => {
  world = new ConsumerWorld();
});

test('a first delivery has its effect, a second one none, and is counted', async () => {
  const consumer = world.consumer();
  expect(await world.receive(consumer, world.event('e1'))).toEqual([]);
  expect(await world.receive(consumer, world.event('e1'))).toEqual([]);
  expect(world.effects.get('e1')).toBe(1);
  expect(world.outcomes.map(({ kind }) => kind)).toEqual(['done', 'duplicate']);
  expect(world.inbox.items.get(itemOf('e1'))!.duplicates).toHaveLength(1);
});

test('deliveries at the same time come to one effect; the others come again', async () => {
  const consumers = [world.consumer(), world.consumer(), world.consumer()];
  const again = await Promise.all(consumers.map((consumer) => world.receive(consumer, world.event('e1'))));
  expect(again.flat()).toHaveLength(2);
  expect(world.effects.get('e1')).toBe(1);
});

test('after a crash it is delivered anew when the lease is over, and not before', async () => {
  const consumer = world.consumer();
  world.answer = () => ({ kind: 'unknown', reason: 'no answer' });
  expect(await world.receive(consumer, world.event('e1'))).toEqual(['m-e1']);
  world.answer = () => ({ kind: 'done' });
  world.nowMs += defaults.leaseMs - 1;
  expect(await world.receive(consumer, world.event('e1'))).toEqual(['m-e1']);
  expect(world.last.kind).toBe('running');
  world.nowMs += 1;
  expect(await world.receive(consumer, world.event('e1'))).toEqual([]);
  expect(world.delivered.map(({ delivery }) => delivery.attempt)).toEqual([1, 2]);
});

test('what fails is tried again, then set aside, and tried anew when somebody delivers it once more', async () => {
  const consumer = world.consumer();
  world.answer = () => ({ kind: 'failed', reason: 'Error: cannot' });
  for (let n = 0; n < 2; n += 1) expect(await world.receive(consumer, world.event('e1'))).toEqual(['m-e1']);
  expect(await world.receive(consumer, world.event('e1'))).toEqual([]);
  expect(world.letters).toEqual([{ message: world.message(world.event('e1')), reason: 'Error: cannot' }]);
  world.answer = () => ({ kind: 'done' });
  expect(await world.receive(consumer, world.event('e1'))).toEqual([]);
  expect(world.effects.get('e1')).toBe(1);
  expect(world.last.kind).toBe('done');
});

test.each<[string, Partial<MeshEvent>]>([
  ['half a character as its tenant', { tenant: '\ud800' }],
  ['a tenant that no key holds', { tenant: '\u20ac'.repeat(600) }],
  ['a subject that no key holds', { subject: 's'.repeat(3_000) }],
])('an event with %s is set aside at once, and not tried for ever', async (_, change) => {
  expect(await world.receive(world.consumer(), world.event('e1', change))).toEqual([]);
  expect([world.letters.length, world.delivered.length, world.last.kind]).toEqual([1, 0, 'setAside']);
});

test('the key of the longest names that an envelope has is one that DynamoDB takes', () => {
  const longest = { source: 's'.repeat(128), tenant: '\u20ac'.repeat(128) };
  const keys = [
    inboxSchema.eventKey({ ...longest, id: 'i'.repeat(128) }),
    inboxSchema.subjectKey({ ...longest, subject: '\u20ac'.repeat(128) }),
  ];
  for (const key of keys) expect(Buffer.byteLength(key)).toBeLessThanOrEqual(2_048);
});

test('attempts that die without a word come to an end as well', async () => {
  const consumer = world.consumer();
  world.answer = () => ({ kind: 'unknown', reason: 'died' });
  for (let n = 0; n < 3; n += 1) {
    expect(await world.receive(consumer, world.event('e1'))).toEqual(['m-e1']);
    world.nowMs += defaults.leaseMs;
  }
  expect(await world.receive(consumer, world.event('e1'))).toEqual([]);
  expect(world.delivered).toHaveLength(3);
  expect(world.letters).toHaveLength(1);
});

test('a handler that cannot be reached says nothing about the event', async () => {
  const consumer = world.consumer();
  world.answer = () => ({ kind: 'notReached', reason: '429' });
  for (let n = 0; n < 10; n += 1) expect(await world.receive(consumer, world.event('e1'))).toEqual(['m-e1']);
  expect(world.letters).toEqual([]);
  world.answer = () => ({ kind: 'done' });
  await world.receive(consumer, world.event('e1'));
  expect(world.delivered[10].delivery.attempt).toBe(1);
});

test('what is no event is set aside at once, without an inbox item', async () => {
  const consumer = world.consumer();
  const bodies = ['{', '{}', '{"detail":{"id":"e1"}}', JSON.stringify({ detail: { ...world.event('e1'), origin: 'here' } })];
  expect(
    await consumer.receive(
      bodies.map((body, n) => ({ id: `${n}`, body })),
      world.nowMs + 60_000,
    ),
  ).toEqual([]);
  expect(world.letters).toHaveLength(4);
  expect(world.inbox.items.size).toBe(0);
});

test.each([
  ['a member twice', '{"amount":1,"amount":1000}'],
  ['a number that loses digits', '{"amount":9007199254740993}'],
  ['half a character', '{"note":"\\ud83d"}'],
  ['a prototype', '{"__proto__":{}}'],
])('what two readers could take for two things is set aside: %s', async (_what, data) => {
  const consumer = world.consumer();
  const message = world.message(world.event('e1'));
  expect(await consumer.receive([{ ...message, body: message.body.replace('"data":{}', `"data":${data}`) }], world.nowMs + 60_000)).toEqual(
    [],
  );
  expect([world.letters.length, world.effects.size, world.inbox.items.size]).toEqual([1, 0, 0]);
  // What a double says again as it was written is no such thing.
  expect(
    await consumer.receive(
      [{ ...message, body: message.body.replace('"data":{}', '"data":{"share":-0.0,"large":1e300}') }],
      world.nowMs + 60_000,
    ),
  ).toEqual([]);
  expect(world.effects.get('e1')).toBe(1);
});

test('one message that fails leaves the others alone', async () => {
  const consumer = world.consumer();
  world.answer = ({ id }) => (id === 'e2' ? { kind: 'failed', reason: 'no' } : { kind: 'done' });
  expect(await world.receive(consumer, world.event('e1'), world.event('e2'), world.event('e3'))).toEqual(['m-e2']);
});

test('nothing is begun that could not end in time', async () => {
  const again = await world.consumer().receive([world.message(world.event('e1'))], world.nowMs + defaults.leaseMs - 1);
  expect(again).toEqual(['m-e1']);
  expect(world.inbox.items.size).toBe(0);
});

describe('what somebody else sends', () => {
  const real = (): MeshEvent =>
    world.event('evt_1', { type: 'payment.captured', tenant: 'acme', subject: 'pay_1', sequence: 2, data: { amount: 100 } });
  const forged = (): MeshEvent => ({ ...real(), data: { amount: 1 } });
  const send = (consumer: Consumer, event: MeshEvent, more: object = {}): Promise<readonly string[]> =>
    consumer.receive([world.message(event, more)], world.nowMs + 60_000);

  test(
    'is refused when its source is not accepted: no handler sees it, a letter and a count remain, and the real event ' + 'has its effect',
    async () => {
      const consumer = world.consumer();
      for (const other of ['acme.shipping', 'acme-pay.ledger ', undefined, { name: source }]) {
        expect(await send(consumer, forged(), { source: other })).toEqual([]);
      }
      expect(world.delivered).toEqual([]);
      expect(world.outcomes.map(({ kind, reason }) => [kind, reason])).toEqual(
        expect.arrayContaining([['refused', 'its source is "acme.shipping"; accepted: acme-pay.ledger']]),
      );
      expect(world.outcomes.every(({ kind, settled }) => kind === 'refused' && settled)).toBe(true);
      expect(world.letters).toHaveLength(4);
      await send(consumer, real());
      expect(world.last.kind).toBe('done');
    },
  );

  test(
    'does not take the place of the real event, though it comes first and has its ID, tenant and subject, where both sources ' +
      'are accepted',
    async () => {
      const amounts: unknown[] = [];
      world.answer = ({ source: from, data }) => {
        amounts.push([from, data]);
        return { kind: 'done' };
      };
      const consumer = world.consumer({ sources: [source, 'acme.shipping'], stale: 'SKIP' });
      await send(consumer, { ...forged(), sequence: 99 }, { source: 'acme.shipping' });
      await send(consumer, real());
      expect(amounts).toEqual([
        ['acme.shipping', { amount: 1 }],
        [source, { amount: 100 }],
      ]);
      expect(world.last).toEqual({ kind: 'done', settled: true });
    },
  );

  test("does not take the place of another tenant's event with the same ID", async () => {
    const consumer = world.consumer();
    await send(consumer, { ...forged(), tenant: 'other' });
    await send(consumer, real());
    expect(world.outcomes.map(({ kind }) => kind)).toEqual(['done', 'done']);
  });

  test('has the source of the bus, whatever its envelope says, and no other type than the one that the bus judged it by', async () => {
    const sources: string[] = [];
    world.answer = ({ source: from }) => {
      sources.push(from);
      return { kind: 'done' };
    };
    const consumer = world.consumer({ sources: [source, 'acme.shipping'] });
    await send(consumer, { ...forged(), source } as MeshEvent, { source: 'acme.shipping' });
    expect(sources).toEqual(['acme.shipping']);
    await send(consumer, forged(), { source: 'acme.shipping', 'detail-type': 'order.shipped' });
    expect(world.last).toMatchObject({
      kind: 'refused',
      reason: 'its detail-type is "order.shipped", but its envelope says "payment.captured"',
    });
    expect(sources).toHaveLength(1);
  });

  test('as an envelope alone, of which nobody says who published it, is refused', async () => {
    expect(await world.consumer().receive([{ id: 'm', body: JSON.stringify({ detail: real() }) }], world.nowMs + 60_000)).toEqual([]);
    expect(world.last.kind).toBe('refused');
  });
});

describe('the order of a subject', () => {
  const event = (id: string, sequence: number): MeshEvent => world.event(id, { subject: 'pay_1', sequence });

  test('within a batch is kept', async () => {
    await world.receive(world.consumer(), event('e3', 30), event('e1', 10), event('e2', 20));
    expect(world.delivered.map(({ id }) => id)).toEqual(['e1', 'e2', 'e3']);
  });

  test('a late event is delivered and counted', async () => {
    const consumer = world.consumer();
    await world.receive(consumer, event('e2', 20));
    await world.receive(consumer, event('e1', 10));
    expect(world.effects.get('e1')).toBe(1);
    expect(world.last).toMatchObject({ kind: 'done', outOfOrder: true });
  });

  test('a late event is skipped where only the newest counts, for good', async () => {
    const consumer = world.consumer({ stale: 'SKIP' });
    await world.receive(consumer, event('e2', 20));
    await world.receive(consumer, event('e1', 10));
    expect(world.effects.has('e1')).toBe(false);
    expect(world.last).toMatchObject({ kind: 'skipped', outOfOrder: true });
    await world.receive(consumer, event('e1', 10));
    expect(world.last.kind).toBe('duplicate');
  });
});

describe('the trace', () => {
  const begun: { start: SpanStart; linked: string[] }[] = [];
  const tracer: Tracer = {
    begin: (start): Span => {
      const linked: string[] = [];
      begun.push({ start, linked });
      return { ...untraced({ ...start.context, parentId: 'cccccccccccccccc' }), link: (other) => linked.push(other.traceId) };
    },
    invocation: () => ({ traceId: '1-00000001-000000000000000000000001', parentId: 'aaaaaaaaaaaaaaaa', sampled: true }),
  };
  const trace = { traceId, parentId: '53995c3f42cd8ad8' };
  beforeEach(() => begun.splice(0));

  test('of an event goes on in its consumer, and in what that calls', async () => {
    await world.receive(world.consumer({}, world.inbox, tracer), world.event('e1', { trace }));
    expect(begun).toEqual([{ start: { name: 'acme-recorder', context: { ...trace, sampled: true }, kind: 'work' }, linked: [] }]);
    expect(world.delivered[0].delivery.trace).toEqual({ traceId, parentId: 'cccccccccccccccc', sampled: true });
  });

  test("of a replayed or late event is named in the invocation's own", async () => {
    const consumer = world.consumer({}, world.inbox, tracer);
    await consumer.receive([world.message(world.event('e1', { trace }), { 'replay-name': 'again' })], world.nowMs + 60_000);
    await world.receive(consumer, world.event('e2', { trace, occurredAt: new Date(world.nowMs - 900_001).toISOString() }));
    expect(begun.map(({ start, linked }) => [start.context.traceId, linked])).toEqual(
      [1, 2].map(() => ['1-00000001-000000000000000000000001', [traceId]]),
    );
  });

  test('that nobody records begins nothing', async () => {
    await world.receive(world.consumer({}, world.inbox, tracer), world.event('e1', { trace: { traceId } }));
    expect(begun).toEqual([]);
  });
});
