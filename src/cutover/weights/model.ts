import { OutcomeOf, RecordShape } from '../model';

/** What an order to change the public name's records comes to. */
export type ShiftOutcome =
  | OutcomeOf<'changed', { readonly weights: string; readonly shape: RecordShape }>
  /** Made, and on its way to the name servers: ask again with the change's ID. */
  | OutcomeOf<'pending', { readonly changeId: string }>
  /** The records are not as recorded: somebody has to decide. */
  | OutcomeOf<'drift', { readonly recorded: string; readonly real: string }>
  /** Another order came in between, or the run has ended. */
  | OutcomeOf<'superseded', { readonly detail: string }>
  /** Route 53 does not take the change. */
  | OutcomeOf<'refused', { readonly detail: string }>
  | OutcomeOf<'unreachable', { readonly detail: string }>;
