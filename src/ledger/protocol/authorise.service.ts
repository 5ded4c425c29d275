import { askTeam } from './ask-team.service';
import { Attempt, Beside, bothOf, BrokenInvariant } from './attempt.service';
import { fingerprint, keyId } from '../../kernel/fingerprint';
import { holdBeside } from '../contract';
import {
  accountPk,
  bounds,
  isPayment,
  keyItemPk,
  paymentAfter,
  PaymentDecision,
  paymentIdOf,
  PaymentItem,
  paymentOf,
  seqOf,
} from './domain';
import { Dated, decisionOfEntry, encodeEntry, entriesOf, entryDateOf, entryFor, orphanAt, Provisional } from './entries.domain';
import { AuthoriseCommand, KeyedOutcome, Rejected } from '../model';
import { Condition, Item } from '../ports';
import { isBehind, redate } from './dates.service';
import { completePayment } from './finish.service';
import { asHold, claimFound, claimKey, Claimed, lookBehind, giveBack, unchanged } from './provisional.service';

/** What deciding a payment comes to. */
type DecisionResult =
  | { readonly kind: 'decided'; readonly decision: PaymentDecision; readonly stored: boolean }
  | { readonly kind: 'open'; readonly outcome: KeyedOutcome };

const accountBusy: DecisionResult = { kind: 'open', outcome: { kind: 'busy', code: 'account_busy', retryAfterSeconds: 5 } };

/**
 * Authorises a payment: a claim and a decision, one conditional write each; and does something beside that, on an account that exists. See
 * ARCHITECTURE.md, "The ledger's protocol".
 */
export async function authorise(
  attempt: Attempt,
  command: AuthoriseCommand,
  currencyOf: CurrencyOf,
  beside: Beside,
): Promise<KeyedOutcome> {
  if (goesBeside(attempt)) return authoriseBeside(attempt, command, currencyOf, beside);
  const rejected = await checkAccount(attempt, command, currencyOf);
  if (rejected) return rejected;
  const item = claimItem(attempt, command);
  const [outcome] = await bothOf(claimFirst(attempt, item), beside(accountPk(attempt.context.tenant, command.accountId)));
  return outcome;
}

async function claimFirst(attempt: Attempt, item: Item): Promise<KeyedOutcome> {
  return answerClaim(attempt, item, await claimKey(attempt, item));
}

/**
 * Whether claim and hold are sent side by side. Not where the claim must stand before the team is asked; nor in HOME_REGION, where a second
 * request costs a millisecond, and epochs are carried over by entries that are holds for certain.
 */
const goesBeside = ({ ports, settings }: Attempt): boolean => !settings.copiesFollow && !ports.decide;

/** Claim and hold at once: what the hold's entry is, the claim tells, which carries the same nonce or does not. */
async function authoriseBeside(attempt: Attempt, command: AuthoriseCommand, currencyOf: CurrencyOf, beside: Beside): Promise<KeyedOutcome> {
  const pk = keyItemPk(keyId(attempt.context.tenant, command.idempotencyKey));
  // What a claim says once, it says for ever, so an old copy of it will do: no key that the region knows is sent side by side.
  const [rejected, known] = await Promise.all([
    checkAccount(attempt, command, currencyOf),
    attempt.retrying((store) => store.read(pk, false)),
  ]);
  if (rejected) return rejected;
  const item = { ...claimItem(attempt, command), hold: holdBeside };
  const work = known
    ? claimFound(attempt, item, known).then((claimed) => answerClaim(attempt, item, claimed))
    : claimAndHold(attempt, item);
  // What the region's copy answers for ever needs no other region, and leaves no entry: nothing may keep it.
  const [outcome] = await bothOf(
    work,
    known?.outcome === undefined ? beside(accountPk(attempt.context.tenant, command.accountId)) : Promise.resolve(),
  );
  return outcome;
}

