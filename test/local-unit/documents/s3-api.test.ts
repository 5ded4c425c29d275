import http from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  DeleteObjectCommand,
  GetBucketReplicationCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketReplicationCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { east, lagMs, ruleTo, twoBuckets, west } from './two-buckets';
import { DocumentsApi } from '../../../local/documents/s3-api';
import { readAll } from '../../../local/network/engine-client';

const needed: string[] = [];
const { fabric, pass } = twoBuckets();
const api = new DocumentsApi(fabric, '111122223333');
const server = http.createServer((request, response) => {
  readAll(request).then(
    async (body) => {
      const headers = request.headers as Record<string, string>;
      const routing = api.route({ region: 'us-east-1', method: request.method!, path: request.url!, body, headers });
      needed.push(...(routing?.needs ?? []).map(({ action, resource }) => `${action} ${resource}`));
      const answer = await routing?.answer();
      response.writeHead(answer?.status ?? 599, { ...answer?.headers, 'content-length': answer?.body.length ?? 0 });
      response.end(answer?.body);
    },
    () => response.destroy(),
  );
});
let client: S3Client;

beforeAll(async () => {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  client = new S3Client({
    region: 'us-east-1',
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: { accessKeyId: 'key', secretAccessKey: 'secret' },
    maxAttempts: 1,
  });
});

afterAll(() => {
  client.destroy();
  fabric.close();
  server.close();
});

const statusOf = async (sent: Promise<unknown>): Promise<unknown> =>
  sent.then(
    () => 200,
    ({ name, $metadata }: { name: string; $metadata?: { httpStatusCode?: number } }) => `${$metadata?.httpStatusCode} ${name}`,
  );

test('a bucket without rules is the emulator’s; the rules are read as the SDK sends them', async () => {
  expect(api.route({ region: 'us-east-1', method: 'GET', path: `/${east}?versions`, body: Buffer.alloc(0) })).toBeUndefined();
  const rule = { Status: 'Enabled', Priority: 1, Filter: { Prefix: '' }, DeleteMarkerReplication: { Status: 'Enabled' } } as const;
  const put = (destination: string): Promise<unknown> =>
    client.send(
      new PutBucketReplicationCommand({
        Bucket: east,
        ReplicationConfiguration: {
          Role: 'arn:aws:iam::111122223333:role/copy',
          Rules: [{ ...rule, ID: `to-${west}`, Destination: { Bucket: `arn:aws:s3:::${destination}` } }],
        },
      }),
    );
  expect(await statusOf(put('elsewhere'))).toBe('400 InvalidRequest');
  await put(west);
  expect(needed).toContain(`s3:PutReplicationConfiguration arn:aws:s3:::${east}`);
  expect(fabric.bucket(east)!.rules).toEqual([ruleTo(west)]);
  const { ReplicationConfiguration } = await client.send(new GetBucketReplicationCommand({ Bucket: east }));
  expect(ReplicationConfiguration?.Rules).toEqual([
    expect.objectContaining({ ID: `to-${west}`, Status: 'Enabled', Destination: { Bucket: `arn:aws:s3:::${west}` } }),
  ]);
});

test('documents are put, read, listed and deleted as the SDK does it, with versions and checksums', async () => {
  const one = await client.send(new PutObjectCommand({ Bucket: east, Key: 'a b/c', Body: 'first', ContentType: 'text/plain' }));
  const two = await client.send(new PutObjectCommand({ Bucket: east, Key: 'a b/c', Body: 'second' }));
  const read = await client.send(new GetObjectCommand({ Bucket: east, Key: 'a b/c' }));
  expect([await read.Body!.transformToString(), read.VersionId]).toEqual(['second', two.VersionId]);
  const head = await client.send(new HeadObjectCommand({ Bucket: east, Key: 'a b/c', VersionId: one.VersionId, ChecksumMode: 'ENABLED' }));
  expect(head).toMatchObject({
    ContentLength: 5,
    ContentType: 'text/plain',
    ChecksumCRC32: one.ChecksumCRC32,
    ReplicationStatus: 'PENDING',
  });
  pass(lagMs);
  const copied = await client.send(new GetObjectCommand({ Bucket: west, Key: 'a b/c', VersionId: one.VersionId }));
  expect([await copied.Body!.transformToString(), copied.ReplicationStatus]).toEqual(['first', 'REPLICA']);

  const gone = await client.send(new DeleteObjectCommand({ Bucket: east, Key: 'a b/c' }));
  expect(gone.DeleteMarker).toBe(true);
  expect(await statusOf(client.send(new GetObjectCommand({ Bucket: east, Key: 'a b/c' })))).toBe('404 NoSuchKey');
  expect((await client.send(new ListObjectsV2Command({ Bucket: east }))).KeyCount).toBe(0);
  const all = await client.send(new ListObjectVersionsCommand({ Bucket: east }));
  expect(all.Versions?.map(({ VersionId, Size, IsLatest }) => [VersionId, Size, IsLatest])).toEqual([
    [two.VersionId, 6, false],
    [one.VersionId, 5, false],
  ]);
  expect(all.DeleteMarkers?.map(({ VersionId, IsLatest }) => [VersionId, IsLatest])).toEqual([[gone.VersionId, true]]);
  await client.send(new DeleteObjectCommand({ Bucket: east, Key: 'a b/c', VersionId: one.VersionId }));
  expect(await statusOf(client.send(new GetObjectCommand({ Bucket: east, Key: 'a b/c', VersionId: one.VersionId })))).toBe(
    '404 NoSuchVersion',
  );
  expect(needed).toEqual(
    expect.arrayContaining([`s3:GetObjectVersion arn:aws:s3:::${east}/a b/c`, `s3:DeleteObject arn:aws:s3:::${east}/a b/c`]),
  );
});

test('a list comes in pages', async () => {
  for (const key of ['p1', 'p2', 'p3']) await client.send(new PutObjectCommand({ Bucket: east, Key: key, Body: key }));
  const first = await client.send(new ListObjectVersionsCommand({ Bucket: east, Prefix: 'p', MaxKeys: 2 }));
  const second = await client.send(
    new ListObjectVersionsCommand({
      Bucket: east,
      Prefix: 'p',
      MaxKeys: 2,
      KeyMarker: first.NextKeyMarker,
      VersionIdMarker: first.NextVersionIdMarker,
    }),
  );
  expect([first.IsTruncated, second.IsTruncated]).toEqual([true, false]);
  expect([...first.Versions!, ...second.Versions!].map(({ Key }) => Key)).toEqual(['p1', 'p2', 'p3']);
});
