import { home as east, other as west, TwoRegions } from './two-regions';
import { untraced } from '../../src/kernel/trace';
import { homeCalls, homeLimits, ledgerEnv, writeHome } from '../../src/ledger/contract';
import { ledgerFromEnvironment } from '../../src/ledger/functions/environment.aws';
import { takingForwarded } from '../../src/ledger/homes/forwarded.service';
import { FailoverStore, forwardPort } from '../../src/ledger/homes/home.aws';
import { ForwardedCall, HomeLedger, HomeUnreachable } from '../../src/ledger/homes/home.service';
import { StoreFault } from '../../src/ledger/ports';
import { FunctionFailed, Invoker, InvokeRefused } from '../../src/runtime/invoke';
import { MemoryStore } from '../../tools/memory/memory-store';

const traceId = '1-5e645f3e-1dfad076a177c5ccc5de12f5';
const call: ForwardedCall = {
  tenant: 'acme',
  traceId,
  remainingMs: 4_000,
  call: { name: 'openAccount', command: { accountId: 'a', currency: 'EUR', balance: 1 } },
};

describe('a call to its home', () => {
  const asked: unknown[] = [];
  const forward = (answer: () => string, sent = call) =>
    forwardPort(
      (region) =>
        async (...args) => {
          asked.push([region, ...args]);
          return answer();
        },
      'acme-pay',
      3_000,
    )('us-east-1', sent);

  it('goes whole to the function there that takes such calls, under a name that no request of the gateway has', async () => {
    expect(await forward(() => '{"kind":"differs"}')).toEqual({ kind: 'differs' });
    const sent = { ...call, remainingMs: 2_750 };
    expect(asked).toEqual([['us-east-1', 'acme-pay-accounts', { forwardedLedgerCall: sent }, 3_000, undefined]]);
    const authorise = { name: 'authorise', command: { idempotencyKey: 'k', accountId: 'a', amount: 1, currency: 'EUR' } } as const;
    const capture = { name: 'move', command: { idempotencyKey: 'k', paymentId: 'pay_q83vEjRWeJq83vEjRWeJqw', type: 'CAPTURE' } } as const;
    const arrivals = {
      name: 'arrivals',
      command: {
        accountId: 'a',
        epoch: 1,
        entries: [{ id: 'q83vEjRWeJq83vEjRWeJqw', code: 'H1', behind: [['q83vEjRWeJq83vEjRWeJqw', 2]] }],
      },
    } as const;
    for (const other of [authorise, capture, arrivals]) {
      await forward(() => '{"kind":"keyReused"}', { ...call, call: other });
      expect((asked.pop() as unknown[])[1]).toBe('acme-pay-payments');
    }
  });

  it('is answered with what has arrived', async () => {
    expect(await forward(() => '{"kind":"arrived","ids":["x"]}')).toEqual({ kind: 'arrived', ids: ['x'] });
    asked.pop();
  });

  it('goes on in the trace of whoever sends it', async () => {
    await forward(() => '{"kind":"differs"}', { ...call, traceParent: '53995c3f42cd8ad8' });
    expect((asked.pop() as unknown[]).pop()).toEqual({ traceId: traceId, parentId: '53995c3f42cd8ad8', sampled: true });
  });

  it.each([
    [5_000, 2_750, 3_000],
    [1_000, 750, 1_000],
    [100, 1, 100],
  ])('that has %i ms left gives the home %i of the %i that its answer is waited for', async (remainingMs, given, waited) => {
    await forward(() => '{"kind":"differs"}', { ...call, remainingMs });
    expect(asked.pop()).toMatchObject([
      'us-east-1',
      'acme-pay-accounts',
      { forwardedLedgerCall: { ...call, remainingMs: given } },
      waited,
      undefined,
    ]);
  });

  it('that finds a throttled account is answered as at home, and the home does not count as lost', async () => {
    const world = new TwoRegions({ leaseMs: 10_000, clockMarginMs: 1_000 });
    await world.in(east).openAccount(world.context(), { accountId: 'acc', currency: 'EUR', balance: 1_000 });
    const replica = world.replicas.get(east)!;
    const change = replica.change.bind(replica);
    replica.change = (one) => (one.pk.startsWith('a#') ? Promise.reject(new StoreFault('throttled', 'slow')) : change(one));
    const invoke: Invoker = async (_name, payload, timeoutMs) => {
      const began = world.nowMs;
      const outcome = await world.in(east).receive((payload as { forwardedLedgerCall: ForwardedCall }).forwardedLedgerCall);
      if (world.nowMs - began > timeoutMs) throw late;
      return JSON.stringify(outcome);
    };
    const far = new HomeLedger(
      { ...world.attempt(west).ports, authority: world.authority, forward: forwardPort(() => invoke, 'acme-pay', 3_000) },
      { region: west },
      world.settings,
    );
    const context = { ...world.context(), deadlineMs: world.nowMs + 5_000 };
    const command = { idempotencyKey: 'k', accountId: 'acc', amount: 1, currency: 'EUR' };
    expect(await far.authorise(context, command)).toMatchObject({ kind: 'busy' });
    expect(world.authority.items.get('u#0')!.contested).toBeUndefined();
  });

  const connection = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  const late = Object.assign(new Error('aborted'), { name: 'TimeoutError' });
  it.each([
    ['throttled', new InvokeRefused('f', 429, 'TooManyRequestsException')],
    ['an error of Lambda', new InvokeRefused('f', 500, 'ServiceException')],
    ['no connection', connection],
    ['no answer in time', late],
  ])('cannot be reached: %s', async (_, error) => {
    await expect(
      forward(() => {
        throw error;
      }),
    ).rejects.toThrow(HomeUnreachable);
  });

  it('that failed in the function has an outcome that is not known, and is no reason to take over', async () => {
    expect(
      await forward(() => {
        throw new FunctionFailed('f', 'Unhandled');
      }),
    ).toEqual({ kind: 'unsure', code: 'outcome_unknown', retryAfterSeconds: 1 });
  });

  it.each([
    ['a missing grant', new InvokeRefused('f', 403, 'AccessDeniedException')],
    ['no such function', new InvokeRefused('f', 404, '')],
  ])('that is refused for %s is a fault of ours, and no reason to take over', async (_, error) => {
    await expect(
      forward(() => {
        throw error;
      }),
    ).rejects.toThrow(InvokeRefused);
  });

  it.each(['{"statusCode":200}', '{"kind":"moved"}', '{"kind":"constructor"}', 'null'])(
    'that is answered with %s is a fault of ours',
    async (answer) => {
      await expect(forward(() => answer)).rejects.toThrow('answer is not valid');
    },
  );
});

