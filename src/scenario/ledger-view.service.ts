import { inBrief } from './caller.service';
import { balancesFrom, Balances, mostDebits } from './figures.domain';
import type { ApiAnswer, AccountLine, PaymentsCaller, ScenarioSetting } from './model';
import { onwards } from '../kernel/pages';

type Opening = Pick<ScenarioSetting, 'run' | 'accounts'> & { readonly client: Pick<PaymentsCaller, 'call'> };

/** Opens a funded account of this run. */
export async function openAccount({ client, run, accounts }: Opening, name: string, balance: number): Promise<string> {
  const accountId = `${run}-${name}`;
  const answer = await client.call({ method: 'PUT', path: `/api/v1/accounts/${accountId}`, body: { currency: 'USD', balance } });
  // 200: a call that was repeated for want of an answer had opened it.
  if (answer.status !== 201 && answer.status !== 200) {
    throw new Error(`PUT /accounts/${accountId}: ${inBrief(answer)}`);
  }
  accounts.set(accountId, balance);
  return accountId;
}

/** Keeps what was accepted, to be looked for in the end. */
export function remember({ accepted }: ScenarioSetting, { status, body }: ApiAnswer): void {
  if (status === 201 && body.status === 'AUTHORISED' && body.paymentId !== undefined) accepted.set(body.paymentId, body.region ?? '');
}

/** Every ledger line of an account, page by page, as one region has them. */
export async function linesOf(client: Pick<PaymentsCaller, 'call'>, accountId: string, region: string): Promise<AccountLine[]> {
  const lines: AccountLine[] = [];
  const next = onwards<string>(`the lines of ${accountId}`);
  let cursor: string | undefined;
  do {
    const from: string = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const answer = await client.call({ path: `/api/v1/transactions?accountId=${encodeURIComponent(accountId)}&limit=100${from}`, region });
    if (answer.status !== 200) throw new Error(`GET /transactions of ${accountId}: ${inBrief(answer)}`);
    const { body: page } = answer;
    lines.push(...(page.items ?? []));
    cursor = next(page.nextCursor);
  } while (cursor);
  return lines;
}

export interface LedgerAudit {
  /** Accounts whose stored balances are not what their lines make, by region, with both. */
  readonly wrong: readonly string[];
  readonly lines: readonly AccountLine[];
  readonly linesByRegion: ReadonlyMap<string, readonly AccountLine[]>;
  readonly mostDebits: number;
}

/**
 * Compares what each region says of the accounts with what the ledger lines make of it. The lists come from an index that may lag,
 * so a difference counts only when it is still there after a while.
 */
export async function audit(
  client: Pick<PaymentsCaller, 'call' | 'nowMs' | 'sleep'>,
  accounts: ReadonlyMap<string, number>,
  regions: readonly string[],
  patienceMs = 15_000,
): Promise<LedgerAudit> {
  const deadlineMs = client.nowMs() + patienceMs;
  for (;;) {
    const wrong: string[] = [];
    const linesByRegion = new Map<string, AccountLine[]>();
    for (const region of regions) {
      const all: AccountLine[] = [];
      linesByRegion.set(region, all);
      for (const [accountId, funded] of accounts) {
        const lines = await linesOf(client, accountId, region);
        const { body } = await client.call({ path: `/api/v1/accounts/${accountId}`, region });
        wrong.push(...balanceDifferences(`${accountId} in ${region}`, body, lines, funded));
        all.push(...lines);
      }
    }
    const lines = linesByRegion.get(regions[0]) ?? [];
    if (wrong.length === 0 || client.nowMs() > deadlineMs) return { wrong, lines, linesByRegion, mostDebits: mostDebits(lines) };
    await client.sleep(1000);
  }
}

/** What a run did, looked at once more from every region. */
export interface RunAudit extends LedgerAudit {
  /** Payments that were accepted and have no line. */
  readonly lost: readonly string[];
  /** How many payments each region accepted, in words. */
  readonly perRegion: string;
}

export async function auditOfRun({ client, regions, accounts, accepted }: ScenarioSetting): Promise<RunAudit> {
  const figures = await audit(client, accounts, regions);
  const debited = new Set(figures.lines.map(({ paymentId }) => paymentId));
  const takers = [...accepted.values()];
  return {
    ...figures,
    lost: [...accepted.keys()].filter((id) => !debited.has(id)),
    perRegion: regions.map((region) => `${region} ${takers.filter((taker) => taker === region).length}`).join(', '),
  };
}

/** What is wrong with an account's stored balances by its lines, in words. */
export function balanceDifferences(
  where: string,
  { available, held, settled }: Partial<Balances>,
  lines: readonly AccountLine[],
  funded: number,
): string[] {
  const stored = { available, held, settled };
  const summed = balancesFrom(lines, funded);
  const wrong: string[] = [];
  if (JSON.stringify(stored) !== JSON.stringify(summed)) {
    wrong.push(`${where}: ${JSON.stringify(stored)} stored, ${JSON.stringify(summed)} by its lines`);
  }
  if ((available ?? NaN) + (held ?? NaN) + (settled ?? NaN) !== funded) {
    wrong.push(`${where}: ${JSON.stringify(stored)} is not the ${funded} it was funded with`);
  }
  return wrong;
}
