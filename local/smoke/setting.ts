import type { Figures } from './figures';
import type { Client } from '../callers/client';

/** What the parts of the scenario share. */
export interface Setting {
  readonly client: Client;
  readonly figures: Figures;
  /** Regions that the front door leads to. */
  readonly regions: readonly string[];
  /** Accounts opened by this run with what they were funded with, in minor units. */
  readonly accounts: Map<string, number>;
  /** Payments that were answered AUTHORISED: ID to the region that took it. */
  readonly accepted: Map<string, string>;
  /** Set where each account has a home region that writes for it; asks something of an operator's function. */
  readonly operate?: (region: string, event: object) => Promise<any>;
  /** Time until callers are away from a lost region, as the app's own output has it; none: what the records say. */
  readonly recoveryBudget?: (region: string) => string | undefined;
  /** Unique to this run, so that it can be repeated against the same system. */
  readonly run: string;
}

export async function openAccount(setting: Setting, name: string, balance: number): Promise<string> {
  const accountId = `${setting.run}-${name}`;
  const answer = await setting.client.call({ method: 'PUT', path: `/api/v1/accounts/${accountId}`, body: { currency: 'USD', balance } });
  if (answer.status !== 201) throw new Error(`PUT /accounts/${accountId}: ${answer.status} ${answer.text.slice(0, 300)}`);
  setting.accounts.set(accountId, balance);
  return accountId;
}

/** Whether what is not supposed to differ between two answers to one key is equal. */
export function sameAnswer(a: { status: number; text: string }, b: { status: number; text: string }): boolean {
  return a.status === b.status && a.text === b.text;
}
