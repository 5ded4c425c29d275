import { StepHandler, StepServices, WarrantedRequest } from './request.service';
import { approvedBy, awaitControlPlane } from './weights.service';
import { checkText, failingFirst } from '../../approvals/report-shape.domain';
import { CheckReport } from '../checks/model';
import { runPrechecks } from '../checks/precheck.service';
import type { StepResults } from '../machine/contract';
import { phaseAbout, phaseQuestion } from '../machine/phases.domain';
import { ClosingStep } from '../model';
import { sharesOf } from '../weights/domain';
import { ControlPlaneUnreachable } from '../weights/service';

/** A question for who is home is answered in less, or not at all. */
export const statusMs = 10_000;

/** Makes all checks before a phase, and asks people where the plan says so. */
export const prechecks: StepHandler<'prechecks'> = async (services, asked) => {
  const result = await checkPhase(services, asked);
  return result.outcome === 'passed' && asked.plan.phases[asked.phase].gate ? { ...result, outcome: 'ask' } : result;
};

/** Makes all checks again: what was found before people were asked may be days old. */
export const recheck: StepHandler<'recheck'> = (services, asked) => checkPhase(services, asked);

async function checkPhase(services: StepServices, asked: WarrantedRequest): Promise<StepResults['recheck']> {
  const { run, plan, step, phase, state, last } = asked;
  const { clock, checks, records, authority } = services;
  const carried = { phase, ...approvedBy(last) };
  const away = await controlPlaneFault(services);
  // Without it nothing can be moved, and half of the checks say nothing: waited for, not reported as a failure of theirs.
  if (away) return { ...carried, ...(await awaitControlPlane(services, asked, { outcome: 'unreachable', detail: away.message })) };
  const report = await runPrechecks({ reads: checks, records, homes: () => authority.homes(plan, statusMs), clock, plan, state, phase });
  await recordChecks(services, run, `phase-${phase}/${step}`, report);
  const from = state.recorded ? sharesOf(state.recorded.shape).target : 0;
  return {
    outcome: report.passed ? 'passed' : 'failed',
    ...carried,
    digest: report.digest,
    report,
    about: phaseAbout(plan, phase),
    ...phaseQuestion(plan, phase, from),
    detail: failuresOf(report),
  };
}

/** Records what was checked; failing checks first, since a record holds them shortened. */
export async function recordChecks(
  { log }: StepServices,
  run: string,
  under: string,
  report: CheckReport,
  before?: ClosingStep,
): Promise<void> {
  const evidence = report.checks.find((check) => check.evidence !== undefined)?.evidence;
  const failed = report.checks.filter(({ passed }) => !passed);
  await log.append(() => ({
    key: `${run}/${under}/${report.digest.slice(0, 16)}`,
    by: [run],
    entry: {
      what: 'prechecks',
      run,
      phase: report.phase,
      ...(before === undefined ? {} : { before }),
      passed: report.passed,
      digest: report.digest,
      failed: failed.map(({ name }) => name),
      checks: failingFirst(report.checks).map(({ name, passed, value, allowed }) => checkText({ name, passed, found: value, allowed })),
      ...(evidence === undefined ? {} : { documents: evidence }),
    },
  }));
}

/** What failed, as people read it in the run's end. */
export function failuresOf({ checks }: CheckReport): string {
  return checks
    .filter(({ passed }) => !passed)
    .map(({ name, value, mend }) => `${name}: ${value}; ${mend}`)
    .join(' | ');
}

export async function controlPlaneFault({ records }: StepServices): Promise<ControlPlaneUnreachable | undefined> {
  try {
    await records.read();
    return undefined;
  } catch (error) {
    if (error instanceof ControlPlaneUnreachable) return error;
    throw error;
  }
}
