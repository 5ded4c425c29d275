import { checkPorts } from '../../cutover/checks/precheck.aws';
import { executionsIn } from '../../cutover/machine/caller.aws';
import { CallerLookup } from '../../cutover/machine/caller.service';
import { Environment, regionOf } from '../../kernel/env';
import { DrainMarks } from '../../ledger/drain-mark.aws';
import { signedRequest } from '../../runtime/aws-request';
import { awsAnswerBytes, boundedCall } from '../../runtime/bounded-call';
import { ClientTokens } from '../../runtime/client-tokens';
import { dynamoClient } from '../../runtime/clients';
import { clock } from '../../runtime/clock';
import { Telemetry } from '../../runtime/telemetry';
import { drillEnv, drillMetrics, DrillPlan, mayFault, proberEnv, readDrillPlan } from '../contract';
import { FisFaults } from '../fault/fis.aws';
import { ProbeCallers } from '../prober/aws';
import { ProberPorts } from '../prober/service';
import { drillExecutions, drillStatus, drillStore, drillTopic, raisedAlarms, runningCutover } from '../reads.aws';
import { LookServices } from '../steps/look.service';
import { RegionServices } from '../steps/region.service';
import { ReportServices } from '../steps/report.service';
import { WatchdogPorts } from '../watchdog/service';

/** What every function of a drill reads. */
export function drillPlan(source: Environment): DrillPlan {
  return readDrillPlan(drillEnv.read(source).plan);
}

function set(name: string, value: string | undefined): string {
  if (value) return value;
  throw new Error(`environment variable ${name} is missing: the construct that makes this function sets it`);
}

/** Experiments, where the drill is one with faults. */
function faultsOf(source: Environment): { readonly faults?: FisFaults } {
  const plan = drillPlan(source);
  return mayFault(plan) ? { faults: new FisFaults(plan) } : {};
}

function switchesOf(source: Environment): DrainMarks {
  return new DrainMarks(dynamoClient(regionOf(source)), drillPlan(source).tableName);
}

/** Where a function looks up the execution that asks. */
export function drillCaller(source: Environment): CallerLookup {
  const stateMachineArn = set('DRILL_STATE_MACHINE_ARN', drillEnv.read(source).stateMachineArn);
  return { executions: executionsIn(regionOf(source)), stateMachineArn, sleep: clock.sleep };
}

/** Ports of the function that looks. */
export function lookServices(source: Environment): LookServices {
  const { systemName } = drillPlan(source);
  const { bucket, stateMachineArn, minuteMs = '60000' } = drillEnv.read(source);
  const machine = set('DRILL_STATE_MACHINE_ARN', stateMachineArn);
  const noCall = (): never => {
    throw new Error('a drill has no check of its own');
  };
  return {
    reads: checkPorts(noCall, Date.now),
    raised: (region, expected) => raisedAlarms(region, systemName, expected),
    cutover: (region) => runningCutover(region, systemName, machine),
    switches: switchesOf(source),
    ...faultsOf(source),
    store: drillStore(regionOf(source), bucket),
    minuteMs: Number(minuteMs),
  };
}

/** Ports of the function that takes the region away and puts it back. */
export function regionServices(source: Environment): RegionServices {
  return { switches: switchesOf(source), ...faultsOf(source) };
}

/** Ports of the function that tells. */
export function reportServices(source: Environment): ReportServices {
  const { bucket, topicArn, prober } = drillEnv.read(source);
  const region = regionOf(source);
  return {
    store: drillStore(region, bucket),
    bucket,
    topic: drillTopic(region, set('DRILL_TOPIC_ARN', topicArn)),
    startProber: (run) => startedProber(source, region, set('DRILL_PROBER', prober), run),
  };
}

/** Asks Lambda to start it, and does not wait: it runs for as long as the drill. */
async function startedProber(source: Environment, region: string, name: string, run: string): Promise<void> {
  const request = await signedRequest(
    {
      service: 'lambda',
      region,
      endpoint: source.AWS_ENDPOINT_URL,
      method: 'POST',
      path: `/2015-03-31/functions/${encodeURIComponent(name)}/invocations`,
      headers: { 'content-type': 'application/json', 'x-amz-invocation-type': 'Event' },
      body: JSON.stringify({ run }),
    },
    dynamoClient(region).config.credentials,
  );
  const { status } = await boundedCall(request, { timeoutMs: 10_000, bytes: awsAnswerBytes });
  if (status !== 202) throw new Error(`Invoke of ${name} answered ${status}`);
}

/** Ports of the prober. */
export function proberPorts(source: Environment): ProberPorts {
  const { bucket } = drillEnv.read(source);
  const { identity, door, zoneName } = proberEnv.read(source);
  const { publicName } = drillPlan(source);
  const region = regionOf(source);
  const callers = new ProbeCallers(
    { publicName, door, zoneName },
    new ClientTokens(region, JSON.parse(identity) as ConstructorParameters<typeof ClientTokens>[1]),
  );
  return {
    callerIn: callers.callerIn,
    ttlSeconds: () => callers.ttlSeconds(),
    store: drillStore(region, bucket),
    nowMs: Date.now,
    sleep: clock.sleep,
  };
}

/** Ports of the watchdog. */
export function watchdogPorts(source: Environment): WatchdogPorts {
  const { bucket, topicArn, stateMachineArn } = drillEnv.read(source);
  const region = regionOf(source);
  const machine = set('DRILL_STATE_MACHINE_ARN', stateMachineArn);
  return {
    switches: switchesOf(source),
    ...faultsOf(source),
    executions: () => drillExecutions(region, machine, drillPlan(source).kind),
    statusOf: (arn) => drillStatus(region, arn),
    store: drillStore(region, bucket),
    bucket,
    topic: drillTopic(region, set('DRILL_TOPIC_ARN', topicArn)),
    nowMs: Date.now,
  };
}

/** Telemetry of one drilled region's functions. */
export function drillTelemetry(source: Environment, service: string): Telemetry {
  const { systemName, drilled } = drillPlan(source);
  return new Telemetry({ systemName, region: regionOf(source), service, dimensions: { [drillMetrics.drilledDimension]: drilled } });
}
