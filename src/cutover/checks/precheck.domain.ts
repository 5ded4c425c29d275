import { plainSeconds, plainTime } from '../../approvals/report-shape.domain';
import { ParityRecord } from '../../documents/contract';
import { causeOf } from '../../kernel/cause';
import { digestOf } from '../../kernel/digest';
import { Json } from '../../kernel/fingerprint';
import { CutoverState, ttlSince } from '../audit/domain';
import { beginningOf } from '../audit/record-text.domain';
import { CutoverPlan } from '../contract';
import { CheckResult } from '../model';
import { AlarmState, CheckReport } from './model';
import { describeFound, describeShape, PublicRecords, isExplained } from '../weights/domain';

export function reportOf(phase: number, at: string, checks: readonly CheckResult[]): CheckReport {
  const passed = checks.every((check) => check.passed);
  return { phase, at, passed, checks, digest: digestOf({ phase, at, checks } as unknown as Json) };
}

/** One check's result: what was found, what is allowed, and what to do about it. */
export const checkResult = (name: string, passed: boolean, value: string, allowed: string, mend: string): CheckResult => ({
  name,
  passed,
  value,
  allowed,
  mend: passed ? '' : mend,
});

/**
 * Minutes that CloudWatch may be late with a datapoint: they are asked for besides those that count. Silence of so many minutes passes, so
 * they are few.
 */
export const lateMinutes = 5;

const notEnough = 'not enough data yet';
const notRead = 'could not be read';

/** Whether a check has failed for want of an answer alone: a moment later it may have one. */
export function lacksAnswer({ passed, value }: Pick<CheckResult, 'passed' | 'value'>): boolean {
  return !passed && [notEnough, notRead].some((text) => value.startsWith(`${text}: `));
}

/** What a check says while there are fewer datapoints than it needs: nothing is known to be wrong, and when it can be known. */
function notYet(found: number, needed: number, nowMs: number): { readonly value: string; readonly mend: string } {
  const after = new Date(nowMs + (needed - found + 1) * 60_000).toISOString().slice(0, 16).replace('T', ' ');
  return { value: `${notEnough}: ${found} of ${needed} minutes`, mend: `try again after ${after} UTC` };
}

/** Datapoints of the replication, one a minute, newest first. */
export interface LagPoints {
  readonly averages: readonly number[];
  readonly maxima: readonly number[];
}

/**
 * Every minute must have a datapoint: each region writes a heartbeat, so a minute without one was not measured. Averages are judged
 * strictly; a single write between continents passes half a second often, so maxima have a bound of seconds.
 */
export function lagCheck(
  { averages, maxima }: LagPoints,
  { lagMs, lagMaxMs, lagMinutes }: CutoverPlan['prechecks'],
  from: string,
  to: string,
  nowMs: number,
): CheckResult {
  const name = `replication-lag ${from}->${to}`;
  const allowed = `${lagMinutes} minutes, each under ${lagMs} ms on average and ${lagMaxMs / 1000} s at most`;
  const [average, most] = [averages.slice(0, lagMinutes), maxima.slice(0, lagMinutes)];
  const seen = Math.min(average.length, most.length);
  if (seen < lagMinutes) {
    const { value, mend } = notYet(seen, lagMinutes, nowMs);
    return checkResult(
      name,
      false,
      value,
      allowed,
      `${mend}; if the result is the same then, the heartbeat of ${from} is not written: see the log of its function`,
    );
  }
  return checkResult(
    name,
    average.every((lag) => lag < lagMs) && most.every((lag) => lag < lagMaxMs),
    `${seen} minutes, highest average ${Math.round(Math.max(...average))} ms, maximum ${Math.max(...most)} ms`,
    allowed,
    'wait until the replication has caught up',
  );
}

/** Every account is at home in the target: nothing has to arrive there any more. */
export function noLagCheck(from: string, to: string): CheckResult {
  return checkResult(
    `replication-lag ${from}->${to}`,
    true,
    `every account is at home in ${to}`,
    'datapoints, or nothing left to replicate',
    '',
  );
}

