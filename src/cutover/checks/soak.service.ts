import { AuditClock, AuditLog } from '../audit/service';
import { AlarmReference, CutoverPlan } from '../contract';
import { CheckReads, SoakOutcome } from './model';
import { alarmStates } from './precheck.service';
import { causeOf } from '../../kernel/cause';

const blindLooks = 3;

/**
 * Looks at a phase's alarms, once a call, until the phase was watched long enough. An alarm without data is neither raised nor quiet: it
 * has judged nothing. While the soak lasts it is waited for, since traffic has just come; the soak does not end before it has judged.
 */
export class Soak {
  constructor(
    private readonly log: AuditLog,
    private readonly reads: Pick<CheckReads, 'alarms'>,
    private readonly clock: AuditClock,
  ) {}

  public async look(run: string, plan: CutoverPlan, phase: number, unreadable: number): Promise<SoakOutcome> {
    const { alarms, soakSeconds } = plan.phases[phase];
    const state = await this.log.current();
    const since = Date.parse(state.changedAt ?? new Date(this.clock.nowMs()).toISOString());
    const nameOf = ({ region, name }: AlarmReference): string => `${region}/${name}`;
    const blindLook = (detail: string): SoakOutcome =>
      unreadable + 1 >= blindLooks
        ? { outcome: 'blind', phase, detail }
        : { outcome: 'soaking', phase, unreadable: unreadable + 1, waitSeconds: plan.soakPollSeconds };
    let raised: string[];
    let silent: string[];
    try {
      const states = await alarmStates(this.reads, alarms);
      const missing = states.filter((alarm) => alarm.state === 'MISSING');
      if (missing.length > 0) throw new Error(`no alarm ${missing.map(nameOf).join(', ')}`);
      raised = states.filter((alarm) => alarm.state === 'ALARM').map(nameOf);
      silent = states.filter((alarm) => alarm.state === 'INSUFFICIENT_DATA' && hasShare(alarm, plan, phase)).map(nameOf);
    } catch (error) {
      return blindLook(`alarms cannot be read: ${causeOf(error)}`);
    }
    if (raised.length > 0) {
      await this.log.append(() => ({
        key: `${run}/phase-${phase}/breach`,
        by: [run],
        entry: { what: 'breach', run, phase, alarms: raised, then: plan.onBreach },
      }));
      return { outcome: 'breach', phase, detail: `raised: ${raised.join(', ')}` };
    }
    const seconds = (this.clock.nowMs() - since) / 1000;
    if (seconds < soakSeconds) {
      return {
        outcome: 'soaking',
        phase,
        unreadable: 0,
        waitSeconds: Math.max(1, Math.ceil(Math.min(plan.soakPollSeconds, soakSeconds - seconds))),
      };
    }
    if (silent.length > 0) {
      return blindLook(
        `alarms without data after ${Math.floor(seconds)} s: ${silent.join(', ')}. They have judged nothing: see why their metrics ` +
          `are silent, or have them treat missing data as not breaching where no data means that nothing is wrong`,
      );
    }
    await this.log.append((now) =>
      now.changedAt === state.changedAt
        ? {
            key: `${run}/phase-${phase}/soaked/${state.recorded?.stamp}`,
            by: [run],
            entry: { what: 'soaked', run, phase, seconds: Math.floor(seconds) },
          }
        : undefined,
    );
    return { outcome: 'soaked', phase };
  }
}

/** Whether a region gets traffic in a phase: the source gets none at 100 percent, and its alarms then have nothing to judge. */
function hasShare({ region }: AlarmReference, plan: CutoverPlan, phase: number): boolean {
  return region !== plan.source || plan.phases[phase].target < 100;
}
