import { addresses } from './settings';
import { TestSigner } from './signer';
import { Crash, crashAt, Disturb, shapeOf, startDraft, World } from './world';
import { weightsOf } from '../../src/cutover/audit/domain';
import { RecordShape } from '../../src/cutover/model';
import { foundIn } from '../../src/cutover/weights/aws';
import { withTargetShare } from '../../src/cutover/weights/domain';
import { RecordsWish } from '../../src/cutover/weights/weighted-records.domain';
import { RecordsRequest, RecordsResult, WeightedRecordsKeeper } from '../../src/cutover/weights/weighted-records.service';
import { sha256 } from '../../src/kernel/digest';
import { turns } from '../turns';

const known: typeof addresses = {
  ...addresses,
  'ap-southeast-2': { value: 'ap.execute-api.ap-southeast-2.amazonaws.com', healthCheckId: 'hc-ap' },
};
const wish: RecordsWish = {
  source: 'us-east-1',
  target: 'eu-central-1',
  ttlSeconds: 60,
  initialTarget: 0,
  replaceExisting: false,
  onDelete: 'RETAIN',
};
let requests = 0;

function ask(
  world: World,
  type: RecordsRequest['type'],
  change: Partial<RecordsWish> = {},
  reported = known,
  disturb?: Disturb,
  isRunning = async (): Promise<boolean> => true,
): Promise<RecordsResult> {
  const ports = { log: world.log(disturb), records: world.records(disturb), clock: world.clock };
  const keeper = new WeightedRecordsKeeper({ ...ports, addressOf: async (region) => reported[region], isRunning });
  requests += 1;
  return keeper.carryOut({ type, requestId: `r${requests}`, stack: 'cutover', wish: { ...wish, ...change } }, world.nowMs + 120_000);
}

const shift = (world: World, share: number): Promise<unknown> =>
  world.change().carryOut(world.order({ key: `run-1/${share}`, to: (is) => withTargetShare(is!, share) }));

test('makes the records with the first weights, once', async () => {
  const world = new World();
  expect(await ask(world, 'Create')).toEqual({ kind: 'done' });
  expect(world.stamped!.shape).toEqual(shapeOf(100, 0));
  const { size } = world.parameters;
  expect(await ask(world, 'Update')).toEqual({ kind: 'done' });
  expect([world.parameters.size, world.seen.length]).toEqual([size, 1]);
});

test('an audit that the key did not sign fails the deployment, until it says where it ends', async () => {
  const world = new World();
  await ask(world, 'Create');
  world.signer = new TestSigner('another');
  const { size } = world.parameters;
  await expect(ask(world, 'Update')).rejects.toThrow("'formerAuditEnd'");
  const keeper = (seq: number): WeightedRecordsKeeper =>
    new WeightedRecordsKeeper({
      log: world.log(),
      records: world.records(),
      clock: world.clock,
      addressOf: async (region) => known[region],
      isRunning: async () => true,
      formerAuditEnd: { seq, hash: sha256(world.parameters.get(seq)!) },
    });
  const request: RecordsRequest = { type: 'Update', requestId: 'again', stack: 'cutover', wish };
  await expect(keeper(size - 1).carryOut(request, world.nowMs + 60_000)).rejects.toThrow(
    'ends an audit that this deployment does not know',
  );
  // Also where there is nothing else to do.
  expect(await keeper(size).carryOut(request, world.nowMs + 60_000)).toEqual({ kind: 'done' });
  expect(JSON.parse(world.parameters.get(size + 1)!)).toMatchObject({
    by: ['cloudformation cutover'],
    entry: { what: 'signing', after: size },
  });
  expect(await ask(world, 'Update', { ttlSeconds: 10 })).toEqual({ kind: 'done' });
});

test('a deployment in mid-cutover changes the TTL and the address, never the weights', async () => {
  const world = new World();
  await ask(world, 'Create');
  await world.start('run-1');
  await shift(world, 25);
  expect(
    await ask(
      world,
      'Update',
      { ttlSeconds: 10, initialTarget: 0 },
      { ...known, 'us-east-1': { value: 'us2.execute-api.us-east-1.amazonaws.com', healthCheckId: 'hc-2' } },
    ),
  ).toEqual({ kind: 'done' });
  expect(world.stamped!.shape).toMatchObject({
    ttlSeconds: 10,
    source: { value: 'us2.execute-api.us-east-1.amazonaws.com', weight: 75 },
    target: { weight: 25 },
  });
  // A stack that is made anew finds them too.
  expect(await ask(world, 'Create', { ttlSeconds: 10 }, { ...known })).toEqual({ kind: 'done' });
  expect(weightsOf(world.stamped!.shape)).toEqual({ source: 75, target: 25 });
});