/** Before the source's end: a home elsewhere would be left outside the public name. */
export function homesCheck(target: string, homes: readonly string[]): CheckResult {
  const elsewhere = homes.filter((home) => home !== target);
  return checkResult(
    `homes-in-target ${target}`,
    elsewhere.length === 0,
    elsewhere.length === 0 ? `every account is at home in ${target}` : `accounts are at home in ${elsewhere.join(', ')}`,
    `every account at home in ${target}`,
    `start another run: it moves the authority to ${target} first`,
  );
}

export function ttlCheck(state: CutoverState, { ttlSeconds, ttlLeadSeconds }: CutoverPlan['prechecks'], nowMs: number): CheckResult {
  const since = ttlSince(state, ttlSeconds);
  const heldSeconds = since === undefined ? undefined : Math.floor((nowMs - Date.parse(since)) / 1000);
  const now = state.ttls[state.ttls.length - 1]?.seconds;
  return checkResult(
    'ttl-lowered',
    heldSeconds !== undefined && heldSeconds >= ttlLeadSeconds,
    since === undefined
      ? `TTL ${now === undefined ? 'unknown' : plainSeconds(now)}`
      : `at most ${plainSeconds(ttlSeconds)} for ${plainSeconds(heldSeconds!)}, since ${plainTime(since)}`,
    `at most ${plainSeconds(ttlSeconds)} for ${plainSeconds(ttlLeadSeconds)}, as recorded`,
    "lower the records' TTL by a deployment and wait: until then resolvers may keep the old answer for as long as the old TTL said",
  );
}

export function queueCheck(region: string, name: string, depth: number | undefined): CheckResult {
  return checkResult(
    `dead-letter-queue ${region}/${name}`,
    depth === 0,
    depth === undefined ? 'no such queue' : `${depth} messages`,
    '0 messages',
    'find the cause, then redrive the messages of the queue: see the runbook',
  );
}

/**
 * The alarms that are to be watched must be there, and not raised: one that is would end the soak at once. One without data passes, and is
 * named to whoever decides: before the first share there is often nothing to measure. The soak does not end before it has judged.
 */
export function alarmsCheck(name: string, alarms: readonly AlarmState[]): CheckResult {
  const silent = alarms.filter(({ state }) => state === 'INSUFFICIENT_DATA').map((alarm) => `${alarm.region}/${alarm.name}`);
  const quiet = `${alarms.length} alarms, none raised${silent.length === 0 ? '' : `; without data yet: ${silent.join(', ')}`}`;
  const bad = alarms.filter(({ state }) => state === 'MISSING' || state === 'ALARM');
  return checkResult(
    name,
    alarms.length > 0 && bad.length === 0,
    alarms.length === 0
      ? 'no alarm'
      : bad.length === 0
        ? quiet
        : bad.map((alarm) => `${alarm.region}/${alarm.name} ${alarm.state}`).join(', '),
    'at least one alarm, all present and none raised',
    'make the alarm that is missing, clear the one that is raised',
  );
}

export function probeCheck(from: string, to: string, values: readonly number[], probeMs: number, nowMs: number): CheckResult {
  const newest = values[0];
  const name = `event-probe ${from}->${to}`;
  const policies =
    "look at the rule's dead-letter queue and the bus policy of the receiving region: without the policy, events are lost without an error";
  if (newest !== undefined) return checkResult(name, newest <= probeMs, `${newest} ms`, `at most ${probeMs} ms`, policies);
  const { value, mend } = notYet(0, 1, nowMs);
  return checkResult(name, false, value, `at most ${probeMs} ms`, `${mend}; if the result is the same then, ${policies}`);
}

/** Minutes in a row in which the target must have been healthy before traffic is sent there. */
export const healthyMinutes = 3;

/** By the metric `HealthCheckStatus`, 1 or 0 each minute: it exists for every type of health check, calculated ones too. */
export function healthCheck(region: string, healthCheckId: string | undefined, statuses: readonly number[], nowMs: number): CheckResult {
  const name = `target-healthy ${region}`;
  const allowed = `healthy for ${healthyMinutes} minutes, as Route 53 sees it`;
  if (healthCheckId === undefined) {
    return checkResult(
      name,
      false,
      'no health check',
      allowed,
      "give the target's API a health check: `domain` of ActiveActivePaymentsApi makes one",
    );
  }
  const newest = statuses.slice(0, healthyMinutes);
  const well = newest.filter((status) => status === 1).length;
  if (well < newest.length) {
    return checkResult(
      name,
      false,
      `unhealthy in ${newest.length - well} of the last ${newest.length} minutes`,
      allowed,
      'see GET /health of the target',
    );
  }
  if (newest.length === healthyMinutes) return checkResult(name, true, `healthy for ${healthyMinutes} minutes`, allowed, '');
  const { value, mend } = notYet(newest.length, healthyMinutes, nowMs);
  return checkResult(
    name,
    false,
    value,
    allowed,
    `${mend}; if the result is the same then, the health check ${healthCheckId} is disabled or deleted`,
  );
}

