/** Counts what a DynamoDB client sends and what DynamoDB would charge for it. */
import type { AttributeValue, ConsumedCapacity, DynamoDBClient } from '@aws-sdk/client-dynamodb';

/** Requests sent, and the units they cost in the region that took them. */
export interface Usage {
  requests: number;
  /** Write units of items: one per started KB, twice that in a transaction. */
  writeUnits: number;
  /** Write units of index entries. */
  indexUnits: number;
  /** Read units: one per started 4 KB read strongly, half of that read eventually. */
  readUnits: number;
}

export const noUsage = (): Usage => ({ requests: 0, writeUnits: 0, indexUnits: 0, readUnits: 0 });

/** What one piece of work adds to the usage. */
export async function spent(usage: Usage, work: () => Promise<void>): Promise<Usage> {
  const before = { ...usage };
  await work();
  return {
    requests: usage.requests - before.requests,
    writeUnits: usage.writeUnits - before.writeUnits,
    indexUnits: usage.indexUnits - before.indexUnits,
    readUnits: usage.readUnits - before.readUnits,
  };
}

const reads = new Set(['GetItemCommand', 'BatchGetItemCommand', 'QueryCommand']);

interface Refusal {
  readonly name?: string;
  readonly Item?: Attributes;
  readonly CancellationReasons?: readonly { readonly Item?: Attributes }[];
}
type Attributes = Readonly<Record<string, AttributeValue>>;

/** Adds all that the client sends from now on to `usage`. */
export function countInto(client: DynamoDBClient, usage: Usage): DynamoDBClient {
  client.middlewareStack.add(
    (next, context) => async (args) => {
      usage.requests += 1;
      try {
        const result = await next({ ...args, input: { ...args.input, ReturnConsumedCapacity: 'INDEXES' } as typeof args.input });
        const { ConsumedCapacity: consumed } = result.output as { ConsumedCapacity?: ConsumedCapacity | ConsumedCapacity[] };
        for (const one of [consumed ?? []].flat()) addUnits(usage, one, reads.has((context as { commandName?: string }).commandName ?? ''));
        return result;
      } catch (error) {
        // A refused write is charged like one that was made; the error does not say for how much.
        const refusal = error as Refusal;
        if (refusal.name === 'ConditionalCheckFailedException') usage.writeUnits += startedKilobytes(refusal.Item);
        if (refusal.name === 'TransactionCanceledException') {
          usage.writeUnits += 2 * (refusal.CancellationReasons ?? []).reduce((sum, { Item }) => sum + startedKilobytes(Item), 0);
        }
        throw error;
      }
    },
    { step: 'initialize', name: 'countUsage' },
  );
  return client;
}

function addUnits(usage: Usage, consumed: ConsumedCapacity, isRead: boolean): void {
  const total = consumed.CapacityUnits ?? 0;
  const indexes = Object.values(consumed.GlobalSecondaryIndexes ?? {}).reduce((sum, index) => sum + (index.CapacityUnits ?? 0), 0);
  if (isRead) {
    usage.readUnits += total;
  } else {
    usage.writeUnits += total - indexes;
    usage.indexUnits += indexes;
  }
}

const startedKilobytes = (item: Attributes | undefined): number => writeUnitsOf(item ? itemSize(item) : 0);

/** Write units of an item of so many bytes: one per started KB. */
export const writeUnitsOf = (bytes: number): number => Math.max(1, Math.ceil(bytes / 1024));
/** Read units of so many bytes read strongly: one per started 4 KB. */
export const readUnitsOf = (bytes: number): number => Math.max(1, Math.ceil(bytes / 4096));

/** An item's size in bytes by DynamoDB's published rules: names and values; numbers to within a byte. */
export function itemSize(item: Attributes): number {
  return Object.entries(item).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + sizeOf(value), 0);
}

function sizeOf(value: AttributeValue): number {
  if (value.S !== undefined) return Buffer.byteLength(value.S);
  if (value.N !== undefined) return Math.ceil(value.N.replace(/[-.]/g, '').length / 2) + 1;
  // A list or map takes three bytes, and each of its elements one more.
  if (value.L !== undefined) return value.L.reduce((sum, member) => sum + 1 + sizeOf(member), 3);
  if (value.M !== undefined) return 3 + Object.keys(value.M).length + itemSize(value.M);
  return 1;
}
