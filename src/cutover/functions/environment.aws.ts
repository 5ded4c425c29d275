import { DynamoDBClient, ScanCommand, ScanCommandInput, ScanCommandOutput } from '@aws-sdk/client-dynamodb';
import { DynamoApprovals } from '../../approvals/aws';
import { digestOf } from '../../kernel/digest';
import type { Environment } from '../../kernel/env';
import { Json } from '../../kernel/fingerprint';
import { onwards } from '../../kernel/pages';
import { DynamoStore } from '../../ledger/aws';
import { homeMoveName, homeStatusName, ledgerSchema, ledgerTableName } from '../../ledger/contract';
import { toItem } from '../../ledger/items.aws';
import { Item } from '../../ledger/ports';
import { dynamoClient } from '../../runtime/clients';
import { clock } from '../../runtime/clock';
import { Invoker, invoker } from '../../runtime/invoke';
import { Telemetry } from '../../runtime/telemetry';
import { kmsSigner, parameterAudit } from '../audit/aws';
import { AuditLog } from '../audit/service';
import { checkPorts } from '../checks/precheck.aws';
import { ReplicaPort } from '../checks/reconcile-round.service';
import { accountOfKey, accountPrefix, ReplicaItem } from '../checks/reconcile-window.domain';
import { cutoverEnv, cutoverMetrics, stepsEnv } from '../contract';
import { executionsIn, isExecutionRunning } from '../machine/caller.aws';
import { refusedCall, StepCall, StepOutcome } from '../machine/contract';
import { CutoverPorts } from '../steps/service';
import { route53Records } from '../weights/aws';

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
  const invokeIn = (region: string): Invoker =>
    invoker({
      region,
      credentials: dynamoClient(region).config.credentials,
      ...(source.AWS_ENDPOINT_URL ? { endpoint: source.AWS_ENDPOINT_URL } : {}),
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
export function replicaPort(tableName: string): ReplicaPort {
  const clients = new Map<string, DynamoDBClient>();
  const clientOf = (region: string): DynamoDBClient => {
    const client = clients.get(region) ?? dynamoClient(region);
    clients.set(region, client);
    return client;
  };
  return {
    async *scan(region, from) {
      const pages = scanPages(clientOf(region), { TableName: tableName }, from);
      for await (const { items, next } of pages) yield { items: items.flatMap(replicaItemOf), ...next };
    },
    items: async (region, pks) => (await new DynamoStore(clientOf(region), tableName).readMany(pks)).flatMap(replicaItemOf),
    async *accounts(region, from) {
      const keys = {
        ProjectionExpression: '#pk',
        FilterExpression: 'begins_with(#pk, :account)',
        ExpressionAttributeNames: { '#pk': ledgerSchema.partitionKey },
      };
      const accounts = { TableName: tableName, ...keys, ExpressionAttributeValues: { ':account': { S: accountPrefix } } };
      const pages = scanPages(clientOf(region), accounts, from);
      for await (const { items, next } of pages) yield { items: items.flatMap(({ pk }) => accountOfKey(pk) ?? []), ...next };
    },
  };
}

/** A scan's pages from behind a key on. */
async function* scanPages(
  client: DynamoDBClient,
  input: ScanCommandInput,
  from: string | undefined,
): AsyncIterable<{ items: readonly Item[]; next: { next?: string } }> {
  const onward = onwards<string>(`the scan of ${input.TableName}`);
  let at = onward(from);
  do {
    const start = at === undefined ? {} : { ExclusiveStartKey: { [ledgerSchema.partitionKey]: { S: at } } };
    const page: ScanCommandOutput = await client.send(new ScanCommand({ ...input, ConsistentRead: true, ...start }));
    at = onward(page.LastEvaluatedKey?.[ledgerSchema.partitionKey].S);
    yield { items: (page.Items ?? []).map(toItem), next: at === undefined ? {} : { next: at } };
  } while (at !== undefined);
}

/** None for a drain switch, which belongs to one region. */
function replicaItemOf(item: Item): readonly ReplicaItem[] {
  if (typeof item.version !== 'number') return [];
  return [{ pk: item.pk, version: item.version, writtenAt: Number(item.writtenAt ?? 0), digest: digestOf(item as unknown as Json) }];
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
    if (step === 'end') {
      telemetry.count(cutoverMetrics.needsAttention, outcome.outcome === 'PAUSED' || outcome.outcome === 'FAILED' ? 1 : 0);
    }
    if ('round' in outcome && outcome.round) {
      telemetry.count(cutoverMetrics.rounds);
      telemetry.count(cutoverMetrics.unexplained, outcome.round.unexplained.length + outcome.round.escalated.length);
    }
    telemetry.record('cutover step', { step, run, outcome: briefOf(outcome) });
  };
}

/** An outcome as a line tells it: without what people are shown, and of a round under way how far it has come, without its sums. */
function briefOf(outcome: StepOutcome): object {
  if ('report' in outcome) {
    const { report, ...brief } = outcome;
    return brief;
  }
  if (!('progress' in outcome) || !outcome.progress.underWay) return outcome;
  const { underWay, ...progress } = outcome.progress;
  const { read, comparing } = underWay;
  return {
    ...outcome,
    progress: { ...progress, underWay: { source: read.source.items, target: read.target.items, comparing: comparing?.side } },
  };
}
