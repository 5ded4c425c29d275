import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  DeleteItemCommand,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import {
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
  ListStreamsCommand,
  type _Record as StreamRecord,
} from '@aws-sdk/client-dynamodb-streams';
import { localCredentials } from '../../../local/engine/credentials';
import { timePasses } from '../../waits';
import { Regions, east, eventually, startRegions, west, witness } from '../regions';

const table = 'ledger';
let regions: Regions;
let inEast: DynamoDBClient;
let inWest: DynamoDBClient;

beforeAll(async () => {
  regions = await startRegions({ unreachableMs: 300 });
  await regions.addTable({ name: table, mode: 'STRONG', replicas: [east, west], witness });
  inEast = regions.dynamodb(east);
  inWest = regions.dynamodb(west);
}, 120_000);
afterAll(() => regions?.close());
afterEach(async () => {
  for (const link of regions.links.all()) regions.links.set(link.from, link.to, { lagMs: 0, partitioned: false });
  for (const engine of regions.engines.values()) await engine.start();
});

const put = (pk: string, attributes: Record<string, { S: string }> = {}) =>
  new PutItemCommand({ TableName: table, Item: { pk: { S: pk }, ...attributes } });
const putNew = (pk: string, by: string) =>
  new PutItemCommand({
    TableName: table,
    Item: { pk: { S: pk }, by: { S: by } },
    ConditionExpression: 'attribute_not_exists(pk)',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  });
const read = (pk: string, ConsistentRead = true) => new GetItemCommand({ TableName: table, Key: { pk: { S: pk } }, ConsistentRead });

async function streamOf(region: string): Promise<StreamRecord[]> {
  const client = new DynamoDBStreamsClient({
    region,
    endpoint: `http://127.0.0.1:${regions.proxies.get(region)!.port}`,
    credentials: localCredentials,
  });
  const { Streams } = await client.send(new ListStreamsCommand({ TableName: table }));
  const { StreamDescription } = await client.send(new DescribeStreamCommand({ StreamArn: Streams![0].StreamArn }));
  const { ShardIterator } = await client.send(
    new GetShardIteratorCommand({
      StreamArn: Streams![0].StreamArn,
      ShardId: StreamDescription!.Shards![0].ShardId,
      ShardIteratorType: 'TRIM_HORIZON',
    }),
  );
  const { Records } = await client.send(new GetRecordsCommand({ ShardIterator }));
  client.destroy();
  return Records ?? [];
}

