import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '../callers/client';
import { Payer } from '../callers/payer';
import type { Issuer } from '../ground/model';

export interface TrickleOptions {
  /** Address of the front door. */
  readonly url: string;
  readonly issuer: Issuer;
  /** Callers stand near each of them in turn. */
  readonly regions: readonly string[];
  /** @default 2 seconds */
  readonly everyMs?: number;
}

const defaultEveryMs = 2_000;
/** Nobody waits longer for one of these. */
const answerWithinMs = 20_000;

/**
 * A payment every now and then for as long as the run lasts, so that there is something to replicate and to watch, as in any live system.
 */
export class Trickle {
  private readonly ending = new AbortController();
  private readonly over: Promise<void>;
  private firstPaidAt?: number;

  constructor(private readonly options: TrickleOptions) {
    this.over = this.run();
  }

  /** Resolves when payments have passed for so long, or a minute later at most. */
  public async passedFor(ms: number): Promise<void> {
    const deadline = Date.now() + ms + 60_000;
    while (Date.now() < deadline && !(this.firstPaidAt !== undefined && Date.now() - this.firstPaidAt >= ms)) {
      await sleep(100, undefined, { signal: this.ending.signal }).catch(() => undefined);
    }
  }

  public async close(): Promise<void> {
    this.ending.abort();
    await this.over;
  }

  private async run(): Promise<void> {
    const { url, issuer, regions, everyMs = defaultEveryMs } = this.options;
    const { signal } = this.ending;
    const client = new Client(url, issuer.token({ tenant: Payer.tenant }), signal);
    const payer = new Payer(client);
    for (let count = 0; !signal.aborted; count += 1) {
      // Not awaited: a region that is away does not end the trickle.
      void this.pay(client, payer, regions[count % regions.length]).catch(() => undefined);
      await sleep(everyMs, undefined, { signal }).catch(() => undefined);
    }
  }

  private async pay(client: Client, payer: Payer, place: string): Promise<void> {
    const accountId = await payer.funded(this.options.regions[0]);
    const headers = { 'X-Client-Location': place, 'X-Client-Resolver': `trickle-${place}` };
    const { status } = await client.call(
      { path: '/api/v1/payments', body: { accountId, amount: 100, currency: 'USD' }, key: payer.newKey(), headers },
      answerWithinMs,
    );
    if (status === 201) this.firstPaidAt ??= Date.now();
  }
}
