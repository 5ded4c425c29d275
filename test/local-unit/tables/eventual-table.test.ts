import { DeleteItemCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { timePasses } from '../../waits';
import { Regions, east, eventually, startRegions, west } from '../regions';

const table = 'home-region';
let regions: Regions;
let inEast: DynamoDBClient;
let inWest: DynamoDBClient;

beforeAll(async () => {
  regions = await startRegions();
  await regions.addTable({ name: table, mode: 'EVENTUAL', replicas: [east, west] });
  inEast = regions.dynamodb(east);
  inWest = regions.dynamodb(west);
}, 120_000);
afterAll(() => regions?.close());
afterEach(async () => {
  for (const link of regions.links.all()) regions.links.set(link.from, link.to, { lagMs: 0, partitioned: false });
  for (const engine of regions.engines.values()) await engine.start();
});

const put = (pk: string, v: string) => new PutItemCommand({ TableName: table, Item: { pk: { S: pk }, v: { S: v } } });
const read = (pk: string) => new GetItemCommand({ TableName: table, Key: { pk: { S: pk } }, ConsistentRead: true });
const shown = async (client: DynamoDBClient, pk: string) => (await client.send(read(pk))).Item?.v?.S;
const settled = () =>
  eventually(
    async () => regions.tables.status()[0].replicationLagMs,
    (lag) => lag === 0,
  );

describe('a table with eventual consistency', () => {
  it("brings every write to the other region after the link's lag, and deletes too", async () => {
    for (const link of regions.links.all()) regions.links.set(link.from, link.to, { lagMs: 1000 });
    await inEast.send(put('a', '1'));
    expect(await shown(inWest, 'a')).toBeUndefined();
    await eventually(
      () => shown(inWest, 'a'),
      (v) => v === '1',
    );
    await inWest.send(new DeleteItemCommand({ TableName: table, Key: { pk: { S: 'a' } } }));
    await eventually(
      () => shown(inEast, 'a'),
      (v) => v === undefined,
    );
  });

  it('lets both regions pass the same condition within the lag, and the last writer win in both', async () => {
    for (const link of regions.links.all()) regions.links.set(link.from, link.to, { lagMs: 1000 });
    const putNew = (v: string) =>
      new PutItemCommand({ TableName: table, Item: { pk: { S: 'both' }, v: { S: v } }, ConditionExpression: 'attribute_not_exists(pk)' });
    await inEast.send(putNew('east'));
    await timePasses(30, 'the writes are to have an order by the clock');
    await inWest.send(putNew('west'));
    await eventually(
      () => shown(inEast, 'both'),
      (v) => v === 'west',
    );
    expect(await shown(inWest, 'both')).toBe('west');
  });

  it('keeps what a partition holds back, and converges when it ends', async () => {
    for (const link of regions.links.all()) regions.links.set(link.from, link.to, { partitioned: true });
    await inEast.send(put('cut', 'east'));
    await inWest.send(put('cut', 'west'));
    await inEast.send(put('cut', 'east again'));
    expect(await shown(inWest, 'cut')).toBe('west');
    for (const link of regions.links.all()) regions.links.set(link.from, link.to, { partitioned: false });
    await eventually(
      () => shown(inWest, 'cut'),
      (v) => v === 'east again',
    );
    await settled();
    expect(await shown(inEast, 'cut')).toBe('east again');
  });

  it("takes a stopped region's writes along until it comes back", async () => {
    regions.links.set(west, east, { lagMs: 1000 });
    await inWest.send(put('taken', '1'));
    await regions.engines.get(west)!.stop();
    await timePasses(1500, 'nothing may come while the region is stopped');
    expect(await shown(inEast, 'taken')).toBeUndefined();
    await regions.engines.get(west)!.start();
    await eventually(
      () => shown(inEast, 'taken'),
      (v) => v === '1',
    );
  });

  it('converges under many concurrent writes of few items', async () => {
    await Promise.all(Array.from({ length: 120 }, (_, i) => (i % 2 ? inEast : inWest).send(put(`many-${i % 3}`, String(i)))));
    await settled();
    for (const pk of ['many-0', 'many-1', 'many-2']) {
      await eventually(
        async () => [await shown(inEast, pk), await shown(inWest, pk)],
        ([a, b]) => a !== undefined && a === b,
      );
    }
  });
});
