import { ScanCommand, ScanCommandOutput } from '@aws-sdk/client-dynamodb';
import { dynamoClient } from '../../runtime/clients';
import { DynamoStore, faultOf } from '../aws';
import { forwardedMember, HomeCapability, homeCalls, homeFunctionName, HomeEnvironment, homeLimits, ledgerSchema } from '../contract';
import { CallOutcome, ForwardedCall, HomeUnreachable, traceOfForwarded, unitOf, WritingCall } from './home.service';
import { FunctionFailed, Invoker, InvokeRefused } from '../../runtime/invoke';
import { toItem } from '../items.aws';
import { ItemVersion } from '../operator/relocate.service';
import { Change, IndexEntry, Item, LedgerStore, StoreFault, WriteResult } from '../ports';

/**
 * A store with replicas in several regions that all have the same to say (strong consistency): one that does not answer is left for
 * the next. What it was asked may have been done, and is repeated by whoever asked, as after any unknown outcome.
 */
export class FailoverStore implements LedgerStore {
  private current = 0;

  /** @param stores nearest first */
  constructor(private readonly stores: readonly LedgerStore[]) {}

  public create(item: Item): Promise<WriteResult> {
    return this.ask((store) => store.create(item));
  }

  public change(change: Change): Promise<WriteResult> {
    return this.ask((store) => store.change(change));
  }

  public read(pk: string, strong: boolean): Promise<Item | undefined> {
    return this.ask((store) => store.read(pk, strong));
  }

  public readMany(pks: readonly string[]): Promise<readonly Item[]> {
    return this.ask((store) => store.readMany(pks));
  }

  public list(account: string, limit: number, from?: string): Promise<readonly IndexEntry[]> {
    return this.ask((store) => store.list(account, limit, from));
  }

  private async ask<T>(call: (store: LedgerStore) => Promise<T>): Promise<T> {
    const asked = this.current;
    try {
      return await call(this.stores[asked]);
    } catch (error) {
      // Only by whoever met the fault first: two calls at once must not turn the wheel twice.
      if (error instanceof StoreFault && error.fault === 'unknown' && this.current === asked) this.current = (asked + 1) % this.stores.length;
      throw error;
    }
  }
}

/** The table of authority records, in whichever of its regions answers. */
export function authorityStore({ authorityTable, authorityRegions }: HomeEnvironment, requestTimeoutMs: number = homeLimits.authorityRequestMs): LedgerStore {
  return new FailoverStore(authorityRegions.map((region) => (
    new DynamoStore(dynamoClient(region, { connectionTimeoutMs: requestTimeoutMs / 2, requestTimeoutMs }), authorityTable)
  )));
}

/** What is behind a call of a home that came to nothing. */
function isUnreachable(error: unknown): boolean {
  // Throttled, or an error of Lambda itself. Anything else that is refused is a fault of the deployment, and no reason to take over.
  if (error instanceof InvokeRefused) return error.status === 429 || error.status >= 500;
  if (!(error instanceof Error)) return false;
  return error.name === 'TimeoutError' || error.name === 'AbortError' || typeof (error as { code?: unknown }).code === 'string';
}

/**
 * Sends calls to their home: to the function there that takes such calls.
 *
 * @param invokeIn calls functions of a region
 */
export function forwardPort(
  invokeIn: (region: string) => Invoker, systemName: string, forwardMs: number,
): (home: string, call: ForwardedCall) => Promise<CallOutcome> {
  const invokers = new Map<string, Invoker>();
  return async (home, call) => {
    const invoke = invokers.get(home) ?? invokeIn(home);
    invokers.set(home, invoke);
    const timeoutMs = Math.max(1, Math.min(forwardMs, call.remainingMs));
    try {
      const trace = call.traceParent === undefined ? undefined : traceOfForwarded(call);
      return outcomeOf(await invoke(homeFunctionName(systemName, capabilityOf(call.call)), { [forwardedMember]: call }, timeoutMs, trace));
    } catch (error) {
      // The home is there and was called: what it did before it failed is not known, and the retry will ask it again.
      if (error instanceof FunctionFailed) return { kind: 'unsure', code: 'outcome_unknown', retryAfterSeconds: 1 };
      if (isUnreachable(error)) throw new HomeUnreachable(home, { cause: error });
      throw error;
    }
  };
}

function capabilityOf({ name }: WritingCall): HomeCapability {
  return homeCalls.accounts.some((taken) => taken === name) ? 'accounts' : 'payments';
}

const outcomeKinds: Readonly<Record<CallOutcome['kind'], true>> = {
  opened: true, differs: true, answered: true, refused: true, keyReused: true, inFlight: true, rejected: true, busy: true, unsure: true,
};

function outcomeOf(payload: string): CallOutcome {
  const outcome = JSON.parse(payload) as Partial<CallOutcome> | null;
  if (typeof outcome?.kind === 'string' && Object.hasOwn(outcomeKinds, outcome.kind)) return outcome as CallOutcome;
  throw new Error('the home answered with something that is no outcome of a call: do both regions run the same version?');
}

const scanTries = 8;
const firstScanWaitMs = 200;

/** Keys and versions of a unit's items in a region's replica, by strongly consistent scans. */
export function scanPort(tableName: string, units: number): (region: string, unit: number) => AsyncIterable<ItemVersion> {
  return async function* scan(region, unit) {
    const client = dynamoClient(region);
    let from: ScanPage['LastEvaluatedKey'];
    do {
      const page: ScanPage = await patiently(() => client.send(new ScanCommand({
        TableName: tableName,
        ConsistentRead: true,
        ExclusiveStartKey: from,
        ProjectionExpression: '#pk, #acct, #version',
        ExpressionAttributeNames: { '#pk': ledgerSchema.partitionKey, '#acct': ledgerSchema.byAccountPartitionKey, '#version': 'version' },
      })));
      for (const item of (page.Items ?? []).map(toItem)) {
        const tenant = tenantOf(item);
        if (tenant !== undefined && unitOf(tenant, units) === unit) yield { pk: item.pk, version: item.version as number };
      }
      from = page.LastEvaluatedKey;
    } while (from);
  };
}

/** Items of a region's replica by their keys, strongly consistent there. */
export function itemsPort(tableName: string): (region: string, pks: readonly string[]) => Promise<readonly Item[]> {
  const stores = new Map<string, LedgerStore>();
  return (region, pks) => {
    const store = stores.get(region) ?? new DynamoStore(dynamoClient(region), tableName);
    stores.set(region, store);
    return patiently(() => store.readMany(pks));
  };
}

type ScanPage = Pick<ScanCommandOutput, 'Items' | 'LastEvaluatedKey'>;

/** Whose item it is; undefined for one that belongs to no account, such as a drain switch. */
function tenantOf({ pk, acct = pk }: Item): string | undefined {
  const tenant = /^a#([^#]+)#/.exec(acct as string)?.[1];
  return tenant && decodeURIComponent(tenant);
}

async function patiently<T>(call: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await call();
    } catch (error) {
      if ((!(error instanceof StoreFault) && faultOf(error) === undefined) || tries === scanTries) throw error;
      await new Promise((resolve) => setTimeout(resolve, firstScanWaitMs * 2 ** tries));
    }
  }
}
