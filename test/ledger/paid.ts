import { KeyedOutcome, Payment } from '../../src/ledger/model';

/** The payment that an answer shows. */
export function paid(outcome: KeyedOutcome): Payment {
  if (outcome.kind !== 'answered') throw new Error(`expected an answer, got ${JSON.stringify(outcome)}`);
  return outcome.payment;
}
