import type { RecordSet } from './records';
import { latencyMs } from './region-latency';

export interface Choice {
  readonly location: string;
  readonly healthy: (record: RecordSet) => boolean;
  /** 0 or more, less than 1. */
  readonly random: () => number;
}

/** The record of one name that a client is given, by Route 53's rules. All unhealthy counts as all healthy: Route 53 fails open. */
export function chooseRecord(group: readonly RecordSet[], choice: Choice): RecordSet | undefined {
  if (group.length === 0) return undefined;
  switch (group[0].routing) {
    case 'weighted':
      return weighted(group, choice);
    case 'failover':
      return failover(group, choice);
    case 'latency':
      return nearest(healthyOrAll(group, choice), choice.location);
    case 'geolocation':
      return healthyOrAll(group, choice).find((record) => record.geolocation === '*') ?? group[0];
    default: {
      const candidates = healthyOrAll(group, choice);
      return candidates[Math.floor(choice.random() * candidates.length)];
    }
  }
}

function healthyOrAll(group: readonly RecordSet[], choice: Choice): readonly RecordSet[] {
  const healthy = group.filter(choice.healthy);
  return healthy.length ? healthy : group;
}

function nearest(group: readonly RecordSet[], location: string): RecordSet {
  return group.reduce((best, record) =>
    latencyMs(location, record.region ?? '') < latencyMs(location, best.region ?? '') ? record : best,
  );
}

/** Records of weight 0 are asked for only when no other one is healthy. */
function weighted(group: readonly RecordSet[], choice: Choice): RecordSet {
  const loaded = group.filter((record) => (record.weight ?? 0) > 0);
  const idle = group.filter((record) => (record.weight ?? 0) === 0);
  const candidates = [loaded.filter(choice.healthy), idle.filter(choice.healthy), loaded, idle].find((list) => list.length > 0) ?? group;
  const weightOf = (record: RecordSet) => record.weight || (candidates.every((other) => !other.weight) ? 1 : 0);
  let point = choice.random() * candidates.reduce((sum, record) => sum + weightOf(record), 0);
  for (const record of candidates) {
    point -= weightOf(record);
    if (point < 0) return record;
  }
  return candidates[candidates.length - 1];
}

function failover(group: readonly RecordSet[], choice: Choice): RecordSet {
  const primary = group.find((record) => record.failover === 'PRIMARY');
  const secondary = group.find((record) => record.failover === 'SECONDARY');
  if (primary && (choice.healthy(primary) || !secondary || !choice.healthy(secondary))) return primary;
  return secondary ?? group[0];
}
