import { sameAnswer } from './figures.domain';
import { balanceDifferences, linesOf } from './ledger-view.service';
import type { AccountLine, ApiAnswer, ApiCall, PaymentsCaller, ScenarioReport } from './model';

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
  /** The region that is read may be behind by then, epoch milliseconds: in `HOME_REGION` it reads its own copy. */
  readonly readUntilMs: number;
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

/** Looks until the payment's lines are there and add up. What is still missing then is late, and not wrong. */
async function addUp(trip: RoundTrip, paymentId: string): Promise<void> {
  const { client, figures, readUntilMs } = trip;
  const beganMs = client.nowMs();
  for (;;) {
    const { types, lines, wrong } = await look(trip, paymentId);
    const isWhole = types === 'AUTHORISATION,CAPTURE,REFUND';
    if (!(isWhole && wrong.length === 0) && client.nowMs() + lookAgainMs <= readUntilMs) {
      await client.sleep(lookAgainMs);
      continue;
    }
    if (notYetWhole.includes(types)) {
      const seconds = Math.round((client.nowMs() - beganMs) / 1000);
      figures.check('the payment can be read', false, `${types || 'no line'} after ${seconds} s`, 'this region may read an older copy');
      return;
    }
    figures.check('lines of the payment', isWhole, types.split(',').join(', '));
    figures.check('lines add up to the balance', wrong.length === 0, `${lines.length} lines`, wrong[0]);
    return;
  }
}

const lookAgainMs = 1_000;
/** What an older copy has of a payment: its lines arrive one by one, in any order. */
const notYetWhole = ['', 'AUTHORISATION', 'CAPTURE', 'REFUND', 'AUTHORISATION,CAPTURE', 'AUTHORISATION,REFUND', 'CAPTURE,REFUND'];

/** What can be read of a payment: types of its lines, those of its account, and what does not add up. */
interface PaymentSight {
  readonly types: string;
  readonly lines: readonly AccountLine[];
  readonly wrong: readonly string[];
}

/** The copy that is read has not got the account, or its lines. */
class NotThereYet extends Error {}

async function look({ client, accountId, funds, callMs, regions }: RoundTrip, paymentId: string): Promise<PaymentSight> {
  const [region] = regions;
  const call = async (one: ApiCall): Promise<ApiAnswer> => {
    const answer = await client.call({ ...one, region }, callMs);
    if (answer.status === 404) throw new NotThereYet();
    return answer;
  };
  try {
    const lines = await linesOf({ call }, accountId, region);
    const account = await call({ path: `/api/v1/accounts/${accountId}` });
    const own = lines.filter((line) => line.paymentId === paymentId).map(({ type }) => type);
    return { types: own.sort().join(), lines, wrong: balanceDifferences(`${accountId} in ${region}`, account.body, lines, funds) };
  } catch (error) {
    if (error instanceof NotThereYet) return { types: '', lines: [], wrong: [] };
    throw error;
  }
}

/** Status and what it means; no other part of an answer. */
function said({ status, body }: ApiAnswer): string {
  return [status, body.code ?? body.status].filter((part) => part !== undefined).join(' ');
}
