import { Attempt, BrokenInvariant } from './attempt.service';
import { fingerprint, keyId } from '../../kernel/fingerprint';
import { expiredReason } from '../contract';
import {
  accountPk,
  bounds,
  decisionOfEntry,
  encodeEntry,
  entryOf,
  isPayment,
  keyItemPk,
  paymentAfter,
  PaymentDecision,
  paymentIdOf,
  PaymentItem,
  paymentOf,
  seqOf,
} from './domain';
import { AuthoriseCommand, KeyedOutcome, Rejected } from '../model';
import { Condition, Decision, Item } from '../ports';
import { isDeclineReason } from '../values.contract';

/** What deciding a payment comes to. */
type Decided =
  | { readonly kind: 'decided'; readonly decision: PaymentDecision; readonly stored: boolean }
  | { readonly kind: 'open'; readonly outcome: KeyedOutcome };

const accountBusy: Decided = { kind: 'open', outcome: { kind: 'busy', code: 'account_busy', retryAfterSeconds: 5 } };

/** Authorises a payment: a claim and a decision, one conditional write each; see ARCHITECTURE.md, "The ledger's protocol". */
export async function authorise(attempt: Attempt, command: AuthoriseCommand, currencyOf: CurrencyOf): Promise<KeyedOutcome> {
  const rejected = await checkAccount(attempt, command, currencyOf);
  if (rejected) return rejected;
  const nonce = attempt.ports.nonce();
  const item = claimItem(attempt, command, nonce);
  const put = await attempt.create(item);
  if (put.kind === 'written') return answer(attempt, paymentOf(item), false, nonce);
  const found = put.found;
  if (!found) throw new BrokenInvariant(`${item.pk}: a put was refused by an item that does not exist`);
  if (!isPayment(found) || found.fingerprint !== item.fingerprint) return { kind: 'keyReused' };
  const claim = paymentOf(found);
  return answer(attempt, claim, claim.nonce !== nonce, nonce);
}

/** Currency of an account, from a cache or the store: it never changes. */
export type CurrencyOf = (attempt: Attempt, account: string) => Promise<string | undefined>;

/** Checks what must hold before anything is stored, so that a key spent on invalid input can be used again. */
async function checkAccount(attempt: Attempt, command: AuthoriseCommand, currencyOf: CurrencyOf): Promise<Rejected | undefined> {
  const currency = await currencyOf(attempt, accountPk(attempt.context.tenant, command.accountId));
  if (currency === undefined) {
    return {
      kind: 'rejected',
      code: 'unknown_account',
      detail: `there is no account '${command.accountId}': open it with PUT /accounts/{accountId} first`,
    };
  }
  if (currency !== command.currency) {
    return {
      kind: 'rejected',
      code: 'currency_mismatch',
      detail: `account '${command.accountId}' is kept in ${currency}, the payment is in ${command.currency}`,
    };
  }
  return undefined;
}

function claimItem(attempt: Attempt, command: AuthoriseCommand, nonce: string): Item {
  const { tenant } = attempt.context;
  const { accountId, amount, currency, reference } = command;
  const id = keyId(tenant, command.idempotencyKey);
  const at = attempt.ports.nowMs();
  return {
    pk: keyItemPk(id),
    kind: 'PAYMENT',
    tenant,
    accountId,
    amount,
    currency,
    ...(reference === undefined ? {} : { reference }),
    fingerprint: fingerprint(tenant, { call: 'POST /payments', accountId, amount, currency, reference }),
    at,
    region: attempt.settings.region,
    ...attempt.traceAttributes(),
    nonce,
    attemptAt: at,
    captured: 0,
    refunded: 0,
    moves: {},
    acct: accountPk(tenant, accountId),
    seq: seqOf(at, id),
    version: 1,
  };
}

