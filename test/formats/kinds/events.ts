import { PutItemCommand, PutItemCommandInput } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoInbox } from '../../../src/events/consumers/aws';
import { Claim, Consumer } from '../../../src/events/consumers/service';
import { consumerFunction } from '../../../src/events/consumers/wrapper.aws';
import { consumerEnv, ledgerEventSource, meshSchema } from '../../../src/events/contract';
import { ConsumedEvent, MeshEvent, PutEntry } from '../../../src/events/model';
import { asideReader, asideWriter } from '../../../src/events/outbox/set-aside.aws';
import { Sweep, SweepHint } from '../../../src/events/outbox/sweep.service';
import { probeStore } from '../../../src/events/probes/aws';
import { receiveProbe, sendProbe } from '../../../src/events/probes/service';
import { entryOf } from '../../../src/events/publishing/envelope.domain';
import { publishPorts } from '../../../src/events/publishing/publish.aws';
import { PublishPorts } from '../../../src/events/publishing/publish.service';
import { redrive } from '../../../src/events/redrive/service';
import { Json, keyId } from '../../../src/kernel/fingerprint';
import { noTracer } from '../../../src/kernel/trace';
import { MemoryDynamo } from '../../contract/memory-dynamo';
import { MemoryInbox } from '../../contract/memory-inbox';
import { Bus, OutboxWorld, recordsOf } from '../../events/outbox-world';
import { Format, plain } from '../format';

const here = 'us-east-1';
const peer = 'eu-central-1';
const at = 1_800_000_000_000;

/** One payment of each end, and its events as the outbox puts them. */
async function story(region = here): Promise<OutboxWorld> {
  const world = new OutboxWorld();
  const traceId = '1-5f2330a4-6a0de1cd0e17c0508d386a64';
  const context = { ...world.context(), traceId, trace: { traceId, parentId: '53995c3f42cd8ad8', sampled: true } };
  const ledger = world.ledger(region);
  const pay = (key: string, amount: number): Promise<unknown> =>
    ledger.authorise(context, { idempotencyKey: key, accountId: 'acc', amount, currency: 'EUR', reference: 'order 7' });
  const move = (key: string, of: string, type: 'CAPTURE' | 'VOID' | 'REFUND', amount?: number): Promise<unknown> =>
    ledger.move(context, { idempotencyKey: key, paymentId: `pay_${keyId('acme', of)}`, type, ...(amount === undefined ? {} : { amount }) });
  await ledger.openAccount(context, { accountId: 'acc', currency: 'EUR', balance: 100 });
  await pay('k1', 10);
  await move('k2', 'k1', 'CAPTURE', 7);
  await move('k3', 'k1', 'REFUND', 2);
  await pay('k4', 5);
  await move('k5', 'k4', 'VOID');
  await pay('k6', 1_000);
  return world;
}

async function published(): Promise<Record<string, Json>> {
  const world = await story();
  const bus = new Bus();
  await world.outbox(here, bus.sink).publish(recordsOf(world.store.stream), at + 60_000);
  return Object.fromEntries(bus.events.map((event) => [event.type, plain(entryOf(event, ledgerEventSource('acme-pay')))]));
}

/** What a consumer's handler is given of an entry that EventBridge delivers. */
async function consumed({ source, detailType, detail }: PutEntry): Promise<unknown> {
  let got: ConsumedEvent | undefined;
  const consumer = new Consumer(
    {
      inbox: new MemoryInbox(),
      nowMs: () => at,
      nonce: () => 'n',
      tracer: noTracer,
      observe: () => undefined,
      handle: (event) => {
        got = event;
        return Promise.resolve({ kind: 'done' });
      },
      deadLetter: (_message, reason) => Promise.reject(new Error(`the consumer refuses it: ${reason}`)),
    },
    { name: 'c', sources: [source], leaseMs: 1, maxAttempts: 1, rememberMs: 1, stale: 'DELIVER', lateAfterMs: 900_000 },
  );
  const again = await consumer.receive(
    [{ id: '1', body: JSON.stringify({ source, 'detail-type': detailType, detail: JSON.parse(detail) as unknown }) }],
    at + 1_000,
  );
  return got ?? { again };
}

/** Ports of a bus that takes all, and what it took. */
function openBus(): { readonly ports: PublishPorts; readonly taken: PutEntry[] } {
  const taken: PutEntry[] = [];
  const put: PublishPorts['put'] = (entries) => {
    taken.push(...entries);
    return Promise.resolve(entries.map(() => ({ kind: 'accepted' })));
  };
  return { taken, ports: { put, nowMs: () => at, random: () => 0.5, sleep: () => Promise.resolve() } };
}

async function probe(): Promise<PutEntry> {
  const { ports, taken } = openBus();
  await sendProbe(ports, 'acme-pay', peer, at + 1_000);
  return taken[0];
}

