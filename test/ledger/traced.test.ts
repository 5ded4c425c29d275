import { World } from './world';
import type { CallContext, Payment } from '../../src/ledger/model';
import { tracedLedger } from '../../src/ledger/protocol/traced.service';
import { XRayTracer } from '../../src/runtime/xray';

const traceId = '1-5f2330a4-6a0de1cd0e17c0508d386a64';
const parentId = '53995c3f42cd8ad8';

let world: World;
let documents: any[];
let ids: number;

function ledgerOf(change: Partial<ReturnType<World['ledger']>> = {}) {
  const tracer = new XRayTracer(
    {
      nowMs: () => world.nowMs,
      segmentId: () => String((ids += 1)).padStart(16, '0'),
      invocation: () => undefined,
      send: (datagram) => documents.push(JSON.parse(datagram.toString().split('\n')[1])),
    },
    {},
  );
  return tracedLedger(Object.assign(world.ledger('us-east-1'), change), tracer);
}

const context = (sampled: boolean): CallContext => ({ ...world.context(), traceId, trace: { traceId, parentId, sampled } });
const pay = { idempotencyKey: 'k', accountId: 'acc', amount: 100, currency: 'EUR' };

beforeEach(async () => {
  world = new World();
  documents = [];
  ids = 0;
  await world.ledger('us-east-1').openAccount(world.context(), { accountId: 'acc', currency: 'EUR', balance: 1_000 });
});

const stored = (kind: string) => [...world.memory.items.values()].find((item) => item.kind === kind)!;

test('a payment and its moves keep the segment that asked for them', async () => {
  const ledger = ledgerOf();
  const outcome = (await ledger.authorise(context(true), pay)) as { payment: Payment };
  expect(stored('PAYMENT')).toMatchObject({ traceId, traceParent: '0000000000000001' });
  await ledger.move(context(true), { idempotencyKey: 'c', paymentId: outcome.payment.paymentId, type: 'CAPTURE' });
  expect(stored('MOVE')).toMatchObject({ traceId, traceParent: '0000000000000002' });
  expect(documents).toEqual([
    expect.objectContaining({
      name: 'ledger.authorise',
      id: '0000000000000001',
      parent_id: parentId,
      annotations: { outcome: 'answered' },
    }),
    expect.objectContaining({ name: 'ledger.move', id: '0000000000000002', parent_id: parentId }),
  ]);
});

test('of a trace that is not recorded the root alone is kept', async () => {
  await ledgerOf().authorise(context(false), pay);
  expect(stored('PAYMENT')).toMatchObject({ traceId });
  expect(stored('PAYMENT')).not.toHaveProperty('traceParent');
  expect(documents).toEqual([]);
});

test('a refusal names the trace that claimed its key', async () => {
  const ledger = ledgerOf();
  const { payment } = (await ledger.authorise(context(false), pay)) as { payment: Payment };
  const refund = { idempotencyKey: 'r', paymentId: payment.paymentId, type: 'REFUND' } as const;
  const refused = await ledger.move(context(false), refund);
  expect(refused).toMatchObject({ kind: 'refused', traceId });
  expect(await ledger.move({ ...world.context(), traceId: '1-0-1' }, refund)).toEqual({ ...refused, replayed: true });
});

test('what is unsure, or thrown, is a fault', async () => {
  const unsure = ledgerOf({ authorise: () => Promise.resolve({ kind: 'unsure', code: 'outcome_unknown', retryAfterSeconds: 1 }) });
  await unsure.authorise(context(true), pay);
  const broken = ledgerOf({ getAccount: () => Promise.reject(new Error('broken')) });
  await expect(broken.getAccount(context(true), 'acc')).rejects.toThrow('broken');
  expect(documents).toEqual([
    expect.objectContaining({ fault: true }),
    expect.objectContaining({ name: 'ledger.getAccount', fault: true }),
  ]);
});
