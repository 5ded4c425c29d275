import { percentile } from '../../src/scenario/figures.domain';
import { openAccount } from '../../src/scenario/ledger-view.service';
import type { ApiCall } from '../../src/scenario/model';
import type { Client } from '../callers/client';
import type { Setting } from '../smoke/setting';

/** Reading an account is one strongly consistent read in STRONG, so one crossing: what all others are multiples of. */
const baseCall = 'GET of the account';
const rounds = 20;
const fundedWith = 1_000_000;

/** How long each kind of call took when nothing else was under way, in milliseconds. */
export type TimesAlone = ReadonlyMap<string, readonly number[]>;

/** Sends the calls of a payment one after the other to one region, and measures each from outside. */
export async function callAlone({ client, run }: Setting, region: string): Promise<TimesAlone> {
  // Not one of those whose lines are compared with the load's calls.
  const accountId = await openAccount({ client, run, accounts: new Map() }, 'alone', fundedWith);
  const times = new Map<string, number[]>([[baseCall, []]]);
  const sent = new SingleCalls(client, region, times);
  for (let round = 0; round < rounds; round += 1) {
    const key = (name: string): string => `${run}-alone-${round}-${name}`;
    const pay = (name: string, call: string, amount = 200): Promise<any> =>
      sent.send(call, { path: '/api/v1/payments', body: { accountId, amount, currency: 'USD' }, key: key(name) });
    const move = (paymentId: string, kind: 'capture' | 'void' | 'refund'): Promise<any> =>
      sent.send(kind, { path: `/api/v1/payments/${paymentId}/${kind}`, body: kind === 'void' ? {} : { amount: 100 }, key: key(kind) });
    await sent.send(baseCall, { path: `/api/v1/accounts/${accountId}` });
    const { paymentId } = await pay('captured', 'authorization');
    await pay('captured', 'its first replay');
    await pay('captured', 'a later replay');
    await sent.send('GET of the payment', { path: `/api/v1/payments/${paymentId}` });
    await move(paymentId, 'capture');
    await move(paymentId, 'refund');
    await pay('declined', 'authorization, declined', fundedWith + 1);
    await move((await pay('voided', 'authorization')).paymentId, 'void');
  }
  return times;
}

class SingleCalls {
  constructor(
    private readonly client: Client,
    private readonly region: string,
    private readonly times: Map<string, number[]>,
  ) {}

  /** Resolves to the answer's body; of a call that was sent again, the last answer counts. Throws where that is no success. */
  public async send(name: string, call: ApiCall): Promise<any> {
    const { status, text, body, ms } = await this.client.call({ ...call, region: this.region });
    if (status >= 300) throw new Error(`${name} alone in ${this.region}: expected a success, got ${status} ${text.slice(0, 200)}`);
    this.times.set(name, [...(this.times.get(name) ?? []), ms]);
    return body;
  }
}

/** A line for each kind of call: its p50, as a multiple of that of one crossing. */
export function ratiosOf(times: TimesAlone): readonly { readonly name: string; readonly ratio: number; readonly p50Ms: number }[] {
  const p50Of = (name: string): number => percentile(times.get(name)!, 0.5);
  return [...times.keys()].map((name) => ({ name, ratio: p50Of(name) / p50Of(baseCall), p50Ms: p50Of(name) }));
}
