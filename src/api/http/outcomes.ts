import { HttpAnswer, jsonAnswer, problemAnswer, retryAfter } from './answer';
import { grouped } from '../../kernel/grouped';
import { ledgerLimits } from '../../ledger/contract';
import type {
  Account,
  Busy,
  KeyedOutcome,
  LedgerLine,
  ListOutcome,
  Move,
  OpenAccountOutcome,
  Payment,
  PaymentOutcome,
  AccountOutcome,
  Rejected,
  Unsure,
} from '../../ledger/model';
import { apiBasePath, apiHeaders } from '../contract';

/** What the ledger's outcomes look like to a caller. Fields in fixed order: a repeated answer has the same bytes. */

const iso = (atMs: number): string => new Date(atMs).toISOString();

function moveBody(move: Move): object {
  return { type: move.type, amount: move.amount, at: iso(move.at), region: move.region };
}

/** A payment's body. */
export function paymentBody(payment: Payment): object {
  return {
    paymentId: payment.paymentId,
    status: payment.status,
    declineReason: payment.declineReason,
    accountId: payment.accountId,
    amount: payment.amount,
    captured: payment.captured,
    refunded: payment.refunded,
    currency: payment.currency,
    reference: payment.reference,
    region: payment.region,
    createdAt: iso(payment.createdAt),
    operations: payment.operations.map(moveBody),
  };
}

function accountBody(account: Account): object {
  const { accountId, currency, available, held, settled, version, homeRegion } = account;
  return { accountId, currency, available, held, settled, version, homeRegion };
}

function lineBody(line: LedgerLine): object {
  return {
    paymentId: line.paymentId,
    type: line.type,
    amount: line.amount,
    currency: line.currency,
    at: iso(line.at),
    region: line.region,
  };
}

const repeat = 'Repeat the request with the same Idempotency-Key after the time in Retry-After.';

/** What any call can come to. */
function otherwise(outcome: Rejected | Busy | Unsure, instance: string): HttpAnswer {
  switch (outcome.kind) {
    case 'rejected':
      return problemAnswer(outcome.code, outcome.detail, instance);
    case 'busy':
      return {
        ...problemAnswer(outcome.code, `${busyDetails[outcome.code]} ${repeat}`, instance, retryAfter(outcome.retryAfterSeconds)),
        fault: outcome.cause,
      };
    case 'unsure':
      return {
        ...problemAnswer(outcome.code, unsureDetails[outcome.code], instance, retryAfter(outcome.retryAfterSeconds)),
        fault: outcome.cause,
      };
  }
}

const busyDetails: Readonly<Record<Busy['code'], string>> = {
  account_busy:
    `The account has room for ${grouped(ledgerLimits.entriesPerAccount)} entries, of what is under way and of the last minute ` +
    `(in HOME_REGION of 15 minutes while another region does not answer), and all are in use. ` +
    `Send the request again after the seconds in Retry-After.`,
  throttled: 'The request was throttled before it was finished.',
};

const unsureDetails: Readonly<Record<Unsure['code'], string>> = {
  outcome_unknown: `It is not known yet whether the request was carried out. ${repeat}`,
  region_fenced: `This region does not accept this request now. ${repeat}`,
  home_unreachable: `The region that keeps this account cannot be reached. ${repeat}`,
};

/** The answer to a keyed call: 201 with `Location` for an authorization, 200 for a move. */
export function keyedAnswer(outcome: KeyedOutcome, successStatus: 200 | 201, instance: string): HttpAnswer {
  switch (outcome.kind) {
    case 'answered': {
      const { payment, replayed } = outcome;
      const location: Record<string, string> = successStatus === 201 ? { Location: `${apiBasePath}/payments/${payment.paymentId}` } : {};
      const answer = jsonAnswer(successStatus, paymentBody(payment), { ...location, ...replayedHeader(replayed) });
      const became = payment.status === 'DECLINED' ? 'declined' : 'authorised';
      return {
        ...answer,
        paymentId: payment.paymentId,
        ...(replayed ? { became: 'replayed' } : successStatus === 201 ? { became, decidedIn: payment.region } : {}),
      };
    }
    case 'refused': {
      const answer = problemAnswer(outcome.code, outcome.detail, instance, replayedHeader(outcome.replayed), outcome.traceId);
      return outcome.replayed ? { ...answer, became: 'replayed' } : answer;
    }
    case 'keyReused':
      return problemAnswer(
        'idempotency_key_reused',
        'This Idempotency-Key was used for another request. Use a new key for a new operation.',
        instance,
      );
    case 'inFlight': {
      const answer = problemAnswer(
        'request_in_flight',
        `The first request with this key has no outcome yet. ${repeat}`,
        instance,
        retryAfter(outcome.retryAfterSeconds),
      );
      return { ...answer, became: 'inFlight' };
    }
    default:
      return otherwise(outcome, instance);
  }
}

function replayedHeader(replayed: boolean): Readonly<Record<string, string>> {
  return replayed ? { [apiHeaders.idempotencyReplayed]: 'true' } : {};
}

export function openAccountAnswer(outcome: OpenAccountOutcome, instance: string): HttpAnswer {
  switch (outcome.kind) {
    case 'opened':
      return outcome.created
        ? jsonAnswer(201, accountBody(outcome.account), {
            Location: `${apiBasePath}/accounts/${encodeURIComponent(outcome.account.accountId)}`,
          })
        : jsonAnswer(200, accountBody(outcome.account));
    case 'differs':
      return problemAnswer(
        'account_differs',
        'The account exists and was opened with another currency or balance. Send the first values, or use another accountId.',
        instance,
      );
    default:
      return otherwise(outcome, instance);
  }
}

export function accountAnswer(outcome: AccountOutcome, instance: string): HttpAnswer {
  return outcome.kind === 'found' ? jsonAnswer(200, accountBody(outcome.account)) : otherwise(outcome, instance);
}

export function paymentAnswer(outcome: PaymentOutcome, instance: string): HttpAnswer {
  if (outcome.kind !== 'found') return otherwise(outcome, instance);
  return { ...jsonAnswer(200, paymentBody(outcome.payment)), paymentId: outcome.payment.paymentId };
}

export function listAnswer(outcome: ListOutcome, instance: string): HttpAnswer {
  if (outcome.kind !== 'found') return otherwise(outcome, instance);
  return jsonAnswer(200, { items: outcome.items.map(lineBody), nextCursor: outcome.nextCursor });
}
