import { createHash } from 'node:crypto';
import { redriveOf } from '../../src/events/redrive/outbox.aws';
import { AwsReply, FakeAws, inOrder } from '../runtime/fake-aws';

const environment = {
  PAYMENTS_SYSTEM_NAME: 'shop',
  LEDGER_TABLE_NAME: 'shop-ledger',
  MESH_BUS_NAME: 'shop-events',
  MESH_TABLE_NAME: 'shop-mesh',
  LEDGER_STREAM_ARN: 'arn:stream',
};

describe('the redrive of given-up ranges, on AWS', () => {
  let aws: FakeAws;
  beforeEach(async () => {
    aws = await FakeAws.start(environment);
    process.env.OUTBOX_DEAD_LETTER_QUEUE_URL = `${aws.url}/111122223333/shop-outbox-dlq`;
  });
  afterEach(() => aws.stop());

  const ok = (body: object = {}): AwsReply => ({ status: 200, body });
  const refused = (name: string): AwsReply => ({
    status: 400,
    body: { __type: `com.amazonaws.dynamodb.v20120810#${name}`, message: 'no' },
  });
  const received = (...shards: readonly string[]): AwsReply =>
    ok({
      Messages: shards.map((shardId) => {
        const Body = JSON.stringify({
          DDBStreamBatchInfo: { streamArn: 'arn:stream', shardId, startSequenceNumber: '1', endSequenceNumber: '9' },
        });
        return { Body, MD5OfBody: createHash('md5').update(Body).digest('hex'), ReceiptHandle: `handle of ${shardId}` };
      }),
    });

  test.each(['TrimmedDataAccessException', 'ResourceNotFoundException'])(
    'takes %s for a range that the stream has forgotten',
    async (name) => {
      aws.answer = inOrder(
        received('gone', 'there'),
        refused(name),
        ok({ ShardIterator: 'first' }),
        ok({ Records: [] }),
        ok(),
        ok({ Messages: [] }),
      );
      expect(await redriveOf(process.env)({}, 60_000)).toEqual({
        ranges: 1,
        published: 0,
        left: ['the stream has deleted 1: reconcile its accounts'],
        removed: [],
        hints: 0,
      });
      expect(aws.calls[4]).toMatchObject({ action: 'DeleteMessageBatch', input: { Entries: [{ ReceiptHandle: 'handle of there' }] } });
    },
  );

  test('waits for messages, so that none is overlooked, and shows again what stays', async () => {
    const missing = refused('ResourceNotFoundException');
    aws.answer = inOrder(received('one', 'two'), missing, missing, ok({ Messages: [] }));
    await redriveOf(process.env)({}, 60_000);
    expect(aws.actions).toEqual([
      'ReceiveMessage',
      'GetShardIterator',
      'GetShardIterator',
      'ReceiveMessage',
      'ChangeMessageVisibilityBatch',
    ]);
    expect(aws.calls[0].input).toMatchObject({ WaitTimeSeconds: 2 });
    expect(aws.calls[4].input.Entries).toEqual(
      ['one', 'two'].map((shard, at) => ({ Id: `${at}`, ReceiptHandle: `handle of ${shard}`, VisibilityTimeout: 0 })),
    );
  });

  test('tells what it did also when it cannot show again what stays', async () => {
    aws.answer = inOrder(received('one'), refused('ResourceNotFoundException'), ok({ Messages: [] }), refused('AccessDeniedException'));
    expect(await redriveOf(process.env)({}, 60_000)).toMatchObject({ ranges: 0, left: [expect.any(String)] });
  });

  test('gives the sweep its hints again, as far as they were there when it began', async () => {
    const [own] = process.env.OUTBOX_DEAD_LETTER_QUEUE_URL!.split('-outbox');
    Object.assign(process.env, { SWEEP_DEAD_LETTER_QUEUE_URL: `${own}-sweep-dlq`, SWEEP_QUEUE_URL: `${own}-sweep` });
    const hint = (Body: string, SentTimestamp: string) => ({
      Body,
      MD5OfBody: createHash('md5').update(Body).digest('hex'),
      ReceiptHandle: `handle of ${Body}`,
      Attributes: { SentTimestamp },
    });
    const sent = ok({ MD5OfMessageBody: createHash('md5').update('{"origin":"us-west-2"}').digest('hex'), MessageId: '1' });
    aws.answer = inOrder(
      ok({ Messages: [] }),
      ok({ Messages: [hint('{"origin":"us-west-2"}', '1'), hint('new', `${Date.now() + 60_000}`)] }),
      sent,
      ok(),
      ok({ Messages: [] }),
    );
    expect(await redriveOf(process.env)({}, 60_000)).toEqual({ ranges: 0, published: 0, left: [], removed: [], hints: 1 });
    expect(aws.actions).toEqual(['ReceiveMessage', 'ReceiveMessage', 'SendMessage', 'DeleteMessageBatch', 'ReceiveMessage']);
    expect(aws.calls[2].input).toMatchObject({ QueueUrl: expect.stringMatching(/shop-sweep$/), MessageBody: '{"origin":"us-west-2"}' });
    expect(aws.calls[3].input.Entries).toEqual([{ Id: '0', ReceiptHandle: 'handle of {"origin":"us-west-2"}' }]);
  });

  test('asks for a mistyped request to be mended', async () => {
    await expect(redriveOf(process.env)({ removeExpired: 'yes' as unknown as boolean }, 60_000)).rejects.toThrow(
      '\'removeExpired\' is "yes"; allowed: true or false',
    );
    expect(aws.actions).toEqual([]);
  });
});