async function claimAndHold(attempt: Attempt, item: Item): Promise<KeyedOutcome> {
  const claim = paymentOf(item);
  const account = accountPk(claim.tenant, claim.accountId);
  const own = provisionalOf(claim);
  const [put, held] = await bothOf(attempt.create(item), enter(attempt, claim, 'provisional'));
  const isHeld = held.kind === 'written' || (held.found !== undefined && entriesOf(held.found)[claim.id] === own.code);
  if (put.kind === 'written' || put.found?.nonce === claim.nonce) {
    if (isHeld) return { kind: 'answered', replayed: false, payment: paymentAfter(claim, { status: 'AUTHORISED' }, []) };
    return answer(attempt, claim, { replayed: false, nonce: claim.nonce, refusedBy: held.found });
  }
  const claimed = await claimFound(attempt, item, put.found);
  // The hold that came without its claim takes the place of the claim's own, if that one has none yet; otherwise it goes.
  const takesPlace = isHeld && isSame(item, claimed.item) && claimed.item.outcome === undefined;
  if (isHeld && !takesPlace) await attempt.bestEffort(() => giveBack(attempt, account, own));
  return answerClaim(attempt, item, claimed, takesPlace ? own : undefined);
}

const isSame = (item: Item, found: Item): boolean => isPayment(found) && found.fingerprint === item.fingerprint;

function provisionalOf({ id, amount, nonce }: PaymentItem): Provisional {
  return { id, amount, nonce, code: encodeEntry({ kind: 'provisional', amount, nonce }) };
}

/** Answers from whatever claim stands in the key's item. */
async function answerClaim(attempt: Attempt, item: Item, { item: found, mine }: Claimed, orphan?: Provisional): Promise<KeyedOutcome> {
  if (!isSame(item, found)) return { kind: 'keyReused' };
  const claim = paymentOf(found);
  return answer(attempt, claim, { replayed: !mine, nonce: mine ? claim.nonce : (item.nonce as string), orphan });
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

function claimItem(attempt: Attempt, command: AuthoriseCommand): Item {
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
    nonce: attempt.ports.nonce(),
    attemptAt: at,
    captured: 0,
    refunded: 0,
    moves: {},
    acct: accountPk(tenant, accountId),
    seq: seqOf(at, id),
    version: 1,
  };
}

/** How an attempt stands to the claim that it answers from. */
interface Standing {
  readonly replayed: boolean;
  readonly nonce: string;
  /** What is known to stand in the place of the claim's entry without being its own. */
  readonly orphan?: Provisional;
  /** The account as it refused the hold that was sent beside the claim. */
  readonly refusedBy?: Item;
}

/** Answers a claim from its decision; makes the decision if there is none yet, whoever made the claim. */
async function answer(attempt: Attempt, claim: PaymentItem, standing: Standing): Promise<KeyedOutcome> {
  const { replayed } = standing;
  const decided = claim.outcome
    ? ({ kind: 'decided', decision: claim.outcome, stored: true } as const)
    : await decide(attempt, claim, standing);
  if (decided.kind === 'open') return decided.outcome;
  // The first attempt leaves the completion to whoever comes next: most keys are never sent twice.
  if (replayed && !decided.stored) await attempt.bestEffort(() => completePayment(attempt, claim.id, decided.decision));
  return { kind: 'answered', replayed, payment: paymentAfter(claim, decided.decision, []) };
}

const decidedNow = (decision: PaymentDecision): DecisionResult => ({ kind: 'decided', decision, stored: false });

async function decide(attempt: Attempt, claim: PaymentItem, standing: Standing): Promise<DecisionResult> {
  // A claim with its hold beside it was made where nobody was asked, and its nonce must not change.
  if (attempt.ports.decide && attempt.settings.decision && !claim.beside) {
    if (standing.replayed) {
      const settled = await takeOver(attempt, claim, standing.nonce);
      if (settled) return settled;
    }
    const asked = await askTeam(attempt, claim, standing.nonce);
    if (asked.kind === 'unknown') return { kind: 'open', outcome: { kind: 'unsure', code: 'outcome_unknown', retryAfterSeconds: 1 } };
    if (asked.kind === 'decline') return decline(attempt, claim, asked.reason, []);
  }
  return hold(attempt, claim, standing);
}