describe('the authority table', () => {
  it('is asked in another region when one does not answer, and in the same one after any other fault', async () => {
    const here = new MemoryStore();
    const there = new MemoryStore();
    await there.create({ pk: 'u#0', home: 'there' });
    await here.create({ pk: 'u#0', home: 'here' });
    let fault: StoreFault | undefined = new StoreFault('throttled', 'too much');
    const broken = Object.assign(Object.create(here) as MemoryStore, {
      read: (pk: string) => (fault ? Promise.reject(fault) : here.read(pk)),
    });
    const store = new FailoverStore([broken, there]);
    await expect(store.read('u#0', true)).rejects.toThrow('too much');
    fault = new StoreFault('unknown', 'no answer');
    await expect(Promise.all([store.read('u#0', true), store.read('u#0', true)])).rejects.toThrow('no answer');
    expect(await store.read('u#0', true)).toMatchObject({ home: 'there' });
  });
});

describe('the accounts function', () => {
  const records: unknown[] = [];
  const begun: unknown[] = [];
  const invocation = { getRemainingTimeInMillis: () => 6_000 };
  const next = async () => 'answered over HTTP';

  it('takes forwarded calls by themselves, within its own time', async () => {
    const received: ForwardedCall[] = [];
    const handler = takingForwarded(
      {
        receive: async (forwarded, observe) => {
          received.push(forwarded);
          observe?.('throttle');
          return { kind: 'differs' };
        },
        takes: ['openAccount'],
        nowMs: () => 1,
        beginTrace: (context) => {
          begun.push(context);
          return { ...untraced({ ...context, parentId: 'aaaaaaaaaaaaaaaa' }), end: (result) => begun.push(result) };
        },
        record: (record) => records.push(record),
      },
      next,
    );
    const sent = { ...call, traceParent: '53995c3f42cd8ad8', remainingMs: 60_000 };
    expect(await handler({ forwardedLedgerCall: sent }, invocation)).toEqual({ kind: 'differs' });
    expect(received[0]).toMatchObject({ remainingMs: 5_500, traceId: traceId, traceParent: 'aaaaaaaaaaaaaaaa' });
    expect(begun).toEqual([{ traceId: traceId, parentId: '53995c3f42cd8ad8', sampled: true }, { fault: false }]);
    expect(records).toEqual([
      { call: 'openAccount', outcome: 'differs', latencyMs: 0, traceId: traceId, tenant: 'acme', events: { throttle: 1 } },
    ]);
    expect(await handler({ httpMethod: 'POST', body: JSON.stringify({ forwardedLedgerCall: call }) }, invocation)).toBe(
      'answered over HTTP',
    );
  });

  it.each<[string, unknown]>([
    ['no object', 'x'],
    ['nothing', null],
    ['no call', { ...call, call: undefined }],
    [
      'a call of another capability',
      { ...call, call: { name: 'authorise', command: { idempotencyKey: 'k', accountId: 'a', amount: 1, currency: 'EUR' } } },
    ],
    ['a question about arrivals', { ...call, call: { name: 'arrivals', command: { accountId: 'a', epoch: 1, entries: [] } } }],
    ['a call that no ledger has', { ...call, call: { name: 'constructor', command: {} } }],
    ['a member that this version does not know', { ...call, force: true }],
    ['a member of the call that this version does not know', { ...call, call: { ...call.call, twice: true } }],
    ['a tenant that runs into the account', { ...call, tenant: 'acme#a' }],
    ['no tenant', { ...call, tenant: '' }],
    ['a tenant that is a list', { ...call, tenant: ['acme'] }],
    ['a trace that is a text for the log', { ...call, traceId: '1-0-0\n{"level":"ERROR"}' }],
    ['a parent that is none', { ...call, traceParent: 'x' }],
    ['no time', { ...call, remainingMs: undefined }],
    ['a time that is none', { ...call, remainingMs: 'soon' }],
    ['a time without end', { ...call, remainingMs: Infinity }],
  ])('does nothing with %s, says so, and tells an alarm', async (_, sent) => {
    const receive = jest.fn();
    records.length = 0;
    const handler = takingForwarded(
      { receive, takes: homeCalls.accounts, nowMs: () => 1, beginTrace: untraced, record: (record) => records.push(record) },
      next,
    );
    expect(await handler({ forwardedLedgerCall: sent }, invocation)).toEqual({
      kind: 'unsure',
      code: 'region_fenced',
      retryAfterSeconds: 1,
    });
    expect(receive).not.toHaveBeenCalled();
    expect(records).toEqual([
      expect.objectContaining({
        call: 'none',
        tenant: '',
        traceId: '',
        thrown: expect.objectContaining({ message: expect.stringMatching(/^a call that another region forwarded was refused: /) }),
      }),
    ]);
  });

  it('answers nothing that it does not know', async () => {
    const handler = takingForwarded(
      {
        receive: async () => Promise.reject(new Error('broken')),
        takes: ['openAccount'],
        nowMs: () => 1,
        beginTrace: untraced,
        record: (record) => records.push(record),
      },
      next,
    );
    expect(await handler({ forwardedLedgerCall: call }, invocation)).toMatchObject({ kind: 'unsure', code: 'outcome_unknown' });
    expect(records.pop()).toMatchObject({ thrown: expect.any(Error) });
  });

  it('in mode STRONG knows of no such calls', async () => {
    expect(
      await takingForwarded({ takes: ['openAccount'], nowMs: () => 1, beginTrace: untraced, record: () => undefined }, next)(
        { forwardedLedgerCall: call },
        invocation,
      ),
    ).toBe('answered over HTTP');
  });
});

test('the ledger of HOME_REGION is made of what the construct wrote', () => {
  const home = writeHome({
    ...homeLimits,
    regions: ['us-east-1', 'eu-central-1'],
    units: 1,
    leaseMs: 10_000,
    clockMarginMs: 1_000,
    takeover: 'AUTOMATIC',
    authorityTable: 'acme-pay-authority',
    authorityRegions: ['us-east-1', 'us-east-2'],
    cutoverRegions: ['us-east-1'],
  });
  const env = {
    AWS_REGION: 'us-east-1',
    ...ledgerEnv.write({ systemName: 'acme-pay', tableName: 't', mode: 'HOME_REGION', home, tableMode: 'EVENTUAL' }),
  };
  expect(ledgerFromEnvironment(env)).toBeInstanceOf(HomeLedger);
});