const dynamo = (): { readonly db: MemoryDynamo; readonly client: ReturnType<MemoryDynamo['client']> } => {
  const db = new MemoryDynamo();
  return { db, client: db.client((effect) => Promise.resolve().then(effect)) };
};
const put = (db: MemoryDynamo, tableName: string, item: PutItemCommandInput['Item']): void =>
  void db.perform(new PutItemCommand({ TableName: tableName, Item: item }));
const stored = (db: MemoryDynamo, key: string): Json => plain(db.rows.get(key));

async function probeItems(): Promise<Record<string, Json>> {
  const { db, client } = dynamo();
  const store = probeStore(client, 'mesh');
  await store.arrived(peer, { arrivedAt: at, sentAt: at - 70 }, 180_000);
  const first = stored(db, `mesh ${meshSchema.probeKey(peer)}`);
  await store.arrived(peer, { arrivedAt: at + 60_000, sentAt: at + 59_950 }, 180_000);
  return { 'after a silence': first, 'heard again': stored(db, `mesh ${meshSchema.probeKey(peer)}`) };
}

async function letter(): Promise<Record<string, Json>> {
  const sent: Json[] = [];
  const take = ({ input }: { readonly input: { readonly Entries: readonly object[] } }): object => ({
    Failed: void sent.push(...input.Entries.map(plain)),
  });
  const sqs = { send: (command: never) => Promise.resolve(take(command)) };
  const clients = { eventBridge: {} as EventBridgeClient, sqs: sqs as unknown as SQSClient };
  const ports = publishPorts({ busName: 'acme-pay-events', deadLetterQueueUrl: 'https://queue' }, clients);
  const placed: MeshEvent = {
    id: 'evt-7',
    type: 'order.placed',
    schemaVersion: 1,
    origin: here,
    occurredAt: new Date(at).toISOString(),
    tenant: 'acme',
    subject: 'order 7',
    data: { total: 12 },
  };
  await ports.keep!([{ entry: entryOf(placed, 'acme.orders'), reason: 'the bus was away' }]);
  return { 'what a publisher gave up': sent[0] };
}

/** What a redrive makes of a letter. */
async function redriven({ MessageBody: body }: { readonly MessageBody: string }): Promise<unknown> {
  const { ports, taken } = openBus();
  const waiting = [[{ body, handle: 'h', sentAt: 0 }]];
  const queue = { receive: () => Promise.resolve(waiting.pop() ?? []), discard: () => Promise.resolve(), release: () => Promise.resolve() };
  const letters = { systemName: 'acme-pay', from: { kind: 'publisher', source: 'acme.orders' } } as const;
  const result = await redrive({ ...ports, ...queue }, letters, { max: 10, deadlineMs: at + 1_000 });
  return { ...result, taken };
}

async function hint(): Promise<Record<string, Json>> {
  const world = await story(peer);
  const kept: string[] = [];
  const settings = { region: here, silentAfterMs: 180_000, aliveWithinMs: 90_000 };
  const sweep = new Sweep(
    {
      // As the function puts them into the queue.
      keep: (hints) => Promise.resolve(void kept.push(...hints.map((one) => JSON.stringify(one)))),
      newsOf: () => Promise.resolve({}),
      nowMs: () => at,
    },
    settings,
    world.outbox(here, new Bus().sink),
  );
  await sweep.note(recordsOf(world.store.stream));
  return { 'of each type': kept[0] };
}

async function swept(text: string): Promise<unknown> {
  const world = await story(peer);
  const lost = new Bus();
  const ports = { keep: (): Promise<void> => Promise.resolve(), newsOf: () => Promise.resolve({}), nowMs: () => at };
  const sweep = new Sweep(ports, { region: here, silentAfterMs: 1, aliveWithinMs: 1 }, world.outbox(here, lost.sink));
  const result = await sweep.sweep(JSON.parse(text) as SweepHint, at + 60_000);
  return { ...result, ids: lost.events.map(({ id, type, origin }) => [id, type, origin]) };
}

const event: ConsumedEvent = {
  source: 'acme-pay.ledger',
  id: 'evt_1',
  type: 'payment.captured',
  schemaVersion: 1,
  origin: peer,
  occurredAt: new Date(at).toISOString(),
  tenant: 'ac me',
  subject: 'pay_1',
  sequence: 2,
  trace: { traceId: '1-5f2330a4-6a0de1cd0e17c0508d386a64' },
  data: {},
};
const claim = (owner = 'attempt-1', nowMs = at): Claim => ({ event, owner, nowMs, leaseUntilMs: nowMs + 15_000, expires: 1_800_604_800 });
const inboxKey = 'inbox e#acme-pay.ledger#ac%20me#evt_1';

async function inboxItems(): Promise<Record<string, Json>> {
  const cases: Record<string, Json> = {};
  const after = async (name: string, work: (inbox: DynamoInbox) => Promise<unknown>): Promise<void> => {
    const { db, client } = dynamo();
    const inbox = new DynamoInbox(client, 'inbox');
    await inbox.take(claim());
    await work(inbox);
    cases[name] = stored(db, inboxKey);
  };
  await after('running', () => Promise.resolve());
  await after('done', (inbox) => inbox.finish(claim(), at + 400));
  await after('done, and delivered again', async (inbox) => {
    await inbox.finish(claim(), at + 400);
    await inbox.take(claim('attempt-2', at + 900));
  });
  await after('set aside', (inbox) => inbox.setAside(claim()));
  await after('freed for a second attempt', (inbox) => inbox.free(claim(), true));
  return cases;
}

