import { consumerInbox } from '../../src/commands/verify/consumer-inbox.aws';
import { FakeAws, refusal } from '../runtime/fake-aws';

let aws: FakeAws;
beforeEach(async () => {
  aws = await FakeAws.start({ AWS_MAX_ATTEMPTS: '1' });
});
afterEach(() => aws.stop());

const table = 'acme-pay-recorder-inbox';
const clients = () => ({ endpoint: aws.url });
const open = () =>
  consumerInbox({ systemName: 'acme-pay', consumer: 'recorder', tenant: 'acme/1', regions: ['us-east-1', 'us-west-2'], clients });
const idOf = (at: number): string => `${at}`.padStart(22, 'x');
const keyOf = (at: number): string => `e#acme-pay.ledger#acme%2F1#evt_${idOf(at)}`;

test("payments are in effect whose event the region's inbox says is done, asked for a hundred at a time", async () => {
  const states = new Map([
    [keyOf(1), 'DONE'],
    [keyOf(2), 'RUNNING'],
    [keyOf(3), 'SET_ASIDE'],
    [keyOf(150), 'DONE'],
  ]);
  aws.answer = ({ input }) => {
    const keys = (input.RequestItems as Record<string, { Keys: { pk: { S: string } }[] }>)[table].Keys.map(({ pk }) => pk.S);
    return {
      body: { Responses: { [table]: keys.filter((pk) => states.has(pk)).map((pk) => ({ pk: { S: pk }, state: { S: states.get(pk) } })) } },
    };
  };
  const record = await open();
  expect(record.place).toBe(`${table} in 2 regions`);
  expect(aws.calls.map(({ region, action }) => `${region} ${action}`)).toEqual(['us-east-1 BatchGetItem', 'us-west-2 BatchGetItem']);
  aws.calls.length = 0;
  const ids = Array.from({ length: 150 }, (_, at) => `pay_${idOf(at + 1)}`);
  expect(await record.applied('us-west-2', ids)).toEqual(new Set([`pay_${idOf(1)}`, `pay_${idOf(150)}`]));
  expect(aws.calls.map(({ region }) => region)).toEqual(['us-west-2', 'us-west-2']);
  expect(await record.applied('us-west-2', [])).toEqual(new Set());
});

test('an inbox that is not there, or may not be read, is named with its region', async () => {
  aws.answer = ({ region }) => (region === 'us-west-2' ? refusal('ResourceNotFoundException') : { body: { Responses: {} } });
  await expect(open()).rejects.toThrow(/^acme-pay-recorder-inbox in us-west-2 cannot be read: ResourceNotFoundException/);
});
