import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../callers/client';

export interface Line {
  readonly paymentId: string;
  readonly type: string;
  readonly amount: number;
}
export interface Balances {
  readonly available: number;
  readonly held: number;
  readonly settled: number;
}

/** Every ledger line of an account, page by page, as one region has them. */
export async function linesOf(client: Client, accountId: string, region: string): Promise<Line[]> {
  const lines: Line[] = [];
  let cursor = '';
  do {
    const answer = await client.call({
      path: `/api/v1/transactions?accountId=${encodeURIComponent(accountId)}&limit=100${cursor && `&cursor=${encodeURIComponent(cursor)}`}`,
      region,
    });
    if (answer.status !== 200) throw new Error(`GET /transactions of ${accountId}: ${answer.status} ${answer.text.slice(0, 200)}`);
    lines.push(...answer.body.items);
    cursor = answer.body.nextCursor ?? '';
  } while (cursor);
  return lines;
}

/** What the lines alone make of the balances. */
export function balancesFrom(lines: readonly Line[], funded: number): Balances {
  const sum = (...types: string[]) => lines.filter((line) => types.includes(line.type)).reduce((total, line) => total + line.amount, 0);
  const [authorised, captured, released, refunded] = [sum('AUTHORISATION'), sum('CAPTURE'), sum('RELEASE', 'VOID'), sum('REFUND')];
  return { available: funded - authorised + released + refunded, held: authorised - captured - released, settled: captured - refunded };
}

/** Payments with more than one line of a kind that there can be once only. */
export function mostDebits(lines: readonly Line[]): number {
  const debits = new Map<string, number>();
  for (const line of lines.filter(({ type }) => type === 'AUTHORISATION')) {
    debits.set(line.paymentId, (debits.get(line.paymentId) ?? 0) + 1);
  }
  return Math.max(0, ...debits.values());
}

export interface Audit {
  /** Accounts whose stored balances are not what their lines make, by region, with both. */
  readonly wrong: readonly string[];
  readonly lines: readonly Line[];
  readonly linesByRegion: ReadonlyMap<string, readonly Line[]>;
  readonly mostDebits: number;
}

/**
 * Compares what each region says of the accounts with what the ledger lines make of it. The lists come from an index that may lag,
 * so a difference counts only when it is still there after a while.
 */
export async function audit(
  client: Client,
  accounts: ReadonlyMap<string, number>,
  regions: readonly string[],
  patienceMs = 15_000,
): Promise<Audit> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const wrong: string[] = [];
    const linesByRegion = new Map<string, Line[]>();
    for (const region of regions) {
      const all: Line[] = [];
      linesByRegion.set(region, all);
      for (const [accountId, funded] of accounts) {
        const lines = await linesOf(client, accountId, region);
        const { body } = await client.call({ path: `/api/v1/accounts/${accountId}`, region });
        const stored: Balances = { available: body.available, held: body.held, settled: body.settled };
        const made = balancesFrom(lines, funded);
        if (JSON.stringify(stored) !== JSON.stringify(made)) {
          wrong.push(`${accountId} in ${region}: ${JSON.stringify(stored)} stored, ${JSON.stringify(made)} by its lines`);
        }
        if (stored.available + stored.held + stored.settled !== funded) {
          wrong.push(`${accountId} in ${region}: ${JSON.stringify(stored)} is not the ${funded} it was funded with`);
        }
        all.push(...lines);
      }
    }
    const lines = linesByRegion.get(regions[0]) ?? [];
    if (wrong.length === 0 || Date.now() > deadline) return { wrong, lines, linesByRegion, mostDebits: mostDebits(lines) };
    await sleep(1000);
  }
}
