import { callAlone, ratiosOf } from '../../../local/load/alone';
import { Figures } from '../../../local/smoke/figures';
import type { ApiCall } from '../../../src/scenario/model';

/** Answers as the API does, each call after so many milliseconds of its own. */
const answering = (status: (call: ApiCall) => number) => {
  const calls: ApiCall[] = [];
  const msOf = ({ path, key = '' }: ApiCall): number => (key === '' ? 100 : path.endsWith('/payments') ? 110 : 250) + calls.length / 100;
  const once = async (call: ApiCall) => {
    calls.push(call);
    return { status: status(call), headers: {}, text: 'no', body: { paymentId: `pay_${call.key}` }, ms: msOf(call) };
  };
  return { calls, client: { once, call: once } as never };
};
const setting = (client: never) =>
  ({ client, run: 'r', figures: new Figures(() => undefined), regions: ['us-east-1'], accounts: new Map(), accepted: new Map() }) as never;

test('each kind of call is made in the one region, and compared with reading the account', async () => {
  const { calls, client } = answering(() => 200);
  const rows = ratiosOf(await callAlone(setting(client), 'us-east-1'));
  expect(rows.map(({ name, ratio }) => `${name} ${ratio.toFixed(1)}`)).toEqual([
    'GET of the account 1.0',
    'authorization 1.1',
    'its first replay 1.1',
    'a later replay 1.1',
    'GET of the payment 1.0',
    'capture 2.5',
    'refund 2.5',
    'authorization, declined 1.1',
    'void 2.5',
  ]);
  const measured = calls.slice(1);
  expect(new Set(measured.map(({ region }) => region))).toEqual(new Set(['us-east-1']));
  // A replay has its payment's key, and nothing else has another one's.
  expect(new Set(measured.map(({ key }) => key)).size).toBe(1 + 6 * (measured.length / 10));
});

test('a call that is refused ends the run, with what was answered', async () => {
  const { client } = answering(({ path }) => (path.endsWith('/capture') ? 503 : 200));
  await expect(callAlone(setting(client), 'us-east-1')).rejects.toThrow('capture alone in us-east-1: expected a success, got 503 no');
});
