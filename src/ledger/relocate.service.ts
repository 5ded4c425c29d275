import { Attempt } from './attempt.service';
import { Authority, AuthorityRecord } from './authority.service';

/** An item's key and version, as a replica has it now. */
export interface ItemVersion {
  readonly pk: string;
  readonly version: number;
}

export interface RelocationPorts {
  /** All of a replica's items, in any order; strongly consistent within its region. */
  readonly scan: (region: string) => AsyncIterable<ItemVersion>;
}

/** Where two replicas differ; a sample of keys, newest state of both sides. */
export interface Difference {
  readonly missing: number;
  readonly older: number;
  readonly compared: number;
  readonly sample: readonly string[];
}

export type RelocationResult =
  | { readonly kind: 'moved'; readonly record: AuthorityRecord; readonly compared: number }
  /** Not in the state for it: nobody is home there, or another move runs. */
  | { readonly kind: 'refused'; readonly detail: string }
  /** Not everything arrived in time; the old home writes again. */
  | { readonly kind: 'aborted'; readonly difference: Difference };

const sampleSize = 10;

/** What the target lacks of the source, item by item: replication keeps no order across items, so no single item can prove it. */
export async function compareReplicas(ports: RelocationPorts, source: string, target: string): Promise<Difference> {
  const there = new Map<string, number>();
  for await (const { pk, version } of ports.scan(target)) there.set(pk, version);
  let missing = 0;
  let older = 0;
  let compared = 0;
  const sample: string[] = [];
  for await (const { pk, version } of ports.scan(source)) {
    compared += 1;
    const found = there.get(pk);
    if (found !== undefined && found >= version) continue;
    if (found === undefined) missing += 1;
    else older += 1;
    if (sample.length < sampleSize) sample.push(pk);
  }
  return { missing, older, compared, sample };
}

/**
 * Moves a unit's home, planned: stop the old home's writing, prove that the new one has everything, open the next epoch. Until the
 * last step it can be called off at any point, and a call that died can be made again.
 */
export async function relocate(attempt: Attempt, authority: Authority, ports: RelocationPorts, unit: number, from: string): Promise<RelocationResult> {
  const { region } = attempt.settings;
  const draining = await authority.beginDrain(attempt, unit, region);
  if (!draining) return { kind: 'refused', detail: `unit ${unit} is not at ${from}, or is being moved elsewhere: read its record first` };
  const quietAt = authority.quietAfterMs(draining, attempt.ports.nowMs());
  for (;;) {
    // Judged before the comparison begins: what it reads must not be changed behind its back.
    const quiet = attempt.ports.nowMs() >= quietAt;
    const difference = await compareReplicas(ports, draining.home, region);
    if (quiet && difference.missing + difference.older === 0) {
      const record = await authority.completeDrain(attempt, unit);
      return record
        ? { kind: 'moved', record, compared: difference.compared }
        : { kind: 'refused', detail: `unit ${unit} was changed by another move in the meantime` };
    }
    const waitMs = quiet ? 200 : Math.max(50, quietAt - attempt.ports.nowMs());
    if (attempt.ports.nowMs() + waitMs >= attempt.context.deadlineMs) {
      await authority.abortDrain(attempt, unit);
      return { kind: 'aborted', difference };
    }
    await attempt.ports.sleep(waitMs);
  }
}
