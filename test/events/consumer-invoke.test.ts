import { invokeHandler } from '../../src/events/consumers/invoke.aws';
import { ConsumedEvent } from '../../src/events/model';
import type { EventDelivery } from '../../src/events/runtime.model';
import { FunctionFailed, Invoker, InvokeRefused } from '../../src/runtime/invoke';

const event: ConsumedEvent = {
  source: 'acme-pay.ledger',
  id: 'e1',
  type: 't',
  schemaVersion: 1,
  origin: 'us-east-1',
  occurredAt: '2027-01-15T08:00:00.000Z',
  data: {},
};
const trace = { traceId: '1-5f2330a4-6a0de1cd0e17c0508d386a64', parentId: '53995c3f42cd8ad8', sampled: true };
const delivery = { attempt: 1, trace } as unknown as EventDelivery;
const failing =
  (error: unknown): Invoker =>
  () =>
    Promise.reject(error as Error);

test('the function is called with the envelope, in time, and its trace goes on', async () => {
  const calls: unknown[] = [];
  const invoke: Invoker = (...call) => {
    calls.push(call);
    return Promise.resolve('null');
  };
  expect(await invokeHandler(invoke, 'arn')(event, delivery, 5_000)).toEqual({ kind: 'done' });
  expect(calls).toEqual([['arn', event, 5_000, trace]]);
});

const failures: [string, unknown, string][] = [
  ['a function that threw has run', new FunctionFailed('arn', 'Unhandled'), 'failed'],
  ['a throttled call has not reached it', new InvokeRefused('arn', 429, 'TooManyRequestsException'), 'notReached'],
  ['nor has one without a grant', new InvokeRefused('arn', 403, 'AccessDeniedException'), 'notReached'],
  ['nor one that nobody took up', Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), 'notReached'],
  ['a fault of Lambda leaves it open', new InvokeRefused('arn', 500, 'ServiceException'), 'unknown'],
  ['and so does silence', new DOMException('timed out', 'TimeoutError'), 'unknown'],
];
test.each(failures)('%s', async (_, error, kind) => {
  expect(await invokeHandler(failing(error), 'arn')(event, delivery, 5_000)).toMatchObject({ kind });
});
