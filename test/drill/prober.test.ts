import { plan, run } from './world';
import { drillKeys } from '../../src/drill/contract';
import type { ProbeAudit, ProbedCalls } from '../../src/drill/model';
import { Prober, ProberPorts } from '../../src/drill/prober/service';
import type { ApiAnswer, ApiBody, ApiCall } from '../../src/scenario/model';

interface Payment {
  readonly paymentId: string;
  readonly amount: number;
}

/** An API with one account, and a clock that moves when all wait. */
class FakeApi {
  public nowMs = 0;
  public readonly objects = new Map<string, string>();
  public readonly asked: { readonly region: string; readonly call: ApiCall }[] = [];
  public readonly lines: Payment[] = [];
  private readonly byKey = new Map<string, Payment>();
  private funded = 0;
  private first = 0;
  private readonly sleepers: { readonly untilMs: number; readonly wake: () => void }[] = [];

  constructor(
    private readonly wish: { readonly lose?: number; readonly twice?: number; readonly refuse?: boolean; readonly turnAway?: number } = {},
  ) {}

  public readonly sleep = (ms: number): Promise<void> =>
    new Promise((wake) => {
      this.sleepers.push({ untilMs: this.nowMs + ms, wake });
    });

  /** Wakes who has slept long enough, one after the other, until there is nobody left. */
  public async runOut(work: Promise<unknown>): Promise<void> {
    let done = false;
    const end = work.finally(() => (done = true));
    for (let turn = 0; !done && turn < 20_000; turn += 1) {
      await new Promise(setImmediate);
      const [next] = this.sleepers.sort((a, b) => a.untilMs - b.untilMs);
      if (!next) continue;
      this.sleepers.shift();
      this.nowMs = Math.max(this.nowMs, next.untilMs);
      next.wake();
    }
    await end;
  }

  public ports(): ProberPorts {
    const answer = (call: ApiCall, region: string): ApiAnswer => {
      this.asked.push({ region, call });
      const { status, body } = this.answer(call);
      return { status, body, headers: { 'x-served-by-region': region }, text: JSON.stringify(body), ms: 1 };
    };
    return {
      callerIn: (region) => ({
        once: async (call) => (this.isTurnedAway() ? { status: 503, body: {}, headers: {}, text: '', ms: 1 } : answer(call, region)),
        call: async (call) => answer(call, region),
        nowMs: () => this.nowMs,
        sleep: this.sleep,
      }),
      ttlSeconds: () => 5,
      store: {
        read: async <T>(key: string) => (this.objects.has(key) ? (JSON.parse(this.objects.get(key)!) as T) : undefined),
        write: async (key, text) => {
          this.objects.set(key, text);
          return undefined;
        },
        claim: async (key, text) => {
          const known = this.objects.get(key);
          if (known === undefined) this.objects.set(key, text);
          return known === undefined || known === text;
        },
      },
      nowMs: () => this.nowMs,
      sleep: this.sleep,
    };
  }

  /** Every so many-th first answer says that the caller is to come again. */
  private isTurnedAway(): boolean {
    this.first += 1;
    return this.wish.turnAway !== undefined && this.first % this.wish.turnAway === 0;
  }

  private answer({ method, path, body, key }: ApiCall): { readonly status: number; readonly body: ApiBody } {
    if (method === 'PUT') {
      this.funded = (body as { balance: number }).balance;
      return { status: 201, body: {} };
    }
    if (path.startsWith('/api/v1/accounts/')) {
      const held = this.lines.reduce((sum, { amount }) => sum + amount, 0);
      return { status: 200, body: { available: this.funded - held, held, settled: 0 } };
    }
    if (path.startsWith('/api/v1/transactions')) {
      return { status: 200, body: { items: this.lines.map((line) => ({ ...line, type: 'AUTHORISATION' })) } };
    }
    if (this.wish.refuse) return { status: 409, body: { code: 'refused' } };
    const known = this.byKey.get(key!);
    const payment = known ?? { paymentId: `pay-${this.byKey.size}`, amount: (body as { amount: number }).amount };
    if (!known) {
      const at = this.byKey.size;
      this.byKey.set(key!, payment);
      if (at !== this.wish.lose) this.lines.push(payment);
      if (at === this.wish.twice) this.lines.push(payment);
    }
    return { status: 201, body: { paymentId: payment.paymentId, status: 'AUTHORISED' } };
  }
}

