import { meshMetrics } from '../../events/contract';
import { systemMetrics } from '../../kernel/system-metrics';
import { CutoverState } from '../audit/domain';
import { AuditClock } from '../audit/service';
import { AlarmReference, CutoverPlan } from '../contract';
import { CheckResult } from '../model';
import {
  AlarmState,
  alarmsCheck,
  attestationCheck,
  CheckReport,
  driftCheck,
  healthCheck,
  healthyMinutes,
  lagCheck,
  lateMinutes,
  noLagCheck,
  parityCheck,
  probeCheck,
  queueCheck,
  reportOf,
  ttlCheck,
  unreadable,
} from './precheck.domain';
import { RecordsPort } from '../weights/service';

/** A CloudWatch metric. */
export interface MetricQuery {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly stat: 'Maximum' | 'Average' | 'Minimum';
}

/** What the checks look at. Every method may throw: then its check has failed. */
export interface CheckPorts {
  readonly records: Pick<RecordsPort, 'read'>;
  /** Regions that accounts are at home in; asked for in mode HOME_REGION alone. */
  homes(): Promise<readonly string[]>;
  /** Values of the last minutes, one a minute, newest first; minutes without data are left out. */
  metric(region: string, query: MetricQuery, minutes: number): Promise<readonly number[]>;
  alarms(region: string, names: readonly string[]): Promise<readonly AlarmState[]>;
  /** Messages in a queue, in flight and delayed ones too; undefined when there is no such queue. */
  queueDepth(region: string, name: string): Promise<number | undefined>;
  lambdaConcurrency(region: string): Promise<number>;
  apiThrottles(region: string): Promise<{ readonly rate: number; readonly burst: number }>;
  /** The team's own check. */
  ownCheck(
    functionArn: string,
    request: { readonly phase: number; readonly share: number; readonly source: string; readonly target: string },
  ): Promise<Pick<CheckResult, 'passed' | 'value'> & Partial<CheckResult>>;
}

type Check = readonly [name: string, run: () => Promise<readonly CheckResult[]>];

/** What the functions' own ports are; the rest of the checks' comes from other steps. */
export type OwnCheckPorts = Omit<CheckPorts, 'records' | 'homes'>;

/** The newest minute is still being counted, and arrives late. */
const probeMinutes = lateMinutes;
/** Route 53 publishes its metrics here alone, whatever region a health check looks at. */
const route53Region = 'us-east-1';

/** Makes all checks before a phase, at once: each one is reported, whatever the others say. */
export async function runPrechecks(
  ports: CheckPorts,
  clock: AuditClock,
  plan: CutoverPlan,
  state: CutoverState,
  phase: number,
): Promise<CheckReport> {
  const checks = [...regionChecks(ports, clock, plan), ...stateChecks(ports, clock, plan, state, phase)];
  const results = await Promise.all(
    checks.map(async ([name, run]) => {
      try {
        return await run();
      } catch (error) {
        return [unreadable(name, error)];
      }
    }),
  );
  return reportOf(phase, new Date(clock.nowMs()).toISOString(), results.flat());
}

