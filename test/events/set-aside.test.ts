import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { Bus, OutboxWorld, recordsOf } from './outbox-world';
import { StreamRecord } from '../../src/events/outbox/service';
import { passingOver } from '../../src/events/outbox/set-aside.service';
import { redriveOf, RedriveRequest } from '../../src/events/redrive/outbox.aws';
import { AwsReply, FakeAws, inOrder } from '../runtime/fake-aws';

const odd = (id: string): StreamRecord => ({
  id,
  change: () => {
    throw new Error('an attribute of type B');
  },
});

describe('passing over', () => {
  test(
    'works off everything in order but what was set aside, up to the first failure that was not, and asks for a mark only ' +
      'after a failure',
    async () => {
      const record = fc.record({ bad: fc.boolean(), aside: fc.boolean() });
      await fc.assert(
        fc.asyncProperty(fc.array(record, { maxLength: 12 }), async (drawn) => {
          const records = drawn.map((one, n) => ({ id: `${n}`, ...one }));
          const worked: string[] = [];
          const asked: string[] = [];
          const result = await passingOver(
            records,
            async (id) => {
              asked.push(id);
              return records[Number(id)].aside;
            },
            async (left) => {
              const bad = left.findIndex((one) => one.bad);
              worked.push(...left.slice(0, bad < 0 ? undefined : bad).map(({ id }) => id));
              return bad < 0 ? {} : { failed: { id: left[bad].id, reason: 'bad' } };
            },
          );
          const stop = records.findIndex(({ bad, aside }) => bad && !aside);
          const reached = records.slice(0, stop < 0 ? undefined : stop);
          expect(worked).toEqual(reached.filter(({ bad }) => !bad).map(({ id }) => id));
          expect(result.passed).toEqual(reached.filter(({ bad }) => bad).map(({ id }) => id));
          expect(result.failed?.id).toBe(stop < 0 ? undefined : `${stop}`);
          expect(asked).toEqual(
            records
              .slice(0, stop < 0 ? undefined : stop + 1)
              .filter(({ bad }) => bad)
              .map(({ id }) => id),
          );
        }),
      );
    },
  );

  test('publishes what comes after a record that nothing can read', async () => {
    const world = new OutboxWorld();
    const bus = new Bus();
    const ledger = world.ledger('us-east-1');
    await ledger.openAccount(world.context(), { accountId: 'acc-1', currency: 'EUR', balance: 100 });
    for (const key of ['k1', 'k2']) {
      await ledger.authorise(world.context(), { accountId: 'acc-1', idempotencyKey: key, amount: 5, currency: 'EUR' });
    }
    const records = [odd('odd'), ...recordsOf(world.store.stream)];
    const publish = (aside: boolean): Promise<unknown> =>
      passingOver(
        records,
        async () => aside,
        (left) => world.outbox('us-east-1', bus.sink).publish(left, world.nowMs + 10_000),
      );
    expect(await publish(false)).toMatchObject({ failed: { id: 'odd' }, passed: [] });
    expect(bus.events).toHaveLength(0);
    expect(await publish(true)).toEqual({ done: expect.anything(), passed: ['odd'] });
    expect(bus.events.map(({ data }) => data.amount)).toEqual([5, 5]);
  });
});

