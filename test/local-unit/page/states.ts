import { east, west } from './fake-run';
import type { LinkState } from '../../../local/ground/model';
import type { Outage, PageState, SeenPayment } from '../../../local/page/views/model';

export const now = Date.UTC(2026, 10, 22, 3, 0, 30);

export const link = (from: string, to: string, change: Partial<LinkState> = {}): LinkState => ({
  from,
  to,
  lagMs: 33,
  partitioned: false,
  ...change,
});

export function payment(change: Partial<SeenPayment> = {}): SeenPayment {
  return {
    paymentId: 'pay_1',
    status: 'AUTHORISED',
    amount: 123456,
    currency: 'USD',
    region: east,
    at: now - 5_000,
    traceId: '1-6b025bde-2d8fb14c5247483aea9a6913',
    replays: 0,
    ...change,
  };
}

export function outage(change: Partial<Outage> = {}): Outage {
  return { region: east, stoppedAt: now - 7_300, unaffected: false, ...change };
}

/** A run of two regions in which nothing has happened, with what a test changes. */
export function state(change: Partial<PageState> = {}, status: Partial<PageState['status']> = {}): PageState {
  return {
    now,
    status: {
      publicName: 'pay.example.com',
      regions: [east, west].map((name) => ({ name, state: 'running', healthy: true, requests: 0 })),
      links: [link(east, west), link(west, east)],
      tables: [{ name: 'payments-ledger', mode: 'STRONG', replicationLagMs: 34, conflicts: 3 }],
      dns: [],
      buses: [],
      alarms: [],
      ...status,
    },
    seconds: [],
    payments: [],
    outages: [],
    ...change,
  };
}

/** What a reader of the markup sees, without its tags. */
export function words(markup: { toString(): string }): string {
  return markup
    .toString()
    .replace(/<[^>]*>/g, ' ')
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
    .replace(/\s+/g, ' ')
    .replace(/ ([.,])/g, '$1')
    .trim();
}
