import { namedCauseOf } from '../../kernel/cause';
import { authorityTableName, ledgerTableName } from '../../ledger/contract';

/** One region's copy of a table, as DynamoDB describes it. */
export interface TableState {
  /** ACTIVE, UPDATING, DELETING and so on. */
  readonly status: string;
  readonly deletionProtection: boolean;
  /** As counted about every six hours. */
  readonly items: number;
  readonly strong: boolean;
  /** Copies in other regions, also those that are being made or deleted. */
  readonly replicas: readonly string[];
  /** Regions that vote and hold no data. */
  readonly witnesses: readonly string[];
}

export interface RemovalPorts {
  /** Undefined when the region has no such table. */
  describeTable(region: string, table: string): Promise<TableState | undefined>;
  unprotectTable(region: string, table: string): Promise<void>;
  /** Takes copies and witnesses away from a table in one request, sent to the copy that stays. */
  dissolve(region: string, table: string, replicas: readonly string[], witnesses: readonly string[]): Promise<void>;
  deleteTable(region: string, table: string): Promise<void>;
  functionExists(region: string, name: string): Promise<boolean>;
  /** The key behind an alias; undefined when there is none. */
  keyOf(region: string, alias: string): Promise<string | undefined>;
  scheduleKeyDeletion(region: string, keyId: string, days: number): Promise<void>;
  deleteAlias(region: string, alias: string): Promise<void>;
  nowMs(): number;
  sleep(ms: number): Promise<void>;
  /** Shows one line of progress. */
  say(line: string): void;
  /** What the reader types when asked for the system's name; undefined when there is nobody to ask. */
  ask(question: string): Promise<string | undefined>;
}

export interface RemovalRequest {
  readonly systemName: string;
  /** Every region in which the system has a table, a replica or a key. The first one keeps the last copy of a table. */
  readonly regions: readonly string[];
  /** Tables besides the ledger's and the authority's, the same in every region, such as a consumer's. */
  readonly tables: readonly string[];
  /** Shows what would be done, and does nothing. */
  readonly dryRun: boolean;
  readonly keepKeys: boolean;
}

export type RemovalResult =
  /** Everything is gone; keys wait for their deletion. */
  | { readonly outcome: 'removed'; readonly tables: readonly string[]; readonly keys: readonly string[] }
  | { readonly outcome: 'shown' }
  /** Nothing was changed. */
  | { readonly outcome: 'refused'; readonly why: string }
  /** Ended at the first refusal or delay: what was done before stays done, and the same command goes on from there. */
  | { readonly outcome: 'stopped'; readonly at: string; readonly why: string; readonly done: readonly string[] };

/** A key can be rescued for so long. KMS allows 7 to 30 days. */
export const keyDeletionDays = 30;
/** Replicas were seen to be DELETING for 121 to 244 s, and a table to be UPDATING for 39 s: beyond this something else is wrong. */
const patienceMs = 20 * 60_000;
const lookEveryMs = 5_000;

/** One table with its copies, as found. */
interface Found {
  readonly table: string;
  readonly regions: readonly string[];
  readonly states: ReadonlyMap<string, TableState>;
}

/** A step that was refused, or that did not come to its end in time. */
class Stopped extends Error {
  constructor(
    public readonly at: string,
    why: string,
  ) {
    super(why);
  }
}

/**
 * Deletes the data of a system whose stacks are gone: tables first, in the order that DynamoDB takes, and keys only when no table is left
 * in any region. It waits for each step's end and ends at the first refusal.
 */
export class Removal {
  private readonly done: string[] = [];

  constructor(
    private readonly ports: RemovalPorts,
    private readonly request: RemovalRequest,
  ) {}