/** What the next delivery of the event comes to. */
async function nextDelivery(item: PutItemCommandInput['Item']): Promise<unknown> {
  const { db, client } = dynamo();
  put(db, 'inbox', item);
  return new DynamoInbox(client, 'inbox').take(claim('attempt-9', at + 2_000));
}

const subject = { source: event.source, tenant: event.tenant, subject: event.subject! };

async function subjectItem(): Promise<Record<string, Json>> {
  const { db, client } = dynamo();
  await new DynamoInbox(client, 'inbox').advance(subject, 2, 1_800_604_800);
  return { 'done through 2': stored(db, 'inbox s#acme-pay.ledger#ac%20me#pay_1') };
}

async function consumerLetter(): Promise<Record<string, Json>> {
  const sent: Json[] = [];
  const sqs = {
    send: (command: { readonly input: object }) => Promise.resolve(void sent.push(plain(command.input))),
  } as unknown as SQSClient;
  const environment = consumerEnv.write({
    systemName: 'acme-pay',
    consumer: 'mail',
    inboxTable: 'inbox',
    deadLetterQueueUrl: 'https://queue',
    handlerTimeoutMs: '1000',
    maxAttempts: '1',
    rememberDays: '7',
    staleEvents: 'DELIVER',
    sources: event.source,
  });
  const { client } = dynamo();
  const receive = consumerFunction(environment, { sqs, dynamoDb: client }, () =>
    Promise.resolve({ kind: 'failed', reason: 'Error: no such address' }),
  );
  const { source, ...detail } = event;
  const body = JSON.stringify({ source, 'detail-type': event.type, detail });
  const log = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  await receive({ Records: [{ messageId: '1', body }] } as never, { getRemainingTimeInMillis: () => 60_000 } as never).finally(() =>
    log.mockRestore(),
  );
  return { 'after the last attempt': sent[0] };
}

async function aside(): Promise<Record<string, Json>> {
  const { db, client } = dynamo();
  await asideWriter(client, 'mesh', () => at)('49590338271490256608559692540925702759324208523137515618');
  return { mark: stored(db, 'mesh aside#49590338271490256608559692540925702759324208523137515618') };
}

export const eventFormats: readonly Format[] = [
  {
    format: 'events.payment-event',
    consequence: 'consumers get events that they do not know, count one twice because its ID is another, or put them in a wrong order',
    write: published,
    read: consumed,
  },
  {
    format: 'events.probe',
    consequence:
      'while regions run two versions, each looks silent to the other: alarms ring, and sweeps publish what the peer has published',
    write: async () => ({ probe: plain(await probe()) }),
    read: ({ detail }: PutEntry) => receiveProbe(probeStore(dynamo().client, 'mesh'), JSON.parse(detail), at + 80, 180_000),
  },
  {
    format: 'events.probe-item',
    consequence: 'a peer looks silent, or is forgotten to have been: events of a lost region are not published, or its own twice',
    write: probeItems,
    read: (item) => {
      const { db, client } = dynamo();
      put(db, 'mesh', item);
      return probeStore(client, 'mesh').newsOf(peer);
    },
  },
  { format: 'events.dead-letter', consequence: 'letters from before a deployment cannot be redriven', write: letter, read: redriven },
  {
    format: 'events.sweep-hint',
    consequence: 'events of a lost region that wait in the queue over a deployment are never published',
    write: hint,
    read: swept,
  },
  {
    format: 'events.aside-mark',
    consequence: 'a record that people have set aside holds up the stream again',
    write: aside,
    read: async (item) => {
      const { db, client } = dynamo();
      put(db, 'mesh', item);
      return asideReader(client, 'mesh')('49590338271490256608559692540925702759324208523137515618');
    },
  },
  {
    format: 'consumers.inbox-item',
    consequence: 'an event that was done before a deployment is handled a second time',
    write: inboxItems,
    read: nextDelivery,
  },
  {
    format: 'consumers.subject-item',
    consequence: 'a stale event passes for the newest of its subject',
    write: subjectItem,
    read: (item) => {
      const { db, client } = dynamo();
      put(db, 'inbox', item);
      return new DynamoInbox(client, 'inbox').through(subject);
    },
  },
  {
    format: 'consumers.dead-letter',
    consequence: 'events that were set aside cannot be delivered again',
    write: consumerLetter,
    read: ({ MessageBody }: { readonly MessageBody: string }) => {
      const {
        source,
        'detail-type': detailType,
        detail,
      } = JSON.parse(MessageBody) as { readonly source: string; readonly 'detail-type': string; readonly detail: object };
      return consumed({ source, detailType, detail: JSON.stringify(detail) });
    },
  },
];
