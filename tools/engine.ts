import { ChildProcess, spawn } from 'child_process';
import { createServer } from 'net';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ledgerSchema } from '../src/ledger/contract';

/** A real DynamoDB engine on this machine, for as long as a test file runs. */
export interface Engine {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  close(): Promise<void>;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/**
 * Path of the engine's binary, which comes as an npm package for each platform; undefined where there is none: then `*.engine.test.ts` are
 * left out.
 */
export function engineBinary(): string | undefined {
  try {
    return require.resolve(`@dynoxide/${process.platform}-${process.arch}/dynoxide`);
  } catch {
    return undefined;
  }
}

/** Starts the engine with an empty ledger table. */
export async function startEngine(): Promise<Engine> {
  const path = engineBinary();
  if (!path) {
    throw new Error(
      `no DynamoDB engine for ${process.platform}-${process.arch}: the npm package ` +
        `@dynoxide/${process.platform}-${process.arch} is missing`,
    );
  }
  const port = await freePort();
  const child: ChildProcess = spawn(path, ['--host', '127.0.0.1', '--port', String(port)], { stdio: 'ignore' });
  const client = new DynamoDBClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
  });
  const tableName = 'test-ledger';
  for (let tries = 0; ; tries += 1) {
    try {
      await client.send(tableOf(tableName));
      break;
    } catch (error) {
      if (tries >= 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  return {
    client,
    tableName,
    close: async () => {
      client.destroy();
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** A ledger table as the construct makes it, in one region. */
export function tableOf(tableName: string): CreateTableCommand {
  const { partitionKey, byAccountIndex, byAccountPartitionKey, byAccountSortKey } = ledgerSchema;
  return new CreateTableCommand({
    TableName: tableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [partitionKey, byAccountPartitionKey, byAccountSortKey].map((AttributeName) => ({
      AttributeName,
      AttributeType: 'S' as const,
    })),
    KeySchema: [{ AttributeName: partitionKey, KeyType: 'HASH' }],
    GlobalSecondaryIndexes: [
      {
        IndexName: byAccountIndex,
        KeySchema: [
          { AttributeName: byAccountPartitionKey, KeyType: 'HASH' },
          { AttributeName: byAccountSortKey, KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'KEYS_ONLY' },
      },
    ],
  });
}