  public async run(): Promise<RemovalResult> {
    const { systemName, dryRun } = this.request;
    try {
      const resources = await this.look();
      const problem = await this.problem(resources);
      if (problem !== undefined) return { outcome: 'refused', why: problem };
      const keys = this.request.keepKeys ? [] : await this.keys();
      if (resources.length === 0 && keys.length === 0) {
        return {
          outcome: 'refused',
          why: `there is no table and no key of '${systemName}' in ${this.request.regions.join(', ')}: check the name and the regions`,
        };
      }
      this.show(resources, keys);
      if (dryRun) return { outcome: 'shown' };
      const typed = await this.ports.ask(`Type the system's name (${systemName}) to delete all of this for good: `);
      if (typed?.trim() !== systemName) {
        return { outcome: 'refused', why: `the name given is '${typed?.trim() ?? ''}' and not '${systemName}': nothing was changed` };
      }
      for (const table of resources) await this.removeTable(table);
      await this.removeKeys(keys);
      return { outcome: 'removed', tables: resources.map(({ table }) => table), keys: keys.map(([region]) => region) };
    } catch (error) {
      if (error instanceof Stopped) return { outcome: 'stopped', at: error.at, why: error.message, done: this.done };
      throw error;
    }
  }

  private get tables(): string[] {
    const { systemName, tables } = this.request;
    return [...tables, ledgerTableName(systemName), authorityTableName(systemName)];
  }

  private async look(): Promise<Found[]> {
    const resources: Found[] = [];
    for (const table of this.tables) {
      const states = await this.statesOf(table);
      if (states.size > 0) resources.push({ table, regions: [...states.keys()], states });
    }
    return resources;
  }

  private async statesOf(table: string): Promise<Map<string, TableState>> {
    const states = new Map<string, TableState>();
    for (const region of this.request.regions) {
      const state = await this.attempt(`look at ${table} in ${region}`, () => this.ports.describeTable(region, table));
      if (state) states.set(region, state);
    }
    return states;
  }

  /** Why nothing may be touched. */
  private async problem(found: readonly Found[]): Promise<string | undefined> {
    const { systemName, regions } = this.request;
    for (const { table, states } of found) {
      const unnamed = [...states.values()].flatMap(({ replicas }) => replicas).find((region) => !regions.includes(region));
      if (unnamed !== undefined) {
        return `${table} has a copy in ${unnamed}, which was not named: give --region ${unnamed} too, or its key would be forgotten`;
      }
    }
    for (const region of regions) {
      const name = `${systemName}-payments`;
      if (await this.attempt(`look for the function ${name} in ${region}`, () => this.ports.functionExists(region, name))) {
        return (
          `the function ${name} still stands in ${region}: take the system out of service first, with 'npx cdk destroy ` +
          `--all' in its app`
        );
      }
    }
    return undefined;
  }

  private async keys(): Promise<[region: string, keyId: string][]> {
    const keys: [string, string][] = [];
    for (const region of this.request.regions) {
      const keyId = await this.attempt(`look for the key in ${region}`, () => this.ports.keyOf(region, this.alias));
      if (keyId !== undefined) keys.push([region, keyId]);
    }
    return keys;
  }

  private get alias(): string {
    return `alias/${this.request.systemName}-ledger`;
  }

  private show(found: readonly Found[], keys: readonly (readonly [string, string])[]): void {
    for (const { table, states } of found) {
      const copies = [...states].map(
        ([region, { items, deletionProtection }]) => `${region} (about ${items} items${deletionProtection ? ', protected' : ''})`,
      );
      const witnesses = [...new Set([...states.values()].flatMap((state) => state.witnesses))];
      this.ports.say(`table ${table} in ${copies.join(', ')}${witnesses.length > 0 ? `, witness in ${witnesses.join(', ')}` : ''}`);
    }
    for (const [region, keyId] of keys) this.ports.say(`key ${this.alias} in ${region} (${keyId}), deleted ${keyDeletionDays} days later`);
  }

  /** Copy by copy, until no region has one: a replica leaves the table that stays, and the last copy is deleted as a table of its own. */
  private async removeTable({ table, regions }: Found): Promise<void> {
    for (const region of regions) await this.unprotect(table, region);
    for (let states = await this.statesOf(table); states.size > 0; states = await this.statesOf(table)) {
      const [kept, state] = [...states].find(([, { status }]) => status !== 'DELETING') ?? [];
      if (kept === undefined || state === undefined) await this.gone(table, [...states.keys()]);
      else if (state.replicas.length + state.witnesses.length > 0) await this.dissolve(table, kept, state);
      else await this.delete(table, kept);
    }
  }

