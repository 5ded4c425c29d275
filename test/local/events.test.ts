import path from 'node:path';
import { EventBridgeClient, PutEventsCommand, PutPermissionCommand, RemovePermissionCommand } from '@aws-sdk/client-eventbridge';
import {
  DeleteRolePolicyCommand,
  GetRolePolicyCommand,
  IAMClient,
  ListRolePoliciesCommand,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { localCredentials } from '../../local/engine/credentials';
import { engineClientConfig } from '../../local/engine/engine-http';
import { AwsApi } from '../../local/network/aws-api';
import { EngineClient } from '../../local/network/engine-client';
import { startLocalRun, type LocalRun } from '../../local/run';
import { forwardingRoleName, meshBusName, meshDeadLetterQueueName, meshRedriveName } from '../../src/events/contract';
import { turns } from '../turns';
import { timePasses, until } from '../waits';

jest.setTimeout(900_000);

const system = 'trio';
const [east, west, europe] = ['us-east-1', 'us-west-2', 'eu-central-1'];
const regions = [east, west, europe];

let run: LocalRun;
let client: EngineClient;
let api: AwsApi;
/** Event IDs that arrived in a region's queue, once for each time. */
const arrived = new Map<string, string[]>(regions.map((region) => [region, []]));
let published = 0;

beforeAll(async () => {
  run = await startLocalRun({ port: 0, smoke: false, appDirectory: path.join(__dirname, 'apps/mesh-of-three') }, () => {});
  client = new EngineClient({ engine: (name) => run.regions.find((handle) => handle.name === name) });
  api = new AwsApi(client);
});

afterAll(async () => {
  client?.close();
  await run?.stop();
});

function event(origin: string) {
  return { id: `test_${published++}`, type: 'test.happened', schemaVersion: 1, origin, occurredAt: new Date().toISOString(), data: {} };
}

async function publish(region: string, events: readonly { id: string; type: string }[]): Promise<void> {
  const { FailedEntryCount } = await api.json(region, 'events', 'PutEvents', {
    Entries: events.map((one) => ({
      EventBusName: meshBusName(system),
      Source: 'test',
      DetailType: one.type,
      Detail: JSON.stringify(one),
    })),
  });
  expect(FailedEntryCount).toBe(0);
}

interface Message {
  Body: string;
  ReceiptHandle: string;
  MessageAttributes?: Record<string, { StringValue: string }>;
}

async function receive(region: string, queue: string): Promise<Message[]> {
  const QueueUrl = await api.queueUrl(region, `:${queue}`);
  const { Messages = [] } = await api.json(region, 'sqs', 'ReceiveMessage', {
    QueueUrl,
    MaxNumberOfMessages: 10,
    VisibilityTimeout: 0,
    MessageAttributeNames: ['All'],
  });
  return Messages;
}

/** Empties the region's queue of arrivals into `arrived`. */
async function gather(region: string): Promise<string[]> {
  const ids = arrived.get(region)!;
  const turn = turns(`messages in ${region}'s queue of arrivals`);
  for (;;) {
    turn();
    const messages = await receive(region, 'arrivals');
    if (messages.length === 0) return ids;
    for (const { Body } of messages) ids.push((JSON.parse(Body) as { detail: { id: string } }).detail.id);
    await api.json(region, 'sqs', 'DeleteMessageBatch', {
      QueueUrl: await api.queueUrl(region, ':arrivals'),
      Entries: messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle })),
    });
  }
}

/** Waits for something of the run; alarms are told beside what did not come. */
function within<T>(what: string, withinMs: number, look: () => Promise<T | undefined | false>): Promise<T> {
  const beside = async (): Promise<unknown> => (await status()).alarms.filter(({ state }: { state: string }) => state !== 'OK');
  return until(what, look, { withinMs, everyMs: 200, beside });
}

async function status(): Promise<any> {
  return (await fetch(`${run.url}/_local/status`)).json();
}

