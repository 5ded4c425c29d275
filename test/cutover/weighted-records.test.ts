import { shapeOf, started, World } from './world';
import { weightsOf } from '../../src/cutover/audit.domain';
import { RecordsRequest, RecordsResult, RecordsWish, WeightedRecordsKeeper } from '../../src/cutover/weighted-records.service';
import { foundIn } from '../../src/cutover/weights.aws';
import { withTargetShare } from '../../src/cutover/weights.domain';

const addresses: Record<string, { value: string; healthCheckId: string }> = {
  'us-east-1': { value: 'us.example.com', healthCheckId: 'hc-us' }, 'eu-central-1': { value: 'eu.example.com', healthCheckId: 'hc-eu' },
};
const wish: RecordsWish = { source: 'us-east-1', target: 'eu-central-1', ttlSeconds: 60, initialTarget: 0, replaceExisting: false, onDelete: 'RETAIN' };
let requests = 0;

function ask(world: World, type: RecordsRequest['type'], change: Partial<RecordsWish> = {}, known = addresses): Promise<RecordsResult> {
  const keeper = new WeightedRecordsKeeper({ log: world.log(), records: world.records(), clock: world.clock, addressOf: async (region) => known[region] });
  requests += 1;
  return keeper.carryOut({ type, requestId: `r${requests}`, stack: 'cutover', wish: { ...wish, ...change } }, world.nowMs + 120_000);
}

const shift = (world: World, share: number): Promise<unknown> => world.change().carryOut(world.order({ key: `run-1/${share}`, to: (is) => withTargetShare(is!, share) }));

test('makes the records with the first weights, once', async () => {
  const world = new World();
  expect(await ask(world, 'Create')).toEqual({ kind: 'done' });
  expect(world.stamped!.shape).toEqual(shapeOf(100, 0));
  const { size } = world.parameters;
  expect(await ask(world, 'Update')).toEqual({ kind: 'done' });
  expect([world.parameters.size, world.seen.length]).toEqual([size, 1]);
});

test('a deployment in mid-cutover changes the TTL and the address, never the weights', async () => {
  const world = new World();
  await ask(world, 'Create');
  await world.start('run-1');
  await shift(world, 25);
  expect(await ask(world, 'Update', { ttlSeconds: 10, initialTarget: 0 }, { ...addresses, 'us-east-1': { value: 'us2.example.com', healthCheckId: 'hc-2' } })).toEqual({ kind: 'done' });
  expect(world.stamped!.shape).toMatchObject({ ttlSeconds: 10, source: { value: 'us2.example.com', weight: 75 }, target: { weight: 25 } });
  // A stack that is made anew finds them too.
  expect(await ask(world, 'Create', { ttlSeconds: 10 }, { ...addresses })).toEqual({ kind: 'done' });
  expect(weightsOf(world.stamped!.shape)).toEqual({ source: 75, target: 25 });
});

test('says what is missing, what is in the way, and that the control plane is away', async () => {
  expect(await ask(new World(), 'Create', {}, { 'us-east-1': addresses['us-east-1'] })).toMatchObject({ reason: expect.stringContaining('eu-central-1 did not say where its API is') });
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
  expect(await ask(world, 'Update', { ttlSeconds: 10 })).toMatchObject({ kind: 'failed', reason: expect.stringContaining('adopt or revert') });
  expect(await ask(world, 'Update')).toEqual({ kind: 'done' });
  expect(world.stamped!.shape).toEqual(shapeOf(1, 1));
});

test('the records stay when they leave the stack; told to go, they stay while a run is under way', async () => {
  const world = new World();
  await ask(world, 'Create');
  expect(await ask(world, 'Delete')).toEqual({ kind: 'done' });
  expect(world.stamped).toBeDefined();
  await world.log().append(() => started('run-1'));
  expect(await ask(world, 'Delete', { onDelete: 'DELETE' })).toMatchObject({ reason: expect.stringContaining('run-1 is under way') });
  await world.log().append(() => ({ key: 'end', by: ['x'], entry: { what: 'ended', run: 'run-1', state: 'PAUSED', why: '' } }));
  expect(await ask(world, 'Delete', { onDelete: 'DELETE' })).toEqual({ kind: 'done' });
  expect(world.stamped).toBeUndefined();
  expect(await ask(world, 'Create')).toEqual({ kind: 'done' });
  expect(world.stamped!.shape).toEqual(shapeOf(100, 0));
});

describe('records as Route 53 lists them', () => {
  const name = { systemName: 'acme-pay', hostedZoneId: 'Z1', publicName: 'pay.example.com' };
  const set = (identifier: string, weight: number, value: string, ttl = 60): string => `<ResourceRecordSet><Name>pay.example.com.</Name><Type>CNAME</Type><SetIdentifier>${identifier}</SetIdentifier>`
    + `<Weight>${weight}</Weight><TTL>${ttl}</TTL><ResourceRecords><ResourceRecord><Value>${value}</Value></ResourceRecord></ResourceRecords><HealthCheckId>hc</HealthCheckId></ResourceRecordSet>`;
  const list = (...sets: string[]): string => `<?xml version="1.0"?><ListResourceRecordSetsResponse><ResourceRecordSets>${sets.join('\n')}</ResourceRecordSets></ListResourceRecordSetsResponse>`;
  const source = set('acme-pay-source#7', 90, 'us.example.com.');
  const target = set('acme-pay-target#7', 10, 'eu.example.com');

  test('as a pair of one stamp they are ours', () => {
    const found = foundIn(list(target, source, set('x', 1, 'y').replace('pay.', 'pax.')), name);
    expect(found).toMatchObject({ kind: 'ours', stamped: { stamp: 7, shape: { ttlSeconds: 60, source: { weight: 90, value: 'us.example.com', healthCheckId: 'hc' }, target: { weight: 10, value: 'eu.example.com' } } } });
    expect(found.raw).toEqual([target, source]);
    expect(foundIn(list(target), name)).toMatchObject({ kind: 'ours', stamped: { shape: { target: { weight: 10 } } } });
  });

  test.each<[string, string[]]>([
    ['another stamp', [source, target.replace('#7', '#8')]], ['another TTL', [source, set('acme-pay-target#7', 10, 'eu', 30)]], ['no target', [source]],
    ['a third record', [source, target, set('acme-pay-extra', 1, 'x')]], ['another system\'s', [source.replace('acme-pay', 'other'), target]],
    ['latency records', [source.replace(/<Weight>.*<\/Weight>/, '<Region>us-east-1</Region>'), target]],
  ])('%s: not ours', (_what, sets) => {
    expect(foundIn(list(...sets), name)).toMatchObject({ kind: 'other', raw: sets });
  });

  test('none', () => {
    expect(foundIn(list(), name).kind).toBe('none');
  });
});
