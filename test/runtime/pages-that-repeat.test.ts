import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { AwsReply, FakeAws, received } from './fake-aws';
import { parameterAudit } from '../../src/cutover/audit/aws';
import { replicaPort } from '../../src/cutover/functions/environment.aws';
import { findRecord } from '../../src/events/outbox/set-aside.aws';
import { redriveOf } from '../../src/events/redrive/outbox.aws';
import { scanPort } from '../../src/ledger/operator/replicas.aws';

/** Every shipped loop that follows a cursor, against a list whose every page names the same next one. */

let aws: FakeAws;
beforeEach(async () => {
  aws = await FakeAws.start();
});
afterEach(() => aws.stop());

async function all<T>(list: AsyncIterable<T>): Promise<number> {
  let items = 0;
  for await (const _item of list) items += 1;
  return items;
}

const table = { Items: [], LastEvaluatedKey: { pk: { S: 'k#1' } } };
const cases: Readonly<Record<string, { readonly page: object; readonly read: () => Promise<unknown>; readonly list: string }>> = {
  'the scan for a planned move': {
    page: table,
    read: () => all(scanPort('ledger', 1)('us-east-1', 0)),
    list: 'the scan of ledger in us-east-1',
  },
  'the scan of a replica': { page: table, read: () => all(replicaPort('ledger').scan('us-east-1', undefined)), list: 'the scan of ledger' },
  'the scan of a replica from a place on': {
    page: table,
    read: () => all(replicaPort('ledger').scan('us-east-1', 'k#1')),
    list: 'the scan of ledger',
  },
  'the accounts of a replica': {
    page: table,
    read: () => all(replicaPort('ledger').accounts('us-east-1', undefined)),
    list: 'the scan of ledger',
  },
  'the audit': {
    page: { Parameters: [], NextToken: 't' },
    read: () => parameterAudit('acme', 'us-east-1').list(),
    list: 'the audit below /acme/cutover/audit',
  },
  'the shards of a stream': {
    page: { StreamDescription: { Shards: [], LastEvaluatedShardId: 's' } },
    read: () => findRecord(new DynamoDBStreamsClient({ maxAttempts: 1 }), 'arn:stream', '7'),
    list: 'the shards of arn:stream',
  },
};

test.each(Object.entries(cases))(
  '%s: a page that names itself is an error, not an endless loop',
  async (_name, { page, read, list }) => {
    aws.answer = () => ({ body: page });
    await expect(read()).rejects.toThrow(`the pages of ${list} do not end`);
    expect(aws.calls.length).toBeLessThan(6);
  },
  10_000,
);

test('the redrive of a range: the range stays in its queue, and why is told', async () => {
  const range = { streamArn: 'arn:stream', shardId: 'shard-1', startSequenceNumber: '1', endSequenceNumber: '9' };
  const letters = [[{ body: JSON.stringify({ DDBStreamBatchInfo: range }), handle: 'h' }]];
  const answers: Readonly<Record<string, () => AwsReply>> = {
    ReceiveMessage: () => received(letters.pop() ?? []),
    GetShardIterator: () => ({ body: { ShardIterator: 'i' } }),
    GetRecords: () => ({ body: { Records: [], NextShardIterator: 'i' } }),
  };
  aws.answer = ({ action }) => answers[action]?.() ?? {};
  const redrive = redriveOf({
    ...process.env,
    PAYMENTS_SYSTEM_NAME: 'shop',
    LEDGER_TABLE_NAME: 'shop-ledger',
    MESH_BUS_NAME: 'shop-events',
    MESH_TABLE_NAME: 'shop-mesh',
    LEDGER_STREAM_ARN: 'arn:stream',
    OUTBOX_DEAD_LETTER_QUEUE_URL: `${aws.url}/111122223333/shop-outbox-dlq`,
  });
  const log = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  const answer = await redrive(null, 60_000).finally(() => log.mockRestore());
  expect(answer).toMatchObject({ ranges: 0, left: [expect.stringContaining('the pages of the records from 1 on in shard-1 do not end')] });
}, 20_000);