async function alarming(region: string, name: RegExp): Promise<boolean> {
  return (await status()).alarms.some(
    (alarm: { region: string; name: string; state: string }) => alarm.region === region && name.test(alarm.name) && alarm.state === 'ALARM',
  );
}

/** Error codes in a region's dead-letter queue, of one event, by the region that it did not reach. */
async function deadLetters(region: string, id: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  // A message that was received comes back at once: a few looks show all.
  for (let look = 0; look < 10; look++) {
    for (const { Body, MessageAttributes = {} } of await receive(region, meshDeadLetterQueueName(system))) {
      if ((JSON.parse(Body) as { detail: { id: string } }).detail.id !== id) continue;
      expect(MessageAttributes.RULE_ARN.StringValue).toContain(`arn:aws:events:${region}:`);
      found[MessageAttributes.TARGET_ARN.StringValue.split(':')[3]] = MessageAttributes.ERROR_CODE.StringValue;
    }
  }
  return found;
}

test('an event of any of three regions arrives in each of them once: nothing goes round', async () => {
  for (const region of regions) {
    await publish(
      region,
      Array.from({ length: 10 }, () => event(region)),
    );
  }
  await within('30 arrivals in each region', 30_000, async () => (await Promise.all(regions.map(gather))).every((ids) => ids.length >= 30));
  await timePasses(3000, 'a second round would be through by then');
  for (const region of regions) {
    const ids = await gather(region);
    expect([region, ids.length, new Set(ids).size]).toEqual([region, 30, 30]);
  }
});

test(
  'a removed policy and a missing permission raise their alarms and leave the event in the dead-letter queue, a throttled bus ' +
    'holds it up; the redrive brings it home',
  async () => {
    const bus = meshBusName(system);
    const westBus = new EventBridgeClient({
      region: west,
      endpoint: `http://127.0.0.1:${run.regions.find(({ name }) => name === west)!.proxyPort}`,
      credentials: localCredentials,
    });
    const westRoles = new IAMClient(
      engineClientConfig(
        run.regions.find(({ name }) => name === west)!,
        'us-east-1',
      ),
    );
    const throttle = async (throttled: boolean) =>
      fetch(`${run.url}/_local/throttle`, {
        method: 'POST',
        body: JSON.stringify({ target: `arn:aws:events:${europe}:000000000000:event-bus/${bus}`, throttled }),
        headers: { 'content-type': 'application/json' },
      });
    // East is no longer let onto the west's bus, the west's role may no longer put on the east's, and Europe's takes nothing.
    await westBus.send(new RemovePermissionCommand({ EventBusName: bus, StatementId: `${system}-From-${east}` }));
    const RoleName = forwardingRoleName(system, west, east);
    const PolicyName = (await westRoles.send(new ListRolePoliciesCommand({ RoleName }))).PolicyNames![0];
    const policy = decodeURIComponent((await westRoles.send(new GetRolePolicyCommand({ RoleName, PolicyName }))).PolicyDocument!);
    await westRoles.send(new DeleteRolePolicyCommand({ RoleName, PolicyName }));
    expect((await throttle(true)).status).toBe(200);
    await timePasses(1500, 'a decision of IAM is kept for a second');

    const [fromEast, fromWest] = [event(east), event(west)];
    await Promise.all([publish(east, [fromEast]), publish(west, [fromWest])]);
    await within('both events in the dead-letter queues', 30_000, async () => {
      const [ofEast, ofWest] = [await deadLetters(east, fromEast.id), await deadLetters(west, fromWest.id)];
      return (
        Object.keys(ofEast).length > 0 &&
        Object.keys(ofWest).length > 0 &&
        expect([ofEast, ofWest]).toEqual([{ [west]: 'NO_PERMISSIONS' }, { [east]: 'NO_PERMISSIONS' }]) === undefined
      );
    });
    for (const [region, peer] of [
      [east, west],
      [west, east],
    ] as const) {
      await within(
        `alarms in ${region}`,
        40_000,
        async () =>
          (await alarming(region, /DeadLetters/i)) && alarming(region, new RegExp(`Undelivered.*${peer.replaceAll('-', '')}`, 'i')),
      );
    }
    // Who should hear of a peer and does not, says so too.
    await within(
      'silence alarms',
      40_000,
      async () => (await alarming(west, /Silence.*useast1/i)) && (await alarming(east, /Silence.*uswest2/i)),
    );
    expect((await status()).buses.find(({ region }: { region: string }) => region === east).deadLetters).toBeGreaterThan(0);
    expect(await gather(west)).not.toContain(fromEast.id);
    expect(await gather(east)).not.toContain(fromWest.id);
    expect((await gather(europe)).filter((id) => [fromEast.id, fromWest.id].includes(id))).toEqual([]);

    const roleArn = (from: string, to: string) => `arn:aws:iam::000000000000:role/${forwardingRoleName(system, from, to)}`;
    await westBus.send(
      new PutPermissionCommand({
        EventBusName: bus,
        Policy: JSON.stringify({
          Version: '2012-10-17',
          Statement: [east, europe].map((from) => ({
            Sid: `${system}-From-${from}`,
            Effect: 'Allow',
            Principal: { AWS: 'arn:aws:iam::000000000000:root' },
            Action: 'events:PutEvents',
            Resource: `arn:aws:events:${west}:000000000000:event-bus/${bus}`,
            Condition: { ArnEquals: { 'aws:PrincipalArn': roleArn(from, west) } },
          })),
        }),
      }),
    );
    await westRoles.send(new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument: policy }));
    expect((await throttle(false)).status).toBe(200);
    westBus.destroy();
    westRoles.destroy();
    await timePasses(1500, 'a decision of IAM is kept for a second');
    for (const region of [east, west]) {
      const { failed, payload } = await api.invoke(region, meshRedriveName(system), {}, 'RequestResponse');
      expect([region, failed, payload]).toEqual([region, false, expect.objectContaining({ left: 0, refused: [] })]);
    }
    await within('the events everywhere', 30_000, async () =>
      (await Promise.all(regions.map(gather))).every((ids) => [fromEast, fromWest].every(({ id }) => ids.includes(id))),
    );
  },
);

