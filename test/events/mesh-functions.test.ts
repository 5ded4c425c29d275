import type { MeshEvent, PutEntry } from '../../src/events/model';
import { ProbeNews, ProbeStore, receiveProbe } from '../../src/events/probes/service';
import { EventsNotPublished, InvalidEvent } from '../../src/events/publishing/publish-errors.domain';
import { DeadLetter, PublishPorts } from '../../src/events/publishing/publish.service';
import { publisherWith } from '../../src/events/publishing/publisher.aws';
import { Letters, QueuedLetter, redrive, redriveAll, LetterRedrivePorts } from '../../src/events/redrive/service';
import type { NewEvent } from '../../src/events/runtime.model';
import { Telemetry } from '../../src/runtime/telemetry';

const probe = {
  id: 'probe_eu-central-1_1',
  type: 'mesh.probe',
  schemaVersion: 1,
  origin: 'eu-central-1',
  occurredAt: '2026-11-22T03:00:00.000Z',
};

describe('a probe that arrives', () => {
  const arrivals: [string, object, number][] = [];
  const store: ProbeStore = {
    newsOf: async (): Promise<ProbeNews> => ({}),
    arrived: async (peer, at, silentAfterMs) => {
      arrivals.push([peer, at, silentAfterMs]);
    },
  };

  test('is remembered and measured', async () => {
    expect(await receiveProbe(store, { ...probe, data: { from: 'eu-central-1', sentAt: 1_000 } }, 1_250, 180_000)).toEqual({
      peer: 'eu-central-1',
      latencyMs: 250,
    });
    expect(arrivals).toEqual([['eu-central-1', { arrivedAt: 1_250, sentAt: 1_000 }, 180_000]]);
  });

  test('was on its way for no time when the clocks say that it arrived before it was sent', async () => {
    expect(await receiveProbe(store, { ...probe, data: { from: 'eu-central-1', sentAt: 2_000 } }, 1_250, 180_000)).toMatchObject({
      latencyMs: 0,
    });
  });

  test.each<[string, unknown, string]>([
    ['without an envelope', { data: {} }, "no probe: 'id' is undefined"],
    ['without a time', { ...probe, data: { from: 'eu-central-1' } }, "no probe: 'data.sentAt' is undefined; allowed: epoch milliseconds"],
    ['with nothing in it', { ...probe, data: null }, "no probe: 'data.sentAt' is undefined"],
  ])('%s is none', async (_what, detail, message) => {
    await expect(receiveProbe(store, detail, 1, 1)).rejects.toThrow(message);
  });
});

test('a measured time is a metric of its peer, and leaves the next line alone', () => {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
  const telemetry = new Telemetry({ systemName: 'shop', region: 'us-east-1', service: 'mesh-probes', write });
  telemetry.measure('ProbeLatency', 250, { name: 'Peer', value: 'eu-central-1' }, 'probe');
  telemetry.count('EventsPublished', 2);
  telemetry.record('publish', {});
  expect(lines[0]).toMatchObject({
    ProbeLatency: 250,
    Peer: 'eu-central-1',
    System: 'shop',
    Region: 'us-east-1',
    _aws: { CloudWatchMetrics: [{ Namespace: 'MultiRegionPayments', Metrics: [{ Name: 'ProbeLatency', Unit: 'Milliseconds' }] }] },
  });
  interface Embedded {
    readonly CloudWatchMetrics: { readonly Dimensions: string[][] }[];
  }
  const dimensions = (line: Record<string, unknown>): string[] => [...(line._aws as Embedded).CloudWatchMetrics[0].Dimensions[0]].sort();
  expect(lines.map(dimensions)).toEqual([
    ['Peer', 'Region', 'System'],
    ['Region', 'System'],
  ]);
  expect(lines[1]).toMatchObject({ EventsPublished: 2 });
  expect(lines[1]).not.toHaveProperty('ProbeLatency');
});

/** A queue whose messages stay until they are deleted, and a bus. */
class Post {
  readonly bus: MeshEvent[] = [];
  readonly entries: PutEntry[] = [];
  readonly discarded: string[] = [];
  now = 10_000;
  refuse = (_entry: PutEntry): boolean => false;
  broken = false;
  private invisible = new Set<string>();

  constructor(readonly queue: QueuedLetter[]) {}

  ports(): LetterRedrivePorts {
    return {
      receive: async () => {
        const next = this.queue.filter(({ handle }) => !this.invisible.has(handle) && !this.discarded.includes(handle)).slice(0, 3);
        for (const { handle } of next) this.invisible.add(handle);
        return next;
      },
      discard: async (handles) => {
        if (this.broken) throw new Error('not deleted');
        this.discarded.push(...handles);
      },
      release: async (handles) => {
        for (const handle of handles) this.invisible.delete(handle);
      },
      put: async (entries) =>
        entries.map((entry) => {
          if (this.refuse(entry)) return { kind: 'refused', reason: 'no', retryable: false };
          this.bus.push(JSON.parse(entry.detail) as MeshEvent);
          this.entries.push(entry);
          return { kind: 'accepted' };
        }),
      keep: () => Promise.reject(new Error('a redrive never puts into the queue that it empties')),
      nowMs: () => this.now,
      random: () => 0,
      sleep: async (ms) => {
        this.now += ms;
      },
    };
  }
}