/** Conditions of every write that adds an entry: the first one stays, and none comes back after its trimming. */
export function newEntry(claim: Dated): readonly Condition[] {
  return [
    { test: 'absent', path: ['entries', claim.id] },
    { test: 'below', path: ['trimmedThrough'], value: entryDateOf(claim) },
    { test: 'fewer', path: ['entries'], value: bounds.entriesPerAccount },
  ];
}

/** The same where an orphan stands in its place, and gives way to it. */
const insteadOf = ({ id, code }: Provisional, at: number): readonly Condition[] => [
  { test: 'equals', path: ['entries', id], value: code },
  { test: 'below', path: ['trimmedThrough'], value: at },
];

/** Writes a claim's hold once, as a provisional entry or as what it is for certain; instead of an orphan if there is one. */
function enter(attempt: Attempt, claim: PaymentItem, kind: 'provisional' | 'hold', orphan?: Provisional): Promise<Refusable> {
  const more = claim.amount - (orphan?.amount ?? 0);
  const code = kind === 'hold' ? encodeEntry({ kind, amount: claim.amount }) : provisionalOf(claim).code;
  return attempt.change({
    pk: accountPk(claim.tenant, claim.accountId),
    require: [
      ...(orphan ? insteadOf(orphan, entryDateOf(claim)) : newEntry(claim)),
      { test: 'atLeast', path: ['available'], value: Math.max(0, more) },
    ],
    set: [[['entries', claim.id], code]],
    add: [
      [['available'], -more],
      [['held'], more],
    ],
  }) as Promise<Refusable>;
}

interface Refusable {
  readonly kind: 'written' | 'refused';
  readonly found?: Item;
}

async function hold(attempt: Attempt, made: PaymentItem, { orphan: known, refusedBy, replayed }: Standing): Promise<DecisionResult> {
  let claim = made;
  let orphan = known;
  let account = refusedBy;
  for (let tries = 0; tries < bounds.lookBehindAtMost; tries += 1) {
    if (!account) {
      const result = await enter(attempt, claim, 'hold', orphan);
      if (result.kind === 'written') {
        if (replayed) attempt.noteTakeover(claim.at);
        return decidedNow({ status: 'AUTHORISED' });
      }
      account = result.found;
    }
    const settled = await settledBy(attempt, claim, account);
    if (settled?.kind === 'dated') claim = settled.claim;
    else if (settled) return settled;
    const other = settled ? undefined : orphanAt(account!, claim);
    if (!settled && other?.code === orphan?.code) {
      // No entry, room for one, not behind the watermark: what failed is the balance. Orphans do not count.
      const behind = await lookBehind(attempt, account!, claim.amount);
      if (!behind.freed) return decline(attempt, claim, 'insufficient_funds', behind.confirmed);
    }
    orphan = other?.code === orphan?.code ? undefined : other;
    account = undefined;
  }
  return accountBusy;
}

