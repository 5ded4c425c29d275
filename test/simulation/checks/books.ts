import { keyId } from '../../../src/kernel/fingerprint';
import { Account, CallContext, Ledger, LedgerLine, Payment } from '../../../src/ledger/model';
import { History, keyOf } from '../history';
import { AccountPlan } from '../workload';

/** What the ledger says of one account when all is quiet. */
export interface AccountBooks {
  readonly plan: AccountPlan;
  readonly account: Account;
  /** By payment ID; only those that can be read. */
  readonly payments: ReadonlyMap<string, Payment>;
  readonly lines: readonly LedgerLine[];
}

export type FinalBooks = readonly AccountBooks[];

/** What reading needs of a world. */
export interface Inquiry {
  readonly history: History;
  readonly scheduler: { run(): Promise<void>; after(delayMs: number, run: () => void): void };
  readonly options: { readonly regions: readonly string[] };
  /** Ends all faults. */
  calm(): void;
  invoke<T>(
    region: string,
    tenant: string,
    call: (ledger: Ledger, context: CallContext) => Promise<T>,
    ended: (answer: T | undefined) => void,
  ): void;
}

const pageSize = 40;
/** Tries of one reading before the faults have to end. */
const patience = 30;

/** Reads everything through the ledger's own API, in both regions by turns, again and again where a fault strikes. */
export async function readBooks(inquiry: Inquiry, plans: readonly AccountPlan[]): Promise<FinalBooks> {
  const books: AccountBooks[] = [];
  for (const plan of plans) {
    const { tenant, accountId } = plan;
    const found: { account?: Account } = {};
    const payments = new Map<string, Payment>();
    const lines: LedgerLine[] = [];
    ask(
      inquiry,
      tenant,
      (ledger, context) => ledger.getAccount(context, accountId),
      (outcome) => {
        if (outcome.kind === 'found') found.account = outcome.account;
      },
    );
    for (const paymentId of paymentIdsOf(inquiry.history, plan)) {
      ask(
        inquiry,
        tenant,
        (ledger, context) => ledger.getPayment(context, paymentId),
        (outcome) => {
          // A key may have been sent for two accounts.
          if (outcome.kind === 'found' && outcome.payment.accountId === accountId) payments.set(paymentId, outcome.payment);
        },
      );
    }
    const page = (cursor?: string): void =>
      ask(
        inquiry,
        tenant,
        (ledger, context) => ledger.listTransactions(context, { accountId, limit: pageSize, ...(cursor === undefined ? {} : { cursor }) }),
        (outcome) => {
          if (outcome.kind !== 'found') return;
          lines.push(...outcome.items);
          if (outcome.nextCursor !== undefined) page(outcome.nextCursor);
        },
      );
    page();
    await inquiry.scheduler.run();
    if (found.account) books.push({ plan, account: found.account, payments, lines });
    else inquiry.history.broken.push({ invariant: 'what was answered stays', detail: `account ${tenant}/${accountId} cannot be read` });
  }
  return books;
}

/** IDs of all payments that anybody asked for, answered or not: they follow from tenant and key, as the API promises. */
function paymentIdsOf(history: History, account: AccountPlan): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const intent of history.of(account)) {
    if (intent.operation.kind === 'authorise') ids.add(paymentIdOf(account.tenant, keyOf(intent)!));
  }
  return ids;
}

export const paymentIdOf = (tenant: string, key: string): string => `pay_${keyId(tenant, key)}`;

function ask<T extends { readonly kind: string }>(
  inquiry: Inquiry,
  tenant: string,
  call: (ledger: Ledger, context: CallContext) => Promise<T>,
  then: (outcome: T) => void,
  tries = 0,
): void {
  const region = inquiry.options.regions[tries % inquiry.options.regions.length];
  const again = (): void => {
    // In the worst weather hardly any long reading comes through.
    if (tries === patience) inquiry.calm();
    if (tries < 2 * patience) inquiry.scheduler.after(100, () => ask(inquiry, tenant, call, then, tries + 1));
  };
  let answered = false;
  // A function that crashed or stands still says nothing: another one is asked.
  inquiry.scheduler.after(15_000, () => {
    if (!answered) again();
    answered = true;
  });
  inquiry.invoke(region, tenant, call, (outcome) => {
    if (answered) return;
    answered = true;
    if (outcome === undefined || outcome.kind === 'unsure' || outcome.kind === 'busy') again();
    else then(outcome);
  });
}
