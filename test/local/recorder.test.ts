/** The example's recorders, in two regions: what a team's own tracer records stands in the payment's trace, in Node and in Python. */
import path from 'node:path';
import type { ReceivedEvent, TraceSegment } from '../../local/ground/model';
import { startLocalRun, type LocalRun } from '../../local/run';
import { until } from '../waits';

jest.setTimeout(600_000);

const [east, west] = ['us-east-1', 'us-west-2'];
/** A busy machine starts functions for a minute. */
const slow = { withinMs: 60_000, everyMs: 200 };
let run: LocalRun;
let authorization: string;
let paymentId: string;
let traceId: string;

beforeAll(async () => {
  const appDirectory = path.resolve(__dirname, '../../examples/active-active');
  run = await startLocalRun({ port: 0, smoke: false, appDirectory, context: { only: 'none', pythonRecorder: 'true' } }, () => {});
  authorization = `Bearer ${await (await fetch(`${run.url}/_local/token?tenant=acme`)).text()}`;
  await taken('PUT', 'accounts/a-1', { currency: 'EUR', balance: 1_000 });
  const payment = await taken('POST', 'payments', { accountId: 'a-1', amount: 100, currency: 'EUR' }, 'k-1');
  ({ paymentId } = (await payment.json()) as { paymentId: string });
  traceId = (await received(4))[0].traceId;
});
afterAll(() => run?.stop());

function send(method: string, target: string, body: object, key?: string): Promise<Response> {
  return fetch(`${run.url}/_local/regions/${east}/api/v1/${target}`, {
    method,
    body: JSON.stringify(body),
    headers: { authorization, 'content-type': 'application/json', ...(key === undefined ? {} : { 'idempotency-key': key }) },
  });
}

/** Asks again while a busy machine answers too late. */
function taken(method: string, target: string, body: object, key?: string): Promise<Response> {
  return until(
    `an answer to ${method} ${target}`,
    async () => {
      const answer = await send(method, target, body, key);
      if (!answer.ok) expect([409, 429, 503]).toContain(answer.status);
      return answer.ok && answer;
    },
    { withinMs: 60_000, everyMs: 1_000 },
  );
}

/** What the consumers have received of the payment, once that are so many deliveries. */
function received(count: number): Promise<ReceivedEvent[]> {
  return until(
    `${count} events of the payment`,
    async () => {
      const rows = (await (await fetch(`${run.url}/_local/events?paymentId=${paymentId}`)).json()) as ReceivedEvent[];
      return rows.length >= count && rows;
    },
    slow,
  );
}

const segments = async (): Promise<TraceSegment[]> => {
  const answer = await fetch(`${run.url}/_local/traces/${traceId}`);
  return answer.ok ? ((await answer.json()) as { segments: TraceSegment[] }).segments : [];
};

/** The client's call below the step of a recorder. */
function callBelow(trace: readonly TraceSegment[], region: string, step: string): TraceSegment | undefined {
  const steps = trace.filter((one) => one.name === step && one.region === region).map(({ id }) => id);
  return trace.find(({ name, parentId }) => /^dynamodb$/i.test(name) && parentId !== undefined && steps.includes(parentId));
}

/** From a segment up to where its trace begins. */
function chain(trace: readonly TraceSegment[], segment: TraceSegment | undefined): string[] {
  const names: string[] = [];
  let at = segment;
  while (at && names.length < 20) {
    names.push(`${at.name} in ${at.region}`);
    const { parentId } = at;
    at = trace.find(({ id }) => id === parentId);
  }
  return names;
}

/** The trace, once such a call is in it and each segment above it: a daemon sends a parent after its children. */
function traceInto(region: string, step: string): Promise<TraceSegment[]> {
  return until(
    `a call of a client below ${step} in ${region}, and what is above it`,
    async () => {
      const trace = await segments();
      return (
        chain(trace, callBelow(trace, region, step))
          .at(-1)
          ?.startsWith('acme-pay-payments') && trace
      );
    },
    { ...slow, beside: async () => (await segments()).map((one) => `${one.name} in ${one.region}`) },
  );
}

test.each([
  [east, 'record the event', 'DynamoDB', 'acme-pay-recorder'],
  [west, 'record the event', 'DynamoDB', 'acme-pay-recorder'],
  [east, '## handler', 'dynamodb', 'acme-pay-recorder-python'],
  [west, '## handler', 'dynamodb', 'acme-pay-recorder-python'],
])("a payment's trace leads from the API in us-east-1 to the client call in %s below '%s'", async (region, step, call, consumer) => {
  const trace = await traceInto(region, step);
  expect(chain(trace, callBelow(trace, region, step))).toEqual([
    `${call} in ${region}`,
    `${step} in ${region}`,
    `${consumer} in ${region}`,
    `acme-pay-outbox in ${east}`,
    `ledger.authorise in ${east}`,
    `acme-pay-payments in ${east}`,
  ]);
  expect(trace.find((one) => one.name === step)).toMatchObject({ annotations: { eventType: 'payment.authorised' } });
});

test("the page's waterfall shows them, and each region has recorded the event once by each recorder", async () => {
  const page = await (await fetch(`${run.url}/_local/page/traces/${traceId}`)).text();
  expect([page.match(/record the event/g)?.length, page.match(/>dynamodb</gi)?.length]).toEqual([2, 4]);
  const effects = (await received(4)).filter(({ duplicate }) => !duplicate).map(({ region, consumer }) => `${region} ${consumer}`);
  expect(effects.sort()).toEqual([east, west].flatMap((region) => [`${region} recorder`, `${region} recorder-python`]));
});