export function parityCheck(name: string, source: number, target: number, unit: string): CheckResult {
  return checkResult(
    name,
    target >= source,
    `source ${source}, target ${target} ${unit}`,
    "the target's at least the source's",
    'ask for the same quota in the target region: an increase can take days',
  );
}

export function driftCheck(state: CutoverState, found: PublicRecords): CheckResult {
  return checkResult(
    'weights-as-recorded',
    state.recorded !== undefined && isExplained(state, found),
    describeFound(found),
    state.recorded ? describeShape(state.recorded.shape) : "records of the cutover's own",
    'adopt or revert what was changed by hand: start a run with action adopt or revert',
  );
}

export function attestationCheck(name: string, attested: Readonly<Record<string, string>>): CheckResult {
  const said = attested[name];
  return checkResult(
    `attested ${name}`,
    typeof said === 'string' && said.trim() !== '',
    said ?? 'not attested',
    "a text in the run's input that says who checked what",
    `start the run with {"attested": {"${name}": "..."}}`,
  );
}

/** By the record of the last comparison. Its report's SHA-256 is told, and so gets into the signed audit with the check. */
export function documentsCheck(
  { source, target, prechecks: { documentsSeconds = 0 } }: CutoverPlan,
  record: string | undefined,
  nowMs: number,
): CheckResult {
  const name = 'documents-backfilled';
  const allowed = `the same documents in both regions, compared within ${plainSeconds(documentsSeconds)}`;
  const mend = `run npx cdk-multi-region-payments backfill --from ${source} --to ${target}, and again while it finds differences`;
  const parity = record === undefined ? undefined : parityIn(record);
  if (!parity || parity.from !== source || parity.to !== target) {
    return checkResult(name, false, record === undefined ? 'never compared' : 'the record of the comparison cannot be read', allowed, mend);
  }
  const age = Math.floor((nowMs - Date.parse(parity.at)) / 1000);
  const said = `${parity.versions} versions, ${parity.differences} differences, ${plainTime(parity.at)}; report ${parity.report}`;
  const isGood = parity.differences === 0 && age >= 0 && age <= documentsSeconds;
  return { ...checkResult(name, isGood, said, allowed, mend), evidence: parity.sha256 };
}

function parityIn(text: string): ParityRecord | undefined {
  try {
    const record = JSON.parse(text) as Partial<ParityRecord> | null;
    const texts = [record?.from, record?.to, record?.report, record?.sha256, record?.at];
    const isWhole = texts.every((one) => typeof one === 'string') && Number.isFinite(Date.parse(record!.at!));
    return isWhole && Number.isInteger(record!.versions) && Number.isInteger(record!.differences) ? (record as ParityRecord) : undefined;
  } catch {
    return undefined;
  }
}

/** A check that could not be made has failed: what is not known is not good. */
export function unreadable(name: string, error: unknown): CheckResult {
  return checkResult(
    name,
    false,
    `${notRead}: ${causeOf(error)}`,
    'an answer',
    'check that the region answers and that the function may read there',
  );
}

/** What a team's own check has said. Throws for what is no result. */
export function ownCheck(said: Pick<CheckResult, 'passed' | 'value'> & Partial<CheckResult>): CheckResult {
  if (typeof said?.passed !== 'boolean') {
    throw new Error(`the check function answered ${ownText(JSON.stringify(said))}: it must answer {passed, value}`);
  }
  return checkResult(
    'own-check',
    said.passed,
    ownText(said.value ?? ''),
    ownText(said.allowed ?? 'passed'),
    ownText(said.mend ?? 'see the check function'),
  );
}

/** What a check says goes along with the run, whose data Step Functions holds to 256 KB: a text of a team's own is cut. */
const ownTextLength = 1_000;

const ownText = (said: unknown): string => beginningOf(String(said), ownTextLength);
