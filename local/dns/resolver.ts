import { normalName, type RecordSet } from './records';
import { chooseRecord } from './routing';
import type { DnsAnswer } from '../ground/model';

export interface ResolverDeps {
  /** As some name server says now. */
  readonly records: () => readonly RecordSet[];
  readonly healthyCheck: (healthCheckId: string) => boolean;
  readonly now: () => number;
  readonly random: () => number;
}

/** Longest chain of names that is followed, as resolvers bound it. */
const longestChain = 8;
/** Resolver names come from clients: the caches must not grow without bound. */
const mostCached = 10_000;

/** A resolver of such a name keeps its first answer for good, whatever the TTL says: some do, for days. */
const staleMark = 'stale';

/** Region of a regional API Gateway name, as `d-abc.execute-api.us-east-1.amazonaws.com`. */
export function regionOfApiName(name: string): string | undefined {
  return /\.execute-api\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?$/.exec(name)?.[1];
}

/** Resolves names by the records, each client's resolver keeping an answer for its TTL. */
export class Resolver {
  private readonly cache = new Map<string, { record: RecordSet; value: string; expiresAt: number }>();

  constructor(private readonly deps: ResolverDeps) {}

  public resolve(query: { name: string; location: string; resolver?: string }): DnsAnswer {
    let name = normalName(query.name);
    let ttlSeconds: number | undefined;
    for (let step = 0; step < longestChain; step += 1) {
      const region = regionOfApiName(name);
      if (region) return { kind: 'found', host: normalName(query.name), target: name, region, ttlSeconds };
      const next = this.lookUp(name, query.location, query.resolver ?? '');
      if (next === undefined) return { kind: 'nowhere', reason: `no record set leads from ${name} to an API` };
      name = next.value;
      ttlSeconds ??= next.record.ttlSeconds;
    }
    return {
      kind: 'nowhere',
      reason: `the records of ${normalName(query.name)} lead round in a circle or through more than ${longestChain} names`,
    };
  }

  public isHealthy(record: RecordSet, depth = 0): boolean {
    if (record.healthCheckId !== undefined && !this.deps.healthyCheck(record.healthCheckId)) return false;
    if (!record.alias || !record.evaluateTargetHealth || depth >= longestChain) return true;
    const targets = this.group(record.values[0]);
    return targets.length === 0 || targets.some((target) => this.isHealthy(target, depth + 1));
  }

  /** Names in the zone from which clients can start. */
  public names(): string[] {
    return [...new Set(this.deps.records().map((record) => record.name))];
  }

  /** The record sets of a name that a client asking for its address is given. */
  public group(name: string): RecordSet[] {
    const ofName = this.deps.records().filter((record) => record.name === name);
    return ['CNAME', 'A', 'AAAA'].map((type) => ofName.filter((record) => record.type === type)).find((list) => list.length > 0) ?? [];
  }

  /** Regions that a record can lead to, whatever the health. */
  public regionsBehind(record: RecordSet, depth = 0): string[] {
    return record.values.flatMap((value) => {
      const region = regionOfApiName(value);
      if (region) return [region];
      return depth < longestChain ? this.group(value).flatMap((next) => this.regionsBehind(next, depth + 1)) : [];
    });
  }

  private lookUp(name: string, location: string, resolver: string): { readonly value: string; readonly record: RecordSet } | undefined {
    const key = `${resolver}|${location}|${name}`;
    const cached = this.cache.get(key);
    if (cached && cached.expiresAt > this.deps.now()) return cached;
    const record = chooseRecord(this.group(name), {
      location,
      healthy: (candidate) => this.isHealthy(candidate),
      random: this.deps.random,
    });
    const value = record?.values[Math.floor(this.deps.random() * record.values.length)];
    this.cache.delete(key);
    if (!record || value === undefined) return undefined;
    if (this.cache.size >= mostCached) this.cache.delete(this.cache.keys().next().value as string);
    this.cache.set(key, {
      record,
      value,
      expiresAt: resolver.startsWith(staleMark) ? Infinity : this.deps.now() + record.ttlSeconds * 1000,
    });
    return { value, record };
  }
}