function regionChecks(ports: CheckPorts, clock: AuditClock, plan: CutoverPlan): Check[] {
  const { source, target, mode, tableName, prechecks, systemName } = plan;
  const both = [
    [source, target],
    [target, source],
  ] as const;
  const lag = async (from: string, to: string): Promise<CheckResult> => {
    const query = (stat: MetricQuery['stat']): Promise<readonly number[]> =>
      ports.metric(
        from,
        { namespace: 'AWS/DynamoDB', name: 'ReplicationLatency', dimensions: { TableName: tableName, ReceivingRegion: to }, stat },
        prechecks.lagMinutes + lateMinutes,
      );
    const [averages, maxima] = await Promise.all([query('Average'), query('Maximum')]);
    return lagCheck({ averages, maxima }, prechecks, from, to, clock.nowMs());
  };
  const probe = (from: string, to: string, limitMs: number): Check => [
    `event-probe ${from}->${to}`,
    async () => [
      probeCheck(
        from,
        to,
        await ports.metric(
          to,
          {
            namespace: systemMetrics.namespace,
            name: meshMetrics.probeLatency,
            stat: 'Maximum',
            dimensions: {
              [systemMetrics.systemDimension]: systemName,
              [systemMetrics.regionDimension]: to,
              [meshMetrics.peerDimension]: from,
            },
          },
          probeMinutes,
        ),
        limitMs,
        clock.nowMs(),
      ),
    ],
  ];
  return [
    // A strongly consistent table has no lag, and no such metric. What matters is what the target receives from where payments are written:
    // after a takeover that may be the target itself.
    ...(mode === 'HOME_REGION'
      ? [
          [
            `replication-lag ${source}->${target}`,
            async () => {
              const elsewhere = (await ports.homes()).filter((home) => home !== target).sort();
              return elsewhere.length === 0 ? [noLagCheck(source, target)] : Promise.all(elsewhere.map((home) => lag(home, target)));
            },
          ] satisfies Check,
        ]
      : []),
    ...(prechecks.probeMs === undefined ? [] : both.map(([from, to]) => probe(from, to, prechecks.probeMs!))),
    [
      'lambda-concurrency',
      async () => [
        parityCheck(
          'lambda-concurrency',
          await ports.lambdaConcurrency(source),
          await ports.lambdaConcurrency(target),
          'environments at once',
        ),
      ],
    ],
    [
      'api-throttles',
      async () => {
        const [there, here] = [await ports.apiThrottles(source), await ports.apiThrottles(target)];
        return [
          parityCheck('api-throttle-rate', there.rate, here.rate, 'calls a second'),
          parityCheck('api-throttle-burst', there.burst, here.burst, 'calls at once'),
        ];
      },
    ],
    ...prechecks.queues.map(({ region, name, alarms }): Check => [
      `dead-letter-queue ${region}/${name}`,
      async () => [
        queueCheck(region, name, await ports.queueDepth(region, name)),
        alarmsCheck(`dead-letter-alarm ${region}/${name}`, alarms.length === 0 ? [] : await ports.alarms(region, alarms)),
      ],
    ]),
  ];
}

function stateChecks(ports: CheckPorts, clock: AuditClock, plan: CutoverPlan, state: CutoverState, phase: number): Check[] {
  const { prechecks, source, target } = plan;
  const share = plan.phases[phase].target;
  const health = state.recorded?.shape.target.healthCheckId;
  return [
    ['ttl-lowered', async () => [ttlCheck(state, prechecks, clock.nowMs())]],
    ['weights-as-recorded', async () => [driftCheck(state, await ports.records.read())]],
    ['watched-alarms', async () => [alarmsCheck('watched-alarms', await alarmStates(ports, plan.phases[phase].alarms))]],
    [
      `target-healthy ${target}`,
      async () => {
        const statuses =
          health === undefined
            ? []
            : await ports.metric(
                route53Region,
                { namespace: 'AWS/Route53', name: 'HealthCheckStatus', dimensions: { HealthCheckId: health }, stat: 'Minimum' },
                healthyMinutes + lateMinutes,
              );
        return [healthCheck(target, health, statuses, clock.nowMs())];
      },
    ],
    ...prechecks.attestations.map((name): Check => [`attested ${name}`, async () => [attestationCheck(name, state.run?.attested ?? {})]]),
    ...(prechecks.ownCheck === undefined
      ? []
      : [
          [
            'own-check',
            async () => {
              const said = await ports.ownCheck(prechecks.ownCheck!, { phase, share, source, target });
              if (typeof said?.passed !== 'boolean') {
                throw new Error(`the check function answered ${JSON.stringify(said)}: it must answer {passed, value}`);
              }
              return [
                {
                  name: 'own-check',
                  passed: said.passed,
                  value: String(said.value ?? ''),
                  allowed: String(said.allowed ?? 'passed'),
                  mend: said.passed ? '' : String(said.mend ?? 'see the check function'),
                },
              ];
            },
          ] satisfies Check,
        ]),
  ];
}

/** The alarms' states, region by region. Throws when a region does not answer. */
export async function alarmStates(ports: Pick<CheckPorts, 'alarms'>, alarms: readonly AlarmReference[]): Promise<readonly AlarmState[]> {
  const byRegion = new Map<string, string[]>();
  for (const { region, name } of alarms) byRegion.set(region, [...(byRegion.get(region) ?? []), name]);
  return (await Promise.all([...byRegion].map(([region, names]) => ports.alarms(region, names)))).flat();
}
