import { setTimeout as sleep } from 'node:timers/promises';
import type { Setting } from './setting';
import { openAccount } from '../../src/scenario/ledger-view.service';
import type { AccountLine as Line } from '../../src/scenario/model';
import type { Client } from '../callers/client';
import type { BusStatus, ReceivedEvent, TraceSegment } from '../ground/model';

/** The event that tells of a ledger line; what goes back to available after a capture is told by the capture. */
const eventTypes: Readonly<Record<string, string>> = {
  AUTHORISATION: 'payment.authorised',
  CAPTURE: 'payment.captured',
  VOID: 'payment.voided',
  REFUND: 'payment.refunded',
};
/** Every event that can have been received in a run. */
const allEvents = 50_000;
/** Consumers have so long after the last payment. */
const patienceMs = 120_000;
const tracePatienceMs = 30_000;

/** What is wrong with what one consumer received. */
interface Received {
  readonly name: string;
  readonly effects: number;
  readonly missing: readonly string[];
  readonly twice: number;
  readonly unexplained: number;
  readonly duplicates: number;
}

/** Whether the app has an event mesh. */
export async function hasMesh(client: Client): Promise<boolean> {
  return ((await client.once({ path: '/_local/status' })).body.buses ?? []).length > 0;
}

/** One trace for each region: the request there, and the consumers in every region under the ID that the client was given. */
export async function traces(setting: Setting): Promise<void> {
  const { client, figures, regions, run } = setting;
  figures.heading('a trace across the regions');
  const account = await openAccount(setting, 'traced', 1_000_000);
  for (const region of regions) {
    const { status, headers, body } = await client.call({
      path: '/api/v1/payments',
      body: { accountId: account, amount: 10, currency: 'USD' },
      key: `${run}-traced-${region}`,
      region,
    });
    if (status === 201) setting.accepted.set(body.paymentId, body.region);
    const traceId = /Root=([^;]+)/.exec(String(headers['x-amzn-trace-id']))?.[1] ?? '';
    const deadline = Date.now() + tracePatienceMs;
    let segments: TraceSegment[] = [];
    const regionsSeen = () => regions.filter((each) => segments.some((segment) => segment.region === each));
    do {
      await sleep(250);
      segments = (await client.once({ path: `/_local/traces/${traceId}` })).body.segments ?? [];
    } while (regionsSeen().length < regions.length && Date.now() < deadline);
    figures.check(
      `trace of a payment in ${region}`,
      regionsSeen().length === regions.length,
      `${segments.length} segments in ${regionsSeen().join(', ') || 'no region'}`,
      traceId,
    );
  }
}

/** Every line of the ledger has become an event, and every consumer in every region has it once in effect. */
export async function eventsOnce({ client, figures, regions, operate }: Setting, lines: readonly Line[], trickles: boolean): Promise<void> {
  figures.heading('events');
  const expected = new Map<string, number>();
  for (const { paymentId, type } of lines) {
    const event = eventTypes[type];
    if (event) expected.set(`${paymentId} ${event}`, (expected.get(`${paymentId} ${event}`) ?? 0) + 1);
  }
  const total = [...expected.values()].reduce((sum, count) => sum + count, 0);
  const deadline = Date.now() + patienceMs;
  let received = await receivedBy(client, regions, expected);
  while (received.some(({ missing }) => missing.length > 0) && Date.now() < deadline) {
    await sleep(2000);
    received = await receivedBy(client, regions, expected);
  }
  const sum = (what: (one: Received) => number) => received.reduce((all, one) => all + what(one), 0);
  const each = (what: (one: Received) => number) => received.map((one) => `${one.name} ${what(one)}`).join(', ');
  const missing = received.flatMap((one) => one.missing.map((event) => `${one.name}: ${event}`));
  figures.check(
    'events that the ledger calls for',
    total > 0,
    total,
    `of ${lines.filter(({ type }) => type === 'AUTHORISATION').length} payments`,
  );
  figures.check(
    'consumers',
    regions.every((region) => received.some(({ name }) => name.startsWith(`${region} `))),
    received.length,
    each(({ effects }) => effects),
  );
  figures.check('events missing', missing.length === 0, missing.length, missing.slice(0, 3).join('; '));
  figures.check(
    'events in effect more than once',
    sum(({ twice }) => twice) === 0,
    sum(({ twice }) => twice),
  );
  const unexplained = sum((one) => one.unexplained);
  // Payments go on all the time beside a cutover, and are not among those of the scenario.
  if (trickles) figures.note("events of payments that are not the scenario's", unexplained, 'some payments pass all the time');
  // What a home told before it was lost need not have replicated with it: the reconciliation reports such payments.
  else if (operate) figures.note('events told by the lost home alone', unexplained, 'of payments that had not replicated');
  else figures.check('events of nothing in the ledger', unexplained === 0, unexplained);
  figures.note(
    'duplicates seen and discarded',
    sum(({ duplicates }) => duplicates),
    each(({ duplicates }) => duplicates),
  );
  const buses = ((await client.once({ path: '/_local/status' })).body.buses ?? []) as BusStatus[];
  figures.note(
    'sent to / received from the other region',
    buses.map(({ region, sent, received: came }) => `${region} ${sent} / ${came}`).join(', '),
    'probes too',
  );
  figures.check(
    'dead letters',
    buses.every(({ deadLetters }) => deadLetters === 0),
    buses.map(({ deadLetters }) => deadLetters).join(', '),
  );
}

async function receivedBy(client: Client, regions: readonly string[], expected: ReadonlyMap<string, number>): Promise<Received[]> {
  const { status, body, text } = await client.once({ path: `/_local/events?limit=${allEvents}` });
  if (status !== 200) throw new Error(`GET /_local/events: ${status} ${text.slice(0, 200)}`);
  const byConsumer = new Map<string, ReceivedEvent[]>();
  for (const row of body as ReceivedEvent[]) {
    const name = `${row.region} ${row.consumer}`;
    byConsumer.set(name, [...(byConsumer.get(name) ?? []), row]);
  }
  // Who has received nothing is a consumer too: the same ones are in each region.
  const consumers = new Set((body as ReceivedEvent[]).map(({ consumer }) => consumer));
  return regions.flatMap((region) =>
    [...consumers].map((consumer) => judge(`${region} ${consumer}`, byConsumer.get(`${region} ${consumer}`) ?? [], expected)),
  );
}

function judge(name: string, rows: readonly ReceivedEvent[], expected: ReadonlyMap<string, number>): Received {
  const effects = rows.filter(({ duplicate }) => !duplicate);
  const counts = new Map<string, number>();
  for (const { paymentId, type } of effects) counts.set(`${paymentId} ${type}`, (counts.get(`${paymentId} ${type}`) ?? 0) + 1);
  const unexplained = effects.filter(
    ({ paymentId, type }) =>
      type !== 'payment.declined' && (counts.get(`${paymentId} ${type}`) ?? 0) > (expected.get(`${paymentId} ${type}`) ?? 0),
  );
  return {
    name,
    effects: effects.length,
    duplicates: rows.length - effects.length,
    missing: [...expected].filter(([event, count]) => (counts.get(event) ?? 0) < count).map(([event]) => event),
    twice: effects.length - new Set(effects.map(({ eventId }) => eventId)).size,
    unexplained: unexplained.length,
  };
}
