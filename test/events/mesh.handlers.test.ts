import * as runtime from '../../src/events/consumers/runtime.aws';
import { consumerEnv, meshEnv } from '../../src/events/contract';
import { AwsReply, FakeAws, keepLog, messageTaken, refusal } from '../runtime/fake-aws';
import { loadedHandler } from '../runtime/loaded-handler';

let aws: FakeAws;
let lines: Record<string, any>[];
beforeEach(async () => {
  aws = await FakeAws.start(meshEnv.write({ systemName: 'shop', busName: 'shop-events', tableName: 'shop-mesh', silentAfterMs: '180000' }));
  lines = keepLog();
});
afterEach(async () => {
  jest.restoreAllMocks();
  await aws.stop();
});

describe('a probe', () => {
  test("is put on the region's own bus, with the region as its origin", async () => {
    aws.answer = ({ action }) => (action === 'PutEvents' ? { body: { Entries: [{ EventId: '1' }] } } : {});
    await loadedHandler<object, void>('events/probes/send')({});
    const [
      {
        Entries: [entry],
        EndpointId,
      },
    ] = aws.inputs('PutEvents');
    expect([entry, EndpointId]).toEqual([
      expect.objectContaining({ EventBusName: 'shop-events', Source: 'shop.mesh', DetailType: 'mesh.probe' }),
      undefined,
    ]);
    expect(JSON.parse(entry.Detail)).toMatchObject({ origin: 'us-east-1', data: { from: 'us-east-1', sentAt: expect.any(Number) } });
  });

  test.each<[string, AwsReply]>([
    ['that the bus refuses', { body: { Entries: [{ ErrorCode: 'NotAuthorizedForSource', ErrorMessage: 'no' }] } }],
    ['for which there is no answer of the bus', refusal('AccessDeniedException')],
  ])('%s fails the function, so that an alarm sees it', async (_what, reply) => {
    aws.answer = ({ action }) => (action === 'PutEvents' ? reply : {});
    await expect(loadedHandler<object, void>('events/probes/send')({})).rejects.toThrow('the probe could not be sent: ');
    expect(aws.actions).not.toContain('SendMessageBatch');
  });

  const probe = { id: 'p', type: 'mesh.probe', schemaVersion: 1, origin: 'eu-central-1', occurredAt: '2026-11-22T03:00:00.000Z' };
  const arrive = (): Promise<void> =>
    loadedHandler<object, void>('events/probes/arrive')({ detail: { ...probe, data: { from: 'eu-central-1', sentAt: Date.now() - 250 } } });

  test('that arrives is noted under its sender, and measured', async () => {
    await arrive();
    expect(aws.inputs('UpdateItem')).toEqual([
      expect.objectContaining({
        TableName: 'shop-mesh',
        Key: { pk: { S: 'probe#eu-central-1' } },
        ConditionExpression: 'arrivedAt BETWEEN :audible AND :arrived',
      }),
    ]);
    const {
      ':arrived': { N: arrived },
      ':audible': { N: audible },
    } = aws.inputs('UpdateItem')[0].ExpressionAttributeValues;
    expect(Number(arrived) - Number(audible)).toBe(180_000);
    expect(lines.at(-1)).toMatchObject({ Peer: 'eu-central-1', Region: 'us-east-1', ProbeLatency: expect.any(Number) });
    expect(lines.at(-1)!.ProbeLatency).toBeGreaterThanOrEqual(250);
  });

  test('that ends a silence says so in the same write', async () => {
    aws.answer = () => (aws.calls.length === 1 ? refusal('ConditionalCheckFailedException') : {});
    await arrive();
    expect(aws.inputs('UpdateItem')[1]).toMatchObject({
      UpdateExpression: expect.stringContaining('resumedAt = :arrived'),
      ConditionExpression: 'attribute_not_exists(arrivedAt) OR arrivedAt < :audible',
    });
  });

  test('that cannot be noted fails the function, so that it comes again', async () => {
    aws.answer = () => refusal('AccessDeniedException');
    await expect(arrive()).rejects.toThrow('AccessDeniedException');
    expect(lines).toEqual([]);
  });
});

