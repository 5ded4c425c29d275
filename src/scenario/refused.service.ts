import { linesOf, openAccount } from './ledger-view.service';
import type { ApiAnswer, ApiCall, ScenarioSetting } from './model';

/** Input that the contract refuses: its status, its form, and that nothing was stored of it. */
export async function checkRefusals(setting: ScenarioSetting): Promise<void> {
  const { client, figures, regions, run } = setting;
  figures.heading('refused');
  const account = await openAccount(setting, 'refused', 10_000);
  const body = { accountId: account, amount: 100, currency: 'USD' };
  const key = `${run}-mended`;
  const payment = (change: Partial<ApiCall>): ApiCall => ({ path: '/api/v1/payments', body, key, ...change });
  const tampered = (await setting.token()).replace(/.{6}$/, 'AAAAAA');
  const cases: [string, ApiCall, number][] = [
    ['a body over 64 KB', payment({ body: { ...body, reference: 'x'.repeat(70_000) } }), 413],
    ['a body of 5 MB', payment({ body: `"${'x'.repeat(5_000_000)}"` }), 413],
    ['bad JSON', payment({ body: '{"accountId":' }), 400],
    ['an unknown field', payment({ body: { ...body, note: 'x' } }), 400],
    ['an amount that is not a whole number', payment({ body: { ...body, amount: 1.5 } }), 400],
    ["another currency than the account's", payment({ body: { ...body, currency: 'EUR' } }), 400],
    ['no key', payment({ key: undefined }), 400],
    ['a key of 256 characters', payment({ key: 'k'.repeat(256) }), 400],
    ['an unknown account', payment({ body: { ...body, accountId: `${run}-nobody` } }), 404],
    ['an unknown payment', { path: '/api/v1/payments/pay_AAAAAAAAAAAAAAAAAAAAAA' }, 404],
    ['an unknown path', { path: '/api/v1/nothing' }, 404],
    ['another method', { path: '/api/v1/payments', method: 'DELETE' }, 405],
    ['not JSON by its type', payment({ headers: { 'Content-Type': 'text/plain' } }), 415],
    ['a token that is not valid', payment({ token: 'nonsense' }), 401],
    ['a token of another signature', payment({ token: tampered }), 401],
  ];
  for (const [index, [name, call, status]] of cases.entries()) {
    const answer = await client.once({ ...call, region: regions[index % regions.length] });
    const fault = problemFault(answer, status);
    figures.check(name, fault === undefined, `${answer.status} ${answer.body.code ?? ''}`, fault);
  }
  const lines = await linesOf(client, account, regions[0]);
  const { body: after } = await client.call({ path: `/api/v1/accounts/${account}` });
  figures.check(
    'nothing was stored of any of them',
    lines.length === 0 && after.available === 10_000 && after.version === (await firstVersion(setting)),
    `${lines.length} lines, ${after.available} available`,
  );
  const mended = await client.call(payment({}));
  if (mended.body.paymentId) setting.accepted.set(mended.body.paymentId, mended.body.region ?? '');
  figures.check(
    'the same key takes the mended body',
    mended.status === 201 && mended.headers['idempotency-replayed'] === undefined,
    mended.status,
  );
}

/** What an account's version is when nothing was ever done with it. */
async function firstVersion(setting: ScenarioSetting): Promise<number | undefined> {
  const untouched = await openAccount(setting, 'untouched', 1);
  return (await setting.client.call({ path: `/api/v1/accounts/${untouched}` })).body.version;
}

/** What is wrong with an error answer's form. */
function problemFault(answer: ApiAnswer, status: number): string | undefined {
  // An authorizer may say 403 where it could say 401.
  if (answer.status !== status && !(status === 401 && answer.status === 403)) return `${status} was expected: ${answer.text.slice(0, 200)}`;
  if (!String(answer.headers['content-type']).startsWith('application/problem+json')) {
    return `its type is ${answer.headers['content-type']}`;
  }
  const absent = ['type', 'title', 'status', 'detail', 'instance', 'code'].filter(
    (field) => (answer.body as Readonly<Record<string, unknown>>)[field] === undefined,
  );
  if (absent.length) return `its body lacks ${absent.join(', ')}`;
  const headers = ['x-amzn-trace-id', 'x-served-by-region', 'cache-control'].filter((name) => answer.headers[name] === undefined);
  return headers.length ? `it lacks ${headers.join(', ')}` : undefined;
}