async function decline(attempt: Attempt, made: PaymentItem, reason: string, confirmed: readonly Provisional[]): Promise<DecisionResult> {
  let claim = made;
  let sure = confirmed.slice(0, bounds.settleAtMost);
  let orphan: Provisional | undefined;
  for (let tries = 0; tries < bounds.lookBehindAtMost; tries += 1) {
    const result = await attempt.change({
      pk: accountPk(claim.tenant, claim.accountId),
      require: [...(orphan ? insteadOf(orphan, entryDateOf(claim)) : newEntry(claim)), ...sure.map(unchanged)],
      // Who has looked behind provisional entries says what they are, so that the next decline need not.
      set: [[['entries', claim.id], encodeEntry({ kind: 'declined', reason })], ...sure.map(asHold)],
      ...(orphan
        ? {
            add: [
              [['available'], orphan.amount],
              [['held'], -orphan.amount],
            ],
          }
        : {}),
    });
    if (result.kind === 'written') return decidedNow({ status: 'DECLINED', reason });
    const settled = await settledBy(attempt, claim, result.found);
    if (settled?.kind === 'dated') claim = settled.claim;
    else if (settled) return settled;
    orphan = settled ? undefined : orphanAt(result.found!, claim);
    sure = [];
  }
  return accountBusy;
}

/** A claim behind the watermark whose entry has got a new date. */
interface Redated {
  readonly kind: 'dated';
  readonly claim: PaymentItem;
}

/** What an account item that refused a payment's entry says about it; undefined: nothing, it was the balance. */
async function settledBy(attempt: Attempt, claim: PaymentItem, account: Item | undefined): Promise<DecisionResult | Redated | undefined> {
  if (!account) throw new BrokenInvariant(`account '${claim.accountId}' of payment ${paymentIdOf(claim.id)} does not exist`);
  const entry = entryFor(account, claim);
  if (entry) return decidedNow(decisionOfEntry(entry));
  const orphan = orphanAt(account, claim);
  if (isBehind(account, entryDateOf(claim))) {
    if (orphan) await attempt.bestEffort(() => giveBack(attempt, account.pk, orphan));
    return dateAgain(attempt, claim, account);
  }
  if (!orphan && Object.keys(account.entries as object).length >= bounds.entriesPerAccount) return accountBusy;
  return undefined;
}

/** A claim behind the watermark without an entry: it gets a new date, unless it was completed before its entry was trimmed. */
async function dateAgain(attempt: Attempt, claim: PaymentItem, account: Item): Promise<DecisionResult | Redated> {
  const dated = await redate(attempt, 'PAYMENT', claim, account);
  const now = typeof dated === 'number' ? { ...claim, entryAt: dated } : paymentOf(dated);
  return now.outcome ? { kind: 'decided', decision: now.outcome, stored: true } : { kind: 'dated', claim: now };
}

/**
 * Before the team's function is asked about another attempt's claim: what was decided already counts, an attempt that may still
 * run is waited for, and only one of the duplicates takes an abandoned one over.
 */
async function takeOver(attempt: Attempt, claim: PaymentItem, nonce: string): Promise<DecisionResult | undefined> {
  const account = await attempt.strongRead(accountPk(claim.tenant, claim.accountId));
  const { timeoutMs } = attempt.settings.decision!;
  const nowMs = attempt.ports.nowMs();
  const freeAt = claim.attemptAt + timeoutMs + bounds.clockSkewMs;
  // A new date would cost an attempt that still runs two requests.
  if (nowMs < freeAt && account && !entryFor(account, claim)) return inFlight(freeAt - nowMs);
  const settled = await settledBy(attempt, claim, account);
  if (settled && settled.kind !== 'dated') return settled;
  const result = await attempt.change({
    pk: keyItemPk(claim.id),
    require: [
      { test: 'equals', path: ['nonce'], value: claim.nonce },
      { test: 'absent', path: ['outcome'] },
    ],
    set: [
      [['nonce'], nonce],
      [['attemptAt'], attempt.ports.nowMs()],
    ],
  });
  if (result.kind === 'written' || result.found?.nonce === nonce) {
    attempt.noteTakeover(claim.at);
    return undefined;
  }
  const outcome = result.found && paymentOf(result.found).outcome;
  return outcome ? { kind: 'decided', decision: outcome, stored: true } : inFlight(timeoutMs);
}

const inFlight = (waitMs: number): DecisionResult => ({
  kind: 'open',
  outcome: { kind: 'inFlight', retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)) },
});
