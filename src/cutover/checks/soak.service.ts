import { alarmSight, AlarmSight } from './alarm-sight.service';
import { CheckReads, SoakOutcome, SoakProgress, Watch } from './model';
import { lacksAnswer } from './precheck.domain';
import { regionHealth } from './precheck.service';
import { recordsDrift } from './records-sight.service';
import { causeOf } from '../../kernel/cause';
import { CutoverState } from '../audit/domain';
import { AuditClock, AuditLog } from '../audit/service';
import { AlarmReference, CutoverPlan } from '../contract';
import { AuditRecord } from '../model';
import { ControlPlaneUnreachable, RecordsPort } from '../weights/service';

const blindLooks = 3;
/** A soak begins again after a longer time without sight: more than the looks that may be blind, and never less than this. */
const gapPolls = blindLooks + 1;
const gapFloorMs = 300_000;

/** Why not all traffic is sent to the source by itself; it may pass where its health could not be told. */
interface SourceDoubt {
  readonly why: string;
  readonly mayPass: boolean;
}

/** A phase that a run watches, and what the look before has left. */
export interface SoakedPhase {
  readonly run: string;
  readonly plan: CutoverPlan;
  readonly phase: number;
  readonly last: SoakProgress;
}

/**
 * Looks at a phase's alarms and records, once a call, until the phase was watched long enough: by this run, and without a gap. An alarm
 * without data is neither raised nor quiet: it has judged nothing. While the soak lasts it is waited for, since traffic has just come; the
 * soak does not end before it has judged.
 */
export class Soak {
  constructor(
    private readonly log: AuditLog,
    private readonly records: Pick<RecordsPort, 'read'>,
    private readonly reads: Pick<CheckReads, 'alarms' | 'metric'>,
    private readonly clock: AuditClock,
  ) {}

  public async look(asked: SoakedPhase): Promise<SoakOutcome> {
    const { run, plan, phase, last } = asked;
    const { alarms, soakSeconds } = plan.phases[phase];
    const state = await this.log.current();
    const sight = await alarmSight(this.reads, alarms);
    // What was read is judged first: a raised alarm is none the less raised because another one cannot be read.
    const raised = sight.states.filter((alarm) => alarm.state === 'ALARM');
    if (raised.length > 0) return this.onAlarm(asked, state, raised);
    const nowMs = this.clock.nowMs();
    const before = last.watch ?? beganAt(state, this.log.history(), nowMs);
    const unreadable = alarmProblem(sight) ?? (await this.recordsProblem(asked));
    if (typeof unreadable === 'object') return unreadable;
    if (unreadable !== undefined) return blindLook(asked, before, unreadable);
    const sinceMs = nowMs - before.seenMs > gapMs(plan) ? nowMs : before.sinceMs;
    const watch = { sinceMs, seenMs: nowMs };
    const seconds = (nowMs - sinceMs) / 1000;
    if (seconds < soakSeconds) {
      const waitSeconds = Math.max(1, Math.ceil(Math.min(plan.soakPollSeconds, soakSeconds - seconds)));
      return { outcome: 'soaking', phase, unreadable: 0, watch, waitSeconds };
    }
    const silent = sight.states.filter((alarm) => alarm.state === 'INSUFFICIENT_DATA' && hasShare(alarm, plan, phase)).map(nameOf);
    if (silent.length > 0) {
      return blindLook(
        asked,
        watch,
        `alarms without data after ${Math.floor(seconds)} s: ${silent.join(', ')}. They have judged nothing: see why their metrics ` +
          `are silent, or have them treat missing data as not breaching where no data means that nothing is wrong`,
      );
    }
    const soakedKey = `${run}/phase-${phase}/soaked/${state.recorded?.stamp}`;
    const left = await this.log.append((now) =>
      now.changedAt === state.changedAt && now.run?.id === state.run?.id && !thens.some((then) => now.keys.has(breachKey(asked, then)))
        ? { key: soakedKey, by: [run], entry: { what: 'soaked', run, phase, seconds: Math.floor(seconds) } }
        : undefined,
    );
    // An alarm whose answer was lost is quiet now: nothing says that this phase was watched, so its answer is told once more.
    return left.keys.has(soakedKey) ? { outcome: 'soaked', phase } : (this.breachOf(asked) ?? { outcome: 'soaked', phase });
  }

  /** How the run goes on after the alarm that it has recorded last in the phase. */
  private breachOf({ run, phase }: SoakedPhase): SoakOutcome | undefined {
    const entry = this.log
      .history()
      .map((record) => record.entry)
      .filter((one) => one.what === 'breach')
      .filter((one) => one.run === run && one.phase === phase)
      .at(-1);
    return entry && { outcome: entry.then === 'ROLL_BACK' ? 'breach' : 'held', phase, detail: `raised: ${entry.alarms.join(', ')}` };
  }

