import type { RemovalPorts, TableState } from '../../src/commands/remove/service';

interface Copy {
  protected: boolean;
  busyUntil: number;
  deletingUntil?: number;
}
interface Table {
  strong: boolean;
  witnesses: string[];
  copies: Map<string, Copy>;
}

/** Times that AWS was seen to take, milliseconds. */
const updatingMs = 36_000;
const sourceMs = 40_000;
const deletingMs = 180_000;

const refusal = (name: string, message: string): Error => Object.assign(new Error(message), { name });

/** An account whose tables take as long as those of AWS and refuse what they refuse. */
export class FakeAccount implements RemovalPorts {
  now = 0;
  readonly tables = new Map<string, Table>();
  readonly keys = new Map<string, string>();
  readonly scheduled: string[] = [];
  readonly functions: string[] = [];
  readonly said: string[] = [];
  readonly calls: string[] = [];
  answer?: string;
  /** Fails a call by its name, once. */
  refuse?: string;

  add(
    name: string,
    regions: readonly string[],
    { strong = false, witnesses = [] as string[], guarded = true, separate = false } = {},
  ): void {
    const copy = (): Copy => ({ protected: guarded, busyUntil: 0 });
    if (separate) {
      for (const region of regions) this.tables.set(`${name}@${region}`, { strong, witnesses: [], copies: new Map([[region, copy()]]) });
    } else {
      this.tables.set(name, { strong, witnesses: [...witnesses], copies: new Map(regions.map((region) => [region, copy()])) });
    }
  }

  async describeTable(region: string, name: string): Promise<TableState | undefined> {
    const [table, copy] = this.find(region, name);
    if (!table || !copy) return undefined;
    return {
      status: copy.deletingUntil !== undefined ? 'DELETING' : copy.busyUntil > this.now ? 'UPDATING' : 'ACTIVE',
      deletionProtection: copy.protected,
      items: 7,
      strong: table.strong,
      replicas: [...table.copies]
        .filter(([other, { deletingUntil }]) => other !== region && deletingUntil === undefined)
        .map(([other]) => other),
      witnesses: table.witnesses,
    };
  }

  async unprotectTable(region: string, name: string): Promise<void> {
    const copy = this.change('unprotect', region, name);
    copy.protected = false;
    copy.busyUntil = this.now + updatingMs;
  }

  async dissolve(region: string, name: string, replicas: readonly string[], witnesses: readonly string[]): Promise<void> {
    const copy = this.change(`dissolve ${[...replicas, ...witnesses].join('+')}`, region, name);
    const [table] = this.find(region, name);
    const others = [...table!.copies.keys()].filter((other) => other !== region);
    if (table!.strong && (replicas.length !== others.length || witnesses.length !== table!.witnesses.length)) {
      throw refusal('ValidationException', 'all other members leave in one request');
    }
    if (!table!.strong && replicas.length !== 1) throw refusal('ValidationException', 'one replica at a time');
    for (const other of replicas) {
      const leaving = table!.copies.get(other)!;
      if (leaving.protected) throw refusal('ValidationException', `the replica in ${other} is protected`);
      leaving.deletingUntil = this.now + deletingMs;
    }
    table!.witnesses = [];
    copy.busyUntil = this.now + sourceMs;
  }

  async deleteTable(region: string, name: string): Promise<void> {
    const copy = this.change('delete', region, name);
    const [table] = this.find(region, name);
    if (copy.protected) throw refusal('ValidationException', 'deletion protection is on');
    if (table!.copies.size > 1 || table!.witnesses.length > 0) {
      throw refusal('ValidationException', 'it acted as a source region in the last 24 hours');
    }
    copy.deletingUntil = this.now + 30_000;
  }

  async functionExists(region: string, name: string): Promise<boolean> {
    return this.functions.includes(`${name}@${region}`);
  }

  async keyOf(region: string): Promise<string | undefined> {
    return this.keys.get(region);
  }

  async scheduleKeyDeletion(region: string, keyId: string, days: number): Promise<void> {
    this.calls.push(`schedule ${region}`);
    if ([...this.tables.values()].some(({ copies }) => copies.size > 0)) throw new Error('a table still needs this key');
    this.scheduled.push(`${region} ${keyId} ${days}`);
  }

  async deleteAlias(region: string): Promise<void> {
    this.keys.delete(region);
  }

  nowMs = (): number => this.now;

  async sleep(ms: number): Promise<void> {
    this.now += ms;
    for (const [name, table] of this.tables) {
      for (const [region, { deletingUntil }] of table.copies) {
        if (deletingUntil !== undefined && deletingUntil <= this.now) table.copies.delete(region);
      }
      if (table.copies.size === 0) this.tables.delete(name);
    }
  }

  say(line: string): void {
    this.said.push(line);
  }

  async ask(): Promise<string | undefined> {
    return this.answer;
  }

  private find(region: string, name: string): [Table | undefined, Copy | undefined] {
    const table = this.tables.get(`${name}@${region}`) ?? this.tables.get(name);
    return [table, table?.copies.get(region)];
  }

  private change(what: string, region: string, name: string): Copy {
    this.calls.push(`${what} ${name} ${region}`);
    if (this.refuse === what) {
      this.refuse = undefined;
      throw refusal('AccessDeniedException', `not authorized to ${what}`);
    }
    const [, copy] = this.find(region, name);
    if (!copy) throw refusal('ResourceNotFoundException', name);
    if (copy.deletingUntil !== undefined || copy.busyUntil > this.now) {
      throw refusal('ResourceInUseException', `${name} in ${region} is being changed`);
    }
    return copy;
  }
}
