import type { MeshEvent, PutEntry } from '../../src/events/model';
import { EventsNotPublished, InvalidEvent } from '../../src/events/publishing/publish-errors.domain';
import { DeadLetter, PublishPorts } from '../../src/events/publishing/publish.service';
import { publisherWith } from '../../src/events/publishing/publisher.aws';
import type { NewEvent } from '../../src/events/runtime.model';

describe("a team's publisher", () => {
  const environment = {
    AWS_REGION: 'us-east-1',
    PAYMENTS_SYSTEM_NAME: 'shop',
    MESH_BUS_NAME: 'shop-events',
    MESH_SOURCE: 'acme.orders',
    MESH_DEAD_LETTER_QUEUE_URL: 'https://queue',
    MESH_ENDPOINT_ID: 'abcde.veo',
    _X_AMZN_TRACE_ID: 'Root=1-65f00000-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1',
  };
  const made = (refused: readonly string[] = [], queue = true, more: object = {}) => {
    const [entries, letters, lines, targets]: [PutEntry[], DeadLetter[], string[], unknown[]] = [[], [], [], []];
    const ports: PublishPorts = {
      put: async (given) =>
        given.map((entry) => {
          if (refused.includes((JSON.parse(entry.detail) as MeshEvent).id)) {
            return { kind: 'refused', reason: 'AccessDenied', retryable: false };
          }
          entries.push(entry);
          return { kind: 'accepted' };
        }),
      keep: async (given) => {
        if (!queue) throw new Error('down');
        return letters.push(...given);
      },
      nowMs: () => Date.parse('2026-11-22T03:00:00.000Z'),
      random: () => 0,
      sleep: async () => undefined,
    };
    const publisher = publisherWith(
      { source: 'acme.orders', environment: { ...environment, ...more } },
      (target) => {
        targets.push(target);
        return ports;
      },
      (line) => lines.push(line),
    );
    return { publish: (events: NewEvent[]) => publisher.publish(events), entries, letters, lines, targets };
  };

  test('fills in what an event does not say', async () => {
    const { publish, entries, targets } = made();
    expect(await publish([{ id: 'o-1', type: 'order.shipped', subject: 'o', data: 1 }])).toEqual([{ id: 'o-1', outcome: 'sent' }]);
    expect(targets).toEqual([{ busName: 'shop-events', deadLetterQueueUrl: 'https://queue', endpointId: 'abcde.veo' }]);
    const trace = {
      traceId: '1-65f00000-0123456789abcdef01234567',
      parentId: '0123456789abcdef',
      traceparent: '00-65f000000123456789abcdef01234567-0123456789abcdef-01',
    };
    expect(JSON.parse(entries[0].detail)).toEqual({
      id: 'o-1',
      type: 'order.shipped',
      schemaVersion: 1,
      origin: 'us-east-1',
      occurredAt: '2026-11-22T03:00:00.000Z',
      subject: 'o',
      trace,
      data: 1,
    });
    expect(entries[0]).toMatchObject({ source: 'acme.orders', detailType: 'order.shipped', traceHeader: environment._X_AMZN_TRACE_ID });
  });

  test('gives an event an ID of its own', async () => {
    const { publish, entries } = made();
    await publish([
      { type: 'order.shipped', data: 1 },
      { type: 'order.shipped', data: 1 },
    ]);
    expect(new Set(entries.map(({ detail }) => (JSON.parse(detail) as MeshEvent).id)).size).toBe(2);
  });

  test('counts what it gave up, for the alarm', async () => {
    const { publish, letters, lines } = made(['o-2']);
    expect(
      await publish([
        { id: 'o-1', type: 't', data: 1 },
        { id: 'o-2', type: 't', data: 1 },
      ]),
    ).toEqual([
      { id: 'o-1', outcome: 'sent' },
      { id: 'o-2', outcome: 'deadLettered', reason: 'AccessDenied' },
    ]);
    expect(letters).toHaveLength(1);
    expect(JSON.parse(lines[0])).toMatchObject({ EventsPublished: 1, EventPublishFailures: 1, System: 'shop', Region: 'us-east-1' });
  });

  test('throws for what nobody has, with its IDs', async () => {
    const failed = made(['o-2'], false).publish([
      { id: 'o-1', type: 't', data: 1 },
      { id: 'o-2', type: 't', data: 1 },
    ]);
    await expect(failed).rejects.toThrow(EventsNotPublished);
    await expect(failed).rejects.toMatchObject({ events: ['o-2'], refused: ['o-2'], code: 'events_not_published', retryable: false });
  });

  test('sends nothing when one event is malformed', async () => {
    const { publish, entries } = made();
    await expect(
      publish([
        { id: 'o-1', type: 't', data: 1 },
        { id: 'o 2', type: 't', data: 1 },
      ]),
    ).rejects.toThrow(InvalidEvent);
    expect(entries).toEqual([]);
  });

  const circle: Record<string, unknown> = {};
  circle.self = [circle];
  const whole = { id: 'x', type: 't', schemaVersion: 1, origin: 'us-east-1', occurredAt: '2026-11-22T03:00:00.000Z', data: 1 };
  test.each([
    [
      'a reserved type',
      { type: 'payment.captured', data: 1 },
      "'type' is 'payment.captured', which the ledger or the mesh alone publishes",
    ],
    ['a type that no target is given', { type: 'mesh.probe', data: 1 }, "'type' is 'mesh.probe'"],
    ['a type that JSON makes a reserved one', { type: { toJSON: () => 'payment.captured' }, data: 1 }, "'type' is 'payment.captured'"],
    ['an event that JSON makes another one', { type: 't', data: 1, toJSON: () => ({ id: 'x' }) }, "'type' is undefined"],
    [
      'data that JSON leaves out',
      { type: 't', data: () => 1 },
      "it cannot be written as JSON: 'data' is a function, which JSON leaves out",
    ],
    ['no data', { type: 't', data: undefined }, "'data' is undefined"],
    [
      'data that JSON cannot say',
      { type: 't', data: { amount: BigInt(1) } },
      "it cannot be written as JSON: 'data.amount' is a bigint; send it as text",
    ],
    [
      'a number that is none',
      { type: 't', data: { lines: [{ amount: NaN }] } },
      "'data.lines[0].amount' is NaN, which JSON writes as null",
    ],
    ['a number beyond all', { type: 't', data: [-Infinity] }, "'data[0]' is -Infinity, which JSON writes as null"],
    ['a number that JSON unwraps', { type: 't', data: new Number(NaN) }, "'data' is NaN"],
    [
      'a map',
      { type: 't', data: { lines: new Map([['a', 1]]) } },
      "'data.lines' is a Map, which JSON cannot represent; send its content as an object, a list or text",
    ],
    ['a set', { type: 't', data: new Set([1]) }, "'data' is a Set"],
    ['an error', { type: 't', data: Object.assign(new RangeError('x'), { code: 7 }) }, "'data' is a RangeError"],
    ['an expression', { type: 't', data: [/x/] }, "'data[0]' is a RegExp"],
    ['a promise', { type: 't', data: { order: Promise.resolve(1) } }, "'data.order' is a Promise"],
    ['a function as a member', { type: 't', data: { then: () => 1 } }, "'data.then' is a function"],
    ['a symbol', { type: 't', data: { kind: Symbol('x') } }, "'data.kind' is a symbol"],
    ['a hole in a list', { type: 't', data: [1, undefined] }, "'data[1]' is undefined, which JSON writes as null"],
    ['data that JSON makes nothing', { type: 't', data: { toJSON: () => undefined } }, "'data' is undefined"],
    ['data that JSON makes a number that is none', { type: 't', data: { a: { toJSON: () => NaN } } }, "'data.a' is NaN"],
    ['an event that JSON makes nothing', { type: 't', data: 1, toJSON: () => undefined }, 'its JSON form is undefined'],
    [
      "an event that JSON makes another region's",
      { type: 't', data: 1, toJSON: () => ({ ...whole, origin: 'eu-west-1' }) },
      "'origin' is 'eu-west-1'; allowed: 'us-east-1', where it is published",
    ],
    [
      'a toJSON that fails',
      {
        type: 't',
        data: {
          toJSON: () => {
            throw new Error('no\nmore');
          },
        },
      },
      'it cannot be written as JSON: no; fix',
    ],
    ['a circle', { type: 't', data: circle }, 'it cannot be written as JSON: it refers to itself; fix'],
    ['half a character', { type: 't', data: { note: '\ud83d' } }, 'The text in "note" has half of a surrogate pair'],
    ['a prototype', { type: 't', data: JSON.parse('{"__proto__":1}') as object }, '"__proto__"'],
    ['too many levels', { type: 't', data: JSON.parse('['.repeat(100) + ']'.repeat(100)) as object }, 'more than 64 levels'],
    ['a time that is none', { type: 't', data: 1, occurredAt: new Date(Number.NaN) }, "'occurredAt' is null"],
    ['a day that is none', { type: 't', data: 1, occurredAt: '2026-02-30T00:00:00.000Z' }, '\'occurredAt\' is "2026-02-30T00:00:00.000Z"'],
    ['an ID without end', { type: 't', data: 1, id: 'x'.repeat(100_000) }, "'id' is \"xxx"],
    [
      "another trace in W3C's words",
      {
        type: 't',
        data: 1,
        trace: { traceId: '1-65f00000-0123456789abcdef01234567', traceparent: '00-75f000000123456789abcdef01234567-0123456789abcdef-01' },
      },
      "'trace.traceparent' is not",
    ],
    [
      'more than EventBridge takes, in bytes',
      { type: 't', data: 'ä'.repeat(131_000) },
      /it has 262\d{3} bytes with its envelope; allowed: 262143, as much as EventBridge takes/,
    ],
    [
      'more than EventBridge takes, once it is serialised',
      { type: 't', data: { toJSON: () => 'x'.repeat(262_144) } },
      'as much as EventBridge takes',
    ],
    ['no event', null, 'the event is not an object'],
    ['a list for an event', [], 'the event is not an object'],
    ['a text for an event', 't', 'the event is not an object'],
  ] as [string, unknown, string | RegExp][])('sends nothing of a call with %s', async (_what, given, message) => {
    const { publish, entries } = made();
    const failed = publish([{ type: 't', data: 1 }, given as NewEvent]);
    await expect(failed).rejects.toThrow(InvalidEvent);
    await expect(failed).rejects.toThrow(message);
    await expect(failed).rejects.toMatchObject({
      retryable: false,
      message: expect.stringMatching(/^event 1 of the call: .{1,400}; fix: change it and publish again; no event of this call was sent$/),
    });
    expect(entries).toEqual([]);
  });

  test('sends what JSON says whole: dates, members that are absent, numbers of any size, pairs', async () => {
    const { publish, entries } = made();
    const data = {
      at: new Date(0),
      none: undefined,
      big: 1.5e300,
      small: 5e-324,
      pair: '🦊',
      wrapped: [new String('x'), new Boolean(false), new Number(1)],
      bare: Object.create(null) as object,
      bytes: Uint8Array.of(1),
      empty: [{}, []],
      shared: [whole, whole],
    };
    await publish([{ type: 't', data }]);
    expect((JSON.parse(entries[0].detail) as MeshEvent).data).toEqual(JSON.parse(JSON.stringify(data)));
  });

  test.each([
    [undefined, 'undefined'],
    [null, 'null'],
    [{ type: 't', data: 1 }, 'object'],
    ['t', 'string'],
  ])('is given a list: %j is refused', async (given, kind) => {
    await expect(made().publish(given as never)).rejects.toThrow(`publish was given ${kind}; allowed: a list of events`);
  });

  test('does not say to publish again what EventBridge refused for good, and nobody kept', async () => {
    const both: NewEvent[] = [
      { id: 'o-1', type: 't', data: 1 },
      { id: 'o-2', type: 't', data: 1 },
    ];
    const failed = made(['o-1', 'o-2'], false).publish(both);
    await expect(failed).rejects.toMatchObject({
      events: ['o-1', 'o-2'],
      refused: ['o-1', 'o-2'],
      retryable: false,
      message: expect.stringContaining('fix: remove the cause that EventBridge names'),
    });
    await expect(failed).rejects.not.toThrow('publish them again');
    const mixed = new EventsNotPublished(['o-1', 'o-2'], 'down', ['o-2']);
    expect([mixed.retryable, mixed.message]).toEqual([
      true,
      expect.stringContaining("publish them again, with the same IDs, but for the 1 in 'refused'"),
    ]);
  });

  test('sends what it judged, also of an event that says another thing each time', async () => {
    const { publish, entries } = made();
    const types = ['order.shipped', 'payment.captured', 'payment.captured'];
    await publish([{ type: { toJSON: () => types.shift() } as unknown as string, data: 1 }]);
    expect(entries.map(({ detailType, detail }) => [detailType, (JSON.parse(detail) as MeshEvent).type])).toEqual([
      ['order.shipped', 'order.shipped'],
    ]);
  });

  test('sends the types that it is granted, and no other', async () => {
    const { publish, entries } = made([], true, { MESH_TYPES: '["order.shipped"]' });
    await publish([{ type: 'order.shipped', data: 1 }]);
    await expect(publish([{ type: 'order.lost', data: 1 }])).rejects.toThrow(
      "'type' is 'order.lost'; allowed, as mesh.grantPublish() says: order.shipped",
    );
    expect(entries.map(({ detailType }) => detailType)).toEqual(['order.shipped']);
  });

  test.each<[string, object, string]>([
    [
      'a source that is not granted',
      { source: 'shop.ledger' },
      "'source' is 'shop.ledger'; allowed: 'acme.orders', as mesh.publisherEnvironment() says",
    ],
    [
      "the ledger's source",
      { environment: { ...environment, MESH_SOURCE: 'shop.ledger' } },
      "MESH_SOURCE is 'shop.ledger', which is reserved for the ledger and the mesh",
    ],
    ['a source of AWS', { environment: { ...environment, MESH_SOURCE: 'aws.ec2' } }, "MESH_SOURCE is 'aws.ec2'"],
    ['no time', { timeoutMs: 1 }, "'timeoutMs' is 1; allowed: 100 to 600000 milliseconds"],
    ['no region', { environment: { ...environment, AWS_REGION: undefined } }, 'environment variable AWS_REGION is missing'],
    ['no bus', { environment: { AWS_REGION: 'us-east-1' } }, 'environment variable PAYMENTS_SYSTEM_NAME is missing'],
  ])('is not made with %s', (_what, options, message) => {
    expect(() =>
      publisherWith(
        { environment, ...options },
        () => ({}) as PublishPorts,
        () => undefined,
      ),
    ).toThrow(message);
  });
});
