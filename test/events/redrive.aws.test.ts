import { LetterQueue, redriveEnv } from '../../src/events/contract';
import { redriveQueue } from '../../src/events/redrive/aws';
import { RedriveResult } from '../../src/events/redrive/service';
import { Telemetry } from '../../src/runtime/telemetry';
import { AwsReply, FakeAws, keepLog, received, refusal, Waiting } from '../runtime/fake-aws';
import { loadedHandler } from '../runtime/loaded-handler';

const rules = 'arn:aws:events:us-east-1:111122223333:rule/shop-events/';
let aws: FakeAws;
let lines: Record<string, any>[];
/** What the queues hold, by the end of their address; a message that was received is hidden. */
let waiting: Record<string, Waiting[]>;
let discard: (handle: string) => boolean;
let put: (id: string) => object;

beforeEach(async () => {
  aws = await FakeAws.start();
  lines = keepLog();
  [waiting, discard, put] = [{ rules: [], orders: [] }, () => true, () => ({ EventId: '1' })];
  aws.answer = ({ action, input }): AwsReply => {
    const queue = String(input.QueueUrl).split('/').pop()!;
    if (action === 'ReceiveMessage') return received(waiting[queue].splice(0, input.MaxNumberOfMessages as number));
    if (action === 'DeleteMessageBatch') {
      const failed = (input.Entries as { Id: string; ReceiptHandle: string }[]).filter(({ ReceiptHandle }) => !discard(ReceiptHandle));
      return {
        body: { Successful: [], Failed: failed.map(({ Id }) => ({ Id, Code: 'InternalError', Message: 'not now', SenderFault: false })) },
      };
    }
    if (action === 'PutEvents') return { body: { Entries: (input.Entries as { Detail: string }[]).map((entry) => put(idOf(entry))) } };
    return {};
  };
  const queues: readonly LetterQueue[] = [
    { url: `${aws.url}/111122223333/rules`, from: { kind: 'rules', rules, bus: false } },
    { url: `${aws.url}/111122223333/orders`, from: { kind: 'publisher', source: 'acme.orders' } },
  ];
  Object.assign(process.env, redriveEnv.write({ systemName: 'shop', busName: 'shop-events', queues: JSON.stringify(queues) }));
});
afterEach(async () => {
  jest.restoreAllMocks();
  await aws.stop();
});

const redrive = (request: object | null = null, remainingMs = 60_000): Promise<RedriveResult> =>
  loadedHandler<object | null, RedriveResult>('events/redrive/mesh', remainingMs)(request);
const letter = (id: string, more: Partial<Waiting> = {}, source = 'shop'): Waiting => ({
  handle: `h-${id}`,
  sentAt: 1_000,
  rule: `${rules}shop-events-to-us-west-2`,
  ...more,
  body: JSON.stringify({
    version: '0',
    'detail-type': 'order.shipped',
    source,
    detail: { id, type: 'order.shipped', schemaVersion: 1, origin: 'us-east-1', occurredAt: '2026-11-22T03:00:00.000Z', data: {} },
  }),
});
const handlesOf = (action: string): string[] =>
  aws.inputs(action).flatMap(({ Entries }) => (Entries as { ReceiptHandle: string }[]).map(({ ReceiptHandle }) => ReceiptHandle));
const idOf = ({ Detail }: { Detail: string }): string => (JSON.parse(Detail) as { id: string }).id;
const putIds = (): string[] => aws.inputs('PutEvents').flatMap(({ Entries }) => (Entries as { Detail: string }[]).map(idOf));
const ids = (count: number): string[] => Array.from({ length: count }, (_, n) => `e${n}`);

