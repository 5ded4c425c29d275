import { authorityReader, drainReader, leaseKeeper } from '../../../src/api/health/aws';
import { homeLimits, ledgerEnv, writeHome } from '../../../src/ledger/contract';
import { clockPorts } from '../../../src/ledger/functions/environment.aws';
import { toAttributes } from '../../../src/ledger/items.aws';
import { AwsReply, FakeAws, refusal } from '../../runtime/fake-aws';

let aws: FakeAws;
beforeEach(async () => {
  aws = await FakeAws.start();
});
afterEach(() => {
  jest.restoreAllMocks();
  return aws.stop();
});

describe('the drain switch', () => {
  const read = (strong = true): ReturnType<ReturnType<typeof drainReader>> => drainReader('acme-ledger', 'us-east-1')(strong);

  test.each([true, false])('is read as consistently as was asked: %s', async (strong) => {
    await read(strong);
    expect(aws.calls).toEqual([
      expect.objectContaining({
        action: 'GetItem',
        input: {
          TableName: 'acme-ledger',
          Key: { pk: { S: 'drain#us-east-1' } },
          ConsistentRead: strong,
          ProjectionExpression: 'pk, drainedUntil',
        },
      }),
    ]);
  });

  test('is on where its item is there', async () => {
    expect(await read()).toEqual({ kind: 'read', drained: false });
    aws.answer = () => ({ body: { Item: { pk: { S: 'drain#us-east-1' } } } });
    expect(await read()).toEqual({ kind: 'read', drained: true });
  });

  test.each<[string, object, boolean]>([
    ['before it, as a drill sets one', { drainedUntil: { N: '1800000000001' } }, true],
    ['after it', { drainedUntil: { N: '1800000000000' } }, false],
    ['long after it', { drainedUntil: { N: '12' } }, false],
    ['never, where it has none, as of a person', {}, true],
    ['never, where it is not a number', { drainedUntil: { S: 'noon' } }, true],
  ])('with an end is over by the clock of this region: %s', async (_when, more, drained) => {
    jest.spyOn(clockPorts, 'nowMs').mockReturnValue(1_800_000_000_000);
    aws.answer = () => ({ body: { Item: { pk: { S: 'drain#us-east-1' }, ...more } } });
    expect(await read()).toEqual({ kind: 'read', drained });
  });

  test.each(['ProvisionedThroughputExceededException', 'ThrottlingException', 'RequestLimitExceeded', 'Throttling'])(
    '%s is load, and no fault',
    async (name) => {
      aws.answer = () => refusal(name);
      expect(await read()).toEqual({ kind: 'throttled' });
      expect(aws.calls).toHaveLength(1);
    },
  );

  test.each<[string, AwsReply]>([
    ['a missing grant', refusal('AccessDeniedException')],
    ['an error of DynamoDB', refusal('InternalServerError', 500)],
    ['no answer', 'hangUp'],
  ])('%s is a fault, and asked once', async (_what, reply) => {
    aws.answer = () => reply;
    expect(await read()).toEqual({ kind: 'failed', fault: expect.anything() });
    expect(aws.calls).toHaveLength(1);
  });
});

describe('who is home', () => {
  const environment = (mode: 'STRONG' | 'HOME_REGION') => ({
    AWS_REGION: 'us-east-1',
    ...ledgerEnv.write({
      systemName: 'acme-pay',
      tableName: 't',
      mode,
      home: writeHome({
        ...homeLimits,
        regions: ['us-east-1', 'eu-central-1'],
        units: 150,
        leaseMs: 10_000,
        clockMarginMs: 1_000,
        takeover: 'AUTOMATIC',
        authorityTable: 'acme-pay-authority',
        authorityRegions: ['us-east-1', 'us-east-2'],
        cutoverRegions: [],
      }),
    }),
  });
  const record = (unit: number, more: object = {}) =>
    toAttributes({ pk: `u#${unit}`, home: 'us-east-1', epoch: 1, leaseUntil: 0, state: 'OPEN', version: 1, ...more });

  test('is asked nowhere where every region writes', () => {
    expect([authorityReader(environment('STRONG')), leaseKeeper(environment('STRONG'))]).toEqual([undefined, undefined]);
  });

  test('is read strongly, and in the other region when the first does not answer', async () => {
    aws.answer = ({ region }) => (region === 'us-east-1' ? refusal('InternalServerError', 500) : { body: { Item: record(0) } });
    expect(await authorityReader(environment('HOME_REGION'))!()).toMatchObject({ home: 'us-east-1' });
    expect(aws.calls.map(({ region, input }) => [region, input.TableName, input.ConsistentRead])).toEqual([
      ['us-east-1', 'acme-pay-authority', true],
      ['us-east-2', 'acme-pay-authority', true],
    ]);
    aws.answer = () => refusal('InternalServerError', 500);
    await expect(authorityReader(environment('HOME_REGION'))!()).rejects.toThrow('InternalServerError');
  });

  test('a throttled table is one that answers', async () => {
    aws.answer = () => refusal('ThrottlingException');
    expect(await authorityReader(environment('HOME_REGION'))!()).toBeUndefined();
  });

  test('the leases of all units that are held here are renewed, page by page, and not at every check', async () => {
    const lease = Date.now() + 60_000;
    aws.answer = ({ action, input }) => {
      if (action !== 'BatchGetItem') return {};
      const keys = input.RequestItems['acme-pay-authority'].Keys as { pk: { S: string } }[];
      return {
        body: {
          Responses: {
            'acme-pay-authority': keys.map(({ pk }) =>
              record(Number(pk.S.slice(2)), pk.S === 'u#7' ? { home: 'eu-central-1' } : pk.S === 'u#8' ? { leaseUntil: lease } : {}),
            ),
          },
        },
      };
    };
    const keep = leaseKeeper(environment('HOME_REGION'))!;
    // A renewal ends after a second, however far it came, and a busy machine sends 150 requests in more: so time stands still.
    jest.spyOn(clockPorts, 'nowMs').mockReturnValue(Date.now());
    await keep();
    await keep();
    expect(aws.inputs('BatchGetItem').map(({ RequestItems }) => RequestItems['acme-pay-authority'].Keys.length)).toEqual([100, 50]);
    expect(aws.inputs('BatchGetItem').every(({ RequestItems }) => RequestItems['acme-pay-authority'].ConsistentRead === true)).toBe(true);
    const renewed = aws.inputs('UpdateItem').map(({ Key }) => Key.pk.S as string);
    expect(new Set(renewed)).toEqual(new Set(Array.from({ length: 150 }, (_, n) => `u#${n}`).filter((pk) => pk !== 'u#7' && pk !== 'u#8')));
  });
});
