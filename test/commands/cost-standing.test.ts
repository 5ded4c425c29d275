import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { usage } from '../../src/commands/cost/usage.domain';
import {
  ActiveActivePaymentsApi,
  CrossRegionEventMesh,
  LedgerReplica,
  PaymentsAuthorization,
  PaymentsCanary,
  RegionFault,
} from '../../src/index';
import { newStack, regions } from '../cdk/stacks';
import { drillIn } from '../drill/machine';
import { drillWorld } from '../drill/machine-run';
import { readTracked } from '../project/tracked-files';

/** What canaries and drills take at any load: read from the constructs, and from a drill that is passed. */

interface AlarmProperties {
  readonly Metrics?: readonly { readonly MetricStat?: object }[];
}

/** CloudWatch bills an alarm by the metrics that it looks at. */
const metricsOf = ({ Metrics }: AlarmProperties): number => Metrics?.filter(({ MetricStat }) => MetricStat !== undefined).length ?? 1;

/** Properties of a type's resources whose logical ID begins so. */
function propertiesIn(stack: Stack, type: string, start: string): readonly Record<string, any>[] {
  return Object.entries(Template.fromStack(stack).findResources(type))
    .filter(([id]) => id.startsWith(start))
    .map(([, { Properties }]) => Properties as Record<string, any>);
}

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, one) => sum + one, 0);

function apiIn(stack: Stack): ActiveActivePaymentsApi {
  return new ActiveActivePaymentsApi(stack, 'Api', {
    ledger: LedgerReplica.of(stack, 'acme-pay', regions, { syntheticTenants: ['canary'] }),
    authorization: PaymentsAuthorization.jwt({ issuer: 'https://login.example.com', audience: ['payments'], tenantClaim: 'tenant' }),
  });
}

test('a canary', () => {
  const stack = newStack();
  new PaymentsCanary(stack, 'Canary', {
    api: apiIn(stack),
    tenant: 'canary',
    publicName: 'pay.example.com',
    client: {
      tokenUrl: 'https://login.example.com/token',
      clientSecret: Secret.fromSecretNameV2(stack, 'Client', 'acme-pay/canary-client'),
    },
  });
  const canaries = propertiesIn(stack, 'AWS::Synthetics::Canary', 'Canary');
  expect(canaries).toHaveLength(2);
  // Its memory is Synthetics' own choice: an assumption stands for it.
  expect(canaries.map(({ RunConfig }) => RunConfig.MemoryInMB as unknown)).toEqual([undefined, undefined]);
  const alarms = propertiesIn(stack, 'AWS::CloudWatch::Alarm', 'Canary');
  expect(sumOf(alarms.map(metricsOf)) / canaries.length).toBe(usage.canaryAlarms.value);
});

test('what a drill has at all times', () => {
  const stack = newStack('us-west-2');
  drillIn(stack);
  expect(sumOf(propertiesIn(stack, 'AWS::CloudWatch::Alarm', 'Drill').map(metricsOf))).toBe(usage.drillAlarms.value);
  const memory = propertiesIn(stack, 'AWS::Lambda::Function', 'DrillFunctions').map(({ MemorySize }) => (MemorySize as number) / 1024);
  expect(memory).toHaveLength(5);
  expect([...new Set(memory)]).toEqual([usage.drillMemory.value]);
  const schedules = propertiesIn(stack, 'AWS::Events::Rule', 'Drill').map(({ ScheduleExpression }) => ScheduleExpression as unknown);
  expect(schedules).toContain('rate(1 minute)');
  expect(usage.watchdogLooks.value).toBe(60);
  expect(readTracked('src/drill/functions/watchdog.handler.ts').match(/telemetry\.count\(/g)).toHaveLength(usage.drillMetrics.value);
});

test('a passed drill', async () => {
  const { result, visited, world } = await drillWorld({ metric: (name) => (name === 'EventsPublished' ? [400] : [0]) });
  expect(result.state).toBe('PASSED');
  const steps = ['Check', 'Announce', 'See payments before', 'Take region away', 'Watch callers leave', 'Put region back'];
  const calls = visited.filter((name) => [...steps, 'Watch callers come back', 'Measure', 'Check again', 'Keep evidence'].includes(name));
  expect({ transitions: visited.length, calls: calls.length, seconds: (world.nowMs - world.beganMs) / 1000 }).toEqual({
    transitions: usage.drillTransitions.value,
    calls: usage.drillCalls.value,
    seconds: usage.drillTime.value,
  });
});

test('an experiment', () => {
  const stack = newStack();
  const mesh = new CrossRegionEventMesh(stack, 'Mesh', { systemName: 'acme-pay', regions: regions.replicas });
  new RegionFault(stack, 'Fault', { api: apiIn(stack), mesh });
  const [template] = propertiesIn(stack, 'AWS::FIS::ExperimentTemplate', 'Fault');
  expect(Object.keys(template.Actions as object)).toHaveLength(usage.faultActions.value);
  expect(sumOf(propertiesIn(stack, 'AWS::CloudWatch::Alarm', 'Fault').map(metricsOf))).toBe(usage.faultAlarms.value);
});