test('says what is missing, what is in the way, and that the control plane is away', async () => {
  expect(await ask(new World(), 'Create', {}, { 'us-east-1': known['us-east-1'] })).toMatchObject({
    reason: expect.stringContaining('eu-central-1 did not say where its API is'),
  });
  const taken = new World();
  taken.foreign = 'latency records';
  expect(await ask(taken, 'Create')).toMatchObject({ kind: 'failed', reason: expect.stringContaining('set replaceExisting') });
  expect(await ask(taken, 'Create', { replaceExisting: true })).toEqual({ kind: 'done' });
  const away = new World();
  away.unreachable = true;
  expect(await ask(away, 'Create')).toMatchObject({ reason: expect.stringContaining('control plane unreachable') });
});

test('a change by hand fails the deployment, and taking it back works', async () => {
  const world = new World();
  await ask(world, 'Create');
  world.stamped = { ...world.stamped!, shape: shapeOf(1, 1) };
  expect(await ask(world, 'Update', { ttlSeconds: 10 })).toMatchObject({
    kind: 'failed',
    reason: expect.stringContaining('adopt or revert'),
  });
  expect(await ask(world, 'Update')).toEqual({ kind: 'done' });
  expect(world.stamped!.shape).toEqual(shapeOf(1, 1));
});

test('the records stay when they leave the stack; told to go, they stay while a run is under way', async () => {
  const world = new World();
  await ask(world, 'Create');
  expect(await ask(world, 'Delete')).toEqual({ kind: 'done' });
  expect(world.stamped).toBeDefined();
  await world.log().append(() => startDraft('run-1'));
  expect(await ask(world, 'Delete', { onDelete: 'DELETE' })).toMatchObject({ reason: expect.stringContaining('run-1 is under way') });
  await world.log().append(() => ({ key: 'end', by: ['x'], entry: { what: 'ended', run: 'run-1', state: 'PAUSED', why: '' } }));
  expect(await ask(world, 'Delete', { onDelete: 'DELETE' })).toEqual({ kind: 'done' });
  expect(world.stamped).toBeUndefined();
  expect(await ask(world, 'Create')).toEqual({ kind: 'done' });
  expect(world.stamped!.shape).toEqual(shapeOf(100, 0));
});

test('told to go, they go though a run never said that it ended: its execution is over, which is asked and not guessed', async () => {
  const world = new World();
  await ask(world, 'Create');
  await world.log().append(() => startDraft('run-1'));
  const remove = (isRunning: () => Promise<boolean>): Promise<RecordsResult> =>
    ask(world, 'Delete', { onDelete: 'DELETE' }, known, undefined, isRunning);
  await expect(remove(() => Promise.reject(new Error('AccessDeniedException')))).rejects.toThrow('AccessDeniedException');
  expect([world.stamped !== undefined, (await world.log().current()).run?.id]).toEqual([true, 'run-1']);
  expect(await remove(async () => false)).toEqual({ kind: 'done' });
  expect(world.stamped).toBeUndefined();
  expect((await world.log().current()).run).toBeUndefined();
  expect([...world.parameters.values()].map((text) => (JSON.parse(text) as { entry: { what: string } }).entry.what).slice(-2)).toEqual([
    'ended',
    'removed',
  ]);
});

test('gone records are recorded as gone, also when the answer to their deletion was lost: they can be made again', async () => {
  const turn = turns('calls to be killed at', 100);
  for (let nth = 1, crashed = true; crashed; nth += 1) {
    turn();
    const world = new World();
    await ask(world, 'Create');
    crashed = await ask(world, 'Delete', { onDelete: 'DELETE' }, known, crashAt(nth, 'after')).then(
      () => false,
      () => true,
    );
    expect(await ask(world, 'Delete', { onDelete: 'DELETE' })).toEqual({ kind: 'done' });
    expect((await world.log().current()).recorded).toBeUndefined();
    expect(await ask(world, 'Create')).toEqual({ kind: 'done' });
    expect(world.stamped!.shape).toEqual(shapeOf(100, 0));
  }
});

