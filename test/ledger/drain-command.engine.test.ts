import { spawnSync } from 'node:child_process';
import { DeleteItemCommand, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { drainKey, ledgerTableName } from '../../src/ledger/contract';
import { drainCommand, restoreCommand } from '../../src/ledger/drain-command.contract';
import { Engine, startEngine, tableOf } from '../../tools/engine';

const asked = { tableName: ledgerTableName('acme-pay'), region: 'us-east-1', through: 'us-west-2' };
const key = { pk: { S: drainKey('us-east-1') } };
let engine: Engine;

beforeAll(async () => {
  engine = await startEngine();
  await engine.client.send(tableOf(asked.tableName));
});
afterAll(() => engine.close());

/** The words that a shell makes of a command, with AWS's command line in the place of a function that prints them. */
function wordsOf(command: string, ME?: string): string[] {
  const { stdout, stderr, status } = spawnSync('sh', ['-c', `aws() { printf '%s\\0' "$@"; }; ${command}`], {
    env: { PATH: process.env.PATH, ...(ME === undefined ? {} : { ME }) },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return stdout.split('\0').slice(0, -1);
}

/** Runs a typed command on the engine's table. Throws where DynamoDB refuses it. */
async function type(command: string, ME?: string): Promise<void> {
  const [service, operation, ...words] = wordsOf(command, ME);
  const options = new Map(words.flatMap((word, at): [string, string][] => (at % 2 === 0 ? [[word, words[at + 1]]] : [])));
  expect([service, options.get('--region'), options.get('--table-name')]).toEqual(['dynamodb', 'us-west-2', asked.tableName]);
  const read = (name: string) => JSON.parse(options.get(name)!) as Record<string, { S: string }>;
  const ConditionExpression = options.get('--condition-expression');
  await (operation === 'put-item'
    ? engine.client.send(
        new PutItemCommand({
          TableName: asked.tableName,
          Item: read('--item'),
          ConditionExpression,
          ExpressionAttributeValues: read('--expression-attribute-values'),
        }),
      )
    : engine.client.send(
        new DeleteItemCommand({
          TableName: asked.tableName,
          Key: read('--key'),
          ConditionExpression,
          ExpressionAttributeValues: read('--expression-attribute-values'),
        }),
      ));
}
const standing = async () =>
  (await engine.client.send(new GetItemCommand({ TableName: asked.tableName, Key: key, ConsistentRead: true }))).Item;
const refused = { name: 'ConditionalCheckFailedException' };

test('a person drains a region under a name, and that name alone puts it back', async () => {
  await type(drainCommand(asked), 'ada@example.com');
  const own = { ...key, drainedBy: { S: 'ada@example.com' }, drainedAt: { N: expect.stringMatching(/^\d{13}$/) } };
  expect(await standing()).toEqual(own);

  // Neither a colleague nor a second press of the key changes it.
  await expect(type(drainCommand(asked), 'ben@example.com')).rejects.toMatchObject(refused);
  await expect(type(restoreCommand(asked), 'ben@example.com')).rejects.toMatchObject(refused);
  expect(await standing()).toEqual(own);

  await type(restoreCommand(asked), 'ada@example.com');
  expect(await standing()).toBeUndefined();
});

test("a drill's switch is neither taken over nor taken away", async () => {
  const drill = { ...key, drainedBy: { S: 'drill:quarter-4' }, drainedAt: { N: '1764500000000' } };
  await engine.client.send(new PutItemCommand({ TableName: asked.tableName, Item: drill }));
  await expect(type(drainCommand(asked), 'ada@example.com')).rejects.toMatchObject(refused);
  await expect(type(restoreCommand(asked), 'ada@example.com')).rejects.toMatchObject(refused);
  expect(await standing()).toEqual(drill);
});

test("a drill's switch whose time is over is replaced, and one that still drains is not", async () => {
  const drill = (until: number) => ({
    ...key,
    drainedBy: { S: 'drill:lost' },
    drainedAt: { N: '1764500000000' },
    drainedUntil: { N: `${until}` },
  });
  const stands = (until: number) => engine.client.send(new PutItemCommand({ TableName: asked.tableName, Item: drill(until) }));
  const inAMinute = Date.now() + 60_000;
  await stands(inAMinute);
  await expect(type(drainCommand(asked), 'ada@example.com')).rejects.toMatchObject(refused);
  expect(await standing()).toEqual(drill(inAMinute));

  await stands(Date.now() - 60_000);
  await type(drainCommand(asked), 'ada@example.com');
  // Without an end: a person's drain lasts.
  expect(await standing()).toEqual({ ...key, drainedBy: { S: 'ada@example.com' }, drainedAt: { N: expect.stringMatching(/^\d{13}$/) } });
  await type(restoreCommand(asked), 'ada@example.com');
});

test.each([drainCommand(asked), restoreCommand(asked)])('a name is needed: %s', async (command) => {
  await expect(type(command)).rejects.toThrow('ME: set it to your name');
  await expect(type(command, '')).rejects.toThrow('ME: set it to your name');
});
