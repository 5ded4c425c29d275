import { Duration, Token } from 'aws-cdk-lib';
import { PhasedCutoverStateMachineProps } from './phased-cutover-props';
import { OnBreach, OnControlPlaneLoss, phasePlans, phasesProblem } from './phases';
import { PropProblem } from '../../cdk/checks/invalid-props';
import { LedgerConsistency } from '../../ledger/constructs/payment-regions';
import { ledgerTableName } from '../../ledger/contract';
import { cutoverLimits, CutoverPlan } from '../contract';

/** A run's plan, with all defaults. */
export function planOf(props: PhasedCutoverStateMachineProps): CutoverPlan {
  const { systemName, publicName, source, target, regions, checks = {}, reconciliation = {}, controlPlaneLoss = {} } = props;
  const seconds = (given: Duration | undefined, otherwise: Duration): number => (given ?? otherwise).toSeconds();
  return {
    systemName,
    publicName,
    source,
    target,
    mode: regions.consistency === LedgerConsistency.STRONG ? 'STRONG' : 'HOME_REGION',
    tableName: ledgerTableName(systemName),
    phases: phasePlans(props.phases, props.alarms),
    onBreach: props.onBreach ?? OnBreach.ROLL_BACK,
    soakPollSeconds: seconds(props.soakCheckEvery, Duration.minutes(1)),
    controlPlane: {
      onLoss: controlPlaneLoss.then ?? OnControlPlaneLoss.WAIT,
      waitSeconds: seconds(controlPlaneLoss.patience, Duration.hours(2)),
      pollSeconds: seconds(controlPlaneLoss.every, Duration.minutes(5)),
    },
    prechecks: {
      lagMs: (checks.replicationLag ?? Duration.millis(500)).toMilliseconds(),
      lagMaxMs: (checks.replicationLagMax ?? Duration.seconds(10)).toMilliseconds(),
      lagMinutes: checks.replicationLagMinutes ?? 5,
      ttlSeconds: seconds(props.recordTtl, Duration.seconds(cutoverLimits.recordTtlSeconds)),
      ttlLeadSeconds: seconds(checks.ttlLead, Duration.hours(24)),
      queues: (checks.deadLetterQueues ?? []).map(({ region, queueName, alarmNames }) => ({ region, name: queueName, alarms: alarmNames })),
      ...(checks.eventProbe ? { probeMs: checks.eventProbe.toMilliseconds() } : {}),
      ...(checks.ownCheck ? { ownCheck: checks.ownCheck.functionArn } : {}),
      attestations: checks.attestations ?? (checks.documentsParityAge ? [] : ['documents-backfilled']),
      ...(checks.documentsParityAge ? { documentsSeconds: checks.documentsParityAge.toSeconds() } : {}),
    },
    window: {
      seconds: seconds(reconciliation.length, Duration.hours(72)),
      intervalSeconds: seconds(reconciliation.every, Duration.minutes(15)),
      settleSeconds: seconds(reconciliation.settle, Duration.minutes(5)),
    },
  };
}

function timesProblem({ soakPollSeconds, controlPlane, window, prechecks }: CutoverPlan): PropProblem | undefined {
  const short = (
    [
      ['soakCheckEvery', soakPollSeconds],
      ['controlPlaneLoss.every', controlPlane.pollSeconds],
      ['reconciliation.every', window.intervalSeconds],
    ] as const
  ).find(([, seconds]) => seconds < 1);
  if (short) return { prop: short[0], given: `${short[1]} s`, allowed: 'at least 1 second', mend: 'leave it out for the default' };
  if (!(Number.isInteger(prechecks.lagMinutes) && prechecks.lagMinutes >= 1 && prechecks.lagMinutes <= 60)) {
    return { prop: 'checks.replicationLagMinutes', given: `${prechecks.lagMinutes}`, allowed: '1 to 60', mend: 'leave it out for 5' };
  }
  const bare = prechecks.queues.find(({ alarms }) => alarms.length === 0);
  return (
    bare && {
      prop: 'checks.deadLetterQueues',
      given: `${bare.name} without alarmNames`,
      allowed: 'at least one alarm on each queue',
      mend: 'name the alarm that rises when the queue has messages',
    }
  );
}