/** Answers a claim from its decision; makes the decision if there is none yet, whoever made the claim. */
async function answer(attempt: Attempt, claim: PaymentItem, replayed: boolean, nonce: string): Promise<KeyedOutcome> {
  const decided = claim.outcome
    ? ({ kind: 'decided', decision: claim.outcome, stored: true } as const)
    : await decide(attempt, claim, replayed, nonce);
  if (decided.kind === 'open') return decided.outcome;
  // The first attempt leaves the completion to whoever comes next: most keys are never sent twice.
  if (replayed && !decided.stored) await attempt.kindly(() => completePayment(attempt, claim.id, decided.decision));
  return { kind: 'answered', replayed, payment: paymentAfter(claim, decided.decision, []) };
}

async function decide(attempt: Attempt, claim: PaymentItem, replayed: boolean, nonce: string): Promise<Decided> {
  if (attempt.ports.decide && attempt.settings.decision) {
    if (replayed) {
      const settled = await takeOver(attempt, claim, nonce);
      if (settled) return settled;
    }
    const asked = await askTeam(attempt, claim, nonce);
    if (asked.kind === 'unknown') return { kind: 'open', outcome: { kind: 'unsure', code: 'outcome_unknown', retryAfterSeconds: 1 } };
    if (asked.kind === 'decline') return decline(attempt, claim, asked.reason);
  }
  return hold(attempt, claim, replayed);
}

/** Conditions of every write that adds an entry: the first one stays, and none comes back after its trimming. */
export function newEntry(id: string, at: number): readonly Condition[] {
  return [
    { test: 'absent', path: ['entries', id] },
    { test: 'below', path: ['trimmedThrough'], value: at },
    { test: 'fewer', path: ['entries'], value: bounds.entriesPerAccount },
  ];
}

async function hold(attempt: Attempt, claim: PaymentItem, replayed: boolean): Promise<Decided> {
  const result = await attempt.change({
    pk: accountPk(claim.tenant, claim.accountId),
    require: [...newEntry(claim.id, claim.at), { test: 'atLeast', path: ['available'], value: claim.amount }],
    set: [[['entries', claim.id], encodeEntry({ kind: 'hold', amount: claim.amount })]],
    add: [
      [['available'], -claim.amount],
      [['held'], claim.amount],
    ],
  });
  if (result.kind === 'written') {
    if (replayed) attempt.noteTakeover(claim.at);
    return { kind: 'decided', decision: { status: 'AUTHORISED' }, stored: false };
  }
  const settled = await settledBy(attempt, claim, result.found);
  if (settled) return settled;
  // No entry, room for one, not behind the watermark: what failed is the balance.
  return decline(attempt, claim, 'insufficient_funds');
}

async function decline(attempt: Attempt, claim: PaymentItem, reason: string): Promise<Decided> {
  const account = accountPk(claim.tenant, claim.accountId);
  const result = await attempt.change({
    pk: account,
    require: newEntry(claim.id, claim.at),
    set: [[['entries', claim.id], encodeEntry({ kind: 'declined', reason })]],
  });
  if (result.kind === 'written') return { kind: 'decided', decision: { status: 'DECLINED', reason }, stored: false };
  const settled = await settledBy(attempt, claim, result.found);
  if (!settled) throw new BrokenInvariant(`${account}: an entry for ${claim.id} was refused for no reason that its item shows`);
  return settled;
}

/** What an account item that refused a payment's entry says about it; undefined: nothing, it was the balance. */
async function settledBy(attempt: Attempt, claim: PaymentItem, account: Item | undefined): Promise<Decided | undefined> {
  if (!account) throw new BrokenInvariant(`account '${claim.accountId}' of payment ${paymentIdOf(claim.id)} does not exist`);
  const entry = entryOf(account, claim.id);
  if (entry) return { kind: 'decided', decision: decisionOfEntry(entry), stored: false };
  if (claim.at <= (account.trimmedThrough as number)) return expire(attempt, claim);
  if (Object.keys(account.entries as object).length >= bounds.entriesPerAccount) return accountBusy;
  return undefined;
}

/** A claim behind the watermark without an entry can never get one; unless it was completed before its entry was trimmed, it expires. */
async function expire(attempt: Attempt, claim: PaymentItem): Promise<Decided> {
  const decision = await completePayment(attempt, claim.id, { status: 'DECLINED', reason: expiredReason });
  return { kind: 'decided', decision, stored: true };
}

