import { AskedStep, DrillHandler } from './request.service';
import { drillKeys } from '../contract';
import { allowedText, resultOf } from '../domain';
import { StepsOf } from '../machine/contract';
import { ProbedCalls } from '../model';
import { DrillStore, DrillTopic } from '../ports';
import { keepEvidence, placeOf } from '../report/service';

/** What tells people and keeps the evidence. */
export interface ReportServices {
  readonly store: DrillStore;
  readonly bucket: string;
  readonly topic: DrillTopic;
  /** Starts the prober, which runs on by itself. One that is started twice pays once. */
  readonly startProber: (run: string) => Promise<void>;
}

const announce: DrillHandler<ReportServices, 'announce'> = async ({ topic, startProber }, { plan, facts, run }) => {
  await startProber(run);
  await topic.tell(
    `${plan.systemName}: ${plan.drilled} is drilled`,
    [
      `A region drill of ${plan.systemName} has begun: ${plan.drilled} will be taken out of service (${facts.kind}) and put back.`,
      `Started by ${facts.startedBy}. Callers are to be elsewhere within ${plan.budgetSeconds} s.`,
      `Execution: ${run}. Stop it to end the drill at once: the watchdog then puts the region back.`,
    ].join('\n'),
  );
  return { outcome: 'announced', facts };
};

const conclude: DrillHandler<ReportServices, 'conclude'> = async ({ store, bucket, topic }, asked) => {
  const { plan, facts } = asked;
  const state = facts.reasons.length === 0 ? 'PASSED' : 'FAILED';
  const result = await keepEvidence(store, bucket, {
    plan,
    facts,
    result: resultOf(plan, facts, state),
    endedMs: asked.nowMs,
    probed: await store.read<ProbedCalls>(drillKeys.calls(facts.id)),
  });
  if (state === 'PASSED') await store.write(drillKeys.passed, JSON.stringify({ at: asked.nowMs, id: facts.id }));
  await topic.tell(`${plan.systemName}: drill of ${plan.drilled} ${state}`, told(asked, result));
  return { outcome: state, facts, result, text: JSON.stringify(result) };
};

function told({ plan, facts }: AskedStep, { state, evidence }: Awaited<ReturnType<typeof keepEvidence>>): string {
  const recovery = facts.recoverySeconds === undefined ? 'not measured' : `${facts.recoverySeconds} s`;
  return [
    `The region drill of ${plan.drilled} (${facts.kind}) ended: ${state}.`,
    `Recovery time ${recovery}, ${allowedText(plan, facts)}.`,
    `Payments lost: ${facts.audit?.lost ?? 'not known'}. Debits made twice: ${facts.audit?.duplicates ?? 'not known'}.`,
    ...facts.reasons.map((reason) => `Reason: ${reason}`),
    ...placeOf('Evidence', evidence!.bucket, evidence!.html),
    ...placeOf('Data', evidence!.bucket, evidence!.json),
  ].join('\n');
}

/** One handler for each step that tells. */
export const reportSteps: { readonly [Step in StepsOf<'report'>]: DrillHandler<ReportServices, Step> } = { announce, conclude };