describe("the consumer with a function of the team's", () => {
  const occurredAt = new Date().toISOString();
  const event = (id: string) => ({
    id,
    type: 'payment.captured',
    schemaVersion: 1,
    origin: 'us-west-2',
    occurredAt,
    subject: `pay_${id}`,
    sequence: 2,
    data: { amount: 1 },
  });
  const message = (id: string) => ({
    messageId: `m-${id}`,
    body: JSON.stringify({ source: 'shop.ledger', 'detail-type': 'payment.captured', detail: event(id) }),
  });
  const handle = (...ids: readonly string[]) =>
    loadedHandler<object, { batchItemFailures: { itemIdentifier: string }[] }>('events/consumers/consumer')({ Records: ids.map(message) });
  /** What the team's function makes of an event. */
  let team: (id: string) => AwsReply;

  beforeEach(() => {
    Object.assign(
      process.env,
      consumerEnv.write({
        systemName: 'shop',
        consumer: 'recorder',
        inboxTable: 'shop-recorder-inbox',
        deadLetterQueueUrl: `${aws.url}/111122223333/letters`,
        handlerTimeoutMs: '1000',
        maxAttempts: '1',
        rememberDays: '30',
        staleEvents: 'DELIVER',
        sources: 'shop.ledger',
        handlerArn: 'arn:aws:lambda:us-east-1:111122223333:function:team',
      }),
    );
    team = () => ({ body: 'null' });
    aws.answer = ({ action, input }) => {
      if (action.startsWith('POST /2015-03-31/functions/')) return team(input.id as string);
      return action === 'SendMessage' ? messageTaken(input) : {};
    };
  });
  const states = (id: string): string[] =>
    aws
      .inputs('UpdateItem')
      .filter(({ Key }) => String(Key.pk.S).endsWith(id))
      .flatMap(({ ExpressionAttributeValues: values }) => values[':state']?.S ?? []);

  test('is called with the envelope and its source, and the event is done then', async () => {
    expect(await handle('e1')).toEqual({ batchItemFailures: [] });
    const [call] = aws.calls.filter(({ service }) => service === 'lambda');
    expect([call.region, call.input]).toEqual(['us-east-1', { ...event('e1'), source: 'shop.ledger' }]);
    expect(states('e1')).toEqual(['DONE']);
    expect(lines.at(-1)).toMatchObject({ Consumer: 'recorder', EventsConsumed: 1 });
  });

  test('the messages of a batch that have to come again are named, and no others', async () => {
    team = (id) =>
      id === 'e2' ? { status: 429, body: {}, headers: { 'x-amzn-errortype': 'TooManyRequestsException' } } : { body: 'null' };
    expect(await handle('e1', 'e2', 'e3')).toEqual({ batchItemFailures: [{ itemIdentifier: 'm-e2' }] });
    // It was not reached: no attempt.
    expect(aws.inputs('UpdateItem').find(({ Key }) => String(Key.pk.S).endsWith('e2'))).toMatchObject({
      UpdateExpression: 'SET #leaseUntil = :leaseUntil, #attempts = #attempts + :attempts',
      ExpressionAttributeValues: { ':leaseUntil': { N: '0' }, ':attempts': { N: '-1' } },
    });
    expect(lines.at(-1)).toMatchObject({ messages: 3, again: 1, EventsConsumed: 2 });
  });

  test('what it refuses for the last time is kept as a letter, and then set aside', async () => {
    team = () => ({ body: '{"errorMessage":"no"}', headers: { 'x-amz-function-error': 'Unhandled' } });
    expect(await handle('e1')).toEqual({ batchItemFailures: [] });
    expect(aws.inputs('SendMessage')).toEqual([
      expect.objectContaining({ QueueUrl: expect.stringContaining('/letters'), MessageBody: message('e1').body }),
    ]);
    expect(states('e1')).toEqual(['SET_ASIDE']);
    expect(lines.at(-1)).toMatchObject({ EventsSetAside: 1 });
  });

  test('what cannot be kept as a letter is not set aside, and comes again', async () => {
    team = () => ({ body: '{}', headers: { 'x-amz-function-error': 'Unhandled' } });
    const { answer } = aws;
    aws.answer = (call) => (call.action === 'SendMessage' ? refusal('AccessDenied', 403) : answer(call));
    expect(await handle('e1')).toEqual({ batchItemFailures: [{ itemIdentifier: 'm-e1' }] });
    expect(states('e1')).toEqual([]);
  });

  test('an inbox that does not answer leaves the event to the next delivery', async () => {
    const { answer } = aws;
    aws.answer = (call) => (call.action === 'PutItem' ? refusal('AccessDeniedException') : answer(call));
    const { batchItemFailures } = await handle('e1', 'e2');
    expect(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier).sort()).toEqual(['m-e1', 'm-e2']);
    expect(aws.calls.filter(({ service }) => service === 'lambda')).toEqual([]);
  });

  test('says at its start what is missing', () => {
    delete process.env.CONSUMER_HANDLER_ARN;
    expect(() => loadedHandler('events/consumers/consumer')).toThrow('environment variable CONSUMER_HANDLER_ARN is missing');
  });
});

test("a team's own function is made by the library as by the shipped one", async () => {
  expect(Object.keys(runtime).sort()).toEqual(['EventsNotPublished', 'InvalidEvent', 'createPublisher', 'idempotentConsumer', 'traced']);
  const environment = {
    AWS_REGION: 'us-east-1',
    ...consumerEnv.write({
      systemName: 'shop',
      consumer: 'own',
      inboxTable: 'shop-own-inbox',
      deadLetterQueueUrl: `${aws.url}/111122223333/letters`,
      handlerTimeoutMs: '1000',
      maxAttempts: '3',
      rememberDays: '30',
      staleEvents: 'SKIP',
      sources: 'shop.ledger',
    }),
  };
  const seen: string[] = [];
  const handler = runtime.idempotentConsumer({ environment }, async ({ id }) => void seen.push(id));
  aws.answer = ({ action }) => (action === 'GetItem' ? { body: { Item: { through: { N: '7' } } } } : {});
  const body = (sequence: number): string =>
    JSON.stringify({
      source: 'shop.ledger',
      'detail-type': 't',
      detail: {
        id: `s${sequence}`,
        type: 't',
        schemaVersion: 1,
        origin: 'us-west-2',
        occurredAt: '2026-11-22T03:00:00.000Z',
        subject: 'x',
        sequence,
        data: {},
      },
    });
  expect(
    await handler(
      {
        Records: [
          { messageId: 'old', body: body(3) },
          { messageId: 'new', body: body(8) },
        ],
      },
      { getRemainingTimeInMillis: () => 60_000 },
    ),
  ).toEqual({ batchItemFailures: [] });
  expect(seen).toEqual(['s8']);
  expect(aws.inputs('GetItem').every(({ ConsistentRead }) => ConsistentRead === true)).toBe(true);
});
