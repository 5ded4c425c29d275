import { DynamoInbox } from '../../src/events/consumers/aws';
import { Claim, Inbox } from '../../src/events/consumers/service';
import { MemoryDynamo } from '../contract/memory-dynamo';

/** Two attempts at one event, the second one between the first one's look and its takeover. */

const now = 1_800_000_000_000;
const event = { source: 'acme-pay.ledger', id: 'e1', type: 't', schemaVersion: 1, origin: 'us-east-1', occurredAt: '', data: {} };
const claim = (owner: string, nowMs: number): Claim => ({ event, owner, nowMs, leaseUntilMs: nowMs + 10_000, expires: 1 });
const over = now + 10_000;

let dynamo: MemoryDynamo;
let inbox: Inbox;
beforeEach(() => {
  dynamo = new MemoryDynamo();
  inbox = new DynamoInbox(
    dynamo.client(
      (effect) =>
        new Promise((resolve) => {
          resolve(effect());
        }),
    ),
    'inbox',
  );
});

/** An attempt that has seen the event's item, and takes it over only after something else has happened. */
function takeAfter(taker: Claim, meanwhile: () => Promise<unknown>) {
  const late = dynamo.client(async (effect, what) => {
    if (what === 'UpdateItemCommand') await meanwhile();
    return effect();
  });
  return new DynamoInbox(late, 'inbox').take(taker);
}

test('an event that is done in between is not taken over', async () => {
  const first = claim('first', now);
  await inbox.take(first);
  expect(await takeAfter(claim('late', over), () => inbox.finish(first, over))).toMatchObject({ kind: 'running' });
  expect(await inbox.take(claim('next', over))).toEqual({ kind: 'duplicate' });
});

test('an attempt that another one made and gave back in between is counted', async () => {
  const [first, second] = [claim('first', now), claim('second', now)];
  await inbox.take(first);
  await inbox.free(first, true);
  const late = takeAfter(claim('late', now), async () => {
    expect(await inbox.take(second)).toEqual({ kind: 'taken', attempt: 2 });
    await inbox.free(second, true);
  });
  expect(await late).toMatchObject({ kind: 'running' });
  expect(await inbox.take(claim('next', now))).toEqual({ kind: 'taken', attempt: 3 });
});

test('an attempt that is given back in between, and does not count, is not counted', async () => {
  const first = claim('first', now);
  await inbox.take(first);
  expect(await takeAfter(claim('late', over), () => inbox.free(first, false))).toMatchObject({ kind: 'running' });
  expect(await inbox.take(claim('next', over))).toEqual({ kind: 'taken', attempt: 1 });
});
