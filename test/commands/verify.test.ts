import { FakeSystem, goodToken, type Faults } from './fake-system';
import { VirtualTime } from './virtual-time';
import { RetryingCaller } from '../../src/scenario/caller.service';
import { CheckLines } from '../../src/scenario/check-lines.service';
import { leftAt } from '../../src/scenario/drain.domain';
import type { DrainSwitch } from '../../src/scenario/drain.service';
import { evidencePage } from '../../src/scenario/evidence.service';
import type { ApiBody, SeenCall } from '../../src/scenario/model';
import { verify, type Verification, type VerificationPorts } from '../../src/scenario/verify.service';

const regions = [
  { name: 'us-east-1', url: 'https://east.example' },
  { name: 'us-west-2', url: 'https://west.example' },
];

interface Tried {
  readonly found: Verification;
  readonly lines: string[];
  readonly failed: string[];
  readonly system: FakeSystem;
}

interface Wish {
  readonly token?: string;
  readonly drain?: string;
  readonly confirm?: () => boolean;
  /** How long the person takes. */
  readonly answersAfterMs?: number;
  /** Ends the run when this is true. */
  readonly endWhen?: (system: FakeSystem) => boolean;
  readonly before?: (system: FakeSystem) => unknown;
  readonly budgetSeconds?: number;
  readonly breakDrain?: boolean;
  /** Whether the event of a payment has come to a region's consumer by then; absent: events are not looked at. */
  readonly applied?: (region: string, paymentId: string, nowMs: number) => boolean;
  readonly noInbox?: boolean;
}

async function tried(faults: Faults, wish: Wish = {}): Promise<Tried> {
  const time = new VirtualTime();
  const system = new FakeSystem(time, faults);
  wish.before?.(system);
  const lines: string[] = [];
  const token = wish.token ?? goodToken;
  let ended = false;
  const seeEnd = (): void => {
    ended ||= wish.endWhen?.(system) ?? false;
    if (ended) throw new Error('aborted');
  };
  const client = new RetryingCaller<ApiBody>(
    {
      send: async (_url, call, bearer) => {
        seeEnd();
        const answer = await system.answer(call, bearer);
        return { ...answer, body: JSON.parse(answer.text) as ApiBody, ms: 1 };
      },
      token: async () => token,
      nowMs: time.nowMs,
      sleep: async (ms) => {
        seeEnd();
        await time.sleep(ms);
        seeEnd();
      },
      chance: () => 0.5,
    },
    ({ path }) => path,
  );
  const ports: VerificationPorts = {
    client,
    token: async () => token,
    nowMs: time.nowMs,
    sleep: time.sleep,
    endedBy: () => (ended ? 'SIGINT' : undefined),
    ...(wish.applied && {
      events: async () => {
        if (wish.noInbox) throw new Error('acme-pay-recorder-inbox in us-west-2 cannot be read: ResourceNotFoundException');
        return {
          place: 'acme-pay-recorder-inbox in 2 regions',
          applied: async (region: string, ids: readonly string[]) => new Set(ids.filter((id) => wish.applied!(region, id, time.nowMs()))),
        };
      },
    }),
    ...(wish.drain === undefined
      ? {}
      : {
          drain: {
            region: wish.drain,
            budgetSeconds: wish.budgetSeconds ?? 30,
            find: async () => switchOf(system, wish, time),
            confirm: async () => {
              await time.sleep(wish.answersAfterMs ?? 0);
              return wish.confirm?.() ?? true;
            },
            headers: () => ({}),
          },
        }),
  };
  const report = new CheckLines(
    (line) => lines.push(line),
    (text) => text.replaceAll(token, '[token]'),
  );
  const found = await verify(ports, { api: 'https://pay.example', regions, run: 'v1' }, report);
  const failed = lines.filter((line) => line.startsWith('FAIL ')).map((line) => line.slice('FAIL '.length));
  expect(lines).toHaveLength(found.passed + found.failed);
  return { found, lines, failed, system };
}

