import { alarmSight } from './alarm-sight.service';
import { parityRecordName } from '../../documents/contract';
import { meshMetrics } from '../../events/contract';
import { systemMetrics } from '../../kernel/system-metrics';
import { CutoverState } from '../audit/domain';
import { AuditClock } from '../audit/service';
import { CutoverPlan, QueueReference } from '../contract';
import { CheckReads, CheckReport, MetricQuery } from './model';
import { CheckResult } from '../model';
import {
  alarmsCheck,
  attestationCheck,
  documentsCheck,
  driftCheck,
  healthCheck,
  healthyMinutes,
  lagCheck,
  lateMinutes,
  noLagCheck,
  ownCheck,
  parityCheck,
  probeCheck,
  queueCheck,
  reportOf,
  ttlCheck,
  unreadable,
} from './precheck.domain';
import { RecordsPort } from '../weights/service';

/** What the checks before a phase go by. */
export interface PrecheckContext {
  readonly reads: CheckReads;
  readonly records: Pick<RecordsPort, 'read'>;
  /** Regions that accounts are at home in; asked for in mode HOME_REGION alone. */
  readonly homes: () => Promise<readonly string[]>;
  readonly clock: AuditClock;
  readonly plan: CutoverPlan;
  readonly state: CutoverState;
  readonly phase: number;
  /** Names of checks that are not made, as they stand before the subject in a title. */
  readonly without?: readonly string[];
}

/**
 * A check before a phase. It can read what it names in `reads` and nothing else; the right to that is in `readRights`, beside the reads, so
 * the function is granted it.
 */
interface Precheck<Read extends keyof CheckReads, Subject> {
  readonly reads: readonly Read[];
  /** What is checked, each by itself: a direction, a queue. Nothing, where the plan asks for none. */
  readonly subjects: (plan: CutoverPlan) => readonly Subject[];
  /** What the check is called in the report when it cannot be made. */
  readonly title: (subject: Subject, plan: CutoverPlan) => string;
  /** What was found, what is allowed, and what to do about it. */
  readonly check: (
    reads: Pick<CheckReads, Read>,
    context: Omit<PrecheckContext, 'reads'>,
    subject: Subject,
  ) => Promise<readonly CheckResult[]>;
}

/** One check of one subject. */
interface PlannedCheck {
  readonly title: string;
  readonly make: () => Promise<readonly CheckResult[]>;
}

/** A check whatever its subjects are. */
export interface PlannablePrecheck {
  readonly reads: readonly (keyof CheckReads)[];
  readonly planned: (context: PrecheckContext) => readonly PlannedCheck[];
}

function precheck<Read extends keyof CheckReads, Subject>(entry: Precheck<Read, Subject>): PlannablePrecheck {
  return {
    reads: entry.reads,
    planned: ({ reads, ...context }) =>
      entry
        .subjects(context.plan)
        .map((subject) => ({ title: entry.title(subject, context.plan), make: () => entry.check(reads, context, subject) })),
  };
}

/** A check of the whole system. */
const once = (): readonly [undefined] => [undefined];
/** The newest minute is still being counted, and arrives late. */
const probeMinutes = 5;
/** Route 53 publishes its metrics here alone, whatever region a health check looks at. */
const route53Region = 'us-east-1';

