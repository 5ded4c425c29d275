import { DescribeTableCommand, ResourceNotFoundException } from '@aws-sdk/client-dynamodb';
import { dynamoClient } from '../../runtime/clients';
import { clock } from '../../runtime/clock';
import { TableMode } from '../contract';

const tries = 5;
const firstWaitMs = 500;
/** A table that was just made may not be found yet: its metadata is eventually consistent (API reference, `DescribeTable`). */
const triesToFind = 3;

/**
 * Asks DynamoDB how the copies of a table agree. A table that says nothing of it is eventually consistent (API reference,
 * `TableDescription`).
 */
export function tableModes(): (tableName: string) => Promise<TableMode> {
  const client = dynamoClient();
  return async (tableName) => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const { Table } = await client.send(new DescribeTableCommand({ TableName: tableName }));
        return Table?.MultiRegionConsistency === 'STRONG' ? 'STRONG' : 'EVENTUAL';
      } catch (error) {
        const isMissing = error instanceof ResourceNotFoundException;
        if (isMissing && attempt >= triesToFind) return 'MISSING';
        const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode ?? 500;
        // A refusal stays one. The others pass: a role's new rights take a while to arrive, too.
        const passes = isMissing || status >= 500 || ['ThrottlingException', 'AccessDeniedException'].includes((error as Error).name);
        if (attempt === tries || !passes) throw error;
        await clock.sleep(firstWaitMs * 2 ** attempt);
      }
    }
  };
}
