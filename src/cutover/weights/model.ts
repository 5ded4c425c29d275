import { Outcome, RecordShape } from '../model';

/** What an order to change the public name's records comes to. */
export type ShiftOutcome =
  | Outcome<'changed', { readonly weights: string; readonly shape: RecordShape }>
  /** Made, and on its way to the name servers: ask again with the change's ID. */
  | Outcome<'pending', { readonly changeId: string }>
  /** The records are not as recorded: somebody has to decide. */
  | Outcome<'drift', { readonly recorded: string; readonly real: string }>
  /** Another order came in between, or the run has ended. */
  | Outcome<'superseded', { readonly detail: string }>
  /** Route 53 does not take the change. */
  | Outcome<'refused', { readonly detail: string }>
  | Outcome<'unreachable', { readonly detail: string }>;
