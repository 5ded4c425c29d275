import { addresses, source, target } from './settings';
import { crashAt, Disturb, shapeOf, World } from './world';
import { RecordShape } from '../../src/cutover/model';
import { withTargetShare } from '../../src/cutover/weights/domain';
import { RecordsWish } from '../../src/cutover/weights/weighted-records.domain';
import { RecordsRequest, RecordsResult, WeightedRecordsKeeper } from '../../src/cutover/weights/weighted-records.service';
import { turns } from '../turns';

const wish: RecordsWish = { source, target, ttlSeconds: 60, initialTarget: 0, replaceExisting: false, onDelete: 'RETAIN' };
/** The source has another health check since. */
const moved: typeof addresses = { ...addresses, [source]: { ...addresses[source], healthCheckId: 'hc-2' } };
const done = { kind: 'done' };
let requests = 0;

interface Asked {
  readonly type?: RecordsRequest['type'];
  readonly change?: Partial<RecordsWish>;
  readonly at?: Partial<typeof addresses>;
  readonly isTakenBack?: boolean;
  readonly disturb?: Disturb;
}

function ask(world: World, { type = 'Update', change, at = addresses, isTakenBack, disturb }: Asked = {}): Promise<RecordsResult> {
  const ports = { log: world.log(disturb), records: world.records(disturb), clock: world.clock };
  requests += 1;
  return new WeightedRecordsKeeper({ ...ports, addressOf: async (region) => at[region], isRunning: async () => true }).carryOut(
    { type, requestId: `r${requests}`, stack: 'cutover', wish: { ...wish, ...change }, isTakenBack },
    world.nowMs + 120_000,
  );
}

/** A run that ended paused while the control plane was away: what it meant to do is recorded, and not done. */
async function paused(to: RecordShape = withTargetShare(shapeOf(100, 0), 10)): Promise<World> {
  const world = new World();
  await ask(world, { type: 'Create' });
  await world.start('run-1');
  const intent = { what: 'intent', run: 'run-1', kind: 'shift', phase: 0, from: shapeOf(100, 0), to, regions: { source, target } } as const;
  await world.log().append(() => ({ key: 'run-1/phase-0', by: ['x'], entry: intent }));
  await world.log().append(() => ({ key: 'run-1/ended', by: ['x'], entry: { what: 'ended', run: 'run-1', state: 'PAUSED', why: '' } }));
  expect((await world.log().current()).open).toHaveLength(1);
  return world;
}
const left = async (world: World): Promise<unknown> => [(await world.log().current()).seq, world.stamped, world.seen.length];

test.each<[string, RecordShape]>([
  ['another share', withTargetShare(shapeOf(100, 0), 10)],
  ["the end of the source's role", { ttlSeconds: 60, target: shapeOf(0, 100).target }],
])('with %s on its way, a deployment that wants nothing else of the records has nothing to do', async (_what, to) => {
  const world = await paused(to);
  const before = await left(world);
  // As when `formerAuditEnd` is taken out again.
  expect(await ask(world)).toEqual(done);
  expect(await left(world)).toEqual(before);
});

test('one that wants another TTL fails and says what to do, and CloudFormation can take it back', async () => {
  const world = await paused();
  const before = await left(world);
  expect(await ask(world, { change: { ttlSeconds: 10 } })).toEqual({
    kind: 'failed',
    reason: "'shift' of run-1 is open: let its run end, or start one, which settles it; then deploy again",
  });
  expect(await ask(world, { isTakenBack: true })).toEqual(done);
  expect(await left(world)).toEqual(before);
});

test.each<[string, () => Promise<World>, Partial<typeof addresses>, string]>([
  ['another address, with an intent open', paused, moved, "'shift' of run-1 is open"],
  [
    'another address, and a change by hand',
    async () => {
      const world = new World();
      await ask(world, { type: 'Create' });
      world.stamped = { ...world.stamped!, shape: shapeOf(1, 1) };
      return world;
    },
    moved,
    'adopt or revert',
  ],
  ['a region that says nothing any more', paused, { [target]: addresses[target] }, 'did not say where its API is'],
])('an update that failed for %s is taken back, though that stands', async (_what, make, at, reason) => {
  const world = await make();
  expect(await ask(world, { at })).toMatchObject({ kind: 'failed', reason: expect.stringContaining(reason) });
  const before = await left(world);
  expect(await ask(world, { at, isTakenBack: true })).toEqual(done);
  expect(((await left(world)) as unknown[]).slice(1)).toEqual((before as unknown[]).slice(1));
});

test('what a failed update did is undone, wherever its worker died', async () => {
  const turn = turns('calls to be killed at', 100);
  for (let nth = 1, crashed = true; crashed; nth += 1) {
    turn();
    const world = new World();
    await ask(world, { type: 'Create' });
    crashed = await ask(world, { change: { ttlSeconds: 10 }, disturb: crashAt(nth, 'after') }).then(
      () => false,
      () => true,
    );
    expect(await ask(world, { isTakenBack: true })).toEqual(done);
    expect([world.stamped!.shape, (await world.log().current()).recorded!.shape]).toEqual([shapeOf(100, 0), shapeOf(100, 0)]);
  }
});

test('what was taken back for an address is made up for by the next deployment', async () => {
  const world = await paused();
  expect(await ask(world, { at: moved, isTakenBack: true })).toEqual(done);
  await world.start('run-2');
  await world.change().carryOut(world.order({ key: 'run-2/phase-0', run: 'run-2', to: (is) => withTargetShare(is!, 10) }));
  expect(await ask(world, { at: moved })).toEqual(done);
  expect(world.stamped!.shape).toMatchObject({ source: { healthCheckId: 'hc-2', weight: 90 }, target: { weight: 10 } });
});

test('regions of another cutover, whose records are as these in all else, are not these', async () => {
  const world = new World();
  const third = { value: 'ap.execute-api.ap-southeast-2.amazonaws.com', healthCheckId: 'hc-ap' };
  const at = { ...addresses, 'ap-southeast-2': third };
  await ask(world, { type: 'Create' });
  expect(await ask(world, { at, change: { target: 'ap-southeast-2' } })).toEqual(done);
  expect(await ask(world, { at, isTakenBack: true })).toEqual(done);
  expect(world.stamped!.shape).toEqual(shapeOf(100, 0));
});