test.each<[string, (world: World) => void, [number, number]]>([
  [
    'removed',
    (world) => {
      world.stamped = undefined;
    },
    [75, 25],
  ],
  [
    'replaced',
    (world) => {
      world.foreign = 'latency records';
    },
    [75, 25],
  ],
  [
    'weighted',
    (world) => {
      world.stamped = { ...world.stamped!, shape: shapeOf(40, 60) };
    },
    [40, 60],
  ],
])(
  'kept records that were %s by hand while there was no stack: made again when told to replace what is there',
  async (_how, spoil, weights) => {
    const world = new World();
    await ask(world, 'Create');
    await world.start('run-1');
    await shift(world, 25);
    await ask(world, 'Delete');
    spoil(world);
    const changed = { ttlSeconds: 30 };
    expect(await ask(world, 'Create', changed)).toMatchObject({ kind: 'failed', reason: expect.stringContaining('set replaceExisting') });
    expect(await ask(world, 'Update', { ...changed, replaceExisting: true })).toMatchObject({
      kind: 'failed',
      reason: expect.stringContaining('adopt or revert'),
    });
    expect(await ask(world, 'Create', { ...changed, replaceExisting: true })).toEqual({ kind: 'done' });
    expect(world.stamped!.shape).toEqual(shapeOf(...weights, 30));
  },
);

describe('a deployment with other regions', () => {
  const [us, eu, ap] = ['us-east-1', 'eu-central-1', 'ap-southeast-2'];
  /** Who got how much, after each change. */
  const answers = ({ seen }: World): Record<string, number>[] =>
    seen.map(({ source, target }: RecordShape) =>
      Object.fromEntries([source, target].flatMap((side) => (side && side.weight > 0 ? [[side.value.slice(0, 2), side.weight]] : []))),
    );
  const end = (world: World, state: 'SUCCEEDED' | 'PAUSED'): Promise<unknown> =>
    world.log().append(() => ({ key: 'run-1/ended', by: ['x'], entry: { what: 'ended', run: 'run-1', state, why: '' } }));

  /** A cutover from us-east-1 to eu-central-1 that came to this share. */
  async function came(share: number): Promise<World> {
    const world = new World();
    await ask(world, 'Create');
    await world.start('run-1');
    await shift(world, share);
    await world
      .log()
      .append(() => ({
        key: 'run-1/unit',
        by: ['x'],
        entry: { what: 'authority', run: 'run-1', unit: 0, from: us, to: eu, epoch: 1, done: true },
      }));
    return world;
  }

  test.each([
    ['back', us],
    ['onward', ap],
  ])('%s: the region that has everything keeps it, and the next run begins with its first phase', async (_way, target) => {
    const world = await came(100);
    await end(world, 'SUCCEEDED');
    expect(await ask(world, 'Update', { source: eu, target })).toEqual({ kind: 'done' });
    expect(world.stamped!.shape).toMatchObject({
      source: { value: 'eu.execute-api.eu-central-1.amazonaws.com', weight: 100 },
      target: { value: known[target].value, weight: 0 },
    });
    expect(answers(world).slice(1)).toEqual([{ eu: 100 }, { eu: 100 }]);
    // What the first one moved is not for a rollback of the second to move back.
    expect(await world.log().current()).toMatchObject({ soaked: false, moved: [], regions: { source: eu, target } });
  });

  test('taken back by CloudFormation, also when nobody knows whether it was done: all is as before', async () => {
    const turn = turns('calls to be killed at', 100);
    for (let nth = 1, crashed = true; crashed; nth += 1) {
      turn();
      const world = await came(100);
      await end(world, 'SUCCEEDED');
      const before = await world.log().current();
      crashed = await ask(world, 'Update', { source: eu, target: ap }, known, crashAt(nth, 'after')).then(
        () => false,
        (error: unknown) => error instanceof Crash,
      );
      expect(await ask(world, 'Update')).toEqual({ kind: 'done' });
      expect(await world.log().current()).toMatchObject({
        recorded: { shape: before.recorded!.shape },
        moved: before.moved,
        regions: before.regions,
      });
      expect(
        answers(world)
          .slice(1)
          .every((each) => each.eu === 100),
      ).toBe(true);
    }
  });

  test.each<[string, number, 'PAUSED' | undefined, Partial<RecordsWish>, string]>([
    ['in mid-run', 100, undefined, { source: eu, target: us }, 'run-1 is under way'],
    ['half-way', 50, 'PAUSED', { source: eu, target: us }, 'source 50'],
    ['without the region that has the traffic', 100, 'PAUSED', { source: us, target: ap }, 'target 100'],
    ['with it as the target', 0, 'PAUSED', { source: eu, target: us }, 'source 100'],
  ])('%s: refused, and nothing changes', async (_when, share, ended, change, reason) => {
    const world = await came(share);
    if (ended) await end(world, ended);
    const { length } = world.seen;
    expect(await ask(world, 'Update', change)).toMatchObject({ kind: 'failed', reason: expect.stringContaining(reason) });
    expect(world.seen).toHaveLength(length);
  });

  test.each<[string, number, Partial<RecordsWish>, boolean]>([
    ['the same two', 50, {}, true],
    ['onward', 100, { source: eu, target: ap }, true],
    ['from elsewhere', 100, { source: us, target: ap }, false],
    ['swapped half-way', 50, { source: eu, target: us }, false],
  ])('of a machine in another region, told to replace what is there: %s', async (_which, share, change, taken) => {
    const world = await came(share);
    world.parameters.clear();
    expect(await ask(world, 'Create', change)).toMatchObject({ kind: 'failed', reason: expect.stringContaining('set replaceExisting') });
    expect((await ask(world, 'Create', { ...change, replaceExisting: true })).kind).toBe(taken ? 'done' : 'failed');
    expect(answers(world).at(-1)).toEqual(share === 50 ? { us: 50, eu: 50 } : { eu: 100 });
  });
});

