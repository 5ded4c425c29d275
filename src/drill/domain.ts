import { DrillKind, drillLimits, drillOwnerPrefix, DrillPlan } from './contract';
import { faultLimits } from './fault/contract';
import { DrillRequest } from './machine/contract';
import { DrillCheck, DrillFacts, DrillMetricsSeen, DrillResult, ProbeAudit, ProbedCalls, RegionShares } from './model';
import { leftAt } from '../scenario/drain.domain';
import { SeenCall } from '../scenario/model';

/** A run's name: the last part of its execution's ARN. */
export function runId(executionArn: string): string {
  return executionArn.split(':').pop()!;
}

/** Whose a drain switch is that a run sets. */
export function ownerOf(executionArn: string): string {
  return `${drillOwnerPrefix}${executionArn}`;
}

/** The execution that owns a drain switch; undefined for a switch that no drill has set. */
export function executionOf(owner: string): string | undefined {
  return owner.startsWith(drillOwnerPrefix) ? owner.slice(drillOwnerPrefix.length) : undefined;
}

/** What a drill was asked for, of whatever it was started with. */
export function requestOf(input: unknown): DrillRequest {
  const { kind, startedBy } = (input ?? {}) as Readonly<Record<string, unknown>>;
  return {
    ...(kind === undefined ? {} : { kind: typeof kind === 'string' ? kind : JSON.stringify(kind) }),
    ...(typeof startedBy === 'string' ? { startedBy: startedBy.slice(0, 200) } : {}),
  };
}

export function kindOf(asked: unknown, { kind = 'drain' }: Pick<DrillPlan, 'kind'>): DrillKind | undefined {
  if (asked === undefined) return kind;
  return asked === 'drain' || asked === 'fault' ? asked : undefined;
}

/** Percent of the answered calls by region, of those that began within a time. */
export function sharesOf(calls: readonly SeenCall[], fromMs: number, toMs: number): RegionShares {
  const regions = calls.flatMap((call) =>
    call.answered && call.region && call.beganMs >= fromMs && call.beganMs < toMs ? [call.region] : [],
  );
  const shares: Record<string, number> = {};
  for (const region of [...new Set(regions)].sort()) {
    shares[region] = Math.round((1000 * regions.filter((one) => one === region).length) / regions.length) / 10;
  }
  return shares;
}

/** What is seen of a run at one moment. */
export interface Sight {
  readonly plan: DrillPlan;
  readonly facts: DrillFacts;
  readonly nowMs: number;
  readonly probed?: ProbedCalls;
}

/** Why the prober cannot be relied on; undefined while it can. */
export function silence({ facts, nowMs, probed }: Sight): string | undefined {
  const since = probed?.writtenMs ?? facts.sinceMs ?? facts.startedMs;
  const allowed = probed ? drillLimits.silentMs : drillLimits.beginMs;
  if (nowMs - since <= allowed) return undefined;
  return `the prober was silent for ${Math.round((nowMs - since) / 1000)} s`;
}

/**
 * Whether callers are seen long enough, one of them in the region that is to be drilled, and one in another by now: a region that Route 53
 * counts unhealthy is led to by none.
 */
export function seenBefore(sight: Sight): 'seen' | 'again' | string {
  const { plan, facts, nowMs, probed } = sight;
  const silent = silence(sight);
  if (silent !== undefined) return `nothing was taken away: ${silent}`;
  if (!probed || nowMs - probed.beganMs < plan.beforeSeconds * 1000) return 'again';
  const isDrilled = probed.calls.some(({ region, answered }) => answered && region === plan.drilled);
  const recent = probed.calls.filter(({ endedMs }) => endedMs > probed.writtenMs - drillLimits.servedMs);
  const isElsewhere = recent.some(({ region, answered }) => answered && region !== undefined && region !== plan.drilled);
  if (isDrilled && isElsewhere) return 'seen';
  if (nowMs - (facts.sinceMs ?? nowMs) < 2 * plan.beforeSeconds * 1000 + drillLimits.beginMs) return 'again';
  if (!isDrilled) return `nothing was taken away: callers near ${plan.drilled} are not led there`;
  return `nothing was taken away: no caller was served outside ${plan.drilled} in the last ${drillLimits.servedMs / 1000} s`;
}

export type Recovery =
  | { readonly kind: 'again' }
  | { readonly kind: 'away'; readonly recoverySeconds: number; readonly reasons: readonly string[] }
  | { readonly kind: 'failed'; readonly reasons: readonly string[] };

/** When the last caller was away, or why that is not waited for any longer. */
export function recoveryOf(sight: Sight): Recovery {
  const { plan, facts, nowMs, probed } = sight;
  const takenMs = facts.takenMs ?? nowMs;
  const silent = silence(sight);
  if (silent !== undefined) return { kind: 'failed', reasons: [silent] };
  const left = probed && leftAt(probed.calls, plan.drilled, drillLimits.callers, takenMs, Math.min(nowMs, probed.writtenMs));
  if (left !== undefined) {
    const recoverySeconds = Math.round((left - takenMs) / 100) / 10;
    if (nowMs < left + plan.duringSeconds * 1000) return { kind: 'again' };
    const late = recoverySeconds > plan.budgetSeconds + spreadSeconds(facts);
    return {
      kind: 'away',
      recoverySeconds,
      reasons: late ? [`callers were away after ${recoverySeconds} s, ${allowedText(plan, facts)}${ttlReason(sight)}`] : [],
    };
  }
  const waited = (nowMs - takenMs) / 1000;
  if (waited < patienceSeconds(plan)) return { kind: 'again' };
  const led = `callers were still led to ${plan.drilled} after ${Math.round(waited)} s, ${allowedText(plan, facts)}`;
  return { kind: 'failed', reasons: [`${led}${ttlReason(sight)}`] };
}

