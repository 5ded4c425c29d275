import { DescribeTableCommand, ResourceNotFoundException } from '@aws-sdk/client-dynamodb';
import { AskedTable } from './mode.domain';
import { dynamoClient } from '../../runtime/clients';
import { clock } from '../../runtime/clock';

const tries = 5;
const firstWaitMs = 500;
/** A table that was just made may not be found yet: its metadata is eventually consistent (API reference, `DescribeTable`). */
const triesToFind = 3;

/**
 * Asks DynamoDB how the copies of a table agree, and whether there are others. A table that says nothing of it is eventually consistent
 * (API reference, `TableDescription`). Whether `Replicas` holds the region that was asked is not documented: it counts for nothing here.
 */
export function tableModes(region: string): (tableName: string) => Promise<AskedTable> {
  const client = dynamoClient();
  return async (tableName) => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const { Table } = await client.send(new DescribeTableCommand({ TableName: tableName }));
        const peers = (Table?.Replicas ?? []).filter(({ RegionName }) => RegionName !== region);
        return { mode: Table?.MultiRegionConsistency === 'STRONG' ? 'STRONG' : 'EVENTUAL', isAlone: peers.length === 0 };
      } catch (error) {
        const isMissing = error instanceof ResourceNotFoundException;
        if (isMissing && attempt >= triesToFind) return { mode: 'MISSING', isAlone: true };
        const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode ?? 500;
        // A refusal stays one. The others pass: a role's new rights take a while to arrive, too.
        const passes = isMissing || status >= 500 || ['ThrottlingException', 'AccessDeniedException'].includes((error as Error).name);
        if (attempt === tries || !passes) throw error;
        await clock.sleep(firstWaitMs * 2 ** attempt);
      }
    }
  };
}
