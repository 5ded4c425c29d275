import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SQSClient } from '@aws-sdk/client-sqs';
import { Answer, Aws } from './aws-server';
import type { PutEntry } from '../../src/events/model';
import { PublisherTarget, publishPorts } from '../../src/events/publishing/publish.aws';
import { PublishPorts } from '../../src/events/publishing/publish.service';

describe("the publisher's ports on AWS", () => {
  let aws: Aws;
  let endpoint: string;
  beforeEach(async () => {
    aws = new Aws();
    endpoint = await aws.start();
  });
  afterEach(() => aws.stop());

  const queue = 'https://sqs.us-east-1.amazonaws.com/111122223333/shop-events-dlq';
  const ports = (target: Partial<PublisherTarget> = {}): PublishPorts => {
    const options = {
      endpoint,
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
    aws.answers = [{ status: 200, body: { FailedEntryCount: 0, Entries: [{ EventId: '1' }] } }];
    expect(await ports().put([{ ...entry('a'), traceHeader: 'Root=1-65f00000-0123456789abcdef01234567' }], 1_000)).toEqual([
      { kind: 'accepted' },
    ]);
    expect(aws.requests[0]).toMatchObject({
      target: 'AWSEvents.PutEvents',
      authorization: expect.stringMatching(/^AWS4-HMAC-SHA256 .*\/us-east-1\/events\//),
      body: {
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
    expect(aws.requests[0].body).not.toHaveProperty('EndpointId');
  });

  test('tells which entry was refused, and whether that may pass', async () => {
    aws.answers = [
      {
        status: 200,
        body: {
          FailedEntryCount: 2,
          Entries: [{ EventId: '1' }, { ErrorCode: 'ThrottlingException', ErrorMessage: 'slow down' }, { ErrorCode: 'MalformedDetail' }],
        },
      },
    ];
    expect(await ports().put(['a', 'b', 'c'].map(entry), 1_000)).toEqual([
      { kind: 'accepted' },
      { kind: 'refused', reason: 'ThrottlingException slow down', retryable: true },
      { kind: 'refused', reason: 'MalformedDetail', retryable: false },
    ]);
  });

  test.each<[string, Answer, boolean]>([
    ['a request that is invalid', { status: 400, body: { __type: 'ValidationException', message: 'no' } }, false],
    ['a missing grant', { status: 400, body: { __type: 'AccessDeniedException', message: 'no' } }, false],
    ['throttling', { status: 400, body: { __type: 'ThrottlingException', message: 'no' } }, true],
    ['credentials that have just ended', { status: 400, body: { __type: 'ExpiredTokenException', message: 'no' } }, true],
    ['a fault of EventBridge', { status: 500, body: { __type: 'InternalFailure', message: 'no' } }, true],
  ])('%s fails the whole request, for good or not', async (_what, answer, retryable) => {
    aws.answers = [answer];
    await expect(ports().put([entry('a')], 1_000)).rejects.toMatchObject({ name: 'PutFailed', retryable });
  });

  test('waits no longer than it is given', async () => {
    aws.silent = true;
    await expect(ports().put([entry('a')], 100)).rejects.toMatchObject({ name: 'PutFailed', retryable: true });
  });

  describe('PutEvents to a bus that is not there answers with an event ID, so', () => {
    const missing: Answer = {
      status: 400,
      body: { __type: 'ResourceNotFoundException', message: 'Event bus shop-events does not exist.' },
    };

    test('nothing is put on it until it is there', async () => {
      aws.bus = missing;
      const publisher = ports();
      await expect(publisher.put([entry('a')], 1_000)).rejects.toMatchObject({
        name: 'PutFailed',
        retryable: true,
        message: expect.stringContaining("no event bus 'shop-events'"),
      });
      expect(aws.requests).toEqual([]);
      aws.bus = { status: 200, body: {} };
      aws.answers = [{ status: 200, body: { FailedEntryCount: 0, Entries: [{ EventId: '1' }] } }];
      expect(await publisher.put([entry('a')], 1_000)).toEqual([{ kind: 'accepted' }]);
    });

    test.each<[string, Answer | undefined]>([
      ['is throttled', { status: 400, body: { __type: 'ThrottlingException' } }],
      ['fails', { status: 500, body: { __type: 'InternalException' } }],
      ['is denied', { status: 400, body: { __type: 'AccessDeniedException' } }],
      ['does not come', undefined],
    ])('an answer that %s holds up nothing', async (_what, answer) => {
      aws.bus = answer;
      aws.answers = [{ status: 200, body: { FailedEntryCount: 0, Entries: [{ EventId: '1' }] } }];
      expect(await ports().put([entry('a')], 5_000)).toEqual([{ kind: 'accepted' }]);
    });

    test('it is asked for once in a minute, not with every request', async () => {
      const publisher = ports();
      for (const id of ['a', 'b', 'c']) await publisher.put([entry(id)], 1_000);
      expect([aws.looks, aws.requests.length]).toEqual([1, 3]);
    });
  });

  test("keeps what was given up in the form of EventBridge's own dead letters, ten at a time", async () => {
    const letters = Array.from({ length: 12 }, (_none, n) => ({ entry: entry(`e${n}`), reason: 'down' }));
    expect(await ports().keep!(letters)).toBe(12);
    expect(aws.requests.map(({ target, body }) => [target, body.QueueUrl, body.Entries.length])).toEqual([
      ['AmazonSQS.SendMessageBatch', queue, 10],
      ['AmazonSQS.SendMessageBatch', queue, 2],
    ]);
    const [first] = aws.requests[0].body.Entries as { MessageBody: string; MessageAttributes: object }[];
    expect(JSON.parse(first.MessageBody)).toEqual({ version: '0', 'detail-type': 'order.shipped', source: 'shop', detail: { id: 'e0' } });
    expect(first.MessageAttributes).toMatchObject({
      ERROR_CODE: { StringValue: 'PUBLISHER_GAVE_UP' },
      ERROR_MESSAGE: { StringValue: 'down' },
    });
  });

  test('counts what the queue took, up to the first it did not', async () => {
    aws.answers = [{ status: 200, body: { Successful: [], Failed: [{ Id: '2', Code: 'InternalError', SenderFault: false }] } }];
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
    const aws = new Aws();
    aws.answers = [{ status: 200, body: { FailedEntryCount: 0, Entries: [{ EventId: '1' }] } }];
    const env = {
      AWS_ENDPOINT_URL: await aws.start(),
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
    expect(stdout).toContain('=[{"id":"o-1","outcome":"sent"}]');
    expect(aws.requests.map(({ authorization }) => authorization)).toEqual([expect.stringMatching(signature)]);
    expect(aws.requests[0].body.EndpointId).toBe(endpointId);
  });
});