async function probed(api: FakeApi, deadlineMs = 600_000): Promise<ProbeAudit> {
  const work = new Prober(plan, api.ports(), { run, region: 'us-west-2', deadlineMs, invocation: 'one' }).run();
  await api.runOut(work);
  return (await work)!;
}

/** Ends the prober after so long, as the drill does. */
function endAt(api: FakeApi, ms: number): void {
  void api.sleep(ms).then(() => api.objects.set(drillKeys.end('first'), '{}'));
}

test('callers near both regions pay until the drill is over, each with keys of its own, and every payment is accounted for', async () => {
  const api = new FakeApi();
  endAt(api, 20_000);
  const audit = await probed(api);
  expect(audit).toMatchObject({ failed: [], lost: 0, duplicates: 0, wrong: [] });
  const seen = JSON.parse(api.objects.get(drillKeys.calls('first'))!) as ProbedCalls;
  expect(seen).toMatchObject({ beganMs: 0, ttlSeconds: 5 });
  expect([...new Set(seen.calls.map(({ region }) => region))].sort()).toEqual(['us-east-1', 'us-west-2']);
  expect([...new Set(seen.calls.map(({ caller }) => caller))].sort()).toEqual([0, 1, 2, 3]);
  expect(audit.paid).toBe(seen.calls.length);
  expect(audit.paid).toBeGreaterThan(4 * 30);
  const keys = api.asked.flatMap(({ call }) => call.key ?? []);
  expect(new Set(keys).size).toBe(keys.length);
});

test('of two that are started for one run, one pays', async () => {
  const api = new FakeApi();
  endAt(api, 5_000);
  const request = { run, region: 'us-west-2', deadlineMs: 600_000 };
  const works = ['one', 'other'].map((invocation) => new Prober(plan, api.ports(), { ...request, invocation }).run());
  await api.runOut(Promise.all(works));
  const [first, second] = await Promise.all(works);
  expect([first, second]).toEqual([expect.objectContaining({ lost: 0, duplicates: 0 }), undefined]);
  expect(api.asked.filter(({ call }) => call.method === 'PUT')).toHaveLength(1);
  const keys = api.asked.flatMap(({ call }) => call.key ?? []);
  expect(new Set(keys).size).toBe(keys.length);
  // Also after the first one's end.
  const late = new Prober(plan, api.ports(), { ...request, invocation: 'late' }).run();
  await api.runOut(late);
  expect(await late).toBeUndefined();
});

test('it ends by its own deadline where nobody ends it', async () => {
  const api = new FakeApi();
  expect((await probed(api, 10_000)).paid).toBeGreaterThan(4 * 10);
  expect(api.nowMs).toBeLessThan(20_000);
});

test.each([
  ['a payment without its debit', { lose: 3 }, { lost: 1, duplicates: 0 }],
  ['a debit that was made twice', { twice: 3 }, { lost: 0, duplicates: 1 }],
])('%s is counted', async (_, wish, counted) => {
  const api = new FakeApi(wish);
  endAt(api, 5_000);
  expect(await probed(api)).toMatchObject(counted);
});

test('calls whose first answer was not final are sent again, and counted', async () => {
  const api = new FakeApi({ turnAway: 10 });
  endAt(api, 20_000);
  const { paid, sentAgain, failed } = await probed(api);
  const seen = JSON.parse(api.objects.get(drillKeys.calls('first'))!) as ProbedCalls;
  expect([paid, failed]).toEqual([seen.calls.length, []]);
  expect(sentAgain).toBe(Math.floor(paid / 10));
});

test('an answer that is refused is told as such', async () => {
  const api = new FakeApi({ refuse: true });
  endAt(api, 2_000);
  const { paid, failed } = await probed(api);
  expect(paid).toBe(0);
  expect(failed[0]).toBe('409 {"code":"refused"}');
});
