import { CanaryPlan, CanaryTarget } from '../../src/canary/contract';
import { canaryAccount, CanaryRun, runCanary } from '../../src/canary/service';
import { RetryingCaller } from '../../src/scenario/caller.service';
import { ApiAnswer, ApiBody, ApiCall } from '../../src/scenario/model';
import { Faults, FakeSystem, goodToken } from '../commands/fake-system';
import { VirtualTime } from '../commands/virtual-time';

const plan = (target: CanaryTarget): CanaryPlan => ({
  systemName: 'acme-pay',
  region: 'us-east-1',
  tenant: 'canary',
  regions: ['us-east-1', 'us-west-2'],
  target,
  url: 'https://pay.example.com',
  identity: { kind: 'role' },
});

/** A canary's calls on a system in memory; `spoil` changes what the system answers. */
function canaryOn(
  faults: Faults = {},
  spoil: (call: ApiCall, answer: ApiAnswer) => ApiAnswer = (_, answer) => answer,
  target: CanaryTarget = 'NAME',
  token: () => Promise<string> = () => Promise.resolve(goodToken),
) {
  const time = new VirtualTime();
  const system = new FakeSystem(time, faults);
  const runs: CanaryRun[] = [];
  const calls: ApiCall[] = [];
  const client = new RetryingCaller<ApiBody>(
    {
      send: async (_url, call) => {
        calls.push(call);
        const answer = await system.answer({ ...call, region: target === 'REGION' ? 'us-east-1' : undefined }, goodToken);
        return spoil(call, { ...answer, body: JSON.parse(answer.text) as ApiBody, ms: 1 });
      },
      token,
      nowMs: time.nowMs,
      sleep: time.sleep,
      chance: () => 0.5,
    },
    ({ path }) => path,
  );
  const run = (id = 'one'): Promise<string> =>
    runCanary(plan(target), { client, nowMs: time.nowMs, runId: () => id, record: (record) => runs.push(record) });
  return { run, runs, calls, system, time };
}

const failedOf = ({ checks }: CanaryRun): string[] => checks.filter(({ ok }) => !ok).map(({ name }) => name);

test.each(['REGION', 'NAME'] as const)('a run tries a payment from its authorisation to the sum of its lines: %s', async (target) => {
  const { run, runs, calls } = canaryOn({}, undefined, target);
  expect(await run()).toBe('9 checks passed');
  expect(runs[0].checks.map(({ name, figure }) => [name, figure])).toEqual([
    ['open an account', '201'],
    ['authorise', '201 AUTHORISED'],
    ['the region that answers', 'us-east-1'],
    ['replay', '201 AUTHORISED'],
    ['same key with another payload', '422 idempotency_key_reused'],
    ['capture', '200 CAPTURED'],
    ['refund', '200 REFUNDED'],
    ['lines of the payment', 'AUTHORISATION, CAPTURE, REFUND'],
    ['lines add up to the balance', '3 lines'],
  ]);
  expect(calls.filter(({ key }) => key !== undefined).map(({ key }) => key)).toEqual([
    ...Array.from({ length: 3 }, () => 'canary-one-pay'),
    'canary-one-capture',
    'canary-one-refund',
  ]);
});

test('runs of an hour share an account, whose funds are all there again after each', async () => {
  const { run, runs, calls } = canaryOn();
  await run('one');
  await run('two');
  expect(failedOf(runs[1])).toEqual([]);
  expect(new Set(calls.filter(({ method }) => method === 'PUT').map(({ path }) => path)).size).toBe(1);
  expect(runs[1].checks.at(-1)).toMatchObject({ name: 'lines add up to the balance', figure: '6 lines' });
});

test('accounts differ by region, by what is asked, and by the hour', () => {
  const at = Date.UTC(2026, 10, 30, 1, 59);
  const accounts = [canaryAccount(plan('NAME'), at), canaryAccount(plan('REGION'), at), canaryAccount(plan('NAME'), at + 60_000)];
  expect(accounts).toEqual(['canary-us-east-1-name-2026113001', 'canary-us-east-1-region-2026113001', 'canary-us-east-1-name-2026113002']);
});

describe('a run fails, and says why', () => {
  const answerOf = (status: number, body: ApiBody): Pick<ApiAnswer, 'status' | 'body' | 'text'> => ({
    status,
    body,
    text: JSON.stringify(body),
  });

  test('where a key pays twice', async () => {
    const { run, runs } = canaryOn({ forgetful: true });
    await expect(run()).rejects.toThrow(/^\d of 9 checks failed: replay: 201 AUTHORISED; same key with another payload: 201 AUTHORISED/);
    expect(failedOf(runs[0])).toEqual(expect.arrayContaining(['replay', 'same key with another payload']));
  });

  test.each<[string, (call: ApiCall) => boolean, Pick<ApiAnswer, 'status' | 'body' | 'text'>, string | RegExp]>([
    [
      'a payment is declined',
      ({ path }) => path === '/api/v1/payments',
      answerOf(201, { paymentId: 'p', status: 'DECLINED' }),
      'authorise: 201 DECLINED',
    ],
    [
      'it is refused',
      ({ path }) => path === '/api/v1/payments',
      answerOf(403, { code: 'forbidden_scope' }),
      'authorise: 403 forbidden_scope',
    ],
    ['a capture is refused', ({ path }) => path.endsWith('/capture'), answerOf(409, { code: 'wrong_state' }), 'capture: 409 wrong_state'],
    ['a refund comes to nothing', ({ path }) => path.endsWith('/refund'), answerOf(200, { status: 'CAPTURED' }), 'refund: 200 CAPTURED'],
    [
      'the balance is not what the lines make',
      ({ path, method }) => path.startsWith('/api/v1/accounts/') && method !== 'PUT',
      answerOf(200, { available: 999_999, held: 0, settled: 0 }),
      /lines add up to the balance: 3 lines \(canary-us-east-1-name-\d+ in us-east-1: \{"available":999999/,
    ],
  ])('where %s', async (_, isSpoilt, given, reason) => {
    const { run } = canaryOn({}, (call, answer) => (isSpoilt(call) ? { ...answer, ...given } : answer));
    await expect(run()).rejects.toThrow(reason);
  });

  test('where another region answers than the one that is watched', async () => {
    const { run, runs } = canaryOn({ crossed: 'us-east-1' }, undefined, 'REGION');
    await expect(run()).rejects.toThrow('1 of 9 checks failed: the region that answers: us-west-2');
    expect(failedOf(runs[0])).toEqual(['the region that answers']);
  });

  test('where nobody answers, within the time that a run has', async () => {
    const { run, runs, time } = canaryOn({ dead: 'us-east-1' }, undefined, 'REGION');
    const began = time.nowMs();
    await expect(run()).rejects.toThrow('1 of 1 checks failed: all steps were made: PUT /api/v1/accounts/');
    expect(time.nowMs() - began).toBeLessThan(20_000);
    expect(runs).toHaveLength(1);
  });

  test('where there is no token', async () => {
    const { run } = canaryOn({}, undefined, 'NAME', () => Promise.reject(new Error('the token endpoint answered 401')));
    await expect(run()).rejects.toThrow(/no final answer within 15 s, last the token endpoint answered 401$/);
  });
});
