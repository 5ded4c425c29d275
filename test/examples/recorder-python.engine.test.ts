/** The example's recorder in Python, as our consumer's function calls it: one event at a time, at least once, in any order. */
import { ChildProcessByStdio, execFileSync, spawn } from 'child_process';
import { once } from 'events';
import path from 'path';
import { createInterface } from 'readline';
import type { Readable, Writable } from 'stream';
import { setTimeout as sleep } from 'timers/promises';
import { CreateTableCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { startDaemon, type Daemon } from '../../local/xray/daemon';
import { Traces } from '../../local/xray/traces';
import { ConsumerClients, consumerFunction } from '../../src/events/consumers/wrapper.aws';
import { consumerEnv } from '../../src/events/contract';
import type { ConsumedEvent, MeshEvent } from '../../src/events/model';
import type { QueueHandler } from '../../src/events/runtime.model';
import { Engine, startEngine } from '../../tools/engine';
import { pythonEnvironment } from '../../tools/python-environment';
import { hasProgram } from '../../tools/steps';
import { FakeAws } from '../runtime/fake-aws';
import { turns } from '../turns';

jest.setTimeout(300_000);

const source = path.join(__dirname, '..', '..', 'examples', 'active-active', 'recorder-python');
const [inbox, effects] = ['python-inbox', 'python-effects'];
/** As Lambda's runtime does: an event a line, and for each one an answer. */
const host = `
import json, sys
sys.path.insert(0, sys.argv[1])
answers, sys.stdout = sys.stdout, sys.stderr
from index import handler
for line in sys.stdin:
    event = json.loads(line)
    try:
        handler(event, None)
        answer = {}
    except Exception as error:
        answer = {"failed": type(error).__name__}
    answers.write(json.dumps(answer) + "\\n")
    answers.flush()
`;

const withPython = hasProgram('python3') ? describe : describe.skip;
withPython('with python3', () => {
  let engine: Engine;
  let python: string;
  let child: ChildProcessByStdio<Writable, Readable, null>;
  let answers: AsyncIterator<string>;
  /** The recorder has had its effect, and our function dies before it hears of it. */
  let deaf = false;
  let handle: QueueHandler;

  beforeAll(async () => {
    jest.spyOn(console, 'info').mockImplementation(() => undefined);
    const { folder, problem } = await pythonEnvironment('recorder-python', path.join(source, 'requirements-dev.txt'));
    if (problem !== undefined) throw new Error(problem);
    python = path.join(folder, 'bin', 'python');
    engine = await startEngine();
    for (const TableName of [inbox, effects]) {
      await engine.client.send(
        new CreateTableCommand({
          TableName,
          BillingMode: 'PAY_PER_REQUEST',
          AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
          KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        }),
      );
    }
    const { port } = await engine.client.config.endpoint!();
    child = spawn(python, ['-c', host, source], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: {
        PATH: process.env.PATH,
        PYTHONDONTWRITEBYTECODE: '1',
        AWS_REGION: 'us-east-1',
        AWS_DEFAULT_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: 'local',
        AWS_SECRET_ACCESS_KEY: 'local',
        AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
        POWERTOOLS_TRACE_DISABLED: 'true',
        EFFECTS_TABLE: effects,
        INBOX_TABLE: inbox,
      },
    });
    answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    handle = consumerFunction(environment(), { dynamoDb: engine.client, sqs: {} as ConsumerClients['sqs'] }, async (event) => {
      const { failed } = await called(event);
      if (deaf) return { kind: 'failed', reason: 'the answer was lost' };
      return failed === undefined ? { kind: 'done' } : { kind: 'failed', reason: failed };
    });
  });
  afterAll(async () => {
    child?.stdin.end();
    if (child && child.exitCode === null) await once(child, 'exit');
    await engine?.close();
  });

  async function called(event: ConsumedEvent): Promise<{ readonly failed?: string }> {
    child.stdin.write(`${JSON.stringify(event)}\n`);
    const { value, done } = await answers.next();
    if (done) throw new Error('the recorder ended');
    return JSON.parse(value as string) as { failed?: string };
  }

  const environment = (): Record<string, string> => ({
    AWS_REGION: 'us-east-1',
    ...consumerEnv.write({
      systemName: 'acme-pay',
      consumer: 'recorder-python',
      inboxTable: inbox,
      deadLetterQueueUrl: 'https://queue',
      handlerTimeoutMs: '10000',
      maxAttempts: '5',
      rememberDays: '30',
      staleEvents: 'DELIVER',
      sources: 'acme-pay.ledger',
    }),
  });
  const event = (sequence: number, type: string): MeshEvent => ({
    id: `evt_${sequence}`,
    type,
    schemaVersion: 1,
    origin: 'us-west-2',
    occurredAt: '2026-11-30T05:00:00.000Z',
    tenant: "acme & co/1 (it's new)",
    subject: 'pay_1',
    sequence,
    data: { amount: 1_250, currency: 'EUR' },
  });
  const batch = (...events: readonly MeshEvent[]) => ({
    Records: events.map((one, index) => ({
      messageId: `${one.id} ${index}`,
      body: JSON.stringify({ source: 'acme-pay.ledger', 'detail-type': one.type, detail: one }),
    })),
  });
  const context = { getRemainingTimeInMillis: () => 35_000 };
  const recorded = async (): Promise<(string | undefined)[][]> => {
    const { Items: items = [] } = await engine.client.send(new ScanCommand({ TableName: effects }));
    return items.map(({ pk, type, effects: count }) => [pk.S, type.S, count.N]).sort();
  };

  test('duplicates, a later event that comes first, and a lost answer give one record of each', async () => {
    const [authorised, captured] = [event(1, 'payment.authorised'), event(2, 'payment.captured')];
    deaf = true;
    expect((await handle(batch(captured), context)).batchItemFailures).toHaveLength(1);
    deaf = false;
    for (const one of [batch(captured), batch(captured, authorised, authorised), batch(authorised, captured)]) {
      expect((await handle(one, context)).batchItemFailures).toEqual([]);
    }
    expect(await recorded()).toEqual([
      ['evt_1', 'payment.authorised', '1'],
      ['evt_2', 'payment.captured', '1'],
    ]);
  });

  test('what it raises comes again', async () => {
    const one = event(3, 'payment.refunded');
    const broken = { ...one, data: { currency: 'EUR' } };
    expect((await handle(batch(broken), context)).batchItemFailures).toHaveLength(1);
    expect((await handle(batch(one), context)).batchItemFailures).toEqual([]);
    expect((await recorded()).at(-1)).toEqual(['evt_3', 'payment.refunded', '1']);
  });

  describe('beside the local daemon', () => {
    const traceId = '1-5f2330a4-6a0de1cd0e17c0508d386a64';
    const ours = 'c'.repeat(16);
    const traces = new Traces();
    let daemon: Daemon;
    let aws: FakeAws;
    beforeAll(async () => {
      daemon = await startDaemon('us-west-2', traces);
      aws = await FakeAws.start({ AWS_REGION: 'us-west-2' });
    });
    afterAll(async () => {
      await aws.stop();
      await daemon.close();
    });

    /** One invocation in the trace of our consumer, with what a run gives to its functions. */
    async function invoked(functionEnv: Readonly<Record<string, string>>): Promise<unknown> {
      const given = JSON.stringify({ ...event(4, 'payment.captured'), source: 'acme-pay.ledger' });
      const one = spawn(python, ['-c', 'import json, sys; from index import handler; handler(json.loads(sys.argv[1]), None)', given], {
        cwd: source,
        env: {
          PATH: process.env.PATH,
          ...functionEnv,
          PYTHONDONTWRITEBYTECODE: '1',
          LAMBDA_TASK_ROOT: source,
          AWS_LAMBDA_FUNCTION_NAME: 'recorder-python',
          _X_AMZN_TRACE_ID: `Root=${traceId};Parent=${ours};Sampled=1`,
          AWS_REGION: 'us-west-2',
          AWS_DEFAULT_REGION: 'us-west-2',
          AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
          AWS_SECRET_ACCESS_KEY: 'example',
          AWS_ENDPOINT_URL: aws.url,
          EFFECTS_TABLE: effects,
          INBOX_TABLE: inbox,
        },
        stdio: 'ignore',
      });
      return ((await once(one, 'exit')) as unknown[])[0];
    }

    test("a datagram without the run's code is dropped", async () => {
      expect(await invoked({ ...daemon.functionEnv, PYTHONPATH: '' })).toBe(0);
      expect(traces.segments(traceId)).toBeUndefined();
    });

    test("the client's call stands below the handler, and that below our consumer's work", async () => {
      expect(await invoked(daemon.functionEnv)).toBe(0);
      const turn = turns('a segment of the client', 200);
      while (!traces.segments(traceId)?.some(({ name }) => name === '## handler')) {
        turn();
        await sleep(20);
      }
      const segments = traces.segments(traceId)!;
      const call = segments.find(({ name }) => name === 'dynamodb')!;
      const handler = segments.find(({ id }) => id === call.parentId)!;
      expect(handler).toMatchObject({
        name: '## handler',
        parentId: ours,
        region: 'us-west-2',
        annotations: { eventType: 'payment.captured' },
      });
      const asked = aws.calls.filter(({ action }) => action === 'TransactWriteItems').at(-1)!;
      expect(String(asked.headers['x-amzn-trace-id'])).toContain(`Root=${traceId};Parent=${call.id}`);
    });
  });

  test('its own tests pass', () => {
    const output = execFileSync(python, ['-m', 'pytest', '--quiet', '-p', 'no:cacheprovider'], {
      cwd: source,
      encoding: 'utf8',
      env: { PATH: process.env.PATH, PYTHONDONTWRITEBYTECODE: '1' },
    });
    expect(output).toMatch(/\b6 passed\b/);
  });
});
