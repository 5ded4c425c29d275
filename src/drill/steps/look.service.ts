import { AskedStep, because, DrillHandler } from './request.service';
import { apiMetrics } from '../../api/contract';
import { CheckReads } from '../../cutover/checks/model';
import { meshDeadLetterQueueName, meshMetrics, outboxQueueName } from '../../events/contract';
import { systemMetrics } from '../../kernel/system-metrics';
import { ledgerMetrics } from '../../ledger/contract';
import { isDrainedBy } from '../../ledger/drain-mark.domain';
import { cutoverRegions, drillKeys, drillLimits, DrillPlan, expectedAlarms } from '../contract';
import { auditReasons, checkReasons, metricReasons, recoveryOf, returnOf, seenBefore, shortened, Sight, splitOf } from '../domain';
import { faultAction } from '../fault/contract';
import { templateProblem } from '../fault/domain';
import { endedFault, watchFault } from '../fault/watch.service';
import { DrillStepResults, StepsOf } from '../machine/contract';
import { DrillCheck, DrillMetricsSeen, ProbeAudit, ProbedCalls } from '../model';
import { DrillStore, RegionFaults, RegionSwitch } from '../ports';

/** What is looked at: nothing here changes a region. */
export interface LookServices {
  readonly reads: Pick<CheckReads, 'metric' | 'queueDepth'>;
  /** Names of the system's alarms that are raised in a region, without those on drills and those with an expected entry of the runbook. */
  readonly raised: (region: string, expected?: readonly string[]) => Promise<readonly string[]>;
  /** A cutover of the system that runs in a region; undefined where none does. */
  readonly cutover: (region: string) => Promise<string | undefined>;
  readonly switches: Pick<RegionSwitch, 'read'>;
  readonly faults?: Pick<RegionFaults, 'templates' | 'template' | 'engaged' | 'look'>;
  readonly store: DrillStore;
  /** Length of a minute of metrics. */
  readonly minuteMs: number;
}

type LookStep = StepsOf<'look'>;

/** Minutes of metrics in which a region must have been healthy. */
const healthyMinutes = 3;
/** How long alarms may take to be quiet again. */
const quietMs = 900_000;
/** How long a region may take to be quiet before a drill: a single slow answer does not cost the quarter's drill. */
const calmMs = 300_000;
const auditMs = 1000 * (drillLimits.auditSeconds + 30);

const checks: DrillHandler<LookServices, 'checks'> = async (services, asked) => {
  const { plan, nowMs } = asked;
  const facts = since(asked);
  const { kind } = facts;
  const looked = [
    ...(await checksOf(services, asked)),
    check(
      'budget agreed',
      plan.expectedSeconds <= plan.budgetSeconds,
      `${plan.expectedSeconds} s by the API's settings`,
      `${plan.budgetSeconds} s`,
    ),
    ...(kind === 'fault' ? await faultChecks(services) : []),
  ];
  const failing = looked.filter(({ passed }) => !passed);
  const isWorthWaiting = failing.length > 0 && failing.every(({ mayPass }) => mayPass) && facts.reasons.length === 0;
  if (isWorthWaiting && nowMs - facts.sinceMs! < calmMs) return { outcome: 'again', facts };
  const problems = looked.map(({ mayPass, ...one }) => one);
  const reasons = checkReasons('before', problems);
  const deadBefore = await deadLetters(services, plan);
  const known = waited(because({ ...facts, checks: problems, deadBefore }, reasons));
  return known.reasons.length === 0 ? { outcome: 'passed', facts: known } : { outcome: 'failed', facts: known };
};

const before: DrillHandler<LookServices, 'before'> = async (services, asked) => {
  const sight = await sightOf(services, asked);
  const { facts } = sight;
  const seen = seenBefore(sight);
  if (seen === 'again') return { outcome: 'again', facts };
  return seen === 'seen' ? { outcome: 'seen', facts: waited(facts) } : { outcome: 'failed', facts: waited(because(facts, [seen])) };
};

const watch: DrillHandler<LookServices, 'watch'> = async (services, asked) => {
  const sight = await sightOf(services, asked);
  const { facts } = sight;
  const fault = facts.kind === 'fault' ? await watchFault(services.faults, sight) : ({ kind: 'struck', facts } as const);
  if (fault.kind === 'failed') return { outcome: 'failed', facts: waited(because(fault.facts, [fault.reason])) };
  const risen = await risenElsewhere(services, asked);
  if (risen.length > 0) return { outcome: 'failed', facts: waited(because(fault.facts, risen)) };
  if (fault.kind === 'awaited') return { outcome: 'again', facts: fault.facts };
  return watchRecovery({ ...sight, facts: fault.facts });
};

