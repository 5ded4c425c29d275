import { DynamoAnswer, internalServerError, jsonAnswer, validationError } from './answer';
import { EventualTable } from './eventual-table';
import { DynamoInput, TableUse, tableName, tableUses, transactions } from './operations';
import { StrongTable, TableNetwork } from './strong-table';
import { GlobalTablePlan, TableStatus } from '../ground/model';
import { EngineClient } from '../network/engine-client';
import { Place, placeOf } from '../network/network';

export type GlobalTablesOptions = Omit<TableNetwork, 'client'>;

/** A DynamoDB call as it enters in a region. */
export interface DynamoCall {
  /** Region of the call's signature. */
  readonly region: string;
  /** For example `PutItem`. */
  readonly operation: string;
  readonly body: Buffer;
  /** Judges the caller for what the emulator will not see under the caller's own signature; undefined: allowed. */
  readonly authorize: (action: string, table: string, leadingKeys?: readonly string[]) => Promise<DynamoAnswer | undefined>;
}

/** What becomes of a DynamoDB call. */
export type TableAnswer =
  | { readonly kind: 'answered'; readonly answer: DynamoAnswer }
  /** The region's own engine answers, under the caller's own signature; `done` wants to hear when it has. */
  | { readonly kind: 'local'; readonly done?: () => void };

export interface GlobalTables {
  /** Tells of tables that will be added, so that a deployment which asks how their copies agree is answered before. */
  declare(plans: readonly GlobalTablePlan[]): void;
  /**
   * Puts a table under its rules, once it was created in every replica's engine and, with the witness, in the witness's.
   *
   * @param home where a STRONG table's one copy is, in a process that is never stopped; default: the witness's own
   */
  add(plan: GlobalTablePlan, home?: Place): Promise<void>;
  handle(call: DynamoCall): Promise<TableAnswer>;
  status(): TableStatus[];
  close(): Promise<void>;
}

/** The run's global tables: none at first. */
export function createGlobalTables(options: GlobalTablesOptions): GlobalTables {
  return new TablesOfRun({ ...options, client: new EngineClient(options.engines) });
}

class TablesOfRun implements GlobalTables {
  private readonly strong = new Map<string, StrongTable>();
  private readonly eventual = new Map<string, EventualTable>();

  private readonly declared = new Map<string, GlobalTablePlan>();

  public constructor(private readonly network: TableNetwork) {}

  public declare(plans: readonly GlobalTablePlan[]): void {
    for (const plan of plans) this.declared.set(plan.name, plan);
  }

  public async add(plan: GlobalTablePlan, home = plan.witness === undefined ? undefined : placeOf(plan.witness)): Promise<void> {
    if (this.strong.has(plan.name) || this.eventual.has(plan.name)) throw new Error(`global table ${plan.name} was added twice`);
    if (plan.mode === 'EVENTUAL') {
      const table = new EventualTable(plan, this.network);
      await table.open();
      this.eventual.set(plan.name, table);
      return;
    }
    if (!home) {
      throw new Error(`global table ${plan.name} has no witness: name the engine that holds its one copy, one that is never stopped`);
    }
    const table = new StrongTable(plan, home, this.network);
    await table.open();
    this.strong.set(plan.name, table);
  }

  public async handle(call: DynamoCall): Promise<TableAnswer> {
    const input = parse(call.body);
    if (!input) return { kind: 'local' };
    if (call.operation === 'DescribeTable') return this.describe(call, input);
    const ttlOf = call.operation === 'UpdateTimeToLive' ? this.strong.get(tableName(input.TableName)) : undefined;
    if (ttlOf?.covers(call.region)) {
      return tableAnswer(validationError('Time to live is not supported on a global table with multi-Region strong consistency'));
    }
    const uses = tableUses(call.operation, input);
    const governed = uses.filter((use) => use.kind !== 'local' && this.strong.get(use.table)?.covers(call.region));
    if (!governed.length) return this.local(call.region, uses);
    for (const use of uses) {
      const denied = await call.authorize(use.action, use.table, this.strong.get(use.table)?.leadingKeys(use));
      if (denied) return tableAnswer(denied);
    }
    if (transactions.has(call.operation)) {
      return tableAnswer(validationError('Transactions are not supported on a global table with multi-Region strong consistency'));
    }
    return tableAnswer(await this.answer(call, input, uses, governed).catch((error: Error) => internalServerError(error.message)));
  }