  /** The copy is UPDATING for half a minute afterwards, and refuses what comes next. */
  private async unprotect(table: string, region: string): Promise<void> {
    const state = await this.settled(table, region);
    if (!state?.deletionProtection) return;
    await this.step(`switch off the deletion protection of ${table} in ${region}`, () => this.ports.unprotectTable(region, table));
    await this.until(`the deletion protection of ${table} in ${region} is off`, async () => {
      const now = await this.ports.describeTable(region, table);
      return now === undefined || (now.status === 'ACTIVE' && !now.deletionProtection);
    });
  }

  /** A strongly consistent table loses its other members in one request; any other table loses one replica at a time. */
  private async dissolve(table: string, kept: string, { strong, replicas, witnesses }: TableState): Promise<void> {
    await this.settled(table, kept);
    const leaving = strong ? replicas : replicas.slice(0, 1);
    await this.step(`take ${[...leaving, ...witnesses].join(', ')} from ${table}, which stays in ${kept}`, () =>
      this.ports.dissolve(kept, table, leaving, witnesses),
    );
    await this.until(`${table} in ${kept} is without ${[...leaving, ...witnesses].join(', ')}`, async () => {
      const now = await this.ports.describeTable(kept, table);
      return (
        now === undefined ||
        (now.status === 'ACTIVE' && !now.replicas.some((region) => leaving.includes(region)) && now.witnesses.length === 0)
      );
    });
    await this.gone(table, leaving);
  }

  private async delete(table: string, region: string): Promise<void> {
    await this.settled(table, region);
    await this.step(`delete ${table} in ${region}`, () => this.ports.deleteTable(region, table));
    await this.gone(table, [region]);
  }

  private async removeKeys(keys: readonly (readonly [region: string, keyId: string])[]): Promise<void> {
    if (keys.length === 0) return;
    // Once more, all of them in all regions: without its key a table cannot be read by anybody, ever again.
    for (const table of this.tables) {
      const [left] = (await this.statesOf(table)).keys();
      if (left !== undefined) {
        throw new Stopped(`before the keys: ${table} is still in ${left}`, 'no key is touched while a table is there');
      }
    }
    for (const [region, keyId] of keys) {
      await this.step(`schedule the deletion of the key ${keyId} in ${region}, in ${keyDeletionDays} days`, () =>
        this.ports.scheduleKeyDeletion(region, keyId, keyDeletionDays),
      );
      await this.step(`delete ${this.alias} in ${region}`, () => this.ports.deleteAlias(region, this.alias));
    }
  }

  private async step(what: string, run: () => Promise<void>): Promise<void> {
    this.ports.say(`${what} ...`);
    await this.attempt(what, run);
    this.done.push(what);
  }

  /** The table when it takes changes again. */
  private async settled(table: string, region: string): Promise<TableState | undefined> {
    let state: TableState | undefined;
    await this.until(`${table} in ${region} takes changes`, async () => {
      state = await this.ports.describeTable(region, table);
      return state === undefined || state.status === 'ACTIVE';
    });
    return state;
  }

  private async gone(table: string, regions: readonly string[]): Promise<void> {
    for (const region of regions) {
      await this.until(`${table} is gone from ${region}`, async () => (await this.ports.describeTable(region, table)) === undefined);
    }
  }

  private async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const end = this.ports.nowMs() + patienceMs;
    for (let isTold = false; !(await this.attempt(`see whether ${what}`, holds)); isTold = true) {
      if (this.ports.nowMs() >= end) {
        throw new Stopped(
          `wait until ${what}`,
          `this did not happen within ${patienceMs / 60_000} minutes: look at it in the console, then give the command again`,
        );
      }
      if (!isTold) this.ports.say(`  waiting until ${what}`);
      await this.ports.sleep(lookEveryMs);
    }
  }

  private async attempt<T>(what: string, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      throw new Stopped(what, namedCauseOf(error));
    }
  }
}