  /** A raised alarm rolls back, if the plan says so and nothing speaks against the source. */
  private async onAlarm(asked: SoakedPhase, state: CutoverState, raised: readonly AlarmReference[]): Promise<SoakOutcome> {
    const { run, plan, phase, last } = asked;
    const doubt = plan.onBreach === 'ROLL_BACK' ? await this.againstSource(plan, state, raised) : undefined;
    const unreadable = (last.unreadable ?? 0) + 1;
    if (doubt?.mayPass && unreadable < blindLooks) {
      // One datapoint may be late. Should the alarm be quiet at the next look, the soak begins with this one.
      const nowMs = this.clock.nowMs();
      return { outcome: 'soaking', phase, unreadable, watch: { sinceMs: nowMs, seenMs: nowMs }, waitSeconds: plan.soakPollSeconds };
    }
    const against = doubt?.why;
    const then = against === undefined ? plan.onBreach : 'PAUSE';
    const names = raised.map(nameOf);
    await this.log.append(() => ({ key: breachKey(asked, then), by: [run], entry: { what: 'breach', run, phase, alarms: names, then } }));
    const detail = `raised: ${names.join(', ')}`;
    return against === undefined
      ? { outcome: 'breach', phase, detail }
      : {
          outcome: 'held',
          phase,
          detail:
            `${detail}. Not rolled back: ${against}. People decide: start a rollback if ${plan.source} can take all traffic; ` +
            `otherwise start the cutover again when the alarms are quiet`,
        };
  }

  /** Why not all traffic is sent to the source by itself; undefined where nothing speaks against it. */
  private async againstSource(
    { source }: CutoverPlan,
    state: CutoverState,
    raised: readonly AlarmReference[],
  ): Promise<SourceDoubt | undefined> {
    if (raised.every(({ region }) => region === source)) {
      return { why: `only alarms of ${source} are raised, which a rollback sends everything to`, mayPass: false };
    }
    const health = state.recorded?.shape.source?.healthCheckId;
    // Nobody has said how to tell its health: the records of a region without a health check count as healthy for Route 53, too.
    if (health === undefined) return undefined;
    try {
      const result = await regionHealth(this.reads, source, health, this.clock.nowMs());
      return result.passed ? undefined : { why: `the health check of ${source} says: ${result.value}`, mayPass: lacksAnswer(result) };
    } catch (error) {
      return { why: `the health of ${source} cannot be read: ${causeOf(error)}`, mayPass: true };
    }
  }

  /** Records that nothing explains end the watch; a text says that they could not be read. */
  private async recordsProblem({ run, phase }: SoakedPhase): Promise<SoakOutcome | string | undefined> {
    try {
      const drift = await recordsDrift(this.log, this.records);
      if (!drift) return undefined;
      const { seq, detail, ...entry } = drift;
      await this.log.append((now) =>
        now.seq === seq
          ? { key: `${run}/phase-${phase}/soak/drift/${seq}`, by: [run], entry: { what: 'drift', run, ...entry } }
          : undefined,
      );
      return { outcome: 'drift', phase, detail: `${detail}. Adopt or revert what was changed by hand, then start the cutover again` };
    } catch (error) {
      // Without a control plane no record is changed, by hand neither: what follows reads them before it goes on.
      if (error instanceof ControlPlaneUnreachable) return undefined;
      return `the records cannot be read: ${causeOf(error)}`;
    }
  }
}

const thens: readonly CutoverPlan['onBreach'][] = ['PAUSE', 'ROLL_BACK'];

/** One for each way on: a worker that judged otherwise does not take the other's word. */
function breachKey({ run, phase }: SoakedPhase, then: CutoverPlan['onBreach']): string {
  return `${run}/phase-${phase}/breach/${then}`;
}

const nameOf = ({ region, name }: AlarmReference): string => `${region}/${name}`;

function gapMs({ soakPollSeconds }: CutoverPlan): number {
  return Math.max(gapPolls * soakPollSeconds * 1_000, gapFloorMs);
}

/** The watch of a run begins with the weights or with the run, and after an alarm once more: nobody watches between two runs. */
function beganAt({ changedAt, run }: CutoverState, records: readonly AuditRecord[], nowMs: number): Watch {
  const alarm = records.filter(({ entry }) => entry.what === 'breach').at(-1);
  const times = [changedAt, run?.startedAt, alarm?.at].flatMap((at) => (at === undefined ? [] : [Date.parse(at)]));
  const sinceMs = times.length === 0 ? nowMs : Math.max(...times);
  return { sinceMs, seenMs: sinceMs };
}

/** Why the alarms say nothing, if they do not. */
function alarmProblem({ states, unread }: AlarmSight): string | undefined {
  const missing = states.filter((alarm) => alarm.state === 'MISSING').map(nameOf);
  const problems = [...unread.map(({ cause }) => cause), ...(missing.length === 0 ? [] : [`no alarm ${missing.join(', ')}`])];
  return problems.length === 0 ? undefined : `alarms cannot be read: ${problems.join('; ')}`;
}

/** A look that saw too little: after some in a row nobody can say how it goes. */
function blindLook({ plan, phase, last }: SoakedPhase, watch: Watch, detail: string): SoakOutcome {
  const unreadable = (last.unreadable ?? 0) + 1;
  return unreadable >= blindLooks
    ? { outcome: 'blind', phase, detail }
    : { outcome: 'soaking', phase, unreadable, watch, waitSeconds: plan.soakPollSeconds };
}

/** Whether a region gets traffic in a phase: the source gets none at 100 percent, and its alarms then have nothing to judge. */
function hasShare({ region }: AlarmReference, plan: CutoverPlan, phase: number): boolean {
  return region !== plan.source || plan.phases[phase].target < 100;
}