/** Writes a payment's decision into its own item, once; returns the one that stands there. */
export async function completePayment(attempt: Attempt, id: string, decision: PaymentDecision): Promise<PaymentDecision> {
  const result = await attempt.change({
    pk: keyItemPk(id),
    require: [
      { test: 'absent', path: ['outcome'] },
      { test: 'equals', path: ['kind'], value: 'PAYMENT' },
    ],
    set: [[['outcome'], decision.status], ...(decision.status === 'DECLINED' ? [[['reason'], decision.reason] as const] : [])],
  });
  if (result.kind === 'written') return decision;
  const stored = result.found && isPayment(result.found) ? paymentOf(result.found).outcome : undefined;
  if (!stored) throw new BrokenInvariant(`payment ${paymentIdOf(id)} can neither be completed nor is it complete`);
  return stored;
}

/**
 * Before the team's function is asked about another attempt's claim: what was decided already counts, an attempt that may still
 * run is waited for, and only one of the duplicates takes an abandoned one over.
 */
async function takeOver(attempt: Attempt, claim: PaymentItem, nonce: string): Promise<Decided | undefined> {
  const account = await attempt.strongRead(accountPk(claim.tenant, claim.accountId));
  const settled = await settledBy(attempt, claim, account);
  if (settled) return settled;
  const { timeoutMs } = attempt.settings.decision!;
  const nowMs = attempt.ports.nowMs();
  const freeAt = claim.attemptAt + timeoutMs + bounds.clockSkewMs;
  if (nowMs < freeAt) return inFlight(freeAt - nowMs);
  const result = await attempt.change({
    pk: keyItemPk(claim.id),
    require: [
      { test: 'equals', path: ['nonce'], value: claim.nonce },
      { test: 'absent', path: ['outcome'] },
    ],
    set: [
      [['nonce'], nonce],
      [['attemptAt'], nowMs],
    ],
  });
  if (result.kind === 'written' || result.found?.nonce === nonce) {
    attempt.noteTakeover(claim.at);
    return undefined;
  }
  const outcome = result.found && paymentOf(result.found).outcome;
  return outcome ? { kind: 'decided', decision: outcome, stored: true } : inFlight(timeoutMs);
}

const inFlight = (waitMs: number): Decided => ({
  kind: 'open',
  outcome: { kind: 'inFlight', retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)) },
});

async function askTeam(
  attempt: Attempt,
  claim: PaymentItem,
  nonce: string,
): Promise<{ kind: 'approve' | 'unknown' } | { kind: 'decline'; reason: string }> {
  const { timeoutMs, onUnknown } = attempt.settings.decision!;
  const { id, tenant, accountId, amount, currency, reference } = claim;
  const decision = clearly(
    await attempt.ports.decide!({
      paymentId: paymentIdOf(id),
      tenant,
      accountId,
      amount,
      currency,
      ...(reference === undefined ? {} : { reference }),
      traceId: attempt.context.traceId,
      deadlineMs: Math.min(attempt.ports.nowMs() + timeoutMs, attempt.context.deadlineMs),
    }),
  );
  if (decision.kind !== 'unknown') return decision;
  attempt.context.observe?.('unknownOutcome');
  if (onUnknown === 'DECLINE') return { kind: 'decline', reason: 'decision_unavailable' };
  // This attempt is over: the client's retry need not wait for its time to run out.
  await attempt.kindly(() =>
    attempt.change({
      pk: keyItemPk(id),
      require: [
        { test: 'equals', path: ['nonce'], value: nonce },
        { test: 'absent', path: ['outcome'] },
      ],
      set: [[['attemptAt'], 0]],
    }),
  );
  return { kind: 'unknown' };
}

/** A reason becomes part of the account's entry, and one of them is the ledger's own: anything else is no answer. */
function clearly(decision: Decision): Decision {
  return decision.kind === 'decline' && !(isDeclineReason(decision.reason) && decision.reason !== expiredReason)
    ? { kind: 'unknown' }
    : decision;
}