/** A fault reaches one function after the other. The budget is for a region that is lost at once, so this is no part of it. */
export function spreadSeconds({ kind }: Pick<DrillFacts, 'kind'>): number {
  return kind === 'fault' ? faultLimits.pollSeconds : 0;
}

/** What the recovery time is held against. */
export function allowedText({ budgetSeconds }: Pick<DrillPlan, 'budgetSeconds'>, facts: Pick<DrillFacts, 'kind'>): string {
  const spread = spreadSeconds(facts);
  return `budget ${budgetSeconds} s${spread === 0 ? '' : ` and ${spread} s until a fault has reached every function`}`;
}

/** Waited beyond the budget, to know how late callers were; not for ever, for a region is out of service. */
function patienceSeconds({ budgetSeconds }: DrillPlan): number {
  return 2 * budgetSeconds + 60;
}

function ttlReason({ probed, plan }: Sight): string {
  const ttl = probed?.ttlSeconds;
  return ttl !== undefined && ttl > plan.budgetSeconds / 2 ? `: resolvers keep the public name's answer for ${ttl} s` : '';
}

/** Callers see a region for so long after it came back. */
const afterMs = 10_000;

/** Whether callers are led to the region again. */
export function returnOf(
  sight: Sight,
): { readonly kind: 'back' | 'again'; readonly backMs?: number } | { readonly kind: 'failed'; readonly reason: string } {
  const { plan, facts, nowMs, probed } = sight;
  const { takenMs, restoredMs = nowMs } = facts;
  if (takenMs === undefined) return { kind: 'back' };
  const silent = silence(sight);
  if (silent !== undefined) return { kind: 'failed', reason: silent };
  const first = probed?.calls.find(({ region, answered, beganMs }) => answered && region === plan.drilled && beganMs > restoredMs);
  if (first) return nowMs >= first.endedMs + afterMs ? { kind: 'back', backMs: first.endedMs } : { kind: 'again' };
  if (nowMs - restoredMs < plan.returnSeconds * 1000) return { kind: 'again' };
  return { kind: 'failed', reason: `callers were not led to ${plan.drilled} again within ${plan.returnSeconds} s` };
}

/** Shares before, without and after the region. */
export function splitOf({ facts, probed, nowMs }: Sight): DrillFacts['split'] {
  const { takenMs, recoverySeconds = 0, restoredMs = nowMs, backMs = restoredMs } = facts;
  if (!probed || takenMs === undefined) return undefined;
  return {
    before: sharesOf(probed.calls, 0, takenMs),
    during: sharesOf(probed.calls, takenMs + recoverySeconds * 1000, restoredMs),
    after: sharesOf(probed.calls, backMs, Infinity),
  };
}

/** Why a drill is not passed by what became of its payments. */
export function auditReasons({ paid, failed, lost, duplicates, wrong }: ProbeAudit): string[] {
  return [
    ...(paid === 0 ? ['no payment was accepted'] : []),
    ...(failed.length > 0 ? [`${failed.length} callers had no final answer, such as: ${failed[0].slice(0, 200)}`] : []),
    ...(lost > 0 ? [`${lost} payments were lost`] : []),
    ...(duplicates > 0 ? [`${duplicates} debits were made twice`] : []),
    ...(wrong.length > 0 ? [`${wrong.length} balances are not what their lines make, such as: ${wrong[0].slice(0, 200)}`] : []),
  ];
}

/** What of an audit goes along from step to step: a state holds 256 KiB. The whole of it stays in the bucket. */
export function shortened(audit: ProbeAudit): ProbeAudit {
  const few = (texts: readonly string[]): string[] => texts.slice(0, drillLimits.keptTexts).map((text) => text.slice(0, 200));
  return { ...audit, failed: few(audit.failed), failures: audit.failed.length, wrong: few(audit.wrong) };
}

/** The same by the system's metrics. Conflicts are a figure alone: a conflict that was met was decided. */
export function metricReasons({ eventMs }: DrillPlan, { longestEventMs, eventsMissing }: DrillMetricsSeen): string[] {
  return [
    ...(eventMs !== undefined && longestEventMs !== undefined && longestEventMs > eventMs
      ? [`an event took ${Math.round(longestEventMs)} ms from region to region, allowed ${eventMs} ms`]
      : []),
    ...(eventsMissing > 0 ? [`${eventsMissing} events are in dead-letter queues`] : []),
  ];
}

/** Reasons of checks that did not pass. */
export function checkReasons(when: string, checks: readonly DrillCheck[]): string[] {
  return checks.filter(({ passed }) => !passed).map(({ name, value }) => `${when}: ${name}: ${value}`);
}

/** What a run came to, without its evidence. */
export function resultOf({ drilled, budgetSeconds }: DrillPlan, facts: DrillFacts, state: DrillResult['state']): DrillResult {
  const { id, kind, recoverySeconds, audit, split, reasons } = facts;
  return {
    id,
    region: drilled,
    kind,
    state,
    budgetSeconds,
    ...(recoverySeconds === undefined ? {} : { recoverySeconds }),
    ...(audit ? { lost: audit.lost, duplicates: audit.duplicates } : {}),
    ...(split ? { split } : {}),
    reasons,
  };
}
