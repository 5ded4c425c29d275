import { verdictOf, type Asked, type Evidence } from '../../../local/load/verdict';
import type { AccountLine as Line } from '../../../src/scenario/model';

type Move = 'capture' | 'void' | 'refund';

function answer(status: number, body: object, at = 1000) {
  return { status, body, text: JSON.stringify(body), at };
}

function payment(key: string, amount = 500): Asked {
  const told = answer(201, { paymentId: `pay_${key}`, status: 'AUTHORISED', amount });
  return { key, kind: 'payment', paymentKey: key, amount, answers: [told, { ...told, at: 2000 }], unanswered: 0 };
}

function move(kind: Move, of: string, amount: number, status = 200): Asked {
  return { key: `${of}-${kind}`, kind, paymentKey: of, amount, answers: [answer(status, { paymentId: `pay_${of}` })], unanswered: 0 };
}

const line = (type: string, of: string, amount: number): Line => ({ type, paymentId: `pay_${of}`, amount });

/** Three payments: captured in part and refunded, voided, refused a second capture. And a decline. */
function sound() {
  const declined: Asked = { ...payment('d', 9999), answers: [answer(201, { paymentId: 'pay_d', status: 'DECLINED' })] };
  const lines = [
    line('AUTHORISATION', 'a', 500),
    line('CAPTURE', 'a', 300),
    line('RELEASE', 'a', 200),
    line('REFUND', 'a', 100),
    line('AUTHORISATION', 'b', 500),
    line('VOID', 'b', 500),
    line('AUTHORISATION', 'c', 500),
  ];
  return {
    asked: [
      payment('a'),
      move('capture', 'a', 300),
      move('refund', 'a', 100),
      payment('b'),
      move('void', 'b', 500),
      move('capture', 'b', 500, 409),
      payment('c'),
      declined,
    ],
    east: lines,
    west: [...lines],
  };
}

function failed({ asked, east, west }: ReturnType<typeof sound>, more: Partial<Evidence> = {}): string[] {
  const evidence = {
    asked,
    linesByRegion: new Map([
      ['us-east-1', east],
      ['us-west-2', west],
    ]),
    wrongBalances: [],
    lossWindows: [],
    ...more,
  };
  return verdictOf(evidence)
    .filter(({ ok }) => !ok)
    .map(({ name }) => name);
}

test('a sound run passes', () => {
  expect(failed(sound())).toEqual([]);
});

test.each<[string, string[], (run: ReturnType<typeof sound>) => void]>([
  [
    'a caller without an answer',
    ['keys without an answer'],
    ({ asked }) => {
      asked[0].unanswered = 1;
    },
  ],
  [
    'two answers to one key',
    ['keys with more than one answer'],
    ({ asked }) => {
      asked[0].answers.push(answer(201, { paymentId: 'pay_a', status: 'DECLINED' }));
    },
  ],
  [
    'an answer that is none',
    ['keys with an answer outside the contract'],
    ({ asked }) => {
      asked[7].answers.splice(0, 1, answer(500, {}));
    },
  ],
  [
    'a debit twice in one region',
    ['debits per key, in each region', 'in the ledger and never answered'],
    ({ west }) => {
      west.push(line('AUTHORISATION', 'a', 500));
    },
  ],
  [
    'a debit of nobody',
    ['in the ledger and never answered'],
    ({ east }) => {
      east.push(line('AUTHORISATION', 'x', 1));
    },
  ],
  [
    'a debit of what was declined',
    ['in the ledger and never answered'],
    ({ east }) => {
      east.push(line('AUTHORISATION', 'd', 9999));
    },
  ],
  [
    'a payment lost in one region',
    ['answered and not in the ledger'],
    ({ west }) => {
      west.pop();
    },
  ],
  [
    'a refund lost',
    ['answered and not in the ledger'],
    ({ east }) => {
      east.splice(3, 1);
    },
  ],
  [
    'a refund twice',
    ['in the ledger and never answered'],
    ({ east }) => {
      east.push(line('REFUND', 'a', 100));
    },
  ],
  [
    'a refused capture that was done',
    ['in the ledger and never answered'],
    ({ east }) => {
      east.push(line('CAPTURE', 'b', 500));
    },
  ],
  [
    'another amount than answered',
    ['answered and not in the ledger', 'in the ledger and never answered'],
    ({ east }) => {
      east[6] = line('AUTHORISATION', 'c', 501);
    },
  ],
])('%s is found', (_, names, spoil) => {
  const run = sound();
  spoil(run);
  expect(failed(run)).toEqual(names);
});

test('two payments for one key count as two debits of it', () => {
  const run = sound();
  run.asked[6].answers.push(answer(201, { paymentId: 'pay_other', status: 'AUTHORISED', amount: 500 }));
  run.east.push(line('AUTHORISATION', 'other', 500));
  expect(failed(run)).toEqual(expect.arrayContaining(['keys with more than one answer', 'debits per key, in each region']));
});

test('wrong balances are found', () => {
  expect(failed(sound(), { wrongBalances: ['account in us-east-1'] })).toEqual(['balances that are not their lines']);
});

test('what a region took with it excuses a payment that it answered just before, and no other', () => {
  const run = sound();
  run.east.pop();
  run.west.pop();
  expect(failed(run, { lossWindows: [{ from: 500, to: 1500 }] })).toEqual([]);
  expect(failed(run, { lossWindows: [{ from: 3000, to: 4000 }] })).toEqual(['answered and not in the ledger']);
});

test('nothing excuses a second debit', () => {
  const run = sound();
  run.east.push(line('AUTHORISATION', 'a', 500));
  expect(failed(run, { lossWindows: [{ from: 500, to: 1500 }] })).toEqual(['debits per key, in each region']);
});