function watchRecovery(sight: Sight): DrillStepResults['watch'] {
  const { facts } = sight;
  const recovery = recoveryOf(sight);
  if (recovery.kind === 'again') return { outcome: 'again', facts };
  const known = waited(because({ ...facts, ttlSeconds: sight.probed?.ttlSeconds }, recovery.reasons));
  if (recovery.kind === 'failed') return { outcome: 'failed', facts: known };
  return { outcome: 'away', facts: { ...known, recoverySeconds: recovery.recoverySeconds } };
}

/** Without a template there is nothing to start, of two it is not known which one, and one that a person has changed may do anything. */
async function faultChecks({ faults }: LookServices): Promise<LookedAt[]> {
  if (!faults) return [check('fault experiment', false, 'none is deployed', 'a drill with faults: true, or of kind FAULT')];
  const templates = await faults.templates();
  const problem = templates.length === 1 ? templateProblem(await faults.template(templates[0])) : undefined;
  const engaged = await faults.engaged();
  return [
    check(
      'fault experiment',
      templates.length === 1 && problem === undefined,
      problem ?? (templates.length === 0 ? 'none is deployed' : templates.join(', ')),
      `one experiment template of the region, with ${faultAction.id} on functions alone`,
    ),
    check(
      'safety lever of FIS',
      engaged === undefined,
      engaged ?? 'disengaged',
      'disengaged: while it is engaged, FIS starts no experiment in the region',
    ),
  ];
}

/** The regions that serve alone now are in trouble: a drill is not worth that. */
async function risenElsewhere({ raised }: LookServices, { plan, facts }: AskedStep): Promise<string[]> {
  const others = plan.regions.filter((region) => region !== plan.drilled);
  const alarms = await Promise.all(others.map((region) => raised(region, expectedAlarms[facts.kind])));
  return others.flatMap((region, at) =>
    alarms[at].length === 0 ? [] : [`alarms of ${region} rose while ${plan.drilled} was away: ${alarms[at].join(', ')}`],
  );
}

const comeBack: DrillHandler<LookServices, 'comeBack'> = async (services, asked) => {
  const sight = await sightOf(services, asked);
  const { facts } = sight;
  const back = returnOf(sight);
  if (back.kind === 'again') return { outcome: 'again', facts };
  if (back.kind === 'failed') return { outcome: 'failed', facts: waited(because(facts, [back.reason])) };
  return { outcome: 'back', facts: waited({ ...facts, backMs: back.backMs }) };
};

/** Ends the prober, and takes what it says of its payments. */
const measure: DrillHandler<LookServices, 'measure'> = async (services, asked) => {
  const sight = await sightOf(services, asked);
  const { facts, nowMs } = sight;
  const { store } = services;
  await store.write(drillKeys.end(facts.id), JSON.stringify({ at: nowMs }));
  const audit = await store.read<ProbeAudit>(drillKeys.audit(facts.id));
  const split = splitOf(sight);
  const known = waited({ ...facts, ...(split ? { split } : {}) });
  if (audit) return { outcome: 'measured', facts: because({ ...known, audit: shortened(audit) }, auditReasons(audit)) };
  if (nowMs - facts.sinceMs! < auditMs) return { outcome: 'again', facts };
  return { outcome: 'failed', facts: because(known, ['the prober did not account for its payments']) };
};

const recheck: DrillHandler<LookServices, 'recheck'> = async (services, asked) => {
  const { plan, nowMs } = asked;
  const facts = since(asked);
  const checksAfter = (await checksOf(services, asked)).map(({ mayPass, ...one }) => one);
  const { fault, isEnded, reasons: ofFault } = await endedFault(services.faults, facts);
  const reasons = [...checkReasons('after', checksAfter), ...(isEnded ? [] : [`the experiment ${fault!.id} is ${fault!.status} still`])];
  if (reasons.length > 0 && nowMs - facts.sinceMs! < quietMs) return { outcome: 'again', facts };
  const metrics = await metricsOf(services, asked);
  const all = { ...facts, checksAfter, metrics, ...(fault ? { fault } : {}) };
  const known = waited(because(all, [...reasons, ...ofFault, ...metricReasons(plan, metrics)]));
  return reasons.length === 0 ? { outcome: 'passed', facts: known } : { outcome: 'failed', facts: known };
};

/** One handler for each step that looks. */
export const lookSteps: { readonly [Step in LookStep]: DrillHandler<LookServices, Step> } = {
  checks,
  before,
  watch,
  comeBack,
  measure,
  recheck,
};

/** Since when the present step waits. */
function since({ facts, nowMs }: AskedStep): AskedStep['facts'] {
  return { ...facts, sinceMs: facts.sinceMs ?? nowMs };
}

/** The wait is over: the next step begins its own. */
function waited({ sinceMs, ...facts }: AskedStep['facts']): AskedStep['facts'] {
  return facts;
}