function historyProblem(plan: CutoverPlan, units: number): PropProblem | undefined {
  const events = longestHistory(plan, units);
  if (events <= cutoverLimits.events) return undefined;
  return {
    prop: 'reconciliation, phases',
    given: `a run of up to ${events} events`,
    allowed: `up to ${cutoverLimits.events}: Step Functions ends an execution at 25,000`,
    mend: 'look less often (soakCheckEvery, reconciliation.every, controlPlaneLoss.every) or for a shorter time',
  };
}

/** What is wrong with a cutover that stands in a region; undefined when nothing is. */
export function cutoverProblem(props: PhasedCutoverStateMachineProps, plan: CutoverPlan, region: string): PropProblem | undefined {
  const { regions, source, target, gate, endSourceRole, starters, starterGroups } = props;
  const wrong = regions._problem();
  if (wrong) return wrong;
  if (Token.isUnresolved(region)) {
    return {
      prop: 'env.region of the stack',
      given: 'not set',
      allowed: `${target} or a third region`,
      mend: 'give the stack an env with a region',
    };
  }
  const foreign = [
    ['source', source],
    ['target', target],
  ].find(([, name]) => !regions.replicas.includes(name));
  if (foreign) {
    return {
      prop: foreign[0],
      given: `'${foreign[1]}'`,
      allowed: `one of the system's regions: ${regions.replicas.join(', ')}`,
      mend: 'correct the name',
    };
  }
  if (region === source) {
    return {
      prop: 'env.region of the stack',
      given: `${region}, the source`,
      allowed: `${target} or a third region`,
      mend: 'put the state machine into another region: it must still run when the source region is lost',
    };
  }
  const allowed = regions._home?.cutoverRegions() ?? [region];
  if (!Token.isUnresolved(region) && !allowed.includes(region)) {
    return {
      prop: 'env.region of the stack',
      given: region,
      allowed: `${allowed.join(' or ')}: homes can be moved only for a cutover in that region`,
      mend: `name it in PaymentRegions.homeRegion, cutoverRegion: '${region}', and deploy the regions first`,
    };
  }
  if (endSourceRole && !gate) {
    return {
      prop: 'endSourceRole',
      given: 'true without gate',
      allowed: 'with an ApprovalGate',
      mend: 'give a gate: the step asks people',
    };
  }
  if ((starters ?? starterGroups) && !gate) {
    return { prop: 'starters', given: 'without gate', allowed: 'with an ApprovalGate', mend: 'give a gate: it knows who they are' };
  }
  return (
    phasesProblem(plan, gate !== undefined) ??
    timesProblem(plan) ??
    historyProblem(plan, regions._home?.environment(plan.systemName, target).units ?? 1)
  );
}

/** Events that one look costs in an execution's history: wait, task and choice. */
const eventsPerLook = 9;

/**
 * A round that does not fit into one function goes on in the next, so there are no more of them than parts; the last one may end behind the
 * window.
 */
const [roundPartSeconds, partsBehindWindow] = [14 * 60, 24];

/** The longest history that the plan can come to, without retries; Step Functions ends an execution at 25,000 events. */
export function longestHistory({ phases, soakPollSeconds, controlPlane, window, mode }: CutoverPlan, units: number): number {
  const looks = (seconds: number, every: number): number => Math.ceil(seconds / every) + 2;
  const soaks = phases.reduce((sum, { soakSeconds }) => sum + looks(soakSeconds, soakPollSeconds), 0);
  // Each phase may wait for the control plane before its checks, after its approval and at its shift.
  // So may the authority and the end of the source each at two places.
  const waits = controlPlane.onLoss === 'END' ? 0 : (3 * phases.length + 5) * looks(controlPlane.waitSeconds, controlPlane.pollSeconds);
  const inSync = (phases.length + 2) * looks(cutoverLimits.syncPatienceSeconds, cutoverLimits.syncWaitSeconds);
  const authority = mode === 'HOME_REGION' ? 2 * units + 4 * cutoverLimits.authorityTries : 0;
  // Before the authority, after its approval, and before the source's role ends.
  const closing = 3 * cutoverLimits.closingTries;
  const rounds = looks(window.seconds, Math.min(window.intervalSeconds, roundPartSeconds)) + partsBehindWindow;
  return eventsPerLook * (soaks + waits + inSync + closing + authority + rounds) + 60 * phases.length + 260;
}
