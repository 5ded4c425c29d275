import { FakeApi, type Fault } from './fake-api';
import { Client } from '../../../local/callers/client';
import { crowd } from '../../../local/smoke/crowd';
import { Figures } from '../../../local/smoke/figures';
import type { Setting } from '../../../local/smoke/setting';
import { recoveryBudgetOf } from '../../../local/smoke/smoke';
import { balancesFrom, mostDebits, percentile } from '../../../src/scenario/figures.domain';
import { checkRefusals } from '../../../src/scenario/refused.service';

const size = { keys: 40, copies: 5, accounts: 3, hotKeys: 10 };
let api: FakeApi | undefined;

afterEach(() => api?.close());

async function failed(fault: Fault, part: (setting: Setting) => Promise<void>): Promise<string[]> {
  api = await FakeApi.open(fault);
  const lines: string[] = [];
  const setting = {
    client: new Client(api.url, 'token'),
    figures: new Figures((line) => lines.push(line)),
    regions: ['us-east-1', 'us-west-2'],
    accounts: new Map(),
    accepted: new Map(),
    run: 'run',
    token: async () => 'token-with-a-signature',
  };
  await part(setting);
  expect(setting.figures.allPassed).toBe(!lines.some((line) => line.includes('FAIL')));
  return lines.filter((line) => line.includes('FAIL')).map((line) => line.trim().split(/\s{2,}/)[1]);
}

const run = (setting: Setting) => crowd(setting, size);

describe('the scenario of many keys', () => {
  test('passes where each key is debited once', async () => {
    expect(await failed('none', run)).toEqual([]);
  });

  test('sees a key that is debited again, whatever the answers say', async () => {
    const lines = await failed('debits some keys twice', run);
    expect(lines).toEqual(expect.arrayContaining(['debits in the ledger', 'debit count per key', 'amount debited']));
  });

  test('sees answers that differ, and amounts that were booked wrong', async () => {
    expect(await failed('answers differ', run)).toEqual(['all answers to one key are the same']);
    api?.close();
    expect(await failed('books wrong amounts', run)).toEqual(['amount debited']);
  });
});

test('the scenario of refused input sees an API that takes anything', async () => {
  const lines = await failed('takes anything', checkRefusals);
  expect(lines).toEqual(
    expect.arrayContaining(['a body over 64 KB', 'bad JSON', 'no key', 'a token that is not valid', 'an unknown payment']),
  );
});

test('balances are made of the lines alone', () => {
  const lines = [
    ['AUTHORISATION', 1000],
    ['CAPTURE', 600],
    ['RELEASE', 400],
    ['REFUND', 100],
    ['AUTHORISATION', 50],
    ['VOID', 50],
    ['AUTHORISATION', 7],
  ].map(([type, amount]) => ({ paymentId: `p${amount}`, type: String(type), amount: Number(amount) }));
  expect(balancesFrom(lines, 10_000)).toEqual({ available: 9493, held: 7, settled: 500 });
  expect(mostDebits(lines)).toBe(1);
  expect(mostDebits([...lines, lines[0]])).toBe(2);
});

test('percentiles', () => {
  expect(percentile([3, 1, 2], 0.5)).toBe(2);
  expect(percentile([], 0.99)).toBe(0);
});

test('the recovery budget is the one that the API of the region says', () => {
  const budget = '10 s interval x 1 + ... = 29 s';
  const stacks: Parameters<typeof recoveryBudgetOf>[0] = [
    { region: 'us-east-1', outputs: { ApiRecoveryBudgetFFA1AC59: `${budget} (target 30 s)`, ApiEndpoint4F160690: 'https://x' } },
    { region: 'eu-central-1', outputs: {} },
  ];
  expect([recoveryBudgetOf(stacks, 'us-east-1'), recoveryBudgetOf(stacks, 'eu-central-1')]).toEqual([budget, undefined]);
});