function switchOf(system: FakeSystem, { breakDrain }: Wish, time: { readonly nowMs: () => number }): DrainSwitch {
  return {
    place: 'acme-pay-ledger in us-west-2',
    byHand: (region) => `aws dynamodb delete-item ${region}`,
    drain: async (region, longestMs) => {
      if (system.switches.has(region)) return false;
      system.drain(region, { drainedBy: { S: 'v1' }, untilMs: time.nowMs() + longestMs });
      if (breakDrain) throw new Error('no answer');
      return true;
    },
    putBack: async (region) => {
      system.switchCalls.push('putBack');
      // A drain that ended by itself would spoil a trial.
      expect(system.switches.get(region)?.untilMs ?? Infinity).toBeGreaterThan(time.nowMs());
      if ((system.faults.stuckSwitch ?? 0) > 0) {
        system.faults.stuckSwitch! -= 1;
        throw new Error('the table does not answer');
      }
      system.putBack(region);
    },
  };
}

test('a drain whose question is answered late does not fill an account', async () => {
  const { found, failed, system } = await tried({}, { drain: 'us-east-1', answersAfterMs: 45_000 });
  expect(failed).toEqual([]);
  expect(found.drain).toBeDefined();
  const used = new Map<unknown, number>();
  for (const { accountId } of system.store.items.values() as Iterable<{ readonly accountId?: unknown }>) {
    if (String(accountId).startsWith('v1-drain-')) used.set(accountId, (used.get(accountId) ?? 0) + 1);
  }
  expect(used.size).toBeGreaterThan(1);
  expect(Math.max(...used.values())).toBeLessThan(600);
});

describe('the events of the payments', () => {
  test('are looked for in each region until the consumer has them', async () => {
    const firstAskedMs = new Map<string, number>();
    const { failed, lines } = await tried(
      {},
      {
        applied: (region, id, nowMs) => {
          const key = `${region} ${id}`;
          firstAskedMs.set(key, firstAskedMs.get(key) ?? nowMs);
          return nowMs - firstAskedMs.get(key)! >= 60_000;
        },
      },
    );
    expect(failed).toEqual([]);
    expect(lines).toContain('ok the record of the consumer is found: acme-pay-recorder-inbox in 2 regions');
    const figures = lines.filter((line) => line.startsWith('ok events of the payments in '));
    expect(figures).toEqual([
      expect.stringMatching(/in us-east-1: (\d+) of \1 \(\d+ accepted elsewhere\)$/),
      expect.stringMatching(/in us-west-2: (\d+) of \1 \(\d+ accepted elsewhere\)$/),
    ]);
  });

  test('one that never comes to one region is missing there', async () => {
    let lost: string | undefined;
    const { failed } = await tried({}, { applied: (region, id) => region === 'us-east-1' || id !== (lost ??= id) });
    expect(failed).toEqual([expect.stringMatching(/^events of the payments in us-west-2: (\d+) of (\d+) \(missing: pay_\S+\)$/)]);
  });

  test('without a record that can be read nothing is begun', async () => {
    const { failed, lines } = await tried({}, { applied: () => true, noInbox: true });
    const why = 'acme-pay-recorder-inbox in us-west-2 cannot be read: ResourceNotFoundException (the scenario was not begun)';
    expect(failed).toEqual([`the record of the consumer is found: ${why}`]);
    expect(lines.at(-1)).toBe(`FAIL ${failed[0]}`);
  });
});

