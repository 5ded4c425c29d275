import { controlPlaneFault, failuresOf, recordChecks, statusMs } from './prechecks.service';
import { StepHandler, StepServices, WarrantedRequest } from './request.service';
import { approvedBy, awaitControlPlane } from './weights.service';
import { UnitStatus } from '../../ledger/operator/status.service';
import { CheckReport } from '../checks/model';
import { homesCheck, lacksAnswer, reportOf, unreadable } from '../checks/precheck.domain';
import { runPrechecks } from '../checks/precheck.service';
import { cutoverLimits, CutoverPlan } from '../contract';
import { ClosingCheckOutcome } from '../machine/contract';
import { authorityAbout, authorityQuestion } from '../machine/phases.domain';
import { asksForAuthority } from '../machine/warrant.domain';
import { CheckResult, ClosingStep } from '../model';

/** Makes the checks before the authority moves, and asks people unless they were asked for the last phase in this run. */
export const authorityCheck: StepHandler<'authorityCheck'> = async (services, asked) => {
  const { plan, run, state } = asked;
  const units = await unitsOf(services, plan);
  const homes = units && [...new Set(units.map(({ home }) => home))].filter((home) => home !== plan.target).sort();
  if (units && homes?.length === 0) {
    await services.authority.settle(run, units);
    return { outcome: 'none', phase: plan.phases.length - 1, detail: `every account is at home in ${plan.target}` };
  }
  const result = await checkBefore('authority', services, asked);
  if (result.outcome !== 'passed' || !asksForAuthority({ run, plan, state })) return result;
  return { ...result, outcome: 'ask', about: authorityAbout(plan), ...authorityQuestion(plan, homes ?? [plan.source]) };
};

/** Makes the checks again after people have answered. */
export const authorityRecheck: StepHandler<'authorityRecheck'> = (services, asked) => checkBefore('authority', services, asked);

/** The units with their homes; undefined when the target does not say, which a check then tells. */
async function unitsOf({ authority }: StepServices, plan: CutoverPlan): Promise<readonly UnitStatus[] | undefined> {
  try {
    return await authority.units(plan.target, statusMs);
  } catch {
    return undefined;
  }
}

/** Makes the checks again before the source's role ends: nothing brings it back afterwards. */
export const retireCheck: StepHandler<'retireCheck'> = (services, asked) => checkBefore('retire', services, asked);

/** The checks before a change after the phases. One that lacks an answer alone is made again a few times: a failure here is dear. */
async function checkBefore(before: ClosingStep, services: StepServices, asked: WarrantedRequest): Promise<ClosingCheckOutcome> {
  const { plan, run, step, last } = asked;
  const carried = { phase: plan.phases.length - 1, ...approvedBy(last) };
  const away = await controlPlaneFault(services);
  if (away) return { ...carried, ...(await awaitControlPlane(services, asked, { outcome: 'unreachable', detail: away.message })) };
  const report = await closingReport(before, services, asked);
  const detail = failuresOf(report);
  const failures = (last.outcome === 'unanswered' ? (last.failures ?? 0) : 0) + 1;
  if (failures < cutoverLimits.closingTries && !report.passed && report.checks.every((check) => check.passed || lacksAnswer(check))) {
    return { outcome: 'unanswered', ...carried, failures, detail, waitSeconds: cutoverLimits.closingRetrySeconds };
  }
  await recordChecks(services, run, step, report, before);
  return { outcome: report.passed ? 'passed' : 'failed', ...carried, digest: report.digest, report, detail };
}

async function closingReport(
  before: ClosingStep,
  { checks: reads, records, clock, authority }: StepServices,
  { plan: given, state }: WarrantedRequest,
): Promise<CheckReport> {
  const plan = closingPlan(given);
  const phase = plan.phases.length - 1;
  const homes = (): Promise<readonly string[]> => authority.homes(plan, statusMs);
  const without = [
    'ttl-lowered',
    ...(plan.phases[phase].alarms.length === 0 ? ['watched-alarms'] : []),
    ...(before === 'retire' ? betweenRegions : []),
  ];
  const report = await runPrechecks({ reads, records, homes, clock, plan, state, phase, without });
  const moved = before === 'retire' && plan.mode === 'HOME_REGION' ? [await homesResult(homes, plan)] : [];
  return reportOf(phase, report.at, [...report.checks, ...moved]);
}

/** Checks that compare the two regions: what the source has is no question when its role ends. */
const betweenRegions = ['event-probe', 'lambda-concurrency', 'api-throttles'];

/**
 * What is checked after the phases: the target alone, since a sick source is a reason to leave it. What was copied and attested before
 * traffic came is no question any more: the target writes since then.
 */
function closingPlan(plan: CutoverPlan): CutoverPlan {
  const { documentsSeconds, ...others } = plan.prechecks;
  const inTarget = ({ region }: { readonly region: string }): boolean => region === plan.target;
  const last = plan.phases[plan.phases.length - 1];
  return {
    ...plan,
    phases: [...plan.phases.slice(0, -1), { ...last, alarms: last.alarms.filter(inTarget) }],
    prechecks: { ...others, attestations: [], queues: others.queues.filter(inTarget) },
  };
}

async function homesResult(homes: () => Promise<readonly string[]>, { target }: CutoverPlan): Promise<CheckResult> {
  try {
    return homesCheck(target, await homes());
  } catch (error) {
    return unreadable(`homes-in-target ${target}`, error);
  }
}
