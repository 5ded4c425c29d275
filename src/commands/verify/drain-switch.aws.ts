import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { onwards } from '../../kernel/pages';
import { drainKey, ledgerSchema, ledgerTableName } from '../../ledger/contract';
import { DrainMarks } from '../../ledger/drain-mark.aws';
import type { DrainSwitch } from '../../scenario/drain.service';
import type { RegionSettings } from '../account.aws';

/** How the SDK reaches one region; empty on AWS. */
export type RegionClient = (region: string) => Omit<RegionSettings, 'region'>;

export interface DrainSwitchSettings {
  readonly regions: readonly string[];
  /** The system's name; without it the one ledger of the account is taken. */
  readonly systemName?: string;
  /** Marks the switch as this run's own. */
  readonly run: string;
  readonly clients: RegionClient;
}

/**
 * The drained region ends a drain by its own clock. A terminal's may be wrong by any time: then the SDK signs by AWS's clock, as the date
 * of an earlier answer told it. It does so from five minutes on, so the end is that much later.
 */
const clockMarginMs = 300_000;

const ledgerSuffix = ledgerTableName('');

/** The drain switch in the ledger's table, written through another region: the drained one may not answer. Throws where there is none. */
export async function drainSwitch(region: string, { regions, systemName, run, clients }: DrainSwitchSettings): Promise<DrainSwitch> {
  const others = regions.filter((other) => other !== region);
  const client = new Map(others.map((other) => [other, new DynamoDBClient({ region: other, ...clients(other) })]));
  const [first] = others;
  const table = systemName === undefined ? await onlyLedger(client.get(first)!, first) : ledgerTableName(systemName);
  const key = { [ledgerSchema.partitionKey]: { S: drainKey(region) } };
  /** In the first region that answers: that somebody else has the switch is an answer. */
  const send = async (ask: (marks: DrainMarks, nowMs: () => number) => Promise<boolean>): Promise<boolean> => {
    let failure: unknown;
    for (const one of client.values()) {
      try {
        return await ask(new DrainMarks(one, table), () => Date.now() + (one.config.systemClockOffset ?? 0));
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  };
  return {
    place: `${table} in ${first}`,
    byHand: () => `aws dynamodb delete-item --table-name ${table} --region ${first} --key '${JSON.stringify(key)}'`,
    drain: (_, longestMs) =>
      send(async (marks, nowMs) => {
        // Its answer tells AWS's time.
        await marks.read(region);
        const at = nowMs();
        return (await marks.set(region, { owner: run, at, until: at + longestMs + clockMarginMs })) !== undefined;
      }),
    putBack: async () => {
      await send((marks) => marks.clear(region, run));
    },
  };
}

async function onlyLedger(client: DynamoDBClient, region: string): Promise<string> {
  const names: string[] = [];
  const next = onwards<string>(`the tables of ${region}`);
  let start: string | undefined;
  do {
    const page = await client.send(new ListTablesCommand({ ExclusiveStartTableName: start }));
    names.push(...(page.TableNames ?? []).filter((name) => name.endsWith(ledgerSuffix)));
    start = next(page.LastEvaluatedTableName);
  } while (start !== undefined);
  if (names.length === 1) return names[0];
  const listed = names.length === 0 ? '' : ` (${names.join(', ')})`;
  throw new Error(`${region} has ${names.length} ledgers${listed}: name the system with --system`);
}
