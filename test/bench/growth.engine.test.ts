import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoStore } from '../../src/ledger/aws';
import { growthCalls, Held, HeldAccount } from '../../tools/bench/growth/entries';
import { ledgerModes } from '../../tools/bench/growth/ledgers';
import { MeteredStore } from '../../tools/bench/growth/metered-store';
import { countInto, noUsage, spent } from '../../tools/bench/subjects/counting';
import { Engine, startEngine } from '../../tools/engine';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine?.close());

const steps: readonly Held[] = [
  { kind: 'holds', entries: 0 },
  { kind: 'holds', entries: 300 },
  { kind: 'captures', entries: 300 },
];
const cases = ledgerModes.flatMap((mode) => steps.map((held) => [mode, held.entries, held.kind, held] as const));

// What the growth tables show is counted in memory: by the same rules as an engine's, or they would show nothing.
test.each(cases)('in %s with %i %s, the metered store charges what a DynamoDB engine does', async (mode, _entries, _kind, held) => {
  const { endpoint, region, credentials } = engine.client.config;
  const usage = noUsage();
  const client = countInto(new DynamoDBClient({ endpoint, region, credentials, maxAttempts: 1 }), usage);
  const metered = new MeteredStore();
  const [onEngine, inMemory] = [
    await HeldAccount.open(mode, new DynamoStore(client, engine.tableName), held),
    await HeldAccount.open(mode, metered, held),
  ];
  for (const call of growthCalls) {
    const [[calledThere], [calledHere]] = [await onEngine.prepare(call, 1), await inMemory.prepare(call, 1)];
    expect({ call, ...(await spent(metered.usage, calledHere)) }).toEqual({ call, ...(await spent(usage, calledThere)) });
  }
  client.destroy();
});