test('whoever may put events speaks neither for the ledger nor for a probe: refused, and nothing of the request arrives', async () => {
  const proxy = `http://127.0.0.1:${run.regions.find(({ name }) => name === east)!.proxyPort}`;
  const eastBus = new EventBridgeClient({ region: east, endpoint: proxy, credentials: localCredentials });
  const put = (...entries: [string, string, { id: string }][]) =>
    eastBus.send(
      new PutEventsCommand({
        Entries: entries.map(([Source, DetailType, detail]) => ({
          EventBusName: meshBusName(system),
          Source,
          DetailType,
          Detail: JSON.stringify({ ...detail, type: DetailType }),
        })),
      }),
    );
  const [own, beside] = [event(east), event(east)];
  const forged: [string, string][] = [
    [`${system}.ledger`, 'payment.captured'],
    [`${system}.ledger`, 'test.happened'],
    [`${system}.mesh`, 'mesh.probe'],
    ['test', 'payment.captured'],
    ['test', 'mesh.probe'],
  ];
  for (const [source, type] of forged) {
    await expect(put(['test', 'test.happened', beside], [source, type, event(west)])).rejects.toThrow(
      /explicit deny in a resource-based policy/,
    );
  }
  expect((await put(['test', 'test.happened', own])).FailedEntryCount).toBe(0);
  eastBus.destroy();
  await within('the event of a source of its own', 30_000, async () => (await gather(east)).includes(own.id));
  expect(await gather(east)).not.toContain(beside.id);
});

test('what has no valid origin is kept among the strays, with an alarm', async () => {
  await publish(east, [event('elsewhere')]);
  await within('the alarm', 30_000, () => alarming(east, /Strays/));
  expect(await receive(east, `${meshBusName(system)}-strays`)).toHaveLength(1);
});
