import { randomBytes } from 'node:crypto';
import type { RecordSet } from './records';

/** One change of a batch. */
export interface RecordChange {
  readonly action: 'CREATE' | 'DELETE' | 'UPSERT';
  readonly record: RecordSet;
}

export type ChangeResult =
  { readonly kind: 'accepted'; readonly id: string } | { readonly kind: 'refused'; readonly messages: readonly string[] };

/** Where the resolver has its records from. */
export interface RecordSource {
  /** As some name server says at this moment: while a change is on its way, each may still have the old ones. */
  served(): readonly RecordSet[];
  /** As the control plane has them. */
  recorded(): readonly RecordSet[];
}

export interface RecordStoreOptions {
  /** How long a change takes to all name servers, milliseconds. On AWS mostly under a minute. Default 1,000. */
  readonly propagationMs?: number;
  readonly now?: () => number;
  readonly random?: () => number;
}

interface Zone {
  records: readonly RecordSet[];
}
interface LastChange {
  readonly at: number;
  readonly before: readonly RecordSet[];
}

/** Names of changes that are remembered. */
const changesKept = 1_000;

/** Route 53's records: those of the templates, and those that calls of its API made. All zones of the run are one account's. */
export class RecordStore implements RecordSource {
  private readonly zones = new Map<string, Zone>();
  private templates: readonly RecordSet[] = [];
  private readonly changes = new Map<string, number>();
  private last?: LastChange;
  private healthChecks: ReadonlySet<string> = new Set();
  private readonly now: () => number;
  private readonly random: () => number;
  private readonly propagationMs: number;

  constructor(options: RecordStoreOptions = {}) {
    this.now = options.now ?? Date.now;
    this.random = options.random ?? Math.random;
    this.propagationMs = options.propagationMs ?? 1_000;
  }

  /** Health checks that records may name. */
  public declareHealthChecks(ids: readonly string[]): void {
    this.healthChecks = new Set(ids);
  }

  /** The templates' own records, as CloudFormation has just made or changed them; what calls made or changed stays. */
  public useTemplates(records: readonly RecordSet[]): void {
    const changed = [...this.zones.values()].flatMap((zone) => zone.records);
    this.templates = records.filter((record) => !changed.some((other) => isSame(other, record)));
  }

  public recorded(): readonly RecordSet[] {
    return [...this.templates, ...[...this.zones.values()].flatMap(({ records }) => records)];
  }

  public served(): readonly RecordSet[] {
    const all = this.recorded();
    if (!this.last || this.now() - this.last.at >= this.propagationMs) return all;
    return this.random() < 0.5 ? this.last.before : all;
  }

  /** Records of a zone; a template's records are in the zone that they name. */
  public list(zoneId: string): readonly RecordSet[] {
    return [...this.templates.filter((record) => record.zoneId === zoneId), ...(this.zones.get(zoneId)?.records ?? [])];
  }

  /** All of a batch or nothing, as Route 53 does it. */
  public change(zoneId: string, batch: readonly RecordChange[]): ChangeResult {
    const before = this.recorded();
    const messages: string[] = [];
    let records = [...(this.zones.get(zoneId)?.records ?? [])];
    // Route 53 does not know who has made a record: a template's can be changed by a call too.
    let ofTemplates = this.templates.filter((record) => record.zoneId === zoneId);
    for (const { action, record } of batch) {
      const problem = this.problem(action, record, [...ofTemplates, ...records]);
      if (problem) messages.push(problem);
      if (action !== 'CREATE') {
        records = records.filter((other) => !isSame(other, record));
        ofTemplates = ofTemplates.filter((other) => !isSame(other, record));
      }
      if (action !== 'DELETE') records.push({ ...record, zoneId });
    }
    // As it would be afterwards: a batch may take out what stood in the way.
    messages.push(...conflicts([...ofTemplates, ...records], batch));
    if (messages.length > 0) return { kind: 'refused', messages };
    this.zones.set(zoneId, { records });
    this.templates = [...this.templates.filter((record) => record.zoneId !== zoneId), ...ofTemplates];
    const id = `C${randomBytes(10).toString('hex').toUpperCase().slice(0, 20)}`;
    this.changes.set(id, this.now());
    if (this.changes.size > changesKept) this.changes.delete(this.changes.keys().next().value!);
    this.last = { at: this.now(), before };
    return { kind: 'accepted', id };
  }

  public changeStatus(id: string): { readonly status: 'PENDING' | 'INSYNC'; readonly submittedAt: number } | undefined {
    const submittedAt = this.changes.get(id);
    if (submittedAt === undefined) return undefined;
    return { status: this.now() - submittedAt >= this.propagationMs ? 'INSYNC' : 'PENDING', submittedAt };
  }

  private problem(action: RecordChange['action'], record: RecordSet, records: readonly RecordSet[]): string | undefined {
    const { name, type, setIdentifier, healthCheckId } = record;
    const what = `[name='${name}.', type='${type}'${setIdentifier === undefined ? '' : `, set-identifier='${setIdentifier}'`}]`;
    const same = records.find((other) => isSame(other, record));
    if (action === 'CREATE' && same) return `Tried to create resource record set ${what} but it already exists`;
    if (action === 'DELETE' && !same) return `Tried to delete resource record set ${what} but it was not found`;
    if (action === 'DELETE' && content(same!) !== content(record)) {
      return `Tried to delete resource record set ${what} but the values provided do not match the current values`;
    }
    if (action !== 'DELETE' && healthCheckId !== undefined && !this.healthChecks.has(healthCheckId)) {
      return `No health check found with ID: ${healthCheckId}`;
    }
    return undefined;
  }
}

/** Whether two record sets are one to Route 53. */
function isSame(a: RecordSet, b: RecordSet): boolean {
  return a.name === b.name && a.type === b.type && a.setIdentifier === b.setIdentifier;
}

function content({ zoneId, ...record }: RecordSet): string {
  return JSON.stringify(
    Object.entries(record)
      .filter(([, value]) => value !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** Rules between the records of one name. */
function conflicts(records: readonly RecordSet[], batch: readonly RecordChange[]): string[] {
  const writes = batch.filter(({ action }) => action !== 'DELETE').map(({ record }) => record);
  return writes.flatMap((record) => {
    const others = records.filter((other) => other.name === record.name && !isSame(other, record));
    const where = `RRSet with DNS name ${record.name}., type ${record.type}`;
    if (others.some((other) => (other.type === 'CNAME') !== (record.type === 'CNAME'))) {
      return [`${where} cannot be created as a CNAME and another type share its name`];
    }
    const other = others.find(({ type, routing }) => type === record.type && routing !== record.routing);
    return other
      ? [
          `${where}, SetIdentifier ${record.setIdentifier} cannot be created because a record of another routing policy exists with ` +
            `the same name and type`,
        ]
      : [];
  });
}
