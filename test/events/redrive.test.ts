import type { MeshEvent, PutEntry } from '../../src/events/model';
import { Letters, QueuedLetter, redrive, redriveAll, LetterRedrivePorts } from '../../src/events/redrive/service';

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

  test('of several queues redrives all others where one fails, and says so at the end', async () => {
    const posts = ['acme.one', 'acme.two'].map((source) => new Post([written(source)]));
    posts[0].broken = true;
    const queues = posts.map((post, n) => ({
      systemName: 'shop',
      from: { kind: 'publisher' as const, source: ['acme.one', 'acme.two'][n] },
      ports: post.ports(),
    }));
    await expect(redriveAll(queues, limits)).rejects.toThrow(
      '1 of 2 queues failed, the others are done (events put back: 1): Error: not deleted. Fix the cause, then call again',
    );
    expect(posts[1].discarded).toEqual(['h-acme.two-order.shipped']);
  });

  test('ends at its bounds, and says that there may be more', async () => {
    const letters = Array.from({ length: 9 }, (_none, n) => letter(`e${n}`));
    expect(await redrive(new Post(letters).ports(), ofRules, { ...limits, max: 3 })).toMatchObject({ moved: 3, more: true });
    expect(await redrive(new Post(letters).ports(), ofRules, { ...limits, deadlineMs: 10_000 })).toMatchObject({ moved: 0, more: true });
  });
});
