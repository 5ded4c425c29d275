import { ScanCommand, ScanCommandOutput } from '@aws-sdk/client-dynamodb';
import { ItemVersion } from './relocate.service';
import { onwards } from '../../kernel/pages';
import { dynamoClient } from '../../runtime/clients';
import { clock } from '../../runtime/clock';
import { DynamoStore, faultOf } from '../aws';
import { ledgerSchema } from '../contract';
import { unitOf } from '../homes/home.service';
import { toItem } from '../items.aws';
import { Item, LedgerStore, StoreFault } from '../ports';

const scanTries = 8;
const firstScanWaitMs = 200;

/** Keys and versions of a unit's items in a region's replica, by strongly consistent scans. */
export function scanPort(tableName: string, units: number): (region: string, unit: number) => AsyncIterable<ItemVersion> {
  return async function* scan(region, unit) {
    const client = dynamoClient(region);
    const next = onwards<NonNullable<ScanPage['LastEvaluatedKey']>>(`the scan of ${tableName} in ${region}`);
    let from: ScanPage['LastEvaluatedKey'];
    do {
      const page: ScanPage = await retrying(() =>
        client.send(
          new ScanCommand({
            TableName: tableName,
            ConsistentRead: true,
            ExclusiveStartKey: from,
            ProjectionExpression: '#pk, #acct, #version',
            ExpressionAttributeNames: {
              '#pk': ledgerSchema.partitionKey,
              '#acct': ledgerSchema.byAccountPartitionKey,
              '#version': 'version',
            },
          }),
        ),
      );
      for (const item of (page.Items ?? []).map(toItem)) {
        const tenant = tenantOf(item);
        if (tenant !== undefined && unitOf(tenant, units) === unit) yield { pk: item.pk, version: item.version as number };
      }
      from = next(page.LastEvaluatedKey);
    } while (from);
  };
}

/** Items of a region's replica by their keys, strongly consistent there. */
export function itemsPort(tableName: string): (region: string, pks: readonly string[]) => Promise<readonly Item[]> {
  const stores = new Map<string, LedgerStore>();
  return (region, pks) => {
    const store = stores.get(region) ?? new DynamoStore(dynamoClient(region), tableName);
    stores.set(region, store);
    return retrying(() => store.readMany(pks));
  };
}

type ScanPage = Pick<ScanCommandOutput, 'Items' | 'LastEvaluatedKey'>;

/** Whose item it is; undefined for one that belongs to no account, such as a drain switch. */
function tenantOf({ pk, acct = pk }: Item): string | undefined {
  const tenant = /^a#([^#]+)#/.exec(acct as string)?.[1];
  return tenant && decodeURIComponent(tenant);
}

async function retrying<T>(call: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await call();
    } catch (error) {
      if ((!(error instanceof StoreFault) && faultOf(error) === undefined) || tries === scanTries) throw error;
      await clock.sleep(firstScanWaitMs * 2 ** tries);
    }
  }
}
