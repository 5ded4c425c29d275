/** How costs grow: with the entries of an account, its traffic, the depth of a listing, the size of the ledger. */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { countEntries, EntryCounts } from './entries';
import { countDeclines, countPages, DeclinesFigures, PageFigures } from './listing';
import { EntryRatios, entryRatios } from './processor-time';
import { countTraffic, TrafficFigures } from './traffic';
import { WholeTable, wholeTable } from './whole-table';
import { DynamoStore } from '../../../src/ledger/aws';

export interface Growth {
  readonly entries: readonly EntryCounts[];
  readonly ratios: readonly EntryRatios[];
  readonly traffic: readonly TrafficFigures[];
  readonly pages: readonly PageFigures[];
  readonly declines: readonly DeclinesFigures[];
  readonly wholeTable: WholeTable;
}

const rounds = 5;

/** All but `ratios` and `wholeTable` is counted in virtual time, and the same on any machine. */
export async function measureGrowth(client: () => DynamoDBClient, tableName: string, progress: (what: string) => void): Promise<Growth> {
  progress('entries of an account');
  const [entries, ratios] = [await countEntries(), await entryRatios(new DynamoStore(client(), tableName), rounds)];
  progress('payments a day');
  const traffic = await countTraffic();
  progress('pages of a listing');
  const [pages, declines] = [await countPages(), await countDeclines()];
  progress('whole tables');
  return { entries, ratios, traffic, pages, declines, wholeTable: await wholeTable(client()) };
}
