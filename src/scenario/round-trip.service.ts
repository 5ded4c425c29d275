import { sameAnswer } from './figures.domain';
import { audit } from './ledger-view.service';
import type { ApiAnswer, ApiCall, PaymentsCaller, ScenarioReport } from './model';

/** One payment's way there and back. */
export interface RoundTrip {
  readonly client: PaymentsCaller;
  readonly figures: ScenarioReport;
  /** Opened if it is not there. No other payments go on there meanwhile. */
  readonly accountId: string;
  readonly funds: number;
  readonly amount: number;
  readonly currency: string;
  /** Unique to this run. */
  readonly run: string;
  /** Regions that may answer. */
  readonly regions: readonly string[];
  /** A call asks again for so long. */
  readonly callMs: number;
}

/** Authorises, repeats, is refused with another payload, captures, refunds, and adds the lines up. In the end all funds are there again. */
export async function roundTrip(trip: RoundTrip): Promise<void> {
  const { client, figures, accountId, funds, amount, currency, run, callMs } = trip;
  const call = (one: ApiCall): Promise<ApiAnswer> => client.call(one, callMs);
  const opened = await call({ method: 'PUT', path: `/api/v1/accounts/${accountId}`, body: { currency, balance: funds } });
  figures.check('open an account', opened.status === 200 || opened.status === 201, said(opened));
  const pay = (minorUnits: number): Promise<ApiAnswer> =>
    call({ path: '/api/v1/payments', body: { accountId, amount: minorUnits, currency }, key: `${run}-pay` });
  const paid = await pay(amount);
  const { paymentId } = paid.body;
  figures.check('authorise', paid.status === 201 && paid.body.status === 'AUTHORISED', said(paid));
  const region = String(paid.headers['x-served-by-region'] ?? 'no region');
  figures.check('the region that answers', trip.regions.includes(region), region);
  if (paid.status !== 201 || paymentId === undefined) return;
  const replay = await pay(amount);
  figures.check('replay', sameAnswer(paid, replay) && replay.headers['idempotency-replayed'] === 'true', said(replay));
  const other = await pay(amount + 1);
  figures.check('same key with another payload', other.status === 422, said(other));
  const move = (what: string): Promise<ApiAnswer> =>
    call({ path: `/api/v1/payments/${paymentId}/${what}`, body: {}, key: `${run}-${what}` });
  const captured = await move('capture');
  figures.check('capture', captured.status === 200 && captured.body.status === 'CAPTURED', said(captured));
  const refunded = await move('refund');
  figures.check('refund', refunded.status === 200 && refunded.body.status === 'REFUNDED', said(refunded));
  await addUp(trip, paymentId);
}

async function addUp({ client, figures, accountId, funds, callMs, regions }: RoundTrip, paymentId: string): Promise<void> {
  const patient = {
    call: (one: ApiCall) => client.call(one, callMs),
    nowMs: () => client.nowMs(),
    sleep: (ms: number) => client.sleep(ms),
  };
  const { wrong, lines } = await audit(patient, new Map([[accountId, funds]]), regions.slice(0, 1), callMs);
  const types = lines.filter((line) => line.paymentId === paymentId).map(({ type }) => type);
  figures.check('lines of the payment', types.sort().join() === 'AUTHORISATION,CAPTURE,REFUND', types.join(', '));
  figures.check('lines add up to the balance', wrong.length === 0, `${lines.length} lines`, wrong[0]);
}

/** Status and what it means; no other part of an answer. */
function said({ status, body }: ApiAnswer): string {
  return [status, body.code ?? body.status].filter((part) => part !== undefined).join(' ');
}
