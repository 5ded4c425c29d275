import { AuthorityRecord, HomeSettings } from '../homes/authority.domain';
import { Authority } from '../homes/authority.service';
import { unitOf } from '../homes/home.service';
import { CallContext } from '../model';
import { LedgerPorts, LedgerStore, StoreFault } from '../ports';
import { AccountReport, reconcileAccount } from './reconcile.service';
import { Attempt, GaveUp } from '../protocol/attempt.service';
import { isAccountId, isTenant } from '../values.contract';

/** What anybody on call may ask: it reads, in the region in which the function stands. */
export type StatusRequest =
  { readonly action: 'status' } | { readonly action: 'reconcile'; readonly tenant: string; readonly accountId: string };

/** A unit's home as an operator sees it. */
export interface UnitStatus extends AuthorityRecord {
  readonly unit: number;
  /** Milliseconds until another region may take over; 0: at once. */
  readonly takeoverInMs: number;
}

export type StatusResult =
  | { readonly kind: 'status'; readonly region: string; readonly units: readonly UnitStatus[] }
  | {
      readonly kind: 'reconciled';
      readonly home: string;
      readonly epoch: number;
      readonly addsUp: boolean;
      readonly account: AccountReport;
    }
  | { readonly kind: 'refused'; readonly detail: string }
  /** The tables could not be worked with in time; the same request can be made again. */
  | { readonly kind: 'unsure'; readonly detail: string };

/** Reads a request that only reads; a text says what is wrong with it. */
export function statusRequestOf(event: unknown): StatusRequest | string {
  const { action, tenant, accountId } = (typeof event === 'object' && event !== null ? event : {}) as Readonly<Record<string, unknown>>;
  if (action === 'status') return { action };
  if (action !== 'reconcile') {
    return `'action' is ${JSON.stringify(action)}: give status or reconcile; homes are moved by another function, '...-home-operator'`;
  }
  if (isTenant(tenant) && isAccountId(accountId)) return { action, tenant, accountId };
  return "'reconcile' takes 'tenant' and 'accountId', both as the API takes them";
}

/** What a region knows of homes and accounts. Whatever it is asked, it writes nothing. */
export class HomeStatus {
  private readonly authority: Authority;

  constructor(
    private readonly ports: LedgerPorts & { readonly authority: LedgerStore },
    private readonly region: string,
    private readonly home: HomeSettings,
  ) {
    this.authority = new Authority(region, home);
  }

  public async run(request: StatusRequest, context: CallContext): Promise<StatusResult> {
    const attempt = new Attempt({ ...this.ports, store: this.ports.authority }, { region: this.region }, context);
    try {
      return await (request.action === 'status' ? this.status(attempt) : this.reconcile(attempt, request.tenant, request.accountId));
    } catch (error) {
      if (error instanceof GaveUp || error instanceof StoreFault) return { kind: 'unsure', detail: error.message };
      throw error;
    }
  }

  private async status(attempt: Attempt): Promise<StatusResult> {
    const units = await Promise.all(
      Array.from({ length: this.home.units }, async (_, unit): Promise<UnitStatus> => {
        const record = await this.authority.lookUp(attempt, unit);
        const free = record.leaseUntil + this.home.requestMs + this.home.clockMarginMs;
        return { unit, ...record, takeoverInMs: Math.max(0, free - this.ports.nowMs()) };
      }),
    );
    return { kind: 'status', region: this.region, units };
  }

  private async reconcile(attempt: Attempt, tenant: string, accountId: string): Promise<StatusResult> {
    const { epoch, home } = await this.authority.lookUp(attempt, unitOf(tenant, this.home.units));
    const account = await reconcileAccount(new Attempt(this.ports, attempt.settings, attempt.context), epoch, tenant, accountId);
    if (!account) return { kind: 'refused', detail: `tenant '${tenant}' has no account '${accountId}' in ${this.region}` };
    const { kept, recomputed } = account;
    const addsUp = kept.available === recomputed.available && kept.held === recomputed.held && kept.settled === recomputed.settled;
    // Elsewhere an account arrives before what it decided, or after it: that it does not add up says nothing.
    if (!addsUp && home !== this.region) {
      return { kind: 'unsure', detail: `${this.region} is not home, and its copy may be behind: ask ${home}` };
    }
    return { kind: 'reconciled', home, epoch, addsUp, account };
  }
}