  public status(): TableStatus[] {
    return [...this.strong.values(), ...this.eventual.values()].map((table) => table.status(Date.now()));
  }

  public async close(): Promise<void> {
    this.network.client.close();
    await Promise.all([...this.strong.values(), ...this.eventual.values()].map((table) => table.close()));
  }

  /** The engine's own answer, and how the copies agree, of which it knows nothing. */
  private async describe(call: DynamoCall, input: DynamoInput): Promise<TableAnswer> {
    const plan = this.declared.get(tableName(input.TableName));
    if (!plan?.replicas.includes(call.region)) return { kind: 'local' };
    const denied = await call.authorize('dynamodb:DescribeTable', plan.name);
    if (denied) return tableAnswer(denied);
    const description = await this.network.client.dynamodb(placeOf(call.region), call.operation, input);
    if (description.status !== 200) {
      return tableAnswer({ status: description.status, headers: { 'content-type': 'application/x-amz-json-1.0' }, body: description.body });
    }
    const { Table } = JSON.parse(description.body.toString()) as { Table: object };
    // The region that is asked is not among them.
    const Replicas = plan.replicas
      .filter((region) => region !== call.region)
      .map((RegionName) => ({ RegionName, ReplicaStatus: 'ACTIVE' }));
    return tableAnswer(jsonAnswer(200, { Table: { ...Table, MultiRegionConsistency: plan.mode, Replicas } }));
  }

  private local(region: string, uses: readonly TableUse[]): TableAnswer {
    const written = uses.filter((use) => use.kind === 'write').flatMap((use) => this.eventual.get(use.table) ?? []);
    return { kind: 'local', done: written.length ? () => written.forEach((table) => table.wrote(region)) : undefined };
  }

  private async answer(
    call: DynamoCall,
    input: DynamoInput,
    uses: readonly TableUse[],
    governed: readonly TableUse[],
  ): Promise<DynamoAnswer> {
    const tables = [...new Set(governed.map((use) => this.strong.get(use.table)!))];
    if (tables.length === 1 && governed.length === uses.length) return tables[0].call(call.region, call.operation, uses, call.body);
    const requests = input.RequestItems as Record<string, unknown> | undefined;
    if (!requests) {
      return validationError(
        'The local run does not serve PartiQL statements on several tables at once when one of them has multi-Region strong consistency',
      );
    }
    const answers: DynamoAnswer[] = [];
    for (const table of tables) {
      const own = governed.filter((use) => this.strong.get(use.table) === table);
      const part = { ...input, RequestItems: pick(requests, (name) => own.some((use) => use.table === name)) };
      answers.push(await table.call(call.region, call.operation, own, Buffer.from(JSON.stringify(part))));
    }
    const rest = pick(requests, (name) => !governed.some((use) => use.table === name));
    if (Object.keys(rest).length) {
      const local = await this.network.client.dynamodb(placeOf(call.region), call.operation, { ...input, RequestItems: rest });
      answers.push({ status: local.status, headers: { 'content-type': 'application/x-amz-json-1.0' }, body: local.body });
    }
    return merge(answers);
  }
}

function tableAnswer(answer: DynamoAnswer): TableAnswer {
  return { kind: 'answered', answer };
}

function pick(requests: Record<string, unknown>, wanted: (table: string) => boolean): Record<string, unknown> {
  return Object.fromEntries(Object.entries(requests).filter(([name]) => wanted(tableName(name))));
}

/** One batch's answer from the answers of its parts; the first failure is the whole's. */
function merge(answers: readonly DynamoAnswer[]): DynamoAnswer {
  const failed = answers.find((part) => part.status !== 200);
  if (failed) return failed;
  const whole: Record<string, unknown> = {};
  for (const part of answers.map((each) => JSON.parse(each.body.toString()) as Record<string, unknown>)) {
    for (const [name, value] of Object.entries(part)) {
      whole[name] = Array.isArray(value)
        ? [...((whole[name] ?? []) as unknown[]), ...value]
        : { ...(whole[name] as object), ...(value as object) };
    }
  }
  return jsonAnswer(200, whole);
}

function parse(body: Buffer): DynamoInput | undefined {
  try {
    const input: unknown = JSON.parse(body.toString());
    return typeof input === 'object' && input !== null ? (input as DynamoInput) : undefined;
  } catch {
    return undefined;
  }
}