describe('a table with multi-region strong consistency', () => {
  it('says so to whoever has it described, also before it is under its rules; a table of one region says nothing', async () => {
    regions.tables.declare([{ name: table, mode: 'STRONG', replicas: [east, west], witness }]);
    for (const [client, peer] of [
      [inEast, west],
      [inWest, east],
    ] as const) {
      expect((await client.send(new DescribeTableCommand({ TableName: table }))).Table).toMatchObject({
        TableName: table,
        MultiRegionConsistency: 'STRONG',
        Replicas: [{ RegionName: peer, ReplicaStatus: 'ACTIVE' }],
        KeySchema: [{ AttributeName: 'pk' }],
      });
    }
    await expect(inEast.send(new DescribeTableCommand({ TableName: 'another' }))).rejects.toThrow('another');
  });

  it("shows a write to the other region's strong read at once", async () => {
    for (let i = 0; i < 10; i += 1) {
      await inEast.send(put(`at-once-${i}`, { n: { S: String(i) } }));
      expect((await inWest.send(read(`at-once-${i}`))).Item?.n).toEqual({ S: String(i) });
    }
  });

  it("brings every write to each region's own copy, its index and its stream, in order per item", async () => {
    await inEast.send(put('followed', { owner: { S: 'o-1' } }));
    for (const value of ['1', '2', '3']) {
      await inWest.send(
        new UpdateItemCommand({
          TableName: table,
          Key: { pk: { S: 'followed' } },
          UpdateExpression: 'SET v = :v',
          ExpressionAttributeValues: { ':v': { S: value } },
        }),
      );
    }
    await inEast.send(new DeleteItemCommand({ TableName: table, Key: { pk: { S: 'followed' } } }));
    await inEast.send(put('followed', { owner: { S: 'o-2' } }));
    const byOwner = new QueryCommand({
      TableName: table,
      IndexName: 'byOwner',
      KeyConditionExpression: '#o = :o',
      ExpressionAttributeNames: { '#o': 'owner' },
      ExpressionAttributeValues: { ':o': { S: 'o-2' } },
    });
    for (const [region, client] of [
      [east, inEast],
      [west, inWest],
    ] as const) {
      await eventually(
        () => client.send(byOwner),
        ({ Count }) => Count === 1,
      );
      const records = (await streamOf(region)).filter((record) => record.dynamodb?.Keys?.pk.S === 'followed');
      expect(records.map((record) => [record.eventName, record.dynamodb?.NewImage?.v?.S])).toEqual([
        ['INSERT', undefined],
        ['MODIFY', '1'],
        ['MODIFY', '2'],
        ['MODIFY', '3'],
        ['REMOVE', undefined],
        ['INSERT', undefined],
      ]);
    }
  });

  it('lets one region win a race of conditional puts, whatever the lag', async () => {
    for (const [round, lagMs] of [0, 0, 5, 20].entries()) {
      for (const link of regions.links.all()) regions.links.set(link.from, link.to, { lagMs });
      const results = await Promise.allSettled([inEast.send(putNew(`race-${round}`, east)), inWest.send(putNew(`race-${round}`, west))]);
      expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
      const loser = results.find((result) => result.status === 'rejected') as PromiseRejectedResult;
      expect(['ReplicatedWriteConflictException', 'ConditionalCheckFailedException']).toContain(loser.reason.name);
    }
  });

  it("refuses the later of two regions' writes of one item with a conflict, and counts it", async () => {
    for (const link of regions.links.all()) regions.links.set(link.from, link.to, { lagMs: 300 });
    const before = regions.tables.status()[0].conflicts;
    const first = inEast.send(put('conflict'));
    await timePasses(150, 'the first write is to be on its way');
    await expect(inWest.send(put('conflict'))).rejects.toMatchObject({
      name: 'ReplicatedWriteConflictException',
      $metadata: { httpStatusCode: 400 },
    });
    await first;
    expect(regions.tables.status()).toEqual([expect.objectContaining({ name: table, mode: 'STRONG', conflicts: before + 1 })]);
    await inWest.send(put('conflict'));
  });

  it('returns the stored item to a failed condition in the other region', async () => {
    await inEast.send(putNew('stored', east));
    await expect(inWest.send(putNew('stored', west))).rejects.toMatchObject({
      name: 'ConditionalCheckFailedException',
      Item: { by: { S: east } },
    });
  });

  it('costs the round trip to the nearest other member', async () => {
    regions.links.set(west, witness, { lagMs: 30 });
    regions.links.set(witness, west, { lagMs: 40 });
    regions.links.set(west, east, { lagMs: 1000 });
    regions.links.set(east, west, { lagMs: 1000 });
    const started = Date.now();
    await inWest.send(put('far'));
    expect(Date.now() - started).toBeGreaterThanOrEqual(69);
    expect(Date.now() - started).toBeLessThan(1000);
  });

  it('serves only eventual reads in a region that reaches no other member', async () => {
    await inWest.send(put('cut-off', { v: { S: '1' } }));
    await eventually(
      () => inWest.send(read('cut-off', false)),
      ({ Item }) => Item !== undefined,
    );
    regions.links.set(west, east, { partitioned: true });
    await inWest.send(put('cut-off', { v: { S: '2' } }));
    regions.links.set(witness, west, { partitioned: true });
    await expect(inWest.send(put('cut-off', { v: { S: '3' } }))).rejects.toMatchObject({
      name: 'InternalServerError',
      $metadata: { httpStatusCode: 500 },
    });
    await expect(inWest.send(read('cut-off'))).rejects.toMatchObject({ name: 'InternalServerError' });
    expect((await inWest.send(read('cut-off', false))).Item?.pk).toEqual({ S: 'cut-off' });
    expect((await inEast.send(read('cut-off'))).Item?.v).toEqual({ S: '2' });
  });

  it('leaves the outcome unknown to a region that is cut off while its write is on the way', async () => {
    for (const link of regions.links.all()) regions.links.set(link.from, link.to, { lagMs: 400 });
    const write = inWest.send(put('in-between', { v: { S: '1' } }));
    await timePasses(650, 'the write is to be on its way back');
    for (const other of [east, witness]) regions.links.set(other, west, { partitioned: true });
    await expect(write).rejects.toMatchObject({ name: 'InternalServerError' });
    expect((await inEast.send(read('in-between'))).Item?.v).toEqual({ S: '1' });
  });

  it('goes on with one replica lost, which catches up when it comes back', async () => {
    await regions.engines.get(west)!.stop();
    for (let i = 0; i < 40; i += 1) await inEast.send(put(`meanwhile-${i % 30}`, { v: { S: String(i) } }));
    expect(regions.tables.status()[0].replicationLagMs).toBeGreaterThan(0);
    await regions.engines.get(west)!.start();
    expect((await inWest.send(read('meanwhile-9'))).Item?.v).toEqual({ S: '39' });
    await eventually(
      () => inWest.send(read('meanwhile-9', false)),
      ({ Item }) => Item?.v?.S === '39',
    );
    const values = async () =>
      (await streamOf(west))
        .filter((record) => record.dynamodb?.Keys?.pk.S === 'meanwhile-9')
        .map((record) => record.dynamodb?.NewImage?.v?.S);
    expect(await values()).toEqual(['9', '39']);
    await eventually(
      async () => regions.tables.status()[0].replicationLagMs,
      (lag) => lag === 0,
    );
  });

  it('takes batches, over several tables too', async () => {
    await inEast.send(
      new BatchWriteItemCommand({ RequestItems: { [table]: [1, 2].map((n) => ({ PutRequest: { Item: { pk: { S: `batch-${n}` } } } })) } }),
    );
    const { Responses } = await inWest.send(
      new BatchGetItemCommand({
        RequestItems: { [table]: { Keys: [{ pk: { S: 'batch-1' } }, { pk: { S: 'batch-2' } }], ConsistentRead: true } },
      }),
    );
    expect(Responses?.[table]).toHaveLength(2);
  });

  it('refuses transactions and TTL as AWS does', async () => {
    await expect(
      inEast.send(new TransactWriteItemsCommand({ TransactItems: [{ Put: { TableName: table, Item: { pk: { S: 't' } } } }] })),
    ).rejects.toMatchObject({ name: 'ValidationException' });
    await expect(
      inEast.send(new UpdateTimeToLiveCommand({ TableName: table, TimeToLiveSpecification: { Enabled: true, AttributeName: 'ttl' } })),
    ).rejects.toMatchObject({ name: 'ValidationException' });
  });
});
