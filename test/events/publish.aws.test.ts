import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { PutEntry } from '../../src/events/model';
import { PublisherTarget, publishPorts } from '../../src/events/publishing/publish.aws';
import { PublishPorts } from '../../src/events/publishing/publish.service';
import { AwsCall, AwsReply, FakeAws, inOrder } from '../runtime/fake-aws';

describe("the publisher's ports on AWS", () => {
  let aws: FakeAws;
  /** The answer to who asks whether the bus is there. */
  let bus: AwsReply;
  /** The answer to all else. */
  let reply: () => AwsReply;
  const isLook = ({ action }: AwsCall): boolean => action === 'DescribeEventBus';
  const requests = (): readonly AwsCall[] => aws.calls.filter((call) => !isLook(call));
  beforeEach(async () => {
    bus = { body: { Name: 'shop-events' } };
    reply = () => ({});
    aws = await FakeAws.start();
    aws.answer = (call) => (isLook(call) ? bus : reply());
  });
  afterEach(() => aws.stop());

  const queue = 'https://sqs.us-east-1.amazonaws.com/111122223333/shop-events-dlq';
  const ports = (target: Partial<PublisherTarget> = {}): PublishPorts => {
    const options = {
      endpoint: aws.url,
      region: 'us-east-1',
      maxAttempts: 1,
      credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'example' },
    };
    return publishPorts(
      { busName: 'shop-events', deadLetterQueueUrl: queue, ...target },
      { eventBridge: new EventBridgeClient(options), sqs: new SQSClient({ ...options, md5: false }) },
    );
  };
  const entry = (id: string): PutEntry => ({ source: 'shop', detailType: 'order.shipped', detail: JSON.stringify({ id }) });

  test('puts entries on the bus, signed for its region', async () => {
    reply = inOrder({ status: 200, body: { FailedEntryCount: 0, Entries: [{ EventId: '1' }] } });
    expect(await ports().put([{ ...entry('a'), traceHeader: 'Root=1-65f00000-0123456789abcdef01234567' }], 1_000)).toEqual([
      { kind: 'accepted' },
    ]);
    expect(requests()[0]).toMatchObject({
      action: 'PutEvents',
      headers: { authorization: expect.stringMatching(/^AWS4-HMAC-SHA256 .*\/us-east-1\/events\//) },
      input: {
        Entries: [
          {
            EventBusName: 'shop-events',
            Source: 'shop',
            DetailType: 'order.shipped',
            Detail: '{"id":"a"}',
            TraceHeader: 'Root=1-65f00000-0123456789abcdef01234567',
          },
        ],
      },
    });
    expect(requests()[0].input).not.toHaveProperty('EndpointId');
  });

  test('tells which entry was refused, and whether that may pass', async () => {
    reply = inOrder({
      status: 200,
      body: {
        FailedEntryCount: 2,
        Entries: [{ EventId: '1' }, { ErrorCode: 'ThrottlingException', ErrorMessage: 'slow down' }, { ErrorCode: 'MalformedDetail' }],
      },
    });
    expect(await ports().put(['a', 'b', 'c'].map(entry), 1_000)).toEqual([
      { kind: 'accepted' },
      { kind: 'refused', reason: 'ThrottlingException slow down', retryable: true },
      { kind: 'refused', reason: 'MalformedDetail', retryable: false },
    ]);
  });

  test.each<[string, AwsReply, boolean]>([
    ['a request that is invalid', { status: 400, body: { __type: 'ValidationException', message: 'no' } }, false],
    ['a missing grant', { status: 400, body: { __type: 'AccessDeniedException', message: 'no' } }, false],
    ['throttling', { status: 400, body: { __type: 'ThrottlingException', message: 'no' } }, true],
    ['credentials that have just ended', { status: 400, body: { __type: 'ExpiredTokenException', message: 'no' } }, true],
    ['a fault of EventBridge', { status: 500, body: { __type: 'InternalFailure', message: 'no' } }, true],
  ])('%s fails the whole request, for good or not', async (_what, answer, retryable) => {
    reply = inOrder(answer);
    await expect(ports().put([entry('a')], 1_000)).rejects.toMatchObject({ name: 'PutFailed', retryable });
  });

  test('waits no longer than it is given', async () => {
    reply = () => 'silence';
    await expect(ports().put([entry('a')], 100)).rejects.toMatchObject({ name: 'PutFailed', retryable: true });
  });

  describe('PutEvents to a bus that is not there answers with an event ID, so', () => {
    const missing: AwsReply = {
      status: 400,
      body: { __type: 'ResourceNotFoundException', message: 'Event bus shop-events does not exist.' },
    };

    test('nothing is put on it until it is there', async () => {
      bus = missing;
      const publisher = ports();
      await expect(publisher.put([entry('a')], 1_000)).rejects.toMatchObject({
        name: 'PutFailed',
        retryable: true,
        message: expect.stringContaining("no event bus 'shop-events'"),
      });
      expect(requests()).toEqual([]);
      bus = { status: 200, body: {} };
      reply = inOrder({ status: 200, body: { FailedEntryCount: 0, Entries: [{ EventId: '1' }] } });
      expect(await publisher.put([entry('a')], 1_000)).toEqual([{ kind: 'accepted' }]);
    });

    test.each<[string, AwsReply]>([
      ['is throttled', { status: 400, body: { __type: 'ThrottlingException' } }],
      ['fails', { status: 500, body: { __type: 'InternalException' } }],
      ['is denied', { status: 400, body: { __type: 'AccessDeniedException' } }],
      ['does not come', 'silence'],
    ])('an answer that %s holds up nothing', async (_what, answer) => {
      bus = answer;
      reply = inOrder({ status: 200, body: { FailedEntryCount: 0, Entries: [{ EventId: '1' }] } });
      expect(await ports().put([entry('a')], 5_000)).toEqual([{ kind: 'accepted' }]);
    });

    test('it is asked for once in a minute, not with every request', async () => {
      const publisher = ports();
      for (const id of ['a', 'b', 'c']) await publisher.put([entry(id)], 1_000);
      expect([aws.calls.filter(isLook).length, requests().length]).toEqual([1, 3]);
    });
  });

  test("keeps what was given up in the form of EventBridge's own dead letters, ten at a time", async () => {
    const letters = Array.from({ length: 12 }, (_none, n) => ({ entry: entry(`e${n}`), reason: 'down' }));
    expect(await ports().keep!(letters)).toBe(12);
    expect(requests().map(({ action, input }) => [action, input.QueueUrl, input.Entries.length])).toEqual([
      ['SendMessageBatch', queue, 10],
      ['SendMessageBatch', queue, 2],
    ]);
    const [first] = requests()[0].input.Entries as { MessageBody: string; MessageAttributes: object }[];
    expect(JSON.parse(first.MessageBody)).toEqual({ version: '0', 'detail-type': 'order.shipped', source: 'shop', detail: { id: 'e0' } });
    expect(first.MessageAttributes).toMatchObject({
      ERROR_CODE: { StringValue: 'PUBLISHER_GAVE_UP' },
      ERROR_MESSAGE: { StringValue: 'down' },
    });
  });

  test('counts what the queue took, up to the first it did not', async () => {
    reply = inOrder({ status: 200, body: { Successful: [], Failed: [{ Id: '2', Code: 'InternalError', SenderFault: false }] } });
    expect(await ports().keep!(['a', 'b', 'c', 'd'].map((id) => ({ entry: entry(id), reason: 'down' })))).toBe(2);
  });

  test('has no place for what is given up without a queue', () => {
    expect(ports({ deadLetterQueueUrl: undefined }).keep).toBeUndefined();
  });
});

/** As teams get it: bundled, in a process of its own as a function's is. */
describe("the bundle that teams' functions import", () => {
  const program = `import(process.env.BUNDLE).then(({ createPublisher }) =>
    createPublisher({ source: 'acme.orders' }).publish([{ id: 'o-1', type: 'order.shipped', data: {} }]))
    .then((result) => console.log('=' + JSON.stringify(result)));`;

  const bus = /^AWS4-HMAC-SHA256 .*\/us-east-1\/events\//;
  const endpoint = /^AWS4-ECDSA-P256-SHA256 /;
  test.each<[string, string, string | undefined, RegExp]>([
    ['index.js', "its region's bus, signed for its region", undefined, bus],
    ['index.js', 'a global endpoint, signed for all regions', 'abcde.veo', endpoint],
    ['index.mjs', "its region's bus, signed for its region", undefined, bus],
    ['index.mjs', 'a global endpoint, signed for all regions', 'abcde.veo', endpoint],
  ])('publishes by %s to %s', async (form, _what, endpointId, signature) => {
    const aws = await FakeAws.start();
    aws.answer = ({ action }) => (action === 'PutEvents' ? { body: { FailedEntryCount: 0, Entries: [{ EventId: '1' }] } } : {});
    const env = {
      AWS_ENDPOINT_URL: aws.url,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'example',
      AWS_EC2_METADATA_DISABLED: 'true',
      PAYMENTS_SYSTEM_NAME: 'shop',
      MESH_BUS_NAME: 'shop-events',
      MESH_SOURCE: 'acme.orders',
      MESH_DEAD_LETTER_QUEUE_URL: 'https://queue',
      ...(endpointId === undefined ? {} : { MESH_ENDPOINT_ID: endpointId }),
      BUNDLE: path.join(__dirname, '..', '..', 'runtime', form),
      NODE_NO_WARNINGS: '1',
    };
    const { stdout } = await promisify(execFile)(process.execPath, ['--eval', program], { env });
    await aws.stop();
    const puts = aws.calls.filter(({ action }) => action === 'PutEvents');
    expect(stdout).toContain('=[{"id":"o-1","outcome":"sent"}]');
    expect(puts.map(({ headers }) => headers.authorization)).toEqual([expect.stringMatching(signature)]);
    expect(puts[0].input.EndpointId).toBe(endpointId);
  });
});
