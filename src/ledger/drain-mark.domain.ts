import { switchAttributes } from './contract';
import { DrainMark } from './model';

/** An item's attributes as DynamoDB has them. */
export type SwitchItem = Readonly<Record<string, { readonly S?: string; readonly N?: string }>>;

export function markItem({ owner, at, until }: DrainMark): Record<string, { S: string } | { N: string }> {
  return {
    [switchAttributes.owner]: { S: owner },
    [switchAttributes.at]: { N: String(at) },
    ...(until === undefined ? {} : { [switchAttributes.until]: { N: String(until) } }),
  };
}

/** What is not a number is no end: the region stays drained. */
export function markOf(item: SwitchItem): DrainMark {
  const until = item[switchAttributes.until]?.N;
  return {
    owner: item[switchAttributes.owner]?.S ?? '',
    at: Number(item[switchAttributes.at]?.N ?? 0),
    ...(until === undefined ? {} : { until: Number(until) }),
  };
}

/** Whether a switch drains its region at a moment: by the clock of who asks, without a word of who has set it. */
export function isDrainedBy({ until }: Pick<DrainMark, 'until'>, nowMs: number): boolean {
  return until === undefined || nowMs < until;
}
