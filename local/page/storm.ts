import type { StormState } from './views/model';
import type { Client } from '../callers/client';
import type { Payer } from '../callers/payer';

const requests = 40;
const amount = 1250;
const balance = 100_000;
const currency = 'USD';

export interface StormDeps {
  readonly client: Client;
  readonly payer: Payer;
  readonly regions: readonly string[];
  readonly signal: AbortSignal;
  readonly onChange?: () => void;
}

type Tally = Pick<StormState, 'running' | 'sent' | 'answered' | 'replays' | 'payments' | 'debited' | 'problem'>;

/** One payment, asked for many times at once in every region under one key: one of them may debit. */
export class Storm {
  private tally: Tally = { running: false, sent: 0, answered: 0, replays: 0, payments: 0 };

  constructor(private readonly deps: StormDeps) {}

  public state(): StormState {
    return { ...this.tally, amount, currency, regions: this.deps.regions };
  }

  /** One at a time: false while one is under way. */
  public start(): boolean {
    if (this.tally.running || this.deps.signal.aborted) return false;
    this.tally = { running: true, sent: 0, answered: 0, replays: 0, payments: 0 };
    void this.blow()
      .catch((error: Error) => this.note({ problem: error.message.slice(0, 200) }))
      .finally(() => this.note({ running: false }));
    return true;
  }

  private async blow(): Promise<void> {
    const { client, payer, regions } = this.deps;
    const accountId = await payer.open(undefined, balance);
    const key = payer.newKey();
    const ids = new Set<string>();
    this.note({ sent: requests });
    const failures: string[] = [];
    await Promise.all(
      Array.from({ length: requests }, async (_, index) => {
        const headers = { 'X-Client-Location': regions[index % regions.length], 'X-Client-Resolver': `storm-${index}` };
        const answer = await client.call({ path: '/api/v1/payments', body: { accountId, amount, currency }, key, headers });
        if (answer.status === 201) ids.add(String(answer.body.paymentId));
        else failures.push(`${answer.status} ${answer.text.slice(0, 100)}`);
        const replayed = answer.headers['idempotency-replayed'] === 'true';
        this.note({ answered: this.tally.answered + 1, replays: this.tally.replays + (replayed ? 1 : 0), payments: ids.size });
      }),
    );
    const account = await client.call({ path: `/api/v1/accounts/${accountId}` });
    this.note({
      debited: account.status === 200 ? balance - Number(account.body.available) : undefined,
      problem: failures[0] && `${failures.length} were answered otherwise: ${failures[0]}`,
    });
  }

  private note(change: Partial<Tally>): void {
    this.tally = { ...this.tally, ...change };
    this.deps.onChange?.();
  }
}