async function sightOf({ store }: LookServices, asked: AskedStep): Promise<Sight> {
  const facts = since(asked);
  return { plan: asked.plan, nowMs: asked.nowMs, facts, probed: await store.read<ProbedCalls>(drillKeys.calls(facts.id)) };
}

/** A check, and whether waiting may help where it did not pass. */
interface LookedAt extends DrillCheck {
  readonly mayPass?: true;
}

function check(name: string, passed: boolean, value: string, allowed?: string): LookedAt {
  return { name, passed, value, ...(allowed === undefined ? {} : { allowed }) };
}

const passing = (one: LookedAt): LookedAt => ({ ...one, mayPass: true });

/** Whether the system is as a drill may find and must leave it. */
async function checksOf(services: LookServices, asked: AskedStep): Promise<LookedAt[]> {
  const { plan } = asked;
  const perRegion = await Promise.all(plan.regions.map((region) => regionChecks(services, asked, region)));
  const running = (await Promise.all(cutoverRegions(plan).map((region) => services.cutover(region)))).find((one) => one !== undefined);
  return [...perRegion.flat(), check('no cutover runs', running === undefined, running ?? 'none', 'none')];
}

async function regionChecks(
  { reads, raised, switches }: LookServices,
  { plan, run, nowMs }: AskedStep,
  region: string,
): Promise<LookedAt[]> {
  const unhealthy = await reads.metric(region, own(plan, region, apiMetrics.unhealthy, 'Sum'), healthyMinutes);
  const standing = await switches.read(region);
  const mark = standing && isDrainedBy(standing, nowMs) ? standing : undefined;
  const alarms = await raised(region);
  const foreign = mark && !mark.owner.endsWith(run);
  const answers = unhealthy.reduce((sum, value) => sum + value, 0);
  return [
    check(`${region} is in service`, !mark, mark ? `drained by ${foreign ? mark.owner : 'this drill'}` : 'not drained', 'not drained'),
    // A region whose /health is not asked, or does not answer, has no count at all.
    passing(
      check(
        `${region} is healthy`,
        unhealthy.length > 0 && answers === 0,
        `${unhealthy.length === 0 ? 'no answers' : `${answers} answers 503`} of /health in ${healthyMinutes} minutes`,
        'answers, none of them 503',
      ),
    ),
    passing(
      check(`alarms of ${region} are quiet`, alarms.length === 0, alarms.length === 0 ? 'none raised' : alarms.join(', '), 'none raised'),
    ),
  ];
}

function own(
  { systemName }: DrillPlan,
  region: string,
  name: string,
  stat: 'Sum' | 'Maximum',
  more: Readonly<Record<string, string>> = {},
): Parameters<CheckReads['metric']>[1] {
  const { namespace, systemDimension, regionDimension } = systemMetrics;
  return { namespace, name, stat, dimensions: { [systemDimension]: systemName, [regionDimension]: region, ...more } };
}

async function deadLetters({ reads }: LookServices, { systemName, regions, eventMs }: DrillPlan): Promise<number> {
  if (eventMs === undefined) return 0;
  const names = [meshDeadLetterQueueName(systemName), outboxQueueName(systemName, 'outbox-dlq')];
  const depths = await Promise.all(regions.flatMap((region) => names.map((name) => reads.queueDepth(region, name))));
  return depths.reduce<number>((sum, depth) => sum + (depth ?? 0), 0);
}

async function metricsOf(services: LookServices, { plan, facts, nowMs }: AskedStep): Promise<DrillMetricsSeen> {
  const { reads, minuteMs } = services;
  const minutes = Math.ceil((nowMs - facts.startedMs) / minuteMs) + 1;
  const sum = async (name: string): Promise<number> => {
    const values = await Promise.all(plan.regions.map((region) => reads.metric(region, own(plan, region, name, 'Sum'), minutes)));
    return values.flat().reduce((total, value) => total + value, 0);
  };
  const ways = plan.regions.flatMap((region) => plan.regions.filter((peer) => peer !== region).map((peer) => [region, peer] as const));
  const late =
    plan.eventMs === undefined
      ? []
      : await Promise.all(
          ways.map(([region, peer]) =>
            reads.metric(region, own(plan, region, meshMetrics.probeLatency, 'Maximum', { [meshMetrics.peerDimension]: peer }), minutes),
          ),
        );
  const longest = late.flat();
  return {
    conflicts: await sum(ledgerMetrics.writeConflicts),
    eventsSent: await sum(meshMetrics.eventsPublished),
    ...(longest.length > 0 ? { longestEventMs: Math.max(...longest) } : {}),
    eventsMissing: Math.max(0, (await deadLetters(services, plan)) - (facts.deadBefore ?? 0)),
  };
}