describe('the function that redrives', () => {
  test('puts back all letters of every queue, in as many requests as it takes, and deletes each', async () => {
    waiting = { rules: ids(25).map((id) => letter(id)), orders: [letter('o1', { rule: undefined }, 'acme.orders')] };
    expect(await redrive()).toEqual({ moved: 26, left: 0, dropped: 0, refused: [], more: false });
    expect(putIds()).toEqual([...ids(25), 'o1']);
    expect(handlesOf('DeleteMessageBatch')).toEqual([...ids(25), 'o1'].map((id) => `h-${id}`));
    expect(lines.at(-1)).toMatchObject({ service: 'mesh-redrive', moved: 26 });
  });

  test("asks all of SQS' servers, and for what a letter is judged by", async () => {
    await redrive();
    expect(aws.inputs('ReceiveMessage')[0]).toMatchObject({
      WaitTimeSeconds: 2,
      MaxNumberOfMessages: 10,
      MessageSystemAttributeNames: ['SentTimestamp'],
      MessageAttributeNames: ['RULE_ARN'],
    });
  });

  test('judges a letter by the rule and the time that SQS names', async () => {
    waiting.rules = [
      letter('foreign', { rule: rules.replace('shop-events', 'other') }),
      letter('none', { rule: undefined }),
      letter('new', { sentAt: Date.now() + 60_000 }),
      letter('own'),
    ];
    expect(await redrive()).toMatchObject({
      moved: 1,
      refused: [expect.stringContaining('rule/other/'), 'it does not name the rule that failed to deliver it'],
    });
    expect(putIds()).toEqual(['own']);
    expect(handlesOf('DeleteMessageBatch')).toEqual(['h-own']);
    expect(handlesOf('ChangeMessageVisibilityBatch').sort()).toEqual(['h-foreign', 'h-new', 'h-none']);
  });

  test('leaves what the bus does not take, and shows it again', async () => {
    waiting.rules = ids(3).map((id) => letter(id));
    put = (id) => (id === 'e1' ? { ErrorCode: 'NotAuthorizedForSource' } : { EventId: '1' });
    expect(await redrive()).toMatchObject({ moved: 2, left: 1 });
    expect(handlesOf('DeleteMessageBatch')).toEqual(['h-e0', 'h-e2']);
    expect(aws.inputs('ChangeMessageVisibilityBatch')).toEqual([
      expect.objectContaining({ Entries: [{ Id: '0', ReceiptHandle: 'h-e1', VisibilityTimeout: 0 }] }),
    ]);
  });

  test('fails where a letter that it has put back cannot be deleted', async () => {
    waiting.rules = ids(3).map((id) => letter(id));
    discard = (handle) => handle !== 'h-e1';
    await expect(redrive()).rejects.toThrow('1 messages could not be deleted from the dead-letter queue: not now');
    expect(handlesOf('ChangeMessageVisibilityBatch')).toEqual(['h-e0', 'h-e1', 'h-e2']);
  });

  test('stops at its bounds, and keeps time to answer', async () => {
    waiting.rules = ids(30).map((id) => letter(id));
    expect(await redrive({ max: 10 })).toMatchObject({ moved: 10, more: true });
    expect(waiting.rules).toHaveLength(20);
    expect(await redrive({ max: 0.5 }).catch((error: Error) => error.message)).toBe("'max' is 0.5; allowed: a whole number from 1");
    expect(await redrive({ max: 0 }).catch((error: Error) => error.message)).toBe("'max' is 0; allowed: a whole number from 1");
  });
});

describe('messages that are shown again', () => {
  const release = (count: number): Promise<void> =>
    redriveQueue(`${aws.url}/111122223333/rules`, new Telemetry({ systemName: 'shop', region: 'us-east-1', service: 'test' })).release(
      ids(count),
    );

  test('go in requests of ten, all of them', async () => {
    await release(123);
    expect(handlesOf('ChangeMessageVisibilityBatch').sort()).toEqual(ids(123).sort());
    expect(Math.max(...aws.inputs('ChangeMessageVisibilityBatch').map(({ Entries }) => Entries.length))).toBe(10);
    for (const { Entries } of aws.inputs('ChangeMessageVisibilityBatch')) {
      expect(new Set(Entries.map(({ Id }: { Id: string }) => Id)).size).toBe(Entries.length);
    }
  });

  test('stay hidden for a while where SQS does not take that, with a line in the log', async () => {
    aws.answer = () => refusal('AccessDenied', 403);
    await release(1);
    expect(lines.at(-1)).toMatchObject({ level: 'ERROR', messages: 1, fault: { name: 'AccessDenied' } });
  });
});
