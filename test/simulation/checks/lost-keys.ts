import { holdLostReason } from '../../../src/ledger/contract';
import { AccountReport } from '../../../src/ledger/operator/reconcile.service';
import { History, Violation } from '../history';
import { AccountPlan } from '../workload';
import { paymentIdOf } from './books';

/**
 * What a lost region took along, as the ledger's own reconciliation reports it. A report excuses what clients saw, and no more than it
 * names: the money of an account is judged all the same.
 */

/** What the reconciliation says of one account. */
export type Reconciled = { readonly plan: AccountPlan } & Pick<AccountReport, 'lateWrites' | 'unanswered'>;

export const nameOf = ({ tenant, accountId }: Pick<AccountPlan, 'tenant' | 'accountId'>): string => `${tenant}/${accountId}`;

/** Payments that were reported as lost with their region, themselves or one of their moves. */
export class LostKeys {
  private readonly payments = new Set<string>();
  private readonly ofAccounts = new Set<string>();

  constructor(
    private readonly history: History,
    private readonly reported: readonly Reconciled[],
  ) {
    for (const { plan, lateWrites } of reported) for (const { key } of lateWrites) this.add(key, nameOf(plan));
    for (const { operation, tenant, accountId } of history.intents) {
      const name = nameOf({ tenant, accountId });
      if (operation.kind === 'move' && this.ofAccounts.has(`${paymentIdOf(tenant, operation.command.idempotencyKey)} ${name}`)) {
        this.add(operation.command.paymentId, name);
      }
    }
  }

  private add(payment: string, account: string): void {
    this.payments.add(payment);
    this.ofAccounts.add(`${payment} ${account}`);
  }

  /** Of a violation that one account's books show, that account's report counts alone. */
  public excuses({ payment, account }: Violation): boolean {
    if (payment === undefined) return false;
    return account === undefined ? this.payments.has(payment) : this.ofAccounts.has(`${payment} ${account}`);
  }

  /** Money of an account that no payment answers for, as far as two requests of one key account for it. */
  public unanswered(plan: AccountPlan): number {
    return this.sharedOf(plan).reduce((sum, { settled }) => sum + settled, 0);
  }

  /** Payments of an account whose key another account has. */
  public shared(plan: AccountPlan): ReadonlySet<string> {
    return new Set(this.reportOf(plan).flatMap(({ lateWrites }) => lateWrites.filter((one) => one.otherAccount).map(({ key }) => key)));
  }

  /** Reports that no two requests account for: a fault that names itself a lost key. */
  public violations(): Violation[] {
    return this.reported.flatMap(({ plan, unanswered, lateWrites }) => {
      const given = lateWrites.filter(({ otherAccount, now }) => otherAccount !== undefined || now?.declineReason === holdLostReason);
      const alone = given.filter(({ key }) => !this.isShared(plan, key));
      if (alone.length > 0) {
        const detail = `${nameOf(plan)}: no two requests of one key explain ${JSON.stringify(alone)}`;
        return [{ invariant: 'one debit per key', detail }];
      }
      const captured = unanswered.filter(({ settled }) => settled > 0).map(({ key }) => key);
      const isExplained = this.sharedOf(plan).length === unanswered.length && new Set(captured).size === captured.length;
      if (isExplained) return [];
      return [
        { invariant: 'money moves once', detail: `${nameOf(plan)}: no two requests of one key explain ${JSON.stringify(unanswered)}` },
      ];
    });
  }

  private reportOf(plan: AccountPlan): readonly Reconciled[] {
    return this.reported.filter((one) => one.plan === plan);
  }

  private sharedOf(plan: AccountPlan): AccountReport['unanswered'] {
    return this.reportOf(plan).flatMap(({ unanswered }) => unanswered.filter(({ key, settled }) => this.isShared(plan, key, settled)));
  }

  /** Whether one key was sent for this account and for another one. */
  private isShared({ tenant, accountId }: AccountPlan, payment: string, settled = 0): boolean {
    const asked = this.history.intents.flatMap(({ tenant: own, operation }) =>
      own === tenant && operation.kind === 'authorise' && paymentIdOf(tenant, operation.command.idempotencyKey) === payment
        ? [operation.command]
        : [],
    );
    const own = asked.find((command) => command.accountId === accountId);
    return own !== undefined && Math.abs(settled) <= own.amount && asked.some((command) => command.accountId !== accountId);
  }
}
