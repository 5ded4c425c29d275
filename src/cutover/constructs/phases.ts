import { Duration } from 'aws-cdk-lib';
import { PropProblem } from '../../cdk/checks/invalid-props';
import { AlarmReference, CutoverPlan, PhasePlan } from '../contract';

/** An alarm in one of the two regions, by its name. */
export interface CutoverAlarm {
  /** Region of the alarm. */
  readonly region: string;

  /** Name of the alarm, metric or composite. */
  readonly alarmName: string;
}

/** One phase of a cutover. */
export interface CutoverPhase {
  /** Share of the public name's answers that lead to the target, in percent: 1 to 100, more than the phase before. */
  readonly targetPercent: number;

  /**
   * How long the phase is watched before the next one. At least the records' TTL: before that, callers have not moved.
   *
   * @default Duration.minutes(30)
   */
  readonly soak?: Duration;

  /**
   * Whether people must approve before the phase begins.
   *
   * @default true
   */
  readonly approval?: boolean;

  /**
   * Alarms that are watched during the soak, beside those of the whole cutover.
   *
   * @default - none beside those
   */
  readonly alarms?: CutoverAlarm[];
}

/** What to do when an alarm is raised during a soak. */
export enum OnBreach {
  /** Stay at the phase's weights and end: people decide how to go on. */
  PAUSE = 'PAUSE',
  /** Send everything back to the source. */
  ROLL_BACK = 'ROLL_BACK',
}

/** What to do while Route 53's control plane (us-east-1) cannot be reached. */
export enum OnControlPlaneLoss {
  /** Try again until `patience` is over, then end paused. */
  WAIT = 'WAIT',
  /** End paused at once. */
  END = 'END',
}

const defaultShares = [10, 25, 50, 90, 100];

/** The phases with all defaults, as the plan has them. */
export function phasePlans(phases: readonly CutoverPhase[] | undefined, watched: readonly CutoverAlarm[]): PhasePlan[] {
  const references = (alarms: readonly CutoverAlarm[]): AlarmReference[] =>
    alarms.map(({ region, alarmName }) => ({ region, name: alarmName }));
  return (phases ?? defaultShares.map((targetPercent): CutoverPhase => ({ targetPercent }))).map(
    ({ targetPercent, soak, approval, alarms }) => ({
      target: targetPercent,
      soakSeconds: (soak ?? Duration.minutes(30)).toSeconds(),
      gate: approval ?? true,
      alarms: references([...watched, ...(alarms ?? [])]),
    }),
  );
}

/** What is wrong with the phases; undefined when nothing is. */
export function phasesProblem(plan: CutoverPlan, gated: boolean): PropProblem | undefined {
  return sharesProblem(plan) ?? alarmsProblem(plan) ?? gateProblem(plan, gated);
}

function sharesProblem({ phases, prechecks: { ttlSeconds } }: CutoverPlan): PropProblem | undefined {
  const shares = phases.map(({ target }) => target);
  const given = shares.join('/') || 'empty';
  const rising = shares.every((share, at) => Number.isInteger(share) && share >= 1 && share <= 100 && (at === 0 || share > shares[at - 1]));
  if (!rising || shares[shares.length - 1] !== 100) {
    return {
      prop: 'phases',
      given,
      allowed: 'whole percentages from 1 to 100, each more than the one before, the last one 100',
      mend: 'order them, and end with 100',
    };
  }
  const short = phases.find(({ soakSeconds }) => soakSeconds < ttlSeconds);
  if (short) {
    return {
      prop: 'phases',
      given: `a soak of ${short.soakSeconds} s at ${short.target} % with a TTL of ${ttlSeconds} s`,
      allowed: 'a soak at least as long as recordTtl',
      mend:
        'lengthen the soak or shorten recordTtl: callers keep the old DNS answer for one TTL, so a shorter soak would watch no ' +
        'moved traffic',
    };
  }
  return undefined;
}

function alarmsProblem({ phases, source, target, onBreach }: CutoverPlan): PropProblem | undefined {
  const blind = phases.find(({ alarms }) => alarms.length === 0);
  if (blind) {
    return {
      prop: 'alarms',
      given: `none at ${blind.target} %`,
      allowed: 'at least one alarm to watch in each phase',
      mend: 'name alarms of the cutover, or of the phase',
    };
  }
  const elsewhere = phases.flatMap(({ alarms }) => alarms).find(({ region }) => region !== source && region !== target);
  if (elsewhere) {
    return {
      prop: 'alarms',
      given: `${elsewhere.name} in ${elsewhere.region}`,
      allowed: `alarms in ${source} or ${target}`,
      mend: 'correct the region',
    };
  }
  const held = phases.find(({ alarms }) => alarms.every(({ region }) => region === source));
  if (held && onBreach === OnBreach.ROLL_BACK) {
    return {
      prop: 'alarms',
      given: `in ${source} alone at ${held.target} %`,
      allowed: `at least one alarm in ${target} in each phase with OnBreach.ROLL_BACK: alarms of the source alone never roll back`,
      mend: `name an alarm in ${target}, or set onBreach: OnBreach.PAUSE`,
    };
  }
  return undefined;
}

function gateProblem({ phases }: CutoverPlan, gated: boolean): PropProblem | undefined {
  if (!gated && phases.some(({ gate }) => gate)) {
    return {
      prop: 'gate',
      given: `missing, though ${phases
        .filter(({ gate }) => gate)
        .map(({ target }) => `${target} %`)
        .join(', ')} need approval`,
      allowed: 'an ApprovalGate',
      mend: 'give a gate, or set approval: false on each phase that may begin without approval',
    };
  }
  return undefined;
}
