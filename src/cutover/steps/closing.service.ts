import { controlPlaneFault, failuresOf, recordChecks, statusMs } from './prechecks.service';
import { StepHandler, StepServices, WarrantedRequest } from './request.service';
import { approvedBy, awaitControlPlane } from './weights.service';
import { UnitStatus } from '../../ledger/operator/status.service';
import { CheckReport } from '../checks/model';
import { homesCheck, reportOf, unreadable } from '../checks/precheck.domain';
import { runPrechecks } from '../checks/precheck.service';
import { CutoverPlan } from '../contract';
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

/** The checks before a change after the phases, with the alarms of the last one. */
async function checkBefore(before: ClosingStep, services: StepServices, asked: WarrantedRequest): Promise<ClosingCheckOutcome> {
  const phase = asked.plan.phases.length - 1;
  const carried = { phase, ...approvedBy(asked.last) };
  const away = await controlPlaneFault(services);
  if (away) return { ...carried, ...(await awaitControlPlane(services, asked, { outcome: 'unreachable', detail: away.message })) };
  const report = await closingReport(services, asked, phase, before === 'retire');
  await recordChecks(services, asked.run, asked.step, report, before);
  return { outcome: report.passed ? 'passed' : 'failed', ...carried, digest: report.digest, report, detail: failuresOf(report) };
}

async function closingReport(
  { checks: reads, records, clock, authority }: StepServices,
  { plan, state }: WarrantedRequest,
  phase: number,
  settled: boolean,
): Promise<CheckReport> {
  const homes = (): Promise<readonly string[]> => authority.homes(plan, statusMs);
  const report = await runPrechecks({ reads, records, homes, clock, plan: withoutCopies(plan), state, phase });
  const moved = settled && plan.mode === 'HOME_REGION' ? [await homesResult(homes, plan)] : [];
  return reportOf(phase, report.at, [...report.checks, ...moved]);
}

/** What was copied and attested before traffic came is no question any more: the target writes since then. */
function withoutCopies(plan: CutoverPlan): CutoverPlan {
  const { documentsSeconds, ...others } = plan.prechecks;
  return { ...plan, prechecks: { ...others, attestations: [] } };
}

async function homesResult(homes: () => Promise<readonly string[]>, { target }: CutoverPlan): Promise<CheckResult> {
  try {
    return homesCheck(target, await homes());
  } catch (error) {
    return unreadable(`homes-in-target ${target}`, error);
  }
}
