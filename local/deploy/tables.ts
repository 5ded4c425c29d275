import { CreateTableCommand, DynamoDBClient, waitUntilTableExists, type CreateTableCommandInput } from '@aws-sdk/client-dynamodb';
import { isGlobal } from '../assembly/assembly';
import { resolveStatic } from '../assembly/intrinsics';
import { engineClientConfig, type EngineSocket } from '../engine/engine-http';
import type { AssemblyPlan, StackPlan } from '../ground/model';

/** Where a copy of a table is made. */
export interface TableHome extends EngineSocket {
  /** Region of the copy, in the engine's data. */
  readonly region: string;
}

/** A plain table like the template's global table, and the stack that makes the first of them. */
export interface TableBlueprint {
  readonly stack: StackPlan;
  readonly request: CreateTableCommandInput;
}

/** The assembly's global tables by name. */
export function tableBlueprints(plan: AssemblyPlan, accountId: string): ReadonlyMap<string, TableBlueprint> {
  const requests = new Map<string, TableBlueprint>();
  for (const stack of plan.stacks) {
    for (const [logicalId, resource] of Object.entries(stack.template.Resources)) {
      if (!isGlobal(resource)) continue;
      const facts = { region: stack.region, accountId, stackName: stack.name };
      const properties = resolveStatic(resource.Properties ?? {}, facts) as Record<string, any>;
      const request = tableRequest(properties.TableName ?? `${stack.name}-${logicalId}`, properties);
      requests.set(request.TableName!, { stack, request });
    }
  }
  return requests;
}

/** Makes a table in an engine directly, where no stack makes it. */
export async function makeTable(home: TableHome, request: CreateTableCommandInput): Promise<void> {
  const client = new DynamoDBClient(engineClientConfig(home, home.region));
  try {
    await client.send(new CreateTableCommand(request));
    await waitUntilTableExists({ client, maxWaitTime: 10, minDelay: 1, maxDelay: 1 }, { TableName: request.TableName });
  } finally {
    client.destroy();
  }
}

/** Capacity and encryption are left out: neither does anything here. */
function tableRequest(name: string, properties: Record<string, any>): CreateTableCommandInput {
  const indexes = properties.GlobalSecondaryIndexes as any[] | undefined;
  const local = properties.LocalSecondaryIndexes as any[] | undefined;
  return {
    TableName: name,
    AttributeDefinitions: properties.AttributeDefinitions,
    KeySchema: properties.KeySchema,
    BillingMode: 'PAY_PER_REQUEST',
    ...(indexes?.length
      ? { GlobalSecondaryIndexes: indexes.map(({ IndexName, KeySchema, Projection }) => ({ IndexName, KeySchema, Projection })) }
      : {}),
    ...(local?.length
      ? { LocalSecondaryIndexes: local.map(({ IndexName, KeySchema, Projection }) => ({ IndexName, KeySchema, Projection })) }
      : {}),
    // Without a stream a copy could not be followed, and two or more replicas have one on AWS as well.
    StreamSpecification: { StreamEnabled: true, StreamViewType: properties.StreamSpecification?.StreamViewType ?? 'NEW_AND_OLD_IMAGES' },
  };
}
