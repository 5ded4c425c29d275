/** The example's recorder, in two regions: what a team's own tracer records stands in the payment's trace. */
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ReceivedEvent, TraceSegment } from '../../local/ground/model';
import { startLocalRun, type LocalRun } from '../../local/run';
import { turns } from '../turns';

jest.setTimeout(600_000);

const [east, west] = ['us-east-1', 'us-west-2'];
let run: LocalRun;
let authorization: string;
let paymentId: string;
let traceId: string;

beforeAll(async () => {
  const appDirectory = path.resolve(__dirname, '../../examples/active-active');
  run = await startLocalRun({ port: 0, smoke: false, appDirectory, context: { only: 'none' } }, () => {});
  authorization = `Bearer ${await (await fetch(`${run.url}/_local/token?tenant=acme`)).text()}`;
  await send('PUT', 'accounts/a-1', { currency: 'EUR', balance: 1_000 });
  const answer = await paid();
  ({ paymentId } = (await answer.json()) as { paymentId: string });
  traceId = /Root=([^;]+)/.exec(answer.headers.get('x-amzn-trace-id') ?? '')![1];
});
afterAll(() => run?.stop());

function send(method: string, target: string, body: object, key?: string): Promise<Response> {
  return fetch(`${run.url}/_local/regions/${east}/api/v1/${target}`, {
    method,
    body: JSON.stringify(body),
    headers: { authorization, 'content-type': 'application/json', ...(key === undefined ? {} : { 'idempotency-key': key }) },
  });
}

/** A payment of 100, asked for again while a busy machine answers too late. */
async function paid(): Promise<Response> {
  const turn = turns('an answer to a payment', 60);
  for (;;) {
    const answer = await send('POST', 'payments', { accountId: 'a-1', amount: 100, currency: 'EUR' }, 'k-1');
    if (answer.status === 201) return answer;
    expect([409, 429, 503]).toContain(answer.status);
    turn();
    await sleep(1_000);
  }
}

const segments = async (): Promise<TraceSegment[]> => {
  const answer = await fetch(`${run.url}/_local/traces/${traceId}`);
  return answer.ok ? ((await answer.json()) as { segments: TraceSegment[] }).segments : [];
};

/** The trace, once a client's call is in it in this region. */
async function traceInto(region: string, name: string): Promise<TraceSegment[]> {
  const turn = turns(`a segment ${name} in ${region}`, 300);
  for (;;) {
    const trace = await segments();
    if (trace.some((one) => one.name === name && one.region === region)) return trace;
    turn();
    await sleep(200);
  }
}

/** From a segment up to where its trace begins. */
function chain(trace: readonly TraceSegment[], region: string, name: string): string[] {
  const names: string[] = [];
  let at = trace.find((one) => one.name === name && one.region === region);
  while (at && names.length < 20) {
    names.push(`${at.name} in ${at.region}`);
    const { parentId } = at;
    at = trace.find(({ id }) => id === parentId);
  }
  return names;
}

test.each([east, west])("a payment's trace leads from the API in us-east-1 to the client call of the recorder in %s", async (region) => {
  const trace = await traceInto(region, 'DynamoDB');
  expect(chain(trace, region, 'DynamoDB')).toEqual([
    `DynamoDB in ${region}`,
    `record the event in ${region}`,
    `acme-pay-recorder in ${region}`,
    `acme-pay-outbox in ${east}`,
    `ledger.authorise in ${east}`,
    `acme-pay-payments in ${east}`,
  ]);
  expect(trace.find((one) => one.name === 'record the event')).toMatchObject({ annotations: { eventType: 'payment.authorised' } });
});

test("the page's waterfall shows them, and each region has recorded the event once", async () => {
  const page = await (await fetch(`${run.url}/_local/page/traces/${traceId}`)).text();
  expect([page.match(/record the event/g)?.length, page.match(/>DynamoDB</g)?.length]).toEqual([2, 2]);
  const rows = (await (await fetch(`${run.url}/_local/events?paymentId=${paymentId}`)).json()) as ReceivedEvent[];
  expect(
    rows
      .filter(({ duplicate }) => !duplicate)
      .map(({ region, consumer }) => `${region} ${consumer}`)
      .sort(),
  ).toEqual([`${east} recorder`, `${west} recorder`]);
});
