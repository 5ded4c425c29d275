import { andRead, longApartMs, lookAfter, move, pay, read, Scenario } from './scenarios';

/** Holds that have left their account: what becomes of them is decided on the payment's own item, and taken to the account. */
const left = { funds: 100, before: [pay('k', 60)], left: true, faults: 0, untended: true } as const;
const capture = move('CAPTURE', 'c', 'k', 50);
const refund = move('REFUND', 'r', 'k', 20);
const captured = { ...left, before: [pay('k', 60), capture], apartMs: longApartMs } as const;
/** The watermark is before the calls' dates, and the hold still on the account. */
const stands = {
  funds: 100,
  before: [pay('other', 10)],
  passed: true,
  standing: [pay('k', 60)],
  apartMs: longApartMs,
  faults: 0,
  untended: true,
} as const;

export const smallOfHoldsThatLeft: readonly Scenario[] = [
  { ...left, name: 'a capture and a void of a hold that has left', calls: [andRead(capture), andRead(move('VOID', 'v', 'k'))] },
  { ...left, name: 'two attempts of one capture of a hold that has left', calls: [capture, andRead(capture)] },
  {
    ...left,
    name: 'a capture of a hold that has left, somebody who reads, and a look after the account',
    calls: [capture, read('k'), lookAfter],
    apartMs: longApartMs,
  },
  {
    ...left,
    name: 'a capture of a hold that has left, which comes behind the watermark',
    calls: [capture, pay('other', 10), lookAfter],
    apartMs: longApartMs,
  },
  { ...left, name: 'a refund that is refused for a hold that has left, and a capture of it', calls: [refund, capture] },
  { ...left, name: 'two attempts of one refund that is refused for a hold that has left', calls: [refund, refund] },
  { ...left, name: 'a capture of a hold that has left, and a refund of it', calls: [capture, andRead(refund)] },
  { ...left, name: 'a replay of a payment whose hold has left, and a capture of it', calls: [pay('k', 60), capture] },
  {
    name: 'a capture and a void of a hold that may have left',
    funds: 100,
    before: [pay('k', 60)],
    calls: [capture, move('VOID', 'v', 'k'), lookAfter],
    faults: 0,
    untended: true,
  },
  {
    name: 'a payment that comes behind the watermark',
    funds: 100,
    calls: [pay('k', 60), pay('other', 10), lookAfter],
    apartMs: longApartMs,
    faults: 0,
    untended: true,
  },
  { ...captured, name: 'a refund that comes behind the watermark', calls: [refund, pay('other', 10), lookAfter] },
];

export const ofHoldsThatLeft: readonly Scenario[] = [
  {
    ...left,
    name: 'a capture and a void of a hold that has left, somebody who reads, and requests that are lost',
    calls: [capture, move('VOID', 'v', 'k'), read('k')],
    faults: 1,
  },
  {
    ...left,
    name: 'two attempts of one capture of a hold that has left, and a look after the account that is old enough to remove it',
    calls: [capture, andRead(capture), lookAfter],
    apartMs: longApartMs,
  },
  {
    ...left,
    name: 'a capture of a hold that has left, which comes behind the watermark, and requests that are lost',
    calls: [capture, pay('other', 10), lookAfter],
    apartMs: longApartMs,
    faults: 1,
  },
  {
    ...left,
    name: 'two attempts of one capture of a hold that has left, which come behind the watermark',
    before: [...left.before, pay('other', 10)],
    passed: true,
    calls: [capture, andRead(capture), lookAfter],
    apartMs: longApartMs,
  },
  { ...left, name: 'two attempts of one refund, and a capture of a hold that has left', calls: [refund, refund, capture] },
  {
    ...left,
    name: 'a refund of a hold that has left, a capture, and a refund of it',
    calls: [refund, capture, move('REFUND', 's', 'k', 20)],
  },
  {
    ...left,
    name: 'a replay of a payment whose hold has left, a capture of it, and a look after the account',
    calls: [pay('k', 60), capture, lookAfter],
  },
  {
    ...left,
    name: 'a payment that needs the money, and a void of a hold that has left',
    calls: [pay('other', 60), move('VOID', 'v', 'k'), lookAfter],
    fundsCome: true,
  },
  {
    name: 'two attempts of one payment, which come behind the watermark',
    funds: 100,
    before: [pay('other', 10)],
    passed: true,
    calls: [pay('k', 60), pay('k', 60), lookAfter],
    apartMs: longApartMs,
    faults: 0,
    untended: true,
  },
  {
    ...captured,
    name: 'two attempts of one refund, which come behind the watermark',
    before: [...captured.before, pay('other', 10)],
    passed: true,
    calls: [refund, andRead(refund), lookAfter],
  },
  {
    ...stands,
    name: 'a refund that comes behind the watermark, a capture, and a look after the account',
    calls: [refund, capture, lookAfter],
  },
  { ...stands, name: 'two attempts of one refund, which come behind the watermark, and a capture', calls: [refund, refund, capture] },
  {
    ...left,
    name: 'two attempts of one refund of a hold that has left, which come behind the watermark, and a capture',
    before: [...left.before, pay('other', 10)],
    passed: true,
    calls: [refund, refund, capture],
    apartMs: longApartMs,
  },
];