describe('records as Route 53 lists them', () => {
  const name = { systemName: 'acme-pay', hostedZoneId: 'Z1', publicName: 'pay.example.com' };
  const set = (identifier: string, weight: number, value: string, ttl = 60): string =>
    `<ResourceRecordSet><Name>pay.example.com.</Name><Type>CNAME</Type><SetIdentifier>${identifier}</SetIdentifier>` +
    `<Weight>${weight}</Weight><TTL>${ttl}</TTL>` +
    `<ResourceRecords><ResourceRecord><Value>${value}</Value></ResourceRecord></ResourceRecords>` +
    '<HealthCheckId>hc</HealthCheckId></ResourceRecordSet>';
  const list = (...sets: string[]): string =>
    `<?xml version="1.0"?><ListResourceRecordSetsResponse>` +
    `<ResourceRecordSets>${sets.join('\n')}</ResourceRecordSets></ListResourceRecordSetsResponse>`;
  const source = set('acme-pay-source#7', 90, 'us.execute-api.us-east-1.amazonaws.com.');
  const target = set('acme-pay-target#7', 10, 'eu.execute-api.eu-central-1.amazonaws.com');

  test('as a pair of one stamp they are ours', () => {
    const found = foundIn(list(target, source, set('x', 1, 'y').replace('pay.', 'pax.')), name);
    expect(found).toMatchObject({
      kind: 'ours',
      stamped: {
        stamp: 7,
        shape: {
          ttlSeconds: 60,
          source: { weight: 90, value: 'us.execute-api.us-east-1.amazonaws.com', healthCheckId: 'hc' },
          target: { weight: 10, value: 'eu.execute-api.eu-central-1.amazonaws.com' },
        },
      },
    });
    expect(found.raw).toEqual([target, source]);
    expect(foundIn(list(target), name)).toMatchObject({ kind: 'ours', stamped: { shape: { target: { weight: 10 } } } });
  });

  test.each<[string, string[]]>([
    ['another stamp', [source, target.replace('#7', '#8')]],
    ['another TTL', [source, set('acme-pay-target#7', 10, 'eu', 30)]],
    ['no target', [source]],
    ['a third record', [source, target, set('acme-pay-extra', 1, 'x')]],
    ["another system's", [source.replace('acme-pay', 'other'), target]],
    ['latency records', [source.replace(/<Weight>.*<\/Weight>/, '<Region>us-east-1</Region>'), target]],
  ])('%s: not ours', (_what, sets) => {
    expect(foundIn(list(...sets), name)).toMatchObject({ kind: 'other', raw: sets });
  });

  test('none', () => {
    expect(foundIn(list(), name).kind).toBe('none');
  });
});