describe('a system that keeps the contract', () => {
  test('passes every check, each a line', async () => {
    const { found, lines, failed } = await tried({});
    expect(failed).toEqual([]);
    expect(found.passed).toBeGreaterThan(35);
    for (const name of [
      'replays in the other region, same answer',
      '422 for a key with another payload',
      'no key',
      'a token that is not valid',
      'declined for want of funds, as an answer',
      '409s from state conflicts',
      'capture, its replay, refund, void',
      'all answers to one key are the same',
      'us-east-1 answers for every payment',
      'us-west-2 answers for every payment',
      'balances equal the sum of their lines',
    ]) {
      expect([name, lines.some((line) => line.startsWith(`ok ${name}: `))]).toEqual([name, true]);
    }
  });

  test('a drained region is left in time, and is back', async () => {
    const { found, failed, lines, system } = await tried({}, { drain: 'us-east-1' });
    expect(failed).toEqual([]);
    const [, seconds] = /^ok recovery time seen through the public name: ([\d.]+) s \(budget 30 s\)$/m.exec(lines.join('\n'))!;
    // As long as the name needs, and a caller's pause.
    expect(Number(seconds)).toBeGreaterThanOrEqual(8);
    expect(Number(seconds)).toBeLessThan(8.6);
    expect(found.drain).toMatchObject({ region: 'us-east-1', recoverySeconds: Number(seconds) });
    expect(system.switches.size).toBe(0);
    expect(lines.join('\n')).toMatch(/^ok us-east-1 is put back: at once$/m);
    expect(lines.join('\n')).toMatch(/^ok payments lost in the drain: 0 \(of \d{2,}\)$/m);
  });
});

