/** How costs grow: with the entries of an account, its traffic, the depth of a listing, the size of the ledger. */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { countEntries, EntryCounts } from './entries';
import { countDeclines, countPages, DeclinesFigures, PageFigures } from './listing';
import { countOpenHolds, OpenHoldsFigures, OpenHoldsTimes, openHoldsTimes } from './open-holds';
import { EntryRatios, entryRatios } from './processor-time';
import { countTraffic, TrafficFigures } from './traffic';
import { WholeTable, wholeTable } from './whole-table';
import { DynamoStore } from '../../../src/ledger/aws';

export interface Growth {
  readonly entries: readonly EntryCounts[];
  readonly ratios: readonly EntryRatios[];
  readonly openHolds: readonly OpenHoldsFigures[];
  readonly openHoldsTimes: readonly OpenHoldsTimes[];
  readonly traffic: readonly TrafficFigures[];
  readonly pages: readonly PageFigures[];
  readonly declines: readonly DeclinesFigures[];
  readonly wholeTable: WholeTable;
}

const rounds = 5;

/** All but `ratios`, `openHoldsTimes` and `wholeTable` is counted in virtual time, and the same on any machine. */
export async function measureGrowth(client: () => DynamoDBClient, tableName: string, progress: (what: string) => void): Promise<Growth> {
  progress('entries of an account');
  const store = new DynamoStore(client(), tableName);
  const [entries, ratios] = [await countEntries(), await entryRatios(store, rounds)];
  progress('open holds of an account');
  const [openHolds, openTimes] = [await countOpenHolds(), await openHoldsTimes(store)];
  progress('payments a day');
  const traffic = await countTraffic();
  progress('pages of a listing');
  const [pages, declines] = [await countPages(), await countDeclines()];
  progress('whole tables');
  return { entries, ratios, openHolds, openHoldsTimes: openTimes, traffic, pages, declines, wholeTable: await wholeTable(client()) };
}
