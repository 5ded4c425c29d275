import { nameOf } from './derive';
import type { StatedCondition } from './derive';

/** Conditions that nothing can tell from their absence, each with the reason; by file, function and what is compared. */
export const equivalent: Readonly<Record<string, string>> = {
  'ledger/protocol/refund.service.ts, reserve: moves.<claim.id> absent':
    'a refund that the payment shows has raised `refunded` in the same write, and nothing lowers it, so `refunded equals` refuses ' +
    'too; it is kept for who reads it',
};

export const reasonOf = (condition: StatedCondition): string | undefined => equivalent[nameOf(condition)];
