import type { ApiAnswer, AccountLine, PaymentsCaller } from './model';

/** The value below which the share `p` of the sorted values lies. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))] : 0;
}

/** Whether something comes to hold in time. A look that fails is one at which it does not. */
export async function holdsWithin(
  clock: Pick<PaymentsCaller, 'nowMs' | 'sleep'>,
  withinMs: number,
  holds: () => Promise<boolean>,
): Promise<boolean> {
  const deadlineMs = clock.nowMs() + withinMs;
  while (clock.nowMs() < deadlineMs) {
    if (await holds().catch(() => false)) return true;
    await clock.sleep(250);
  }
  return false;
}

/** Whether what is not supposed to differ between two answers to one key is equal. */
export function sameAnswer(a: Pick<ApiAnswer, 'status' | 'text'>, b: Pick<ApiAnswer, 'status' | 'text'>): boolean {
  return a.status === b.status && a.text === b.text;
}

export interface Balances {
  readonly available: number;
  readonly held: number;
  readonly settled: number;
}

/** What the lines alone make of the balances. */
export function balancesFrom(lines: readonly AccountLine[], funded: number): Balances {
  const sum = (...types: string[]) => lines.filter((line) => types.includes(line.type)).reduce((total, line) => total + line.amount, 0);
  const [authorised, captured, released, refunded] = [sum('AUTHORISATION'), sum('CAPTURE'), sum('RELEASE', 'VOID'), sum('REFUND')];
  return { available: funded - authorised + released + refunded, held: authorised - captured - released, settled: captured - refunded };
}

/** Payments with more than one line of a kind that there can be once only. */
export function mostDebits(lines: readonly AccountLine[]): number {
  const debits = new Map<string, number>();
  for (const line of lines.filter(({ type }) => type === 'AUTHORISATION')) {
    debits.set(line.paymentId, (debits.get(line.paymentId) ?? 0) + 1);
  }
  return Math.max(0, ...debits.values());
}
