import { CutoverState, ttlSince } from './audit.domain';
import { AlarmReference, CutoverPlan } from './cutover.contract';
import { CheckResult } from './cutover.model';
import { describeFound, describeShape, Found, isExplained } from './weights.domain';
import { digestOf } from '../kernel/digest';
import { Json } from '../kernel/fingerprint';

/** An alarm as it is now. */
export interface AlarmState extends AlarmReference {
  readonly state: 'OK' | 'ALARM' | 'INSUFFICIENT_DATA' | 'MISSING';
}

/** Checks before a phase, and what proves later that they were these. */
export interface CheckReport {
  readonly phase: number;
  readonly at: string;
  readonly passed: boolean;
  readonly checks: readonly CheckResult[];
  /** SHA-256 over the canonical JSON of phase, time and checks. */
  readonly digest: string;
}

export function reportOf(phase: number, at: string, checks: readonly CheckResult[]): CheckReport {
  const passed = checks.every((check) => check.passed);
  return { phase, at, passed, checks, digest: digestOf({ phase, at, checks } as unknown as Json) };
}

const result = (name: string, passed: boolean, value: string, allowed: string, mend: string): CheckResult => ({ name, passed, value, allowed, mend: passed ? '' : mend });

/** Every minute must have a value, and every value must be low enough: no data is no proof. */
export function lagCheck(values: readonly number[], { lagMs, lagMinutes }: CutoverPlan['prechecks'], from: string, to: string): CheckResult {
  const seen = values.slice(0, lagMinutes);
  const value = seen.length === 0 ? 'no datapoint' : `${seen.length} datapoints, highest ${Math.max(...seen)} ms`;
  return result(`replication-lag ${from}->${to}`, seen.length === lagMinutes && seen.every((lag) => lag < lagMs), value, `${lagMinutes} datapoints under ${lagMs} ms`,
    'wait until the replication has caught up; where no datapoints come, nothing is written or the metric cannot be read');
}

/** Every account is at home in the target: nothing has to arrive there any more. */
export function noLagCheck(from: string, to: string): CheckResult {
  return result(`replication-lag ${from}->${to}`, true, `every account is at home in ${to}`, 'datapoints, or nothing left to replicate', '');
}

export function ttlCheck(state: CutoverState, { ttlSeconds, ttlLeadSeconds }: CutoverPlan['prechecks'], nowMs: number): CheckResult {
  const since = ttlSince(state, ttlSeconds);
  const heldSeconds = since === undefined ? undefined : Math.floor((nowMs - Date.parse(since)) / 1000);
  const now = state.ttls[state.ttls.length - 1]?.seconds;
  return result('ttl-lowered', heldSeconds !== undefined && heldSeconds >= ttlLeadSeconds,
    since === undefined ? `TTL ${now ?? 'unknown'} s` : `at most ${ttlSeconds} s for ${heldSeconds} s, since ${since}`, `at most ${ttlSeconds} s for ${ttlLeadSeconds} s, as recorded`,
    'lower the records\' TTL by a deployment and wait: until then resolvers may keep the old answer for as long as the old TTL said');
}

export function queueCheck(region: string, name: string, depth: number | undefined): CheckResult {
  return result(`dead-letter-queue ${region}/${name}`, depth === 0, depth === undefined ? 'no such queue' : `${depth} messages`, '0 messages',
    'work off what lies in the queue and redrive it, see the runbook');
}

/** The alarms that are to be watched must be there, and quiet: one that is raised would end the soak at once. */
export function alarmsCheck(name: string, alarms: readonly AlarmState[]): CheckResult {
  const bad = alarms.filter(({ state }) => state === 'MISSING' || state === 'ALARM');
  return result(name, alarms.length > 0 && bad.length === 0,
    alarms.length === 0 ? 'no alarm' : bad.length === 0 ? `${alarms.length} alarms, none raised` : bad.map((alarm) => `${alarm.region}/${alarm.name} ${alarm.state}`).join(', '),
    'at least one alarm, all present and none raised', 'make the alarm that is missing, clear the one that is raised');
}

export function probeCheck(from: string, to: string, values: readonly number[], probeMs: number): CheckResult {
  const newest = values[0];
  return result(`event-probe ${from}->${to}`, newest !== undefined && newest <= probeMs, newest === undefined ? 'no probe has arrived in the last minutes' : `${newest} ms`, `at most ${probeMs} ms`,
    'look at the rule\'s dead-letter queue and the bus policy of the receiving region: a missing policy is a silent loss');
}

export function healthCheck(region: string, healthy: number, total: number): CheckResult {
  // Route 53's own rule: healthy while more than 18 % of its checkers say so. Before traffic is sent there, most must.
  return result(`target-healthy ${region}`, total > 0 && healthy / total > 0.5, `${healthy} of ${total} checkers`, 'more than half of Route 53\'s checkers', 'see GET /health of the target');
}

export function parityCheck(name: string, source: number, target: number, unit: string): CheckResult {
  return result(name, target >= source, `source ${source}, target ${target} ${unit}`, 'the target\'s at least the source\'s', 'ask for the same quota in the target region: an increase can take days');
}

export function driftCheck(state: CutoverState, found: Found): CheckResult {
  return result('weights-as-recorded', state.recorded !== undefined && isExplained(state, found),
    describeFound(found), state.recorded ? describeShape(state.recorded.shape) : 'records of the cutover\'s own', 'adopt or revert what was changed by hand: start a run with action adopt or revert');
}

export function attestationCheck(name: string, attested: Readonly<Record<string, string>>): CheckResult {
  const said = attested[name];
  return result(`attested ${name}`, typeof said === 'string' && said.trim() !== '', said ?? 'not attested', 'a text that says who checked what, in the run\'s input', `start the run with {"attested": {"${name}": "..."}}`);
}

/** A check that could not be made has failed: what is not known is not good. */
export function unreadable(name: string, error: unknown): CheckResult {
  return result(name, false, `could not be read: ${error instanceof Error ? error.message : String(error)}`, 'an answer', 'see whether the region answers and the function may read there');
}
