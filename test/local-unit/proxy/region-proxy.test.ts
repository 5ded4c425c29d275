import { request } from 'node:http';
import { DynamoDBClient, ListTablesCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { localCredentials } from '../../../local/engine/credentials';
import type { TableCall } from '../../../local/ground/passing';
import { Order, Outcome, deployFunctions } from '../functions';
import { Regions, accountId, east, eventually, startRegions, west, witness } from '../regions';

const table = 'ledger';
const timeoutSeconds = 2;
let regions: Regions;
const calls: TableCall[] = [];
let invoke: (name: string, order: Order) => Promise<Outcome>;

beforeAll(async () => {
  regions = await startRegions({ unreachableMs: 300, passing: { called: (call) => calls.push(call) } });
  await regions.addTable({ name: table, mode: 'STRONG', replicas: [east, west], witness });
  invoke = await deployFunctions(
    regions,
    west,
    { slow: { Statement: [{ Effect: 'Allow', Action: 'dynamodb:*', Resource: `arn:aws:dynamodb:${west}:${accountId}:table/${table}` }] } },
    timeoutSeconds,
  );
}, 120_000);
afterAll(() => regions?.close());
afterEach(async () => {
  for (const link of regions.links.all()) regions.links.set(link.from, link.to, { lagMs: 0, partitioned: false });
});

const s3In = (region: string, of = region) =>
  new S3Client({
    region: of,
    endpoint: `http://127.0.0.1:${regions.proxies.get(region)!.port}`,
    credentials: localCredentials,
    forcePathStyle: true,
    maxAttempts: 1,
  });

describe('the AWS endpoint of a region', () => {
  it('passes large bodies both ways, under their own signature', async () => {
    const s3 = s3In(west);
    await s3.send(new CreateBucketCommand({ Bucket: 'large', CreateBucketConfiguration: { LocationConstraint: west } }));
    const Body = Buffer.alloc(5_000_000, 'payments');
    await s3.send(new PutObjectCommand({ Bucket: 'large', Key: 'a/b c', Body }));
    const { Body: answer } = await s3.send(new GetObjectCommand({ Bucket: 'large', Key: 'a/b c' }));
    expect(Buffer.from(await answer!.transformToByteArray()).equals(Body)).toBe(true);
    s3.destroy();
  });

  it('sends a call to the region of its signature, over the links', async () => {
    regions.links.set(east, west, { lagMs: 40 });
    regions.links.set(west, east, { lagMs: 30 });
    const s3 = s3In(east, west);
    const started = Date.now();
    await s3.send(new PutObjectCommand({ Bucket: 'large', Key: 'from-east', Body: 'x' }));
    expect(Date.now() - started).toBeGreaterThanOrEqual(69);
    regions.links.set(west, east, { partitioned: true });
    const cut = Date.now();
    await expect(s3.send(new PutObjectCommand({ Bucket: 'large', Key: 'from-east', Body: 'x' }))).rejects.toThrow();
    expect(Date.now() - cut).toBeGreaterThanOrEqual(299);
    s3.destroy();
  });

  it('counts the requests of each service', async () => {
    const before = regions.proxies.get(east)!.requests().dynamodb ?? 0;
    await regions.dynamodb(east).send(new ListTablesCommand({}));
    expect(regions.proxies.get(east)!.requests().dynamodb).toBe(before + 1);
  });

  it('tells of each call of DynamoDB, in which region it was answered and how long that took, lag of the links included', async () => {
    regions.links.set(west, witness, { lagMs: 40 });
    regions.links.set(west, east, { lagMs: 40 });
    calls.length = 0;
    await regions.dynamodb(west).send(new PutItemCommand({ TableName: table, Item: { pk: { S: 'measured' } } }));
    await expect(regions.dynamodb(east).send(new PutItemCommand({ TableName: 'none', Item: { pk: { S: 'x' } } }))).rejects.toThrow();
    await eventually(
      async () => calls.length,
      (length) => length === 2,
    );
    expect(calls.map(({ region, operation, status }) => [region, operation, status])).toEqual([
      [west, 'PutItem', 200],
      [east, 'PutItem', 400],
    ]);
    expect(calls[0].tookMs).toBeGreaterThanOrEqual(39);
    expect(JSON.parse(calls[0].body.toString()).TableName).toBe(table);
  });

  it('does not answer while its region is stopped, nor lets such a call happen later', async () => {
    await regions.engines.get(west)!.stop();
    const s3 = s3In(west);
    await expect(s3.send(new PutObjectCommand({ Bucket: 'large', Key: 'while-stopped', Body: 'x' }))).rejects.toThrow();
    await regions.engines.get(west)!.start();
    await expect(s3.send(new GetObjectCommand({ Bucket: 'large', Key: 'while-stopped' }))).rejects.toMatchObject({ name: 'NoSuchKey' });
    s3.destroy();
  });

  it('listens on the loopback address alone', async () => {
    const port = regions.proxies.get(east)!.port;
    await expect(
      new Promise((resolve, reject) => {
        request({ host: '127.0.0.2', port }, resolve).on('error', reject).end();
      }),
    ).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});

describe('a function that is frozen with its region', () => {
  const put = (pk: string, pauseMs: number): Order => ({
    command: 'PutItem',
    input: { TableName: table, Item: { pk: { S: pk } } },
    pauseMs,
  });
  const stored = async (pk: string) =>
    (await invoke('slow', { command: 'GetItem', input: { TableName: table, Key: { pk: { S: pk } }, ConsistentRead: true } })).answer
      ?.Item !== undefined;
  const pause = (ms: number) =>
    new Promise((resolve) => {
      setTimeout(resolve, ms);
    });

  it('is cut off when it thaws after its timeout, and its later invocations are not', async () => {
    await invoke('slow', put('warm', 0));
    const invocation = invoke('slow', put('too-late', 700)).catch(() => undefined);
    await pause(300);
    await regions.engines.get(west)!.stop();
    await pause(timeoutSeconds * 1000 + 1200);
    await regions.engines.get(west)!.start();
    await invocation;
    await pause(500);
    expect(await stored('too-late')).toBe(false);
    expect(await invoke('slow', put('afterwards', 0))).toMatchObject({ ok: true });
  });

  it('is told by its trace ID, so that what its thawed process still sends is not taken', async () => {
    const client = (startedAt: number) => {
      const made = new DynamoDBClient({
        region: west,
        endpoint: `http://127.0.0.1:${regions.proxies.get(west)!.port}`,
        credentials: localCredentials,
        maxAttempts: 1,
        userAgentAppId: 'fn-slow',
      });
      made.middlewareStack.add(
        (next) => (args) => {
          const root = Math.floor(startedAt / 1000)
            .toString(16)
            .padStart(8, '0');
          (args.request as { headers: Record<string, string> }).headers['x-amzn-trace-id'] =
            `Root=1-${root}-0123456789abcdef01234567;Sampled=1`;
          return next(args);
        },
        { step: 'build' },
      );
      return made;
    };
    const write = (pk: string) => new PutItemCommand({ TableName: table, Item: { pk: { S: pk } } });
    const before = client(Date.now());
    await before.send(write('before'));
    await regions.engines.get(west)!.stop();
    await pause(timeoutSeconds * 1000 + 1200);
    await regions.engines.get(west)!.start();
    await expect(before.send(write('thawed'))).rejects.toThrow('socket hang up');
    expect(await stored('thawed')).toBe(false);
    await client(Date.now() + 1000).send(write('fresh'));
    await client(Date.now() - 60_000).send(write('ended long before the stop'));
  });

  it('goes on when it thaws before its timeout', async () => {
    const invocation = invoke('slow', put('in-time', 700)).catch(() => undefined);
    await pause(200);
    await regions.engines.get(west)!.stop();
    await pause(200);
    await regions.engines.get(west)!.start();
    await invocation;
    await eventually(
      () => stored('in-time'),
      (there) => there,
    );
  });
});
