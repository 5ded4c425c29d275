import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { apiLimits } from '../contract';
import type { DrainRead } from './service';
import { Environment, regionOf } from '../../kernel/env';
import { drainKey, ledgerEnv, ledgerSchema, readHome, switchAttributes } from '../../ledger/contract';
import { isDrainedBy, markOf } from '../../ledger/drain-mark.domain';
import { clockPorts } from '../../ledger/functions/environment.aws';
import { Authority } from '../../ledger/homes/authority.service';
import { authorityStore } from '../../ledger/homes/home.aws';
import { StoreFault } from '../../ledger/ports';
import { Attempt } from '../../ledger/protocol/attempt.service';
import { wrongTable } from '../../ledger/tables/refusing.service';
import { dynamoClient } from '../../runtime/clients';

const throttles = new Set(['ProvisionedThroughputExceededException', 'ThrottlingException', 'RequestLimitExceeded', 'Throttling']);

/** The port of a function by its environment: a table that is not what the function was made for is out of order, and is not read. */
export function deployedDrainReader(source: Environment): (strong: boolean) => Promise<DrainRead> {
  const env = ledgerEnv.read(source);
  const region = regionOf(source);
  const wrong = wrongTable(env, region);
  return wrong === undefined ? drainReader(env.tableName, region) : async () => ({ kind: 'failed', fault: new Error(wrong) });
}

/**
 * The port of the health check on the ledger's table: one read, once, within the time that Route 53 leaves. A switch with an end is over
 * by this region's own clock: who has set it may be lost, with its region.
 */
export function drainReader(tableName: string, region: string): (strong: boolean) => Promise<DrainRead> {
  const client = dynamoClient(undefined, {
    connectionTimeoutMs: apiLimits.healthReadTimeoutMs / 2,
    requestTimeoutMs: apiLimits.healthReadTimeoutMs,
  });
  const key = { [ledgerSchema.partitionKey]: { S: drainKey(region) } };
  return async (strong) => {
    try {
      const read = new GetItemCommand({
        TableName: tableName,
        Key: key,
        ConsistentRead: strong,
        ProjectionExpression: `${ledgerSchema.partitionKey}, ${switchAttributes.until}`,
      });
      const { Item } = await client.send(read, { abortSignal: AbortSignal.timeout(apiLimits.healthReadTimeoutMs) });
      return { kind: 'read', drained: Item !== undefined && isDrainedBy(markOf(Item), clockPorts.nowMs()) };
    } catch (error) {
      return error instanceof Error && throttles.has(error.name) ? { kind: 'throttled' } : { kind: 'failed', fault: error };
    }
  };
}

/**
 * Reads one authority record, in another of the table's regions when the first does not answer; undefined where no region is home. A
 * throttled table is one that answers: load must not move traffic.
 */
export function authorityReader(source: Environment): (() => Promise<unknown>) | undefined {
  const { mode, home } = ledgerEnv.read(source);
  if (mode !== 'HOME_REGION') return undefined;
  const store = authorityStore(readHome(home), apiLimits.healthReadTimeoutMs);
  const probeRead = (): Promise<unknown> =>
    store.read('u#0', true).catch((error: unknown) => {
      if (!(error instanceof StoreFault && error.fault === 'throttled')) throw error;
    });
  return () => probeRead().catch(probeRead);
}

/** A lease is looked after so many times while it lasts. */
const looksPerLease = 5;

/** Renews the leases that this region holds, now and then; undefined where no region is home. */
export function leaseKeeper(source: Environment): (() => Promise<void>) | undefined {
  const { mode, home } = ledgerEnv.read(source);
  if (mode !== 'HOME_REGION') return undefined;
  const settings = readHome(home);
  const region = regionOf(source);
  const authority = new Authority(region, settings);
  const ports = { ...clockPorts, store: authorityStore(settings, apiLimits.healthReadTimeoutMs / 2) };
  let nextMs = 0;
  return async () => {
    const nowMs = ports.nowMs();
    if (nowMs < nextMs) return;
    nextMs = nowMs + settings.leaseMs / looksPerLease;
    await authority.keepHeld(
      new Attempt(ports, { region }, { tenant: '', traceId: '', deadlineMs: nowMs + apiLimits.healthReadTimeoutMs }),
    );
  };
}
