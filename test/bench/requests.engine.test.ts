import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { Counts, countCalls } from '../../tools/bench/counts';
import { startEngine, Engine } from '../../tools/engine';

let engine: Engine;
let counts: Counts;

// Times depend on the machine, requests and units do not: what a call costs may not rise unnoticed.
beforeAll(async () => {
  engine = await startEngine();
  const { endpoint, region, credentials } = engine.client.config;
  counts = await countCalls(() => new DynamoDBClient({ endpoint, region, credentials, maxAttempts: 1 }), engine.tableName);
});
afterAll(() => engine?.close());

it.each([
  // call, requests, write units of items, of index entries, read units
  ['authorise', 3, 2, 1, 0.5],
  ['replay', 1, 0, 0, 0.5],
  ['firstOfItsAccount', 4, 2, 1, 1],
  ['firstReplay', 3, 2, 0, 0.5],
  ['decline', 4, 3, 1, 0.5],
  // All of it refunded: nothing can become of it, so the region's copy is answered.
  ['getPayment', 1, 0, 0, 0.5],
  ['getAccount', 1, 0, 0, 1],
])('%s takes %i requests, %i + %i write units and %d read units', (call, requests, writeUnits, indexUnits, readUnits) =>
  expect(counts[call]).toEqual({ requests, writeUnits, indexUnits, readUnits }),
);

it.each([
  ['capture', 6],
  ['void', 6],
  ['refund', 6],
])('%s takes at most %i requests', (call, most) => expect(counts[call].requests).toBeLessThanOrEqual(most));

it('an accepted authorization stays within two writes and three write units, index included, and an eventual read of half a unit', () => {
  const { requests, writeUnits, indexUnits, readUnits } = counts.authorise;
  expect(requests).toBeLessThanOrEqual(3);
  expect(writeUnits + indexUnits).toBeLessThanOrEqual(3);
  expect(readUnits).toBeLessThanOrEqual(0.5);
});

it('costs no more requests than what it is compared with', () => {
  expect(counts.authorise.requests).toBeLessThanOrEqual(counts.powertoolsDebit.requests);
  expect(counts.replay.requests).toBe(counts.powertoolsReplay.requests);
});
