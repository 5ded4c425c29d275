import type { Second, SeenPayment } from './views/model';
import { apiHeaders } from '../../src/api/contract';

/** One request to the API and what came of it, as the front door saw it pass. */
export interface Passage {
  readonly method: string;
  readonly path: string;
  /** Region entered. */
  readonly region: string;
  /** Where the caller stands; absent when it came past DNS. */
  readonly location?: string;
  /** Root ID of the trace, as the client was told. */
  readonly traceId: string;
  /** Absent: nobody answered. */
  readonly answer?: { readonly status: number; readonly rawHeaders: readonly string[]; readonly body: Buffer };
}

const secondsKept = 90;
const paymentsKept = 200;
/** A payment's answer is far smaller; nothing larger is read. */
const largestAnswer = 16 * 1024;

const paymentPath = /^\/api\/v1\/payments(?:\/[^/]+\/(?:capture|void|refund))?\/?$/;

/** What passed lately: requests by second and region, and payments. Keeps of an answer only what the page shows. */
export class Passages {
  private readonly counts = new Map<number, { answered: Record<string, number>; failed: number }>();
  /** Newest last. */
  private readonly seen = new Map<string, SeenPayment>();

  constructor(private readonly now: () => number = Date.now) {}

  public readonly saw = (passage: Passage): void => {
    if (!passage.path.startsWith('/api/v1/')) return;
    this.count(passage);
    if (passage.method === 'POST' && paymentPath.test(passage.path)) this.keep(passage);
  };

  public seconds(): Second[] {
    return [...this.counts].map(([at, count]) => ({ at, answered: { ...count.answered }, failed: count.failed }));
  }

  /** Newest first. */
  public payments(): SeenPayment[] {
    return [...this.seen.values()].reverse();
  }

  public payment(traceId: string): SeenPayment | undefined {
    return [...this.seen.values()].find((payment) => payment.traceId === traceId);
  }

  private count({ region, answer }: Passage): void {
    const at = Math.floor(this.now() / 1000);
    const count = this.counts.get(at) ?? { answered: {}, failed: 0 };
    this.counts.set(at, count);
    if (!isAnswered({ answer })) count.failed += 1;
    else count.answered[region] = (count.answered[region] ?? 0) + 1;
    for (const old of this.counts.keys()) if (old < at - secondsKept) this.counts.delete(old);
  }

  private keep({ answer, traceId, path }: Passage): void {
    if (!answer || (answer.status !== 200 && answer.status !== 201) || answer.body.length > largestAnswer) return;
    const payment = paymentOf(answer.body);
    if (!payment) return;
    const known = this.seen.get(payment.paymentId);
    const replayed = headerIn(answer.rawHeaders, apiHeaders.idempotencyReplayed) === 'true';
    const isNew = /\/payments\/?$/.test(path) && !replayed;
    this.seen.set(payment.paymentId, {
      at: this.now(),
      ...known,
      ...payment,
      // A replay tells the status of its own time.
      status: replayed && known ? known.status : payment.status,
      traceId: isNew ? traceId : known?.traceId,
      replays: (known?.replays ?? 0) + (replayed ? 1 : 0),
    });
    if (this.seen.size > paymentsKept) this.seen.delete(this.seen.keys().next().value as string);
  }
}

/** Refusals are answers too, but not those that only ask the caller to come again. */
export function isAnswered({ answer }: Pick<Passage, 'answer'>): boolean {
  return answer !== undefined && answer.status < 500 && answer.status !== 429;
}

function paymentOf(body: Buffer): Pick<SeenPayment, 'paymentId' | 'status' | 'amount' | 'currency' | 'region'> | undefined {
  try {
    const { paymentId, status, amount, currency, region } = JSON.parse(body.toString('utf8')) as Record<string, unknown>;
    if (
      typeof paymentId !== 'string' ||
      typeof status !== 'string' ||
      typeof amount !== 'number' ||
      typeof currency !== 'string' ||
      typeof region !== 'string'
    ) {
      return undefined;
    }
    return { paymentId, status, amount, currency, region };
  } catch {
    return undefined;
  }
}

function headerIn(rawHeaders: readonly string[], name: string): string | undefined {
  const index = rawHeaders.findIndex((header, at) => at % 2 === 0 && header.toLowerCase() === name.toLowerCase());
  return index < 0 ? undefined : rawHeaders[index + 1];
}
