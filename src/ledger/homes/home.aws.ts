import { dynamoClient } from '../../runtime/clients';
import { DynamoStore } from '../aws';
import { forwardedMember, HomeCapability, homeCalls, homeFunctionName, HomeEnvironment, homeLimits } from '../contract';
import { CallOutcome, ForwardedCall, HomeUnreachable, traceOfForwarded } from './home.service';
import { FunctionFailed, Invoker, InvokeRefused } from '../../runtime/invoke';
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
      if (error instanceof StoreFault && error.fault === 'unknown' && this.current === asked) {
        this.current = (asked + 1) % this.stores.length;
      }
      throw error;
    }
  }
}

/** The table of authority records, in whichever of its regions answers. */
export function authorityStore(
  { authorityTable, authorityRegions }: HomeEnvironment,
  requestTimeoutMs: number = homeLimits.authorityRequestMs,
): LedgerStore {
  return new FailoverStore(
    authorityRegions.map(
      (region) => new DynamoStore(dynamoClient(region, { connectionTimeoutMs: requestTimeoutMs / 2, requestTimeoutMs }), authorityTable),
    ),
  );
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
  invokeIn: (region: string) => Invoker,
  systemName: string,
  forwardMs: number,
): (home: string, call: ForwardedCall) => Promise<CallOutcome> {
  const invokers = new Map<string, Invoker>();
  return async (home, call) => {
    const invoke = invokers.get(home) ?? invokeIn(home);
    invokers.set(home, invoke);
    const timeoutMs = Math.max(1, Math.min(forwardMs, call.remainingMs));
    // A home that works until the last moment would answer nobody, and look lost.
    const sent: ForwardedCall = { ...call, remainingMs: Math.max(1, timeoutMs - wayBackMs) };
    try {
      const trace = call.traceParent === undefined ? undefined : traceOfForwarded(call);
      return outcomeOf(await invoke(homeFunctionName(systemName, capabilityOf(call.call)), { [forwardedMember]: sent }, timeoutMs, trace));
    } catch (error) {
      // The home is there and was called: what it did before it failed is not known, and the retry will ask it again.
      if (error instanceof FunctionFailed) return { kind: 'unsure', code: 'outcome_unknown', retryAfterSeconds: 1 };
      if (isUnreachable(error)) throw new HomeUnreachable(home, { cause: error });
      throw error;
    }
  };
}

/** Of the time that a sender waits, what is for the answer's way: whatever the home knows by then, "busy" too, shall arrive. */
const wayBackMs = 250;

function capabilityOf({ name }: ForwardedCall['call']): HomeCapability {
  return homeCalls.accounts.some((taken) => taken === name) ? 'accounts' : 'payments';
}

const outcomeKinds: Readonly<Record<CallOutcome['kind'], true>> = {
  arrived: true,
  opened: true,
  differs: true,
  answered: true,
  refused: true,
  keyReused: true,
  inFlight: true,
  rejected: true,
  busy: true,
  unsure: true,
};

function outcomeOf(payload: string): CallOutcome {
  const outcome = JSON.parse(payload) as Partial<CallOutcome> | null;
  if (typeof outcome?.kind === 'string' && Object.hasOwn(outcomeKinds, outcome.kind)) return outcome as CallOutcome;
  throw new Error("the home region's answer is not valid: deploy the same version in both regions");
}
