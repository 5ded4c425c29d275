import { FakeDrills } from './fake-drills';
import { people } from '../cutover/fake-cutover';
import { Door } from '../front-door/door';

const never = (): never => {
  throw new Error('no engine is asked for a drill');
};
let fake: FakeDrills;
let door: Door;

beforeEach(async () => {
  fake = new FakeDrills();
  door = await Door.open({ 'us-east-1': never, 'us-west-2': never }, { drills: fake.parts });
});
afterEach(async () => door.close());

const press = (path: string, fields: Record<string, string> = {}): ReturnType<Door['ask']> =>
  door.ask('POST', path, {
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(fields).toString(),
  });
const list = async (): Promise<any[]> => (await door.ask('GET', '/_local/drills')).json();

test('a drill is started as the bearer of an approver, and its step is shown; a second one waits for its end', async () => {
  const headers = { Authorization: `Bearer ${fake.fabric.approverToken(people[0])}` };
  const ask = (): ReturnType<Door['ask']> =>
    door.ask('POST', '/_local/drills', { headers, body: JSON.stringify({ region: 'us-east-1', kind: 'drain' }) });
  const started = await ask();
  expect([started.status, started.json()]).toMatchObject([202, { id: 'first', state: 'RUNNING', step: 'Watch callers leave' }]);
  expect(fake.fabric.started).toMatchObject([{ input: { kind: 'drain', startedBy: people[0] } }]);
  expect((await ask()).status).toBe(409);
});

test("the page's buttons start a drill of a region that has one, and end it", async () => {
  expect((await press('/_local/page/drills', { region: 'eu-west-1' })).status).toBe(400);
  expect((await press('/_local/page/drills', { region: 'us-east-1' })).status).toBe(303);
  expect(fake.fabric.started).toMatchObject([{ input: { kind: 'drain', startedBy: 'the page' } }]);
  expect((await press('/_local/page/drills', { region: 'us-east-1' })).status).toBe(409);
  expect((await press('/_local/page/drills/none/end')).status).toBe(404);
  expect((await press('/_local/page/drills/first/end')).status).toBe(303);
  expect(fake.stopped).toEqual([expect.stringMatching(/:first$/)]);
  expect(await list()).toMatchObject([{ id: 'first', state: 'ABORTED' }]);
  const elsewhere = await door.ask('POST', '/_local/page/drills', {
    headers: { Origin: 'https://evil.example' },
    body: 'region=us-east-1',
  });
  expect([elsewhere.status, fake.fabric.started]).toMatchObject([403, [{}]]);
});

test.each<[string, { readonly faults?: true }, string]>([
  ['by a fault, where the app has faults', { faults: true }, 'fault'],
  ['by a drain, where it has none', {}, 'drain'],
])('a drill by a fault is asked for on the page: it is one %s', async (_, more, kind) => {
  Object.assign(fake.parts.drills[0], { plan: { ...fake.parts.drills[0].plan, ...more } });
  expect((await press('/_local/page/drills', { region: 'us-east-1', kind: 'fault' })).status).toBe(303);
  expect(fake.fabric.started).toMatchObject([{ input: { kind, startedBy: 'the page' } }]);
});

test('evidence is a page, or its data', async () => {
  fake.over('one');
  expect(await list()).toMatchObject([{ id: 'one', state: 'PASSED', recoverySeconds: 16.2, evidence: '/_local/drills/one/evidence' }]);
  const page = await door.ask('GET', '/_local/drills/one/evidence');
  expect([page.headers['content-type'], page.body]).toEqual(['text/html; charset=utf-8', '<p>PASSED</p>']);
  const data = await door.ask('GET', '/_local/drills/one/evidence?format=json');
  expect([data.headers['content-type'], data.json().result.id]).toEqual(['application/json', 'one']);
  expect((await door.ask('GET', '/_local/drills/one/evidence?format=pdf')).status).toBe(400);
  expect((await door.ask('GET', '/_local/drills/two/evidence')).status).toBe(404);
});
