import { DrillHandler } from './request.service';
import { askingCaller, CallerLookup } from '../../cutover/machine/caller.service';
import { DrillPlan, drillSchedule } from '../contract';
import { kindOf, requestOf, runId } from '../domain';
import { DrillCall, DrillStepName, DrillStepResult, drillWorkers, DrillWorker, StepsOf } from '../machine/contract';
import { DrillFacts } from '../model';

type Handlers<Services, Worker extends DrillWorker> = { readonly [Step in StepsOf<Worker>]: DrillHandler<Services, Step> };

/** What a function that does steps is made of. */
export interface DrillWorkerParts<Services, Worker extends DrillWorker> {
  readonly worker: Worker;
  readonly plan: DrillPlan;
  readonly services: Services;
  readonly steps: Handlers<Services, Worker>;
  readonly nowMs: () => number;
  /** Where it is looked up who asks. */
  readonly caller: CallerLookup;
}

/**
 * Does the steps of one function. Each can be asked for any number of times, by the drill's own state machine alone: who may call a
 * function could take a region away, or write evidence, with a payload of his own.
 */
export function drillWorker<Services, Worker extends DrillWorker>(
  parts: DrillWorkerParts<Services, Worker>,
): (call: DrillCall) => Promise<DrillStepResult> {
  const { worker, plan, services, steps, nowMs, caller } = parts;
  return async (call) => {
    if (drillWorkers[call.step] !== worker) throw new Error(`the function '${worker}' does not do the step '${String(call.step)}'`);
    const asking = await askingCaller(caller, call);
    if (asking.kind === 'refused') throw new Error(`the step '${call.step}' was not done: ${asking.why}`);
    const facts = factsOf(call, plan, nowMs());
    const handler = steps[call.step as StepsOf<Worker>] as unknown as DrillHandler<Services, DrillStepName>;
    return handler(services, { plan, run: call.run, facts, nowMs: nowMs() });
  };
}

/** What is known so far, and what went wrong on the way here. */
function factsOf({ run, request, facts, fault }: DrillCall, plan: DrillPlan, nowMs: number): DrillFacts {
  const known = 'id' in facts ? (facts as DrillFacts) : begun(run, request, plan, nowMs);
  const failed = fault.Error === undefined ? [] : [`a step failed: ${fault.Error} ${(fault.Cause ?? '').slice(0, 300)}`.trim()];
  return { ...known, reasons: [...new Set([...known.reasons, ...failed])] };
}

function begun(run: string, input: unknown, plan: DrillPlan, nowMs: number): DrillFacts {
  const request = requestOf(input);
  const kind = kindOf(request.kind, plan);
  return {
    id: runId(run),
    kind: kind ?? 'drain',
    startedBy: request.startedBy ?? drillSchedule,
    startedMs: nowMs,
    reasons: kind === undefined ? [`the kind of drill is '${String(request.kind).slice(0, 40)}': give drain or fault`] : [],
  };
}
