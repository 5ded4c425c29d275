import { Attempt, GaveUp } from './attempt.service';
import { Authority, AuthorityRecord, HomeSettings } from './authority.service';
import { unitOf } from './home.service';
import { CallContext } from './model';
import { LedgerPorts, LedgerStore, StoreFault } from './ports';
import { AccountReport, reconcileAccount } from './reconcile.service';
import { relocate, RelocationPorts, RelocationResult } from './relocate.service';

/** What an operator asks of the region in which the function stands. */
export type OperatorRequest =
  | { readonly action: 'status' }
  | { readonly action: 'takeover' | 'relocate' | 'abort'; readonly unit: number }
  | { readonly action: 'reconcile'; readonly tenant: string; readonly accountId: string };

/** A unit's home as an operator sees it. */
export interface UnitStatus extends AuthorityRecord {
  readonly unit: number;
  /** Milliseconds until another region may take over; 0: at once. */
  readonly takeoverInMs: number;
}

export type OperatorResult =
  | { readonly kind: 'status'; readonly region: string; readonly units: readonly UnitStatus[] }
  | { readonly kind: 'taken'; readonly record: AuthorityRecord }
  | RelocationResult
  /** The old home writes again. */
  | { readonly kind: 'aborted'; readonly record: AuthorityRecord }
  | { readonly kind: 'reconciled'; readonly home: string; readonly epoch: number; readonly addsUp: boolean; readonly account: AccountReport }
  | { readonly kind: 'refused'; readonly detail: string }
  /** The tables could not be worked with in time; the same request can be made again. */
  | { readonly kind: 'unsure'; readonly detail: string };

export interface OperatorPorts extends LedgerPorts {
  readonly authority: LedgerStore;
  /** All of a unit's items in a region's replica. */
  readonly scan: (region: string, unit: number) => ReturnType<RelocationPorts['scan']>;
  readonly items: RelocationPorts['items'];
}

const actions = ['status', 'takeover', 'relocate', 'abort', 'reconcile'] as const;

/** Reads an operator's request; a text says what is wrong with it. */
export function operatorRequestOf(event: unknown, units: number): OperatorRequest | string {
  const { action, unit, tenant, accountId } = (typeof event === 'object' && event !== null ? event : {}) as Readonly<Record<string, unknown>>;
  const known = actions.find((name) => name === action);
  if (known === undefined) return `'action' is ${JSON.stringify(action)}: give one of ${actions.join(', ')}`;
  if (known === 'status') return { action: known };
  if (known === 'reconcile') {
    if (typeof tenant === 'string' && tenant !== '' && typeof accountId === 'string' && accountId !== '') return { action: known, tenant, accountId };
    return "'reconcile' takes 'tenant' and 'accountId', both texts";
  }
  if (typeof tenant === 'string' && tenant !== '' && unit === undefined) return { action: known, unit: unitOf(tenant, units) };
  const number = unit ?? (units === 1 ? 0 : undefined);
  if (typeof number === 'number' && Number.isInteger(number) && number >= 0 && number < units) return { action: known, unit: number };
  return `'${known}' takes 'unit', a whole number from 0 to ${units - 1}, or 'tenant'`;
}

/** An operator's work in one region: it becomes the home, or says what it finds. */
export class HomeOperations {
  private readonly authority: Authority;

  constructor(private readonly ports: OperatorPorts, private readonly region: string, private readonly home: HomeSettings) {
    this.authority = new Authority(region, home);
  }

  public async run(request: OperatorRequest, context: CallContext): Promise<OperatorResult> {
    const attempt = new Attempt({ ...this.ports, store: this.ports.authority }, { region: this.region }, context);
    try {
      switch (request.action) {
        case 'status': return await this.status(attempt);
        case 'takeover': return await this.takeOver(attempt, request.unit);
        case 'relocate': return await this.relocate(attempt, request.unit);
        case 'abort': return await this.abort(attempt, request.unit);
        case 'reconcile': return await this.reconcile(attempt, request.tenant, request.accountId);
      }
    } catch (error) {
      if (error instanceof GaveUp || error instanceof StoreFault) return { kind: 'unsure', detail: error.message };
      throw error;
    }
  }

  private async status(attempt: Attempt): Promise<OperatorResult> {
    const units = await Promise.all(Array.from({ length: this.home.units }, async (_, unit): Promise<UnitStatus> => {
      const record = await this.authority.lookUp(attempt, unit);
      const free = record.leaseUntil + this.home.requestMs + this.home.clockMarginMs;
      return { unit, ...record, takeoverInMs: Math.max(0, free - this.ports.nowMs()) };
    }));
    return { kind: 'status', region: this.region, units };
  }

  /** Stops the old home first, which may live and only be of no use; then waits as long as anything that it allowed may last. */
  private async takeOver(attempt: Attempt, unit: number): Promise<OperatorResult> {
    if (!await this.authority.beginDrain(attempt, unit, this.region)) {
      return { kind: 'refused', detail: `unit ${unit} is at home in ${this.region} already, or is being moved elsewhere: see 'status'` };
    }
    for (;;) {
      const result = await this.authority.takeOver(attempt, unit);
      if (result.kind === 'changed') return { kind: 'refused', detail: `unit ${unit} was changed by another region in the meantime: see 'status'` };
      if (result.kind === 'taken') {
        attempt.context.observe?.('homeTakeover');
        return result;
      }
      await this.ports.sleep(result.ms + 10);
    }
  }

  private relocate(attempt: Attempt, unit: number): Promise<OperatorResult> {
    return relocate(attempt, this.authority, this.home, { scan: (region) => this.ports.scan(region, unit), items: this.ports.items }, unit);
  }

  private async abort(attempt: Attempt, unit: number): Promise<OperatorResult> {
    const record = await this.authority.abortDrain(attempt, unit);
    return record ? { kind: 'aborted', record } : { kind: 'refused', detail: `unit ${unit} is not being moved: see 'status'` };
  }

  private async reconcile(attempt: Attempt, tenant: string, accountId: string): Promise<OperatorResult> {
    const { epoch, home } = await this.authority.lookUp(attempt, unitOf(tenant, this.home.units));
    const account = await reconcileAccount(new Attempt(this.ports, attempt.settings, attempt.context), epoch, tenant, accountId);
    if (!account) return { kind: 'refused', detail: `tenant '${tenant}' has no account '${accountId}' in ${this.region}` };
    const { kept, recomputed } = account;
    const addsUp = kept.available === recomputed.available && kept.held === recomputed.held && kept.settled === recomputed.settled;
    return { kind: 'reconciled', home, epoch, addsUp, account };
  }
}
