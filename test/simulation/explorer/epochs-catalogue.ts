import { Epochs, Step } from './epochs';

const pay: Step = { do: 'pay', key: 'P', amount: 100 };
const payQ: Step = { do: 'pay', key: 'Q', amount: 30 };
const claim: Step = { do: 'claim', key: 'P', amount: 100 };
const look: Step = { do: 'look' };
const capture: Step = { do: 'CAPTURE', key: 'c', of: 'P', amount: 60 };
const cancel: Step = { do: 'VOID', key: 'v', of: 'P' };
const refund: Step = { do: 'REFUND', key: 'r', of: 'P', amount: 20 };
const refundAll: Step = { do: 'REFUND', key: 's', of: 'P' };
const declined: Step = { do: 'pay', key: 'D', amount: 10_000 };

const second = ['acc', 'second'];
const paySecond: Step = { do: 'pay', key: 'P', amount: 70, from: 'second' };
const claimSecond: Step = { do: 'claim', key: 'P', amount: 70, from: 'second' };
const settled: Step = { do: 'settled' };

/** Each with another home behind it, which has whatever may have arrived. */
export const epochScenarios: readonly Epochs[] = [
  {
    name: 'epochs: a hold that leaves, and is captured then',
    first: [pay, look, look, capture, look, look],
    second: [
      [pay, capture],
      [capture, pay],
      [cancel, capture],
      [refund, capture],
      [look, look, capture],
      [pay, look, look, refundAll],
    ],
  },
  {
    name: 'epochs: a hold that leaves, and is voided then',
    first: [pay, look, look, cancel, look, look],
    second: [
      [pay, cancel],
      [capture, cancel],
      [look, look, refund, cancel],
    ],
  },
  {
    name: 'epochs: a payment captured and refunded at once',
    first: [pay, capture, look, refund, look],
    second: [[pay, capture, refund], [refund, capture], [cancel], [refundAll, refund], [look, look, refund, capture, refundAll]],
  },
  {
    name: 'epochs: a refund of what is not captured yet, of a hold that has left',
    first: [pay, look, look, refund, capture, look],
    second: [
      [refund, capture],
      [capture, refund, refundAll],
      [cancel, refund],
      [pay, refund],
    ],
  },
  {
    name: 'epochs: a claim that comes behind the watermark',
    first: [claim, payQ, look, look, pay, look, look],
    second: [[pay, capture], [capture, pay], [cancel], [payQ, look, look, pay, refund]],
  },
  {
    name: 'epochs: a decline beside a hold',
    first: [pay, declined, look, look, capture],
    second: [[declined, pay, capture], [capture, declined], [cancel]],
  },
  {
    name: 'epochs: a key for two accounts',
    accounts: second,
    first: [pay, capture, look, refund],
    second: [
      [paySecond, look, look, settled, capture, look],
      [paySecond, { ...capture, key: 'c2' }, refund, look],
      [look, paySecond, pay, look],
      [claimSecond, look, look, settled, paySecond],
    ],
  },
  {
    name: 'epochs: three homes, and a key for two accounts',
    accounts: second,
    first: [pay, payQ, look, look],
    second: [[paySecond, look]],
    third: [
      [look, look, settled, pay, capture],
      [capture, look, look, settled],
    ],
  },
  {
    name: 'epochs: three homes, and a hold that leaves',
    first: [pay, look, look],
    second: [[capture, look, look], [cancel], [pay, look, look, capture]],
    third: [
      [pay, capture],
      [cancel, capture],
      [look, look, refund],
    ],
  },
  {
    name: 'epochs: three homes, and a closure of a hold that has left',
    first: [pay, look, look, capture, look],
    second: [[capture, look], [cancel, look], [refund]],
    third: [[pay, capture], [cancel], [refundAll]],
  },
  {
    name: 'epochs: three homes, and a claim that comes behind the watermark',
    first: [claim, payQ, look, look],
    second: [
      [pay, look],
      [pay, capture],
    ],
    third: [[pay, capture], [cancel], [payQ, look, look, pay]],
  },
];