describe('what is wrong is told', () => {
  test.each<[string, Faults, Wish, RegExp]>([
    ['a token that is not accepted', {}, { token: 'stale' }, /^the token is accepted: 401 unauthorized \(the scenario was not begun\)$/],
    [
      'a region that takes no connection',
      { dead: 'us-west-2' },
      {},
      /^us-west-2 answers: no answer: connect ECONNREFUSED \(the scenario was not begun\)$/,
    ],
    [
      'an address that leads to another region',
      { crossed: 'us-west-2' },
      {},
      /^us-west-2 answers: 200 by us-east-1 \(its address leads elsewhere; /,
    ],
  ])('%s, and the scenario is not begun', async (_, faults, wish, line) => {
    const { failed, found, system } = await tried(faults, wish);
    expect(failed).toEqual([expect.stringMatching(line)]);
    expect(found.failed).toBe(1);
    expect(system.store.items.size).toBe(0);
  });

  test('keys that are forgotten', async () => {
    const { failed } = await tried({ forgetful: true });
    const names = failed.map((line) => line.split(':')[0]);
    expect(names).toEqual(
      expect.arrayContaining([
        'replays in the other region, same answer',
        '422 for a key with another payload',
        'all answers to one key are the same',
        'debits in the ledger',
      ]),
    );
  });

  test('a health check that does not see the switch: callers stay, and the region is put back', async () => {
    const { failed, system } = await tried({ blindHealth: true }, { drain: 'us-east-1' });
    expect(failed).toEqual(['recovery time seen through the public name: callers were still led to us-east-1 (budget 30 s)']);
    expect(system.switches.size).toBe(0);
  });

  test('a recovery that takes longer than the budget', async () => {
    const { failed } = await tried({}, { drain: 'us-east-1', budgetSeconds: 5 });
    expect(failed).toEqual([expect.stringMatching(/^recovery time seen through the public name: 8\.\d s \(budget 5 s\)$/)]);
  });

  test('a region that nobody here is led to is not drained', async () => {
    const { failed, system } = await tried({}, { drain: 'us-west-2' });
    expect(failed).toEqual(['the public name leads here to the region: us-east-1 answered (drain it from where us-west-2 is nearer)']);
    expect(system.switchCalls).toEqual([]);
  });

  test('a token that an answer names is in no line and in no evidence', async () => {
    const { lines, found } = await tried({ echoesToken: true, forgetful: true });
    expect(lines.join('\n')).toContain('[token]');
    expect(lines.join('\n') + JSON.stringify(found) + evidencePage(found)).not.toContain(goodToken);
  });
});

describe('the region is put back whatever happens', () => {
  test('when the run is ended while it is drained', async () => {
    const endWhen = (system: FakeSystem): boolean => system.switches.size > 0;
    const { failed, system, found } = await tried({}, { drain: 'us-east-1', endWhen });
    expect(failed).toEqual(['the scenario ran to its end: ended by SIGINT']);
    expect([system.switches.size, system.switchCalls]).toEqual([0, ['putBack']]);
    expect(found.checks.find(({ name }) => name === 'us-east-1 is put back')).toMatchObject({ ok: true });
  });

  test('when the switch was made and its answer was lost', async () => {
    const { failed, system } = await tried({}, { drain: 'us-east-1', breakDrain: true });
    expect(failed).toEqual(['the scenario ran to its end: no answer']);
    expect(system.switches.size).toBe(0);
  });

  test('when the table does not answer for a while', async () => {
    const { failed, lines, system } = await tried({ stuckSwitch: 5 }, { drain: 'us-east-1' });
    expect([failed, system.switches.size]).toEqual([[], 0]);
    expect(lines).toContain('ok us-east-1 is put back: after 6 tries');
  });

  test('and when it never answers, the line says what to type', async () => {
    const { failed, system } = await tried({ stuckSwitch: 1_000, blindHealth: true }, { drain: 'us-east-1' });
    expect(failed[1]).toBe(
      'us-east-1 is put back: Error: the table does not answer (IT IS STILL OUT OF SERVICE; run: aws dynamodb delete-item us-east-1)',
    );
    expect(system.switchCalls).toHaveLength(20);
  });

  test('a region that somebody else drained is not drained, and not put back', async () => {
    const systems: FakeSystem[] = [];
    const confirm = (): boolean => {
      // Between the question and the switch.
      systems[0].switches.set('us-east-1', { drainedBy: undefined });
      return true;
    };
    const { failed, system } = await tried({}, { drain: 'us-east-1', confirm, before: (one) => systems.push(one) });
    expect(failed[0]).toBe('the region is in service before: another person has drained it (it was left as it is)');
    expect([system.switches.size, system.switchCalls]).toEqual([1, []]);
  });

  test('a region that is drained already is seen before', async () => {
    const { failed, system } = await tried({}, { drain: 'us-east-1', before: (one) => one.drain('us-east-1', {}) });
    expect(failed).toEqual(['every region is healthy before: us-east-1 draining, us-west-2 healthy (nothing was drained)']);
    expect([system.switches.size, system.switchCalls]).toEqual([1, []]);
  });

  test('without a yes nothing is drained', async () => {
    const { failed, system } = await tried({}, { drain: 'us-east-1', confirm: () => false });
    expect(failed).toEqual(['the drain is confirmed: no (nothing was drained; give --yes, or type the name of the region)']);
    expect(system.switches.size).toBe(0);
  });
});

describe('when a caller is away from a region', () => {
  const call = (caller: number, endedMs: number, region?: string, answered = true): SeenCall => ({
    caller,
    beganMs: endedMs - 1,
    endedMs,
    region,
    answered,
  });

  test('the slowest caller counts, from its first answer elsewhere after the last one from there', () => {
    const calls = [
      call(0, 1_100, 'a'),
      call(0, 1_200, 'b'),
      call(1, 1_050, 'b'),
      call(1, 2_000, 'a'),
      call(1, 2_500, 'b'),
      call(1, 2_600, 'b'),
    ];
    expect(leftAt(calls, 'a', 2, 1_000, 7_000)).toBe(2_500);
  });

  test('not before each was quiet for a while, and not without an answer elsewhere', () => {
    const calls = [call(0, 1_100, 'a'), call(0, 1_200, 'b')];
    expect(leftAt(calls, 'a', 1, 1_000, 6_000)).toBeUndefined();
    expect(leftAt(calls, 'a', 1, 1_000, 6_100)).toBe(1_200);
    expect(leftAt([call(0, 1_100, 'a'), call(0, 1_200, 'b', false)], 'a', 1, 1_000, 60_000)).toBeUndefined();
    expect(leftAt(calls, 'a', 2, 1_000, 60_000)).toBeUndefined();
  });
});

test('the page says everything by itself: no address is loaded, and what came from outside is text', async () => {
  const { found } = await tried({}, { drain: 'us-east-1' });
  const page = evidencePage({ ...found, api: 'https://x.example/<script>alert(1)</script>' });
  expect(page).not.toMatch(/<script|src=|href=|url\(|@import/);
  expect(page).toContain("default-src 'none'");
  expect(page).toContain('recovery time seen through the public name');
  expect((page.match(/<circle /g) ?? []).length).toBe(found.drain!.calls.length);
});