/** All checks before a phase, in the order of the report. A new one is one entry. */
export const prechecks: readonly PlannablePrecheck[] = [
  precheck({
    reads: ['metric'],
    // A strongly consistent table has no lag, and no such metric.
    subjects: ({ mode }) => (mode === 'HOME_REGION' ? [undefined] : []),
    title: (_, { source, target }) => `replication-lag ${source}->${target}`,
    check: async ({ metric }, { homes, plan, clock }) => {
      const { source, target, prechecks: bounds } = plan;
      const lag = async (from: string): Promise<CheckResult> => {
        const [averages, maxima] = await Promise.all(
          (['Average', 'Maximum'] as const).map((stat) => metric(from, lagMetric(plan, stat), bounds.lagMinutes + lateMinutes)),
        );
        return lagCheck({ averages, maxima }, bounds, from, target, clock.nowMs());
      };
      // What matters is what the target receives from where payments are written: after a takeover that may be the target itself.
      const elsewhere = (await homes()).filter((home) => home !== target).sort();
      return elsewhere.length === 0 ? [noLagCheck(source, target)] : Promise.all(elsewhere.map(lag));
    },
  }),
  precheck({
    reads: ['metric'],
    subjects: ({ prechecks: { probeMs: limitMs }, source, target }) =>
      limitMs === undefined
        ? []
        : [
            { from: source, to: target, limitMs },
            { from: target, to: source, limitMs },
          ],
    title: ({ from, to }) => `event-probe ${from}->${to}`,
    check: async ({ metric }, { plan, clock }, { from, to, limitMs }) => [
      probeCheck(from, to, await metric(to, probeMetric(plan, from, to), probeMinutes), limitMs, clock.nowMs()),
    ],
  }),
  precheck({
    reads: ['lambdaConcurrency'],
    subjects: once,
    title: () => 'lambda-concurrency',
    check: async ({ lambdaConcurrency }, { plan: { source, target } }) => [
      parityCheck('lambda-concurrency', await lambdaConcurrency(source), await lambdaConcurrency(target), 'environments at once'),
    ],
  }),
  precheck({
    reads: ['apiThrottles'],
    subjects: once,
    title: () => 'api-throttles',
    check: async ({ apiThrottles }, { plan }) => {
      const [source, target] = [await apiThrottles(plan.source), await apiThrottles(plan.target)];
      return [
        parityCheck('api-throttle-rate', source.rate, target.rate, 'calls a second'),
        parityCheck('api-throttle-burst', source.burst, target.burst, 'calls at once'),
      ];
    },
  }),
  precheck({
    reads: ['queueDepth', 'alarms'],
    subjects: ({ prechecks: { queues } }): readonly QueueReference[] => queues,
    title: ({ region, name }) => `dead-letter-queue ${region}/${name}`,
    check: async ({ queueDepth, alarms }, _, { region, name, alarms: named }) => [
      queueCheck(region, name, await queueDepth(region, name)),
      alarmsCheck(`dead-letter-alarm ${region}/${name}`, named.length === 0 ? [] : await alarms(region, named)),
    ],
  }),
  precheck({
    reads: [],
    subjects: once,
    title: () => 'ttl-lowered',
    check: async (_, { state, plan, clock }) => [ttlCheck(state, plan.prechecks, clock.nowMs())],
  }),
  precheck({
    reads: [],
    subjects: once,
    title: () => 'weights-as-recorded',
    check: async (_, { state, records }) => [driftCheck(state, await records.read())],
  }),
  precheck({
    reads: ['alarms'],
    subjects: once,
    title: () => 'watched-alarms',
    check: async (reads, { plan, phase }) => {
      const { states, unread } = await alarmSight(reads, plan.phases[phase].alarms);
      const away = unread.map(({ region, cause }) => unreadable(`watched-alarms ${region}`, cause));
      return states.length === 0 && away.length > 0 ? away : [alarmsCheck('watched-alarms', states), ...away];
    },
  }),
  precheck({
    reads: ['metric'],
    subjects: once,
    title: (_, { target }) => `target-healthy ${target}`,
    check: async ({ metric }, { plan: { target }, state, clock }) => {
      const health = state.recorded?.shape.target.healthCheckId;
      return [await regionHealth({ metric }, target, health, clock.nowMs())];
    },
  }),
  precheck({
    reads: ['parityRecord'],
    subjects: ({ prechecks: { documentsSeconds } }) => (documentsSeconds === undefined ? [] : [undefined]),
    title: () => 'documents-backfilled',
    check: async ({ parityRecord }, { plan, clock }) => {
      const { systemName, source: from, target: to } = plan;
      return [documentsCheck(plan, await parityRecord(to, parityRecordName(systemName, { from, to })), clock.nowMs())];
    },
  }),
  precheck({
    reads: [],
    subjects: ({ prechecks: { attestations } }): readonly string[] => attestations,
    title: (name) => `attested ${name}`,
    check: async (_, { state }, name) => [attestationCheck(name, state.run?.attested ?? {})],
  }),
  precheck({
    reads: ['ownCheck'],
    subjects: ({ prechecks: { ownCheck: functionArn } }): readonly string[] => (functionArn === undefined ? [] : [functionArn]),
    title: () => 'own-check',
    check: async (reads, { plan: { phases, source, target }, phase }, functionArn) => [
      ownCheck(await reads.ownCheck(functionArn, { phase, share: phases[phase].target, source, target })),
    ],
  }),
];

/** Makes all checks before a phase, at once: each one is reported, whatever the others say. */
export async function runPrechecks(context: PrecheckContext): Promise<CheckReport> {
  const results = await Promise.all(
    prechecks
      .flatMap(({ planned }) => planned(context))
      .filter(({ title }) => !context.without?.includes(title.split(' ')[0]))
      .map(async ({ title, make }) => {
        try {
          return await make();
        } catch (error) {
          return [unreadable(title, error)];
        }
      }),
  );
  return reportOf(context.phase, new Date(context.clock.nowMs()).toISOString(), results.flat());
}

function lagMetric({ tableName, target }: CutoverPlan, stat: MetricQuery['stat']): MetricQuery {
  return { namespace: 'AWS/DynamoDB', name: 'ReplicationLatency', dimensions: { TableName: tableName, ReceivingRegion: target }, stat };
}

function probeMetric({ systemName }: CutoverPlan, from: string, to: string): MetricQuery {
  return {
    namespace: systemMetrics.namespace,
    name: meshMetrics.probeLatency,
    stat: 'Maximum',
    dimensions: { [systemMetrics.systemDimension]: systemName, [systemMetrics.regionDimension]: to, [meshMetrics.peerDimension]: from },
  };
}

function healthMetric(healthCheckId: string): MetricQuery {
  return { namespace: 'AWS/Route53', name: 'HealthCheckStatus', dimensions: { HealthCheckId: healthCheckId }, stat: 'Minimum' };
}

/** Whether a region is healthy, as Route 53 sees it by its health check. */
export async function regionHealth(
  { metric }: Pick<CheckReads, 'metric'>,
  region: string,
  healthCheckId: string | undefined,
  nowMs: number,
): Promise<CheckResult> {
  const statuses =
    healthCheckId === undefined ? [] : await metric(route53Region, healthMetric(healthCheckId), healthyMinutes + lateMinutes);
  return healthCheck(region, healthCheckId, statuses, nowMs);
}
