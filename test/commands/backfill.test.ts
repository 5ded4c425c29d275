import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { DocumentFabric } from '../../local/documents/fabric';
import { DocumentsApi } from '../../local/documents/s3-api';
import { readAll } from '../../local/network/engine-client';
import { backfillAccount } from '../../src/commands/backfill/aws';
import type { BackfillRequest } from '../../src/commands/backfill/model';
import { Backfill, BackfillResult } from '../../src/commands/backfill/service';
import { ParityRecord } from '../../src/documents/contract';
import { sha256 } from '../../src/kernel/digest';
import { bucketOf, east, ruleTo, west } from '../local-unit/documents/two-buckets';

const south = 'acme-docs-111122223333-eu-south-1';

/** S3 and S3 Control of the local run, which copies as S3 does, with what else the command asks AWS for. */
const state = { isCut: false };
const fabric = new DocumentFabric({
  links: { get: (from, to) => ({ from, to, lagMs: 5, partitioned: state.isCut }) },
  regionRuns: () => true,
  measures: { waiting: () => undefined, failed: () => undefined },
});
const parameters = new Map<string, string>();
const api = new DocumentsApi(fabric, '111122223333');
const answerOf = async (request: http.IncomingMessage, body: Buffer): Promise<{ status: number; headers: object; body: Buffer }> => {
  const [, region, path] = /^\/([^/]+)(\/.*)$/.exec(request.url!)!;
  const service = /Credential=[^/]+\/\d+\/[^/]+\/([^/]+)\//.exec(request.headers.authorization!)![1];
  if (service === 'sts') {
    const identity = '<Account>111122223333</Account><Arn>arn:aws:iam::111122223333:user/ana</Arn>';
    const answer = `<GetCallerIdentityResponse><GetCallerIdentityResult>${identity}</GetCallerIdentityResult></GetCallerIdentityResponse>`;
    return { status: 200, headers: { 'content-type': 'text/xml' }, body: Buffer.from(answer) };
  }
  if (service === 'ssm') {
    const { Name, Value } = JSON.parse(body.toString()) as { Name: string; Value: string };
    parameters.set(`${region} ${Name}`, Value);
    return { status: 200, headers: {}, body: Buffer.from('{}') };
  }
  const routing = api.route({ region, method: request.method!, path, body, headers: request.headers as Record<string, string> })!;
  return routing.answer();
};
const server = http.createServer((request, response) => {
  readAll(request)
    .then((body) => answerOf(request, body))
    .then(
      (answer) => {
        response.writeHead(answer.status, { ...answer.headers, 'content-length': answer.body.length });
        response.end(answer.body);
      },
      () => response.destroy(),
    );
});
let endpointUrl: string;

beforeAll(async () => {
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret' });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  endpointUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/{region}`;
  const rule = { Rules: [{ Status: 'Enabled', NoncurrentVersionExpiration: { NoncurrentDays: 30 } }] };
  fabric.declare([
    bucketOf(east, 'us-east-1'),
    bucketOf(west, 'us-west-2'),
    bucketOf(south, 'eu-south-1', { LifecycleConfiguration: rule }),
  ]);
  fabric.setRules(east, []);
});
afterAll(() => {
  fabric.close();
  server.close();
  server.closeAllConnections();
});

const said: string[] = [];
async function backfill(
  settleSeconds = 5,
  change: Partial<BackfillRequest> = {},
): Promise<Extract<BackfillResult, { outcome: 'compared' }>> {
  const request = { systemName: 'acme', from: 'us-east-1', to: 'us-west-2', isNewRegion: false, ...change };
  const ports = { ...(await backfillAccount({ ...request, endpointUrl })), say: (line: string) => void said.push(line) };
  const result = await new Backfill(ports, { ...request, settleSeconds, pollMs: 20 }).run();
  if (result.outcome !== 'compared') throw new Error(JSON.stringify(result));
  return result;
}
const recorded = (): ParityRecord => JSON.parse(parameters.get('us-west-2 /acme/documents/parity/us-east-1/us-west-2')!) as ParityRecord;
const idsIn = (name: string): string[] =>
  fabric
    .bucket(name)!
    .versions()
    .filter(({ key }) => !key.startsWith('.backfill/'))
    .map(({ key, versionId }) => `${key} ${versionId}`);

test('what was there before the rules is there afterwards, versions and delete markers too; the report and its hash are kept', async () => {
  const bucket = fabric.bucket(east)!;
  for (const [at, key] of ['statements/a', 'statements/a', 'evidence/b', 'c'].entries()) {
    bucket.put(key, Buffer.from(`body ${at}`), 'text/plain', at + 1);
  }
  bucket.mark('evidence/b', 10);
  fabric.setRules(east, [ruleTo(west)]);
  const { report, place, sha256: digest } = await backfill();
  expect(idsIn(west)).toEqual(idsIn(east));
  expect(report).toMatchObject({ equal: true, job: { state: 'Complete', total: 5, copied: 5, failed: 0 }, differences: [] });
  expect(report.compared).toEqual({ byChecksum: 4, bySize: 0 });
  expect(report.prefixes.from).toEqual(report.prefixes.to);
  expect(report.prefixes.from.map(({ prefix, versions, deletions, bytes }) => [prefix, versions, deletions, bytes])).toEqual([
    ['', 1, 0, 6],
    ['evidence/', 1, 1, 6],
    ['statements/', 2, 0, 12],
  ]);
  expect(recorded()).toEqual({
    from: 'us-east-1',
    to: 'us-west-2',
    at: report.at,
    versions: 5,
    differences: 0,
    report: place,
    sha256: digest,
  });
  const kept = bucket.current(place.replace(`s3://${east}/`, ''))!;
  expect(sha256(kept.body.toString())).toBe(digest);
  expect(said).toContain('5 of 5 copied, 0 failed (Complete)');
});

