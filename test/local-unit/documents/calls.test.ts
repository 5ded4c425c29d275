import { east, lagMs, ruleTo, twoBuckets, west } from './two-buckets';
import { Door } from '../front-door/door';

const never = (): never => {
  throw new Error('no engine is asked for a document');
};
const { fabric, pass } = twoBuckets();
let door: Door;

beforeAll(async () => {
  fabric.setRules(east, [ruleTo(west)]);
  door = await Door.open({ 'us-east-1': never, 'us-west-2': never }, { documents: fabric });
});
afterAll(async () => {
  fabric.close();
  await door.close();
});

test('a document is put, read, listed and deleted, in one region; and its copy is read in the other', async () => {
  const put = await door.ask('PUT', '/_local/documents/us-east-1/a%20b/c?x=1', {
    body: 'content',
    headers: { 'content-type': 'text/plain' },
  });
  expect([put.status, put.json()]).toEqual([
    200,
    { key: 'a b/c', versionId: expect.any(String), size: 7, etag: expect.stringMatching(/^[0-9a-f]{32}$/) },
  ]);
  expect((await door.ask('GET', '/_local/documents/us-west-2/a%20b/c')).status).toBe(404);
  pass(lagMs);
  const read = await door.ask('GET', '/_local/documents/us-west-2/a%20b/c');
  expect([read.status, read.body, read.headers['content-type'], read.headers['content-security-policy']]).toEqual([
    200,
    'content',
    'text/plain',
    'sandbox',
  ]);
  const mark = await door.ask('DELETE', '/_local/documents/us-east-1/a%20b/c');
  expect(mark.json()).toMatchObject({ key: 'a b/c', deleteMarker: true });
  expect((await door.ask('GET', '/_local/documents/us-east-1/a%20b/c')).status).toBe(404);
  expect((await door.ask('GET', '/_local/documents/us-east-1')).json().map((one: any) => [one.key, one.deleteMarker])).toEqual([
    ['a b/c', true],
    ['a b/c', undefined],
  ]);
});

test('one version is removed by hand, for good, and there alone', async () => {
  const { versionId } = (await door.ask('PUT', '/_local/documents/us-east-1/by-hand', { body: 'x' })).json();
  pass(lagMs);
  const path = `/_local/documents/us-west-2/by-hand?versionId=${versionId}`;
  expect((await door.ask('DELETE', path)).status).toBe(200);
  expect((await door.ask('DELETE', path)).status).toBe(404);
  pass(10 * lagMs);
  expect((await door.ask('GET', '/_local/documents/us-west-2/by-hand')).status).toBe(404);
  expect((await door.ask('GET', '/_local/documents/us-east-1/by-hand')).body).toBe('x');
});

test.each([
  ['GET', '/_local/documents/eu-west-1', 404],
  ['GET', '/_local/documents/us-east-1/none', 404],
  ['GET', '/_local/documents/us-east-1/%', 400],
  ['POST', '/_local/documents/us-east-1', 405],
  ['POST', '/_local/documents/us-east-1/a', 405],
])('%s %s is answered with %d as a problem', async (method, path, status) => {
  const answer = await door.ask(method, path);
  expect([answer.status, answer.headers['content-type'], answer.json().status]).toEqual([status, 'application/problem+json', status]);
});

test('a stopped region answers nothing, and a page of another origin is refused', async () => {
  await door.regions[0].stop();
  expect((await door.ask('GET', '/_local/documents/us-east-1')).status).toBe(503);
  await door.regions[0].start();
  const foreign = await door.ask('PUT', '/_local/documents/us-east-1/a', { body: 'x', headers: { origin: 'https://elsewhere.example' } });
  expect(foreign.status).toBe(403);
});

test.each([
  [{}, 400],
  [{ from: 'us-east-1', to: 'us-east-1' }, 400],
  [{ from: 'us-east-1', to: 'eu-west-1' }, 400],
  [{ from: 'us-east-1', to: 'us-west-2', more: 1 }, 400],
])('a backfill of %j is refused and started nowhere', async (body, status) => {
  const answer = await door.ask('POST', '/_local/documents/backfill', { body: JSON.stringify(body) });
  expect([answer.status, (await door.ask('GET', '/_local/documents/backfill')).status]).toEqual([status, 404]);
  expect((await door.ask('DELETE', '/_local/documents/backfill')).status).toBe(405);
});
