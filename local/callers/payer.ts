import { randomBytes } from 'node:crypto';
import type { Client } from './client';

const fundedWith = 1_000_000_000_000;
/** An account's entries are bounded, and trimmed late where there are several copies. */
const paymentsPerAccount = 500;

/** Whose payments the page sends: accounts of a tenant of its own, opened when they are needed, near each region. */
export class Payer {
  /** The page's own tenant: its accounts are nobody else's. */
  static readonly tenant = 'page';
  private readonly run = randomBytes(4).toString('hex');
  private readonly accounts = new Map<string, { readonly id: Promise<string>; used: number }>();
  private opened = 0;

  constructor(private readonly client: Client) {}

  /** An account with enough on it, opened at a place. */
  public funded(place: string): Promise<string> {
    const known = this.accounts.get(place);
    if (known && known.used < paymentsPerAccount) {
      known.used += 1;
      return known.id;
    }
    return this.remember(place, this.open(place, fundedWith));
  }

  /** An account with nothing on it. */
  public empty(): Promise<string> {
    return this.accounts.get('')?.id ?? this.remember('', this.open(undefined, 0));
  }

  /** A new account with a balance. */
  public async open(place: string | undefined, balance: number): Promise<string> {
    const accountId = `page-${this.run}-${(this.opened += 1)}`;
    const headers: Record<string, string> = place === undefined ? {} : { 'X-Client-Location': place };
    const answer = await this.client.call({
      method: 'PUT',
      path: `/api/v1/accounts/${accountId}`,
      body: { currency: 'USD', balance },
      headers,
    });
    if (answer.status !== 201 && answer.status !== 200) {
      throw new Error(`an account could not be opened: ${answer.status} ${answer.text.slice(0, 200)}`);
    }
    return accountId;
  }

  public newKey(): string {
    return `page-${this.run}-${randomBytes(8).toString('hex')}`;
  }

  private remember(place: string, id: Promise<string>): Promise<string> {
    this.accounts.set(place, { id, used: 1 });
    // One that could not be opened is tried again with the next payment.
    id.catch(() => this.accounts.get(place)?.id === id && this.accounts.delete(place));
    return id;
  }
}
