import { canaryLimits, CanaryPlan } from './contract';
import { causeOf } from '../kernel/cause';
import { CheckLine, CheckLines } from '../scenario/check-lines.service';
import { PaymentsCaller } from '../scenario/model';
import { roundTrip } from '../scenario/round-trip.service';

export interface CanaryPorts {
  readonly client: PaymentsCaller;
  readonly nowMs: () => number;
  /** Tells when a time is over, unless it is stopped before. */
  readonly timer: (ms: number) => CanaryTimer;
  /** An ID that no other run has. */
  readonly runId: () => string;
  /** Keeps the run's checks where they are read. */
  readonly record: (run: CanaryRun) => void;
}

export interface CanaryTimer {
  readonly over: Promise<void>;
  stop(): void;
}

/** Kept for the last look, which must end before the run does, milliseconds. */
const lookMs = 4_000;

/** What a run came to. */
export interface CanaryRun {
  readonly target: CanaryPlan['target'];
  readonly run: string;
  readonly checks: readonly Pick<CheckLine, 'name' | 'ok' | 'figure' | 'note'>[];
}

/** One run of a canary. Rejects when a check failed: that is how Synthetics learns of it. */
export async function runCanary(plan: CanaryPlan, ports: CanaryPorts): Promise<string> {
  const { amount, currency, funds, callMs, ownSeconds } = canaryLimits;
  const run = `canary-${ports.runId()}`;
  const figures = new CheckLines(() => undefined);
  const regions = plan.target === 'REGION' ? [plan.region] : plan.regions;
  const ownMs = ownSeconds * 1000;
  const readUntilMs = ports.nowMs() + ownMs - lookMs;
  const timer = ports.timer(ownMs);
  const late = timer.over.then(() => Promise.reject(new Error(`the run was not over after ${ownSeconds} s`)));
  try {
    const accountId = canaryAccount(plan, ports.nowMs());
    const trip = { client: ports.client, figures, accountId, funds, amount, currency, run, regions, callMs, readUntilMs };
    await Promise.race([roundTrip(trip), late]);
  } catch (error) {
    figures.check('all steps were made', false, causeOf(error));
  } finally {
    timer.stop();
  }
  const checks = figures.checks.map(({ name, ok, figure, note }) => ({ name, ok, figure, note }));
  ports.record({ target: plan.target, run, checks });
  const failed = checks.filter(({ ok }) => !ok);
  if (failed.length === 0) return `${checks.length} checks passed`;
  const reasons = failed.map(({ name, figure, note }) => `${name}: ${figure}${note ? ` (${note})` : ''}`);
  throw new Error(`${failed.length} of ${checks.length} checks failed: ${reasons.join('; ')}`.slice(0, 1_000));
}

/**
 * One account for each hour of each canary. Its lines are read at every run, so they must stay few; and no two canaries share one, so that
 * what one does is not in the other's way.
 */
export function canaryAccount({ region, target }: CanaryPlan, nowMs: number): string {
  const hour = new Date(nowMs).toISOString().slice(0, 13).replace(/\D/g, '');
  return `canary-${region}-${target.toLowerCase()}-${hour}`;
}