const event = (id: string): MeshEvent => ({
  id,
  type: 'order.shipped',
  schemaVersion: 1,
  origin: 'us-east-1',
  occurredAt: '2026-11-22T03:00:00.000Z',
  data: {},
});
const rules = 'arn:aws:events:us-east-1:111122223333:rule/shop-events/';
const rule = `${rules}shop-events-to-us-west-2`;
const ofRules: Letters = { systemName: 'shop', from: { kind: 'rules', rules, bus: false } };
const letter = (id: string, sentAt = 9_000): QueuedLetter => ({
  handle: `h-${id}`,
  sentAt,
  rule,
  body: JSON.stringify({ version: '0', 'detail-type': 'order.shipped', source: 'shop', detail: event(id) }),
});
const limits = { max: 100, deadlineMs: 60_000 };

describe('a redrive', () => {
  test('puts every event back and deletes it only then', async () => {
    const post = new Post(['a', 'b', 'c', 'd', 'e'].map((id) => letter(id)));
    post.refuse = ({ detail }) => detail.includes('"c"');
    expect(await redrive(post.ports(), ofRules, limits)).toEqual({ moved: 4, left: 1, dropped: 0, refused: [], more: false });
    expect(post.bus.map(({ id }) => id)).toEqual(['a', 'b', 'd', 'e']);
    expect(post.discarded).toEqual(['h-a', 'h-b', 'h-d', 'h-e']);
  });

  test('leaves what came since it began: an event that fails again does not go round', async () => {
    const post = new Post([...['n1', 'n2', 'n3'].map((id) => letter(id, 10_001)), letter('old'), letter('n4', 10_002)]);
    expect(await redrive(post.ports(), ofRules, limits)).toEqual({ moved: 1, left: 0, dropped: 0, refused: [], more: false });
    expect(post.discarded).toEqual(['h-old']);
  });

  test('leaves what stays to the next one, not to a later time', async () => {
    const post = new Post([...['a', 'b', 'c', 'd'].map((id) => letter(id)), letter('new', 10_001)]);
    post.refuse = ({ detail }) => detail.includes('"b"') || detail.includes('"d"');
    expect(await redrive(post.ports(), ofRules, limits)).toMatchObject({ moved: 2, left: 2 });
    expect(await redrive(post.ports(), ofRules, limits)).toMatchObject({ moved: 0, left: 2 });
    post.refuse = () => false;
    post.now = 20_000;
    expect(await redrive(post.ports(), ofRules, limits)).toMatchObject({ moved: 3, left: 0 });
  });

  test('leaves everything that it has to the next one when it fails', async () => {
    const post = new Post(['a', 'b'].map((id) => letter(id)));
    post.broken = true;
    await expect(redrive(post.ports(), ofRules, limits)).rejects.toThrow('not deleted');
    post.broken = false;
    expect(await redrive(post.ports(), ofRules, limits)).toMatchObject({ moved: 2 });
  });

  test('says what is no event of the mesh, and leaves it', async () => {
    const post = new Post([
      { handle: 'x', sentAt: 1, body: 'no JSON' },
      { handle: 'y', sentAt: 1, body: JSON.stringify({ source: 'shop', detail: { id: 'a' } }) },
      { handle: 'z', sentAt: 1, rule, body: JSON.stringify({ 'detail-type': 'order.shipped', detail: event('a') }) },
    ]);
    expect(await redrive(post.ports(), ofRules, limits)).toEqual({
      moved: 0,
      left: 0,
      dropped: 0,
      more: false,
      refused: ['it is not JSON', "'type' is undefined; allowed: 1 to 128 characters", 'it has no source'],
    });
    expect(post.discarded).toEqual([]);
  });

  const written = (source: string, type = 'order.shipped', more: Partial<QueuedLetter> = {}, detailType = type): QueuedLetter => ({
    handle: `h-${source}-${type}`,
    sentAt: 9_000,
    ...more,
    body: JSON.stringify({ version: '0', 'detail-type': detailType, source, detail: { ...event('a'), type } }),
  });

  test('publishes nothing that a publisher could not have published itself, whatever it wrote into its queue', async () => {
    const ofShop: Letters = { systemName: 'shop', from: { kind: 'publisher', source: 'acme.shop' } };
    const forged = [
      written('shop.ledger', 'payment.captured'),
      written('shop.mesh', 'mesh.probe'),
      written('acme.other'),
      written('acme.shop', 'payment.captured'),
      written('acme.shop', 'mesh.probe'),
      // One type for whoever judges, another for whoever reads.
      written('acme.shop', 'payment.captured', {}, 'order.shipped'),
    ];
    const post = new Post([...forged, written('acme.shop')]);
    expect(await redrive(post.ports(), ofShop, limits)).toMatchObject({
      moved: 1,
      left: 0,
      dropped: 0,
      refused: [
        "its source is 'shop.ledger'; the functions that write into this queue publish 'acme.shop'",
        "its source is 'shop.mesh'; the functions that write into this queue publish 'acme.shop'",
        "its source is 'acme.other'; the functions that write into this queue publish 'acme.shop'",
        expect.stringContaining("its type is 'payment.captured'"),
        expect.stringContaining("its type is 'mesh.probe'"),
        'its detail-type is "order.shipped", but its envelope says "payment.captured"',
      ],
    });
    expect(post.entries.map(({ source, detailType }) => [source, detailType])).toEqual([['acme.shop', 'order.shipped']]);
    expect(post.discarded).toEqual(['h-acme.shop-order.shipped']);
  });

  test.each([
    [
      'a member twice',
      '"data":{"amount":1,"amount":1000}',
      'it cannot be put back as it came. It has the member "amount" twice in one object: send each member once.',
    ],
    ['a number that would be rounded', '"data":{"amount":9007199254740993}', expect.stringContaining('The number in "amount"')],
  ])('leaves a letter with %s where it is: it would come back as another one', async (_what, data, reason) => {
    const letterOf = written('acme.shop');
    const post = new Post([{ ...letterOf, body: letterOf.body.replace(/"data":\{[^}]*\}|"data":[^,}]*/, data) }]);
    expect(await redrive(post.ports(), { systemName: 'shop', from: { kind: 'publisher', source: 'acme.shop' } }, limits)).toMatchObject({
      moved: 0,
      refused: [reason],
    });
    expect(post.discarded).toEqual([]);
  });

  test('publishes no type that a publisher is not granted', async () => {
    const post = new Post([written('acme.shop', 'order.lost'), written('acme.shop')]);
    expect(
      await redrive(
        post.ports(),
        { systemName: 'shop', from: { kind: 'publisher', source: 'acme.shop', types: ['order.shipped'] } },
        limits,
      ),
    ).toMatchObject({ moved: 1, refused: ["its type is 'order.lost'; the functions that write into this queue publish order.shipped"] });
  });

  test("puts back what a rule of this bus left, the ledger's too, and nothing that names no such rule", async () => {
    const others = [undefined, rule.replace('us-east-1', 'us-west-2'), rule.replace('shop-events/', 'other/')].map((of, n) =>
      written(`acme.${n}`, 'order.shipped', { rule: of }),
    );
    const post = new Post([...others, written('shop.ledger', 'payment.captured', { rule })]);
    expect(await redrive(post.ports(), ofRules, limits)).toMatchObject({
      moved: 1,
      refused: [
        'it does not name the rule that failed to deliver it',
        expect.stringContaining('its rule is arn:aws:events:us-west-2'),
        expect.stringContaining('rule/other/'),
      ],
    });
    expect(post.entries.map(({ source }) => source)).toEqual(['shop.ledger']);
  });

  test('deletes probes, and sends none: they would tell of life that was', async () => {
    const post = new Post([written('shop.mesh', 'mesh.probe', { rule }), letter('a')]);
    expect(await redrive(post.ports(), ofRules, limits)).toEqual({ moved: 1, left: 0, dropped: 1, refused: [], more: false });
    expect(post.entries.map(({ source }) => source)).toEqual(['shop']);
    expect(post.discarded.sort()).toEqual(['h-a', 'h-shop.mesh-mesh.probe']);
  });

  test('of several queues judges each by its own writers, and sums up', async () => {
    const [one, two] = [new Post([written('acme.one'), written('acme.two')]), new Post([written('acme.two')])];
    const queues = [one, two].map((post, n) => ({
      systemName: 'shop',
      from: { kind: 'publisher' as const, source: ['acme.one', 'acme.two'][n] },
      ports: post.ports(),
    }));
    expect(await redriveAll(queues, limits)).toMatchObject({
      moved: 2,
      refused: ["its source is 'acme.two'; the functions that write into this queue publish 'acme.one'"],
      more: false,
    });
  });

  test('ends at its bounds, and says that there may be more', async () => {
    const letters = Array.from({ length: 9 }, (_none, n) => letter(`e${n}`));
    expect(await redrive(new Post(letters).ports(), ofRules, { ...limits, max: 3 })).toMatchObject({ moved: 3, more: true });
    expect(await redrive(new Post(letters).ports(), ofRules, { ...limits, deadlineMs: 10_000 })).toMatchObject({ moved: 0, more: true });
  });
});

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
