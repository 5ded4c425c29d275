/**
 * The forms of a team's function in the local run: `node --import tsx tools/consumers-local.ts FOLDER`. The app of the folder is deployed,
 * one event is published, and every form must take it. A line for each form, `ok NAME` or `FAIL NAME: why`; exits 0 when the app ran.
 */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AwsApi } from '../local/network/aws-api';
import { EngineClient } from '../local/network/engine-client';
import { startLocalRun, type LocalRun } from '../local/run';

/** As `deployed.ts` of the folder has them. */
const [systemName, region, seenQueue] = ['acme-pay', 'us-east-1', 'seen'];
const event = {
  id: 'order-1.placed',
  type: 'order.placed',
  schemaVersion: 1,
  origin: region,
  occurredAt: '2026-11-22T03:00:00.000Z',
  data: { orderId: 'order-1' },
};
/** The first call of a dozen functions at once, on a busy machine. */
const withinMs = 60_000;

/** Consumers whose inbox says that the event is done. */
async function tookIt(url: string): Promise<ReadonlySet<string>> {
  const rows = (await (await fetch(`${url}/_local/events?limit=1000`)).json()) as {
    eventId: string;
    consumer: string;
    duplicate: boolean;
  }[];
  return new Set(rows.filter(({ eventId, duplicate }) => eventId === event.id && !duplicate).map(({ consumer }) => consumer));
}

/** Events that the forms published, as many as the queue on the bus has got. */
async function published(api: AwsApi): Promise<number> {
  const { Attributes } = await api.json(region, 'sqs', 'GetQueueAttributes', {
    QueueUrl: await api.queueUrl(region, `:${seenQueue}`),
    AttributeNames: ['ApproximateNumberOfMessages'],
  });
  return Number(Attributes.ApproximateNumberOfMessages);
}

/** Why a form takes nothing: it cannot be loaded, or its log says. */
async function reasonOf(api: AwsApi, form: string): Promise<string> {
  const name = `${systemName}-${form}`;
  const { failed, payload } = await api.invoke(region, name, { Records: [] }, 'RequestResponse');
  if (failed) return (payload as { errorMessage?: string }).errorMessage ?? JSON.stringify(payload);
  const { events = [] } = await api.json<{ events?: { message: string }[] }>(region, 'logs', 'FilterLogEvents', {
    logGroupName: `/aws/lambda/${name}`,
  });
  return (
    events
      .flatMap(({ message }) => message.split('\n'))
      .filter((line) => /error/i.test(line))
      .at(-1)
      ?.trim() ?? 'it can be called, and its log tells of no error'
  );
}

async function tryForms(run: LocalRun, api: AwsApi, forms: readonly string[]): Promise<void> {
  const { FailedEntryCount } = await api.json(region, 'events', 'PutEvents', {
    Entries: [{ EventBusName: `${systemName}-events`, Source: 'acme.orders', DetailType: event.type, Detail: JSON.stringify(event) }],
  });
  if (FailedEntryCount !== 0) throw new Error('the bus did not take the event');
  const deadline = Date.now() + withinMs;
  let took: ReadonlySet<string>;
  let arrived: number;
  for (;;) {
    [took, arrived] = [await tookIt(run.url), await published(api)];
    if (Date.now() > deadline || (took.size >= forms.length && arrived >= forms.length)) break;
    await sleep(500);
  }
  for (const form of forms) {
    process.stdout.write(
      took.has(form)
        ? `ok ${form}\n`
        : `FAIL ${form}: it did not take the event within ${withinMs / 1000} s: ${(await reasonOf(api, form)).slice(0, 500)}\n`,
    );
  }
  process.stdout.write(
    arrived === took.size
      ? 'ok each published\n'
      : `FAIL each published: ${took.size} forms took the event, ${arrived} events of theirs arrived\n`,
  );
}

async function main(): Promise<void> {
  const folder = path.resolve(process.argv[2]);
  const start = Date.now();
  const run = await startLocalRun({ port: 0, smoke: false, appDirectory: folder }, (line) =>
    process.stdout.write(`${((Date.now() - start) / 1000).toFixed(1)} s  ${line}\n`),
  );
  const client = new EngineClient({ engine: (name) => run.regions.find((handle) => handle.name === name) });
  try {
    await tryForms(run, new AwsApi(client), readdirSync(path.join(folder, 'deployed')).sort());
  } finally {
    client.close();
    await run.stop();
  }
}

main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
