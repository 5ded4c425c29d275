import { ScanCommand, ScanCommandOutput } from '@aws-sdk/client-dynamodb';
import { kmsSigner, parameterAudit } from './audit.aws';
import { AuditLog } from './audit.service';
import { executionsIn, isExecutionRunning } from './caller.aws';
import { cutoverEnv, cutoverMetrics, stepsEnv } from './cutover.contract';
import { StepCall, StepOutcome } from './cutover.ports';
import { CutoverPorts, refusedCall } from './cutover.service';
import { DynamoApprovals } from './gate.aws';
import { checkPorts } from './precheck.aws';
import { ReplicaPort, RoundReport } from './reconcile-window.service';
import { route53Records } from './weights.aws';
import { digestOf } from '../kernel/digest';
import { Json } from '../kernel/fingerprint';
import { homeMoveName, homeStatusName, ledgerTableName } from '../ledger/contract';
import { toItem } from '../ledger/items.aws';
import { dynamoClient } from '../runtime/clients';
import { Invoker, invoker } from '../runtime/invoke';
import { Telemetry } from '../runtime/telemetry';

type Environment = Readonly<Record<string, string | undefined>>;

const clock = { nowMs: Date.now, sleep: (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms)) };

/** The audit and the records of a function, from its environment. */
export function recordPorts(source: Environment): Pick<CutoverPorts, 'log' | 'records' | 'clock'> {
  const { systemName, auditRegion, hostedZoneId, publicName, auditKey } = cutoverEnv.read(source);
  const log = new AuditLog(parameterAudit(systemName, auditRegion), kmsSigner(auditKey, auditRegion), clock);
  return { clock, log, records: route53Records({ systemName, hostedZoneId, publicName }) };
}

/** All ports of the cutover's steps, from a function's environment. */
export function cutoverPorts(source: Environment): CutoverPorts {
  const { systemName, auditRegion } = cutoverEnv.read(source);
  const { stateMachineArn, gateTable } = stepsEnv.read(source);
  const invokeIn = (region: string): Invoker => invoker({
    region, credentials: dynamoClient(region).config.credentials, ...(source.AWS_ENDPOINT_URL ? { endpoint: source.AWS_ENDPOINT_URL } : {}),
  });
  return {
    ...recordPorts(source),
    checks: checkPorts(invokeIn(auditRegion), Date.now),
    operate: async (region, request, timeoutMs) => {
      const name = 'run' in request ? homeMoveName(systemName) : homeStatusName(systemName);
      return JSON.parse(await invokeIn(region)(name, request, timeoutMs)) as Awaited<ReturnType<CutoverPorts['operate']>>;
    },
    replicas: replicaPort(ledgerTableName(systemName)),
    executions: executionsIn(auditRegion),
    stateMachineArn,
    ...(gateTable ? { approvals: new DynamoApprovals(dynamoClient(auditRegion), gateTable) } : {}),
    isRunning: (run) => isExecutionRunning(auditRegion, run),
  };
}

/** Whole items, for replicas may differ in content alone. */
function replicaPort(tableName: string): ReplicaPort {
  return {
    async* scan(region) {
      const client = dynamoClient(region);
      let from: ScanCommandOutput['LastEvaluatedKey'];
      do {
        const page: ScanCommandOutput = await client.send(new ScanCommand({ TableName: tableName, ConsistentRead: true, ExclusiveStartKey: from }));
        for (const item of (page.Items ?? []).map(toItem)) {
          // A drain switch belongs to one region.
          if (typeof item.version !== 'number') continue;
          yield { pk: item.pk, version: item.version, writtenAt: Number(item.writtenAt ?? 0), digest: digestOf(item as unknown as Json) };
        }
        from = page.LastEvaluatedKey;
      } while (from);
    },
  };
}

/** Writes a line for a call that was refused, with the metric that an alarm looks at. */
export function refusalRecorder(source: Environment, service: string): (why: string) => void {
  const { systemName, auditRegion } = cutoverEnv.read(source);
  const telemetry = new Telemetry({ systemName, region: source.AWS_REGION ?? auditRegion, service });
  return (why) => {
    telemetry.count(cutoverMetrics.refused);
    telemetry.record('call refused', { why });
  };
}

/** Writes a line for each step, with the metrics that the alarms look at. */
export function stepRecorder(source: Environment): (asked: StepCall, outcome: StepOutcome) => void {
  const { systemName, auditRegion } = cutoverEnv.read(source);
  const telemetry = new Telemetry({ systemName, region: source.AWS_REGION ?? auditRegion, service: 'cutover' });
  return ({ step, run }, outcome) => {
    if (outcome.outcome === refusedCall) {
      telemetry.count(cutoverMetrics.refused);
      // Of a caller that is not known, nothing but what it was refused for.
      return telemetry.record('call refused', { why: outcome.why });
    }
    if (step === 'end') telemetry.count(cutoverMetrics.needsAttention, outcome.outcome === 'PAUSED' || outcome.outcome === 'FAILED' ? 1 : 0);
    const round = outcome.round as RoundReport | undefined;
    if (step === 'reconcile' && round) {
      telemetry.count(cutoverMetrics.rounds);
      telemetry.count(cutoverMetrics.unexplained, round.unexplained.length + round.escalated.length);
    }
    const { report, ...brief } = outcome;
    telemetry.record('cutover step', { step, run, outcome: brief });
  };
}
