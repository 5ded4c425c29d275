import { FakeCutover, people, source, target } from './fake-cutover';
import { twoBuckets, east, ruleTo, west } from '../documents/two-buckets';
import { Door } from '../front-door/door';

jest.setTimeout(60_000);

const { fabric } = twoBuckets();
let door: Door;
let fake: FakeCutover;

beforeAll(() => {
  fabric.setRules(east, [ruleTo(west)]);
});

beforeEach(async () => {
  fake = new FakeCutover();
  fake.machines[0].definition.States.Plan.Parameters.plan.prechecks = { attestations: [], documentsSeconds: 60 } as never;
  const never = (): never => {
    throw new Error('no engine is asked');
  };
  door = await Door.open({ [source]: never, [target]: never }, { cutover: fake, documents: fabric });
});

afterEach(async () => door.close());
afterAll(() => fabric.close());

const start = async (plan?: object): Promise<number> => {
  const headers = { Authorization: `Bearer ${fake.approverToken(people[0])}` };
  return (await door.ask('POST', '/_local/cutover', { headers, body: JSON.stringify(plan ? { plan } : {}) })).status;
};
const backfills = async (): Promise<number> => (await door.ask('GET', '/_local/documents/backfill')).status;

test('a start has documents compared first, as its operator would, whatever that comes to', async () => {
  expect(await backfills()).toBe(404);
  expect(await start()).toBe(202);
  const state = await door.ask('GET', '/_local/documents/backfill');
  // The regions of this test answer nothing.
  expect([state.status, state.json().state]).toEqual([200, 'FAILED']);
  expect(fake.started).toMatchObject([{ input: { attested: {} } }]);
});

test.each([
  ['one that says what is attested', { attested: {} }],
  ['a rollback', { action: 'rollback' }],
])('%s has nothing compared', async (_what, plan) => {
  expect(await start(plan)).toBe(202);
  expect(await backfills()).toBe(404);
});