test('a second backfill has nothing to copy, for which S3 fails its job, and compares all the same', async () => {
  const before = recorded().at;
  const { report } = await backfill();
  expect(report).toMatchObject({ equal: true, job: { state: 'Failed', total: 0 }, compared: { byChecksum: 4 } });
  expect(recorded()).toMatchObject({ at: report.at, versions: 5, differences: 0 });
  expect(report.at > before).toBe(true);
  expect(said).toContain('nothing was to be copied: S3 ends such a job as Failed');
});

test('a region that is new gets what was copied elsewhere and what came as a copy, which no other backfill sends', async () => {
  const east1 = fabric.bucket(east)!;
  east1.accept({ ...fabric.bucket(west)!.put('from-west', Buffer.from('west'), 'text/plain', 150), status: 'PENDING' });
  fabric.setRules(east, [ruleTo(west), ruleTo(south)]);
  const plain = await backfill(0, { to: 'eu-south-1' });
  expect([plain.report.equal, plain.report.differences.length, idsIn(south)]).toEqual([false, 6, []]);
  const { report } = await backfill(5, { to: 'eu-south-1', isNewRegion: true });
  expect([report.equal, report.differences, idsIn(south)]).toEqual([true, [], idsIn(east)]);
  expect(east1.current('from-west')!.status).toBe('REPLICA');
  fabric.setRules(east, [ruleTo(west)]);
});

test.each([
  ['eu-south-1', 30],
  ['us-east-1', undefined],
])('the age at which old versions go is read from the bucket itself: %s', async (from, days) => {
  const ports = await backfillAccount({ systemName: 'acme', from, to: 'us-west-2', isNewRegion: false, endpointUrl });
  expect(await ports.oldVersionDays()).toBe(days);
});

test.each([
  ['Failed', 0, 'the role cannot be assumed'],
  ['Failed', 3, 'Manifest generation found no keys matching the filter criteria.'],
  ['Cancelled', 0, 'Manifest generation found no keys matching the filter criteria.'],
])('a job that ends as %s with %d tasks (%s) is a failure, and nothing is compared', async (ending, total, why) => {
  const request = { systemName: 'acme', from: 'us-east-1', to: 'us-west-2', isNewRegion: false };
  const ports = { ...(await backfillAccount({ ...request, endpointUrl })), say: () => undefined };
  const job = { state: ending, total, copied: 0, failed: 0, why };
  const run = new Backfill({ ...ports, job: () => Promise.resolve(job) }, { ...request, settleSeconds: 0, pollMs: 20 });
  expect(await run.run()).toEqual({ outcome: 'jobFailed', job });
});

test('a version that was removed from the copy by hand, a changed one and one that is there alone are in the report, by key', async () => {
  const [east1, west1] = [fabric.bucket(east)!, fabric.bucket(west)!];
  const removed = east1.current('c')!;
  west1.remove('c', removed.versionId);
  const alone = west1.mark('statements/a', 99);
  const changed = west1.version('evidence/b', east1.versions('evidence/b')[1].versionId)!;
  Object.assign(changed, { crc32: 'AAAAAA==' });
  // Looked at again one by one: S3 has no head of a delete marker, and none of what is not there.
  const { report } = await backfill(0.1);
  expect(report.equal).toBe(false);
  expect([...report.differences].sort((one, other) => (one.key < other.key ? -1 : 1))).toEqual([
    { key: 'c', versionId: removed.versionId, why: 'the copy has not got this version' },
    { key: 'evidence/b', versionId: changed.versionId, why: 'another checksum in the copy' },
    { key: 'statements/a', versionId: alone.versionId, why: 'the copy alone has this delete marker' },
  ]);
  expect(recorded().differences).toBe(3);
  west1.remove('statements/a', alone.versionId);
  Object.assign(changed, { crc32: east1.version('evidence/b', changed.versionId)!.crc32 });
  west1.accept(removed);
});

test('a new document that is still on its way is waited for, through a partition too', async () => {
  const bucket = fabric.bucket(east)!;
  state.isCut = true;
  const version = bucket.put('late', Buffer.from('late'), 'text/plain', 200);
  fabric.copier.wrote(bucket, version);
  const running = backfill(10);
  const healed = new Promise((resolve) => setTimeout(resolve, 300)).then(() => {
    state.isCut = false;
  });
  const [{ report }] = await Promise.all([running, healed]);
  expect(report.equal).toBe(true);
  expect(said.some((line) => line.endsWith('looking again, for they may be on their way'))).toBe(true);
  expect(idsIn(west)).toEqual(idsIn(east));
});
