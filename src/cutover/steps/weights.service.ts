import { StepRequest, StepServices, WarrantedRequest } from './request.service';
import { cutoverLimits } from '../contract';
import { AnyStepResult, CarriedResult, WeightsOutcome } from '../machine/contract';
import { RecordShape } from '../model';
import { ShiftOutcome } from '../weights/model';
import { WeightOrder } from '../weights/service';

type Unreachable = Extract<ShiftOutcome, { readonly outcome: 'unreachable' }>;
type ControlPlaneResult = Extract<WeightsOutcome, { readonly outcome: 'unreachable' | 'lost' }>;

/** Carries out an order for the records, on the word of those who approved it. */
export async function changeWeights(
  services: StepServices,
  asked: WarrantedRequest,
  order: Pick<WeightOrder, 'key' | 'kind' | 'to'> & Partial<WeightOrder>,
): Promise<WeightsOutcome | AnyStepResult> {
  const { run, last, approval, deadlineMs } = asked;
  const outcome = await services.weights.carryOut({
    run,
    by: approval?.by ?? [run],
    deadlineMs,
    ...order,
    ...(last.changeId === undefined ? {} : { changeId: last.changeId }),
  });
  return awaitChange(services, asked, outcome);
}

/** Adds to a change's outcome how long to wait, or that there is no point in waiting longer. */
export async function awaitChange(
  services: StepServices,
  asked: StepRequest,
  outcome: ShiftOutcome,
): Promise<WeightsOutcome | AnyStepResult> {
  const approved = approvedBy(asked.last);
  switch (outcome.outcome) {
    case 'unreachable':
      return { ...approved, ...(await awaitControlPlane(services, asked, outcome)) };
    case 'pending': {
      const { since, waited } = waitedFor(services, asked.last, outcome);
      return waited < cutoverLimits.syncPatienceSeconds
        ? { ...approved, ...outcome, since, waitSeconds: cutoverLimits.syncWaitSeconds }
        : {
            ...approved,
            outcome: 'refused',
            detail: `change ${outcome.changeId} has not reached the name servers in ${Math.floor(waited)} s`,
          };
    }
    case 'drift':
      return { ...approved, ...outcome, detail: `records are not as recorded: found ${outcome.real}; recorded ${outcome.recorded}` };
    default:
      return { ...approved, ...outcome };
  }
}

/** Records that the control plane is away, and says how long to wait for it. */
export async function awaitControlPlane(
  services: StepServices,
  { step, plan, run, last }: StepRequest,
  outcome: Unreachable,
): Promise<ControlPlaneResult> {
  const { since, waited } = waitedFor(services, last, outcome);
  await services.log.append(() => ({
    key: `${run}/${step}/unreachable/${since}`,
    by: [run],
    entry: { what: 'unreachable', run, step, detail: outcome.detail },
  }));
  const { onLoss, waitSeconds, pollSeconds } = plan.controlPlane;
  return onLoss === 'END' || waited >= waitSeconds
    ? { outcome: 'lost', detail: `${outcome.detail}; no weight can be moved: health checks alone move the traffic until it is back` }
    : { ...outcome, since, waitSeconds: pollSeconds };
}

function waitedFor(
  { clock }: StepServices,
  last: CarriedResult,
  { outcome }: ShiftOutcome,
): { readonly since: number; readonly waited: number } {
  const since = last.outcome === outcome && last.since !== undefined ? last.since : clock.nowMs();
  return { since, waited: (clock.nowMs() - since) / 1000 };
}

/** Who approved it, if anybody was asked, and the digest of what they were shown: goes along until it is done. */
export function approvedBy({ by = [], digest }: CarriedResult): Pick<CarriedResult, 'by' | 'digest'> {
  return by.length > 0 ? { by, digest } : {};
}

export function requiredShape(shape: RecordShape | undefined): RecordShape {
  if (!shape) throw new Error('there are no records of the public name: deploy the stack that makes them');
  return shape;
}

const goesOn: readonly string[] = ['changed', 'moved', 'pending', 'unreachable', 'again'];

/** Why it is rolled back goes along for as long as the rollback does; what ends it otherwise speaks for itself. */
export function withReason<Result extends { readonly outcome: string }>(
  result: Result,
  { because, detail }: CarriedResult,
): Result & { readonly because?: string } {
  return goesOn.includes(result.outcome) ? { ...result, because: because ?? detail ?? 'asked for' } : result;
}