describe('setting a record aside, on AWS', () => {
  const sequence = '111222333444555666777888';
  let aws: FakeAws;
  beforeEach(async () => {
    aws = await FakeAws.start();
    Object.assign(process.env, {
      PAYMENTS_SYSTEM_NAME: 'shop',
      LEDGER_TABLE_NAME: 'shop-ledger',
      MESH_BUS_NAME: 'shop-events',
      MESH_TABLE_NAME: 'shop-mesh',
      OUTBOX_DEAD_LETTER_QUEUE_URL: `${aws.url}/111122223333/shop-outbox-dlq`,
      LEDGER_STREAM_ARN: 'arn:stream',
    });
  });
  afterEach(() => aws.stop());
  const ok = (body: object = {}): AwsReply => ({ status: 200, body });
  const shard = (ShardId: string, StartingSequenceNumber: string, EndingSequenceNumber?: string): object => ({
    ShardId,
    SequenceNumberRange: { StartingSequenceNumber, EndingSequenceNumber },
  });
  const description = (LastEvaluatedShardId: string | undefined, ...Shards: object[]): AwsReply =>
    ok({ StreamDescription: { Shards, LastEvaluatedShardId } });
  const record = (SequenceNumber: string): AwsReply =>
    ok({ Records: [{ dynamodb: { SequenceNumber, ApproximateCreationDateTime: 1_800_000_000 } }] });
  const letter = {
    streamArn: 'arn:stream',
    shardId: 'mine',
    startSequenceNumber: sequence,
    endSequenceNumber: sequence,
    approximateArrivalOfFirstRecord: '2027-01-15T08:00:00.000Z',
    approximateArrivalOfLastRecord: '2027-01-15T08:00:00.000Z',
  };
  const sent = (body: string): AwsReply => ok({ MessageId: '1', MD5OfMessageBody: createHash('md5').update(body).digest('hex') });

  test('finds its shard among all whose numbers include it, keeps it as Lambda keeps a range, and then marks it', async () => {
    aws.answer = inOrder(
      description('other', shard('older', '1', '99'), shard('other', '100')),
      ok({ ShardIterator: 'a' }),
      record('111222333444555666777999'),
      description(undefined, shard('mine', '100')),
      ok({ ShardIterator: 'b' }),
      record(sequence),
      sent(JSON.stringify({ DDBStreamBatchInfo: letter })),
      ok(),
    );
    expect(await redriveOf(process.env)({ setAside: sequence }, 60_000)).toEqual({ setAside: letter });
    expect(aws.actions).toEqual([
      'DescribeStream',
      'GetShardIterator',
      'GetRecords',
      'DescribeStream',
      'GetShardIterator',
      'GetRecords',
      'SendMessage',
      'PutItem',
    ]);
    expect(JSON.parse(aws.calls[6].input.MessageBody as string)).toEqual({ DDBStreamBatchInfo: letter });
    expect(aws.calls[7].input).toMatchObject({ TableName: 'shop-mesh', Item: { pk: { S: `aside#${sequence}` } } });
  });

  test('changes nothing for a number that the stream does not have', async () => {
    aws.answer = inOrder(description(undefined, shard('mine', '100')), {
      status: 400,
      body: { __type: 'TrimmedDataAccessException', message: 'gone' },
    });
    await expect(redriveOf(process.env)({ setAside: sequence }, 60_000)).rejects.toThrow(
      `'setAside' is '${sequence}', which the stream does not have`,
    );
    expect(aws.actions).toEqual(['DescribeStream', 'GetShardIterator']);
  });

  test('does not mark what could not be kept', async () => {
    aws.answer = inOrder(description(undefined, shard('mine', '100')), ok({ ShardIterator: 'a' }), record(sequence), {
      status: 403,
      body: { __type: 'AccessDenied', message: 'no' },
    });
    await expect(redriveOf(process.env)({ setAside: sequence }, 60_000)).rejects.toThrow('no');
    expect(aws.actions).not.toContain('PutItem');
  });

  test.each<[RedriveRequest, string]>([
    [
      { setAside: 111222333444555666777888 as unknown as string },
      "'setAside' is 1.1122233344455567e+23; allowed: a sequence number in quotes",
    ],
    [{ setAside: 'all' }, '\'setAside\' is "all"; allowed: a sequence number in quotes, 1 to 40 digits'],
    [{ setAside: sequence, removeExpired: true }, "'setAside' and 'removeExpired' are given; allowed: one of them"],
  ])('asks for %j to be mended', async (request, message) => {
    await expect(redriveOf(process.env)(request, 60_000)).rejects.toThrow(message);
    expect(aws.actions).toEqual([]);
  });
});
