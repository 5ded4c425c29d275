import { drillWorld as drilled, runDrill as drill } from './machine-run';
import { DrillWorld, plan, run, WorldSettings } from './world';
import { drillKeys } from '../../src/drill/contract';
import type { DrillEvidence } from '../../src/drill/report/page.domain';
import { sha256 } from '../../src/kernel/digest';

test('a drain is passed: callers leave within the budget and come back, and the evidence says so', async () => {
  const { status, result, world, events } = await drilled({ metric: (name) => (name === 'EventsPublished' ? [400] : [0]) });
  expect(status).toBe('SUCCEEDED');
  expect(result).toMatchObject({ id: 'first', region: 'us-east-1', kind: 'drain', state: 'PASSED', lost: 0, duplicates: 0, reasons: [] });
  expect(result.recoverySeconds).toBeGreaterThan(14);
  expect(result.recoverySeconds).toBeLessThan(17);
  expect(result.split).toEqual({
    before: { 'us-east-1': 50, 'us-west-2': 50 },
    during: { 'us-west-2': 100 },
    after: { 'us-east-1': 50, 'us-west-2': 50 },
  });
  expect(world.inService).toBe(true);
  expect(world.told.map(({ subject }) => subject)).toEqual(['acme-pay: us-east-1 is drilled', 'acme-pay: drill of us-east-1 PASSED']);
  expect(world.told[1].text).toContain(`s3://evidence/${drillKeys.evidence('first', 'html')}`);
  const page = world.objects.get(drillKeys.evidence('first', 'html'))!;
  expect(world.told[1].text).toContain(sha256(page));
  expect(result.evidence).toMatchObject({ html: { sha256: sha256(page) } });
  expect(JSON.parse(world.objects.get(drillKeys.passed)!)).toMatchObject({ id: 'first' });
  // Step Functions ends an execution at 25,000.
  expect(events).toBeLessThan(2_000);
});

test("a record's TTL that is too long fails it, with the reason, and the region is back", async () => {
  const { status, result, world } = await drilled({ ttlSeconds: 60 });
  expect(status).toBe('FAILED');
  expect(result.state).toBe('FAILED');
  expect(result.recoverySeconds).toBeGreaterThan(69);
  expect(result.reasons).toEqual([
    expect.stringMatching(/^callers were away after 7\d(\.\d)? s, budget 30 s: resolvers keep the public name's answer for 60 s$/),
  ]);
  expect(world.inService).toBe(true);
  expect(world.told[1].subject).toBe('acme-pay: drill of us-east-1 FAILED');
});

test('callers that never leave fail it: the region is put back before they would', async () => {
  const { result, world } = await drilled({ ttlSeconds: 3600 });
  expect(result.state).toBe('FAILED');
  expect(result.reasons[0]).toMatch(/^callers were still led to us-east-1 after 12\d s, budget 30 s: resolvers keep .* for 3600 s$/);
  expect(world.inService).toBe(true);
});

test.each([60_000, 5_000])('metrics are asked for over the whole drill, where a minute has %d ms', async (minuteMs) => {
  const asked: number[] = [];
  const metric = (name: string, minutes: number): number[] => {
    if (name === 'EventsPublished') asked.push(minutes);
    return [0];
  };
  const { world } = await drilled({ metric, minuteMs });
  // A part of the last minute is behind the end.
  const wholeMs = world.nowMs - world.beganMs;
  expect(asked).toHaveLength(2);
  for (const minutes of asked) {
    expect(minutes * minuteMs).toBeGreaterThanOrEqual(wholeMs);
    expect(minutes * minuteMs).toBeLessThan(wholeMs + 3 * minuteMs);
  }
});

test('an alarm that is over within five minutes is waited for, and then the drill goes on', async () => {
  const { result, world, visited } = await drilled({ raised: () => ['Faults'], quietAfterMs: 240_000 });
  expect(result).toMatchObject({ state: 'PASSED', reasons: [] });
  expect(visited.filter((name) => name === 'Check').length).toBeGreaterThan(50);
  expect(world.inService).toBe(true);
});

test('what waiting does not help ends it at once, and an alarm after five minutes', async () => {
  const { world: atOnce } = await drilled({ raised: () => ['Faults'], cutover: 'arn:of:run' });
  expect(atOnce.nowMs - atOnce.beganMs).toBeLessThan(10_000);
  const { world: late } = await drilled({ raised: () => ['Faults'], quietAfterMs: 310_000 });
  expect(late.nowMs - late.beganMs).toBeGreaterThan(300_000);
  expect(late.told.map(({ subject }) => subject)).toEqual(['acme-pay: drill of us-east-1 FAILED']);
});

test.each<[string, WorldSettings, string]>([
  ['a raised alarm', { raised: () => ['Faults'] }, 'before: alarms of us-east-1 are quiet: Faults'],
  ['a cutover', { cutover: 'arn:of:run' }, 'before: no cutover runs: arn:of:run'],
  [
    'a region that is not healthy',
    { metric: (name) => (name === 'UnhealthyAnswers' ? [2] : []) },
    'before: us-east-1 is healthy: 2 answers 503 of /health in 3 minutes',
  ],
  ['a region of which no health is known', { metric: () => [] }, 'before: us-west-2 is healthy: no answers of /health in 3 minutes'],
])('%s: nothing is taken away', async (_, settings, reason) => {
  const { result, world, visited } = await drilled(settings);
  expect(result.state).toBe('FAILED');
  expect(result.reasons).toContain(reason);
  expect(visited).not.toContain('Take region away');
  expect(world.told.map(({ subject }) => subject)).toEqual(['acme-pay: drill of us-east-1 FAILED']);
});

test('a kind that is none is refused, with its name', async () => {
  const { result, visited } = await drilled({}, { startedBy: 'ada', kind: 'flood' });
  expect(result.reasons).toEqual(["the kind of drill is 'flood': give drain or fault"]);
  expect(visited).not.toContain('Take region away');
});

test('a region is not taken away while it alone is led to, whatever the others say of themselves', async () => {
  const { result, visited, world } = await drilled({ nearOther: 'us-east-1' });
  expect(result.reasons).toEqual(['nothing was taken away: no caller was served outside us-east-1 in the last 15 s']);
  expect(visited).not.toContain('Take region away');
  expect(world.told[1].subject).toBe('acme-pay: drill of us-east-1 FAILED');
});

test('an alarm that rises in a region that serves alone ends the drill at once, and no alarm of the one that is away', async () => {
  const rises: WorldSettings['raised'] = (region, isAway) => (isAway ? [`Faults of ${region}`] : []);
  const { result, world, visited } = await drilled({ raised: rises });
  expect(result.state).toBe('FAILED');
  expect(result.reasons).toEqual(['alarms of us-west-2 rose while us-east-1 was away: Faults of us-west-2']);
  expect(visited.filter((state) => state === 'Watch callers leave')).toHaveLength(1);
  expect(world.inService).toBe(true);
  const own = await drilled({ raised: (region, isAway) => (isAway && region === 'us-east-1' ? ['Health'] : []) });
  expect(own.result.state).toBe('PASSED');
});

test.each(['drain', 'fault'])('alarms that a %s explains do not end it', async (kind) => {
  const asked = new Set<string>();
  const raised: WorldSettings['raised'] = (_, isAway, expected = []) => {
    if (isAway) expected.forEach((entry) => asked.add(entry));
    return [];
  };
  await drilled({ raised }, { startedBy: 'ada', kind });
  expect([...asked].filter((entry) => entry.startsWith('home-'))).toEqual(['home-unreachable', 'home-takeover']);
  expect(asked.has('peer-silent')).toBe(true);
  expect(asked.has('a-canary-fails')).toBe(kind === 'fault');
  expect(asked.has('edge-server-errors')).toBe(kind === 'fault');
  expect(asked.has('server-errors')).toBe(false);
});

test.each<[string, WorldSettings, RegExp]>([
  ['a lost payment', { audit: { lost: 1 } }, /^1 payments were lost$/],
  ['a debit made twice', { audit: { duplicates: 2 } }, /^2 debits were made twice$/],
  ['a caller without an answer', { audit: { failed: ['503 home'] } }, /^1 callers had no final answer, such as: 503 home$/],
  ['a wrong balance', { audit: { wrong: ['probe in us-east-1'] } }, /^1 balances are not what their lines make/],
  ['a late event', { metric: (name) => (name === 'ProbeLatency' ? [90_000] : [0]) }, /^an event took 90000 ms from region to region/],
])('%s fails it', async (_, settings, reason) => {
  const { result, world } = await drilled(settings);
  expect(result.state).toBe('FAILED');
  expect(result.reasons).toEqual([expect.stringMatching(reason)]);
  expect(world.inService).toBe(true);
});

test('a prober that falls silent ends the drill: the region is put back, and nothing is called passed', async () => {
  const { result, world } = await drilled({ proberDiesAtMs: 50_000 });
  expect(result.state).toBe('FAILED');
  expect(result.reasons[0]).toMatch(/^the prober was silent for 2\d s$/);
  expect(world.inService).toBe(true);
});

test.each(['watch', 'takeAway', 'comeBack', 'measure', 'recheck'])(
  'a step that always fails (%s) leaves the region in service',
  async (step) => {
    const world = new DrillWorld();
    world.broken = step;
    const { result } = await drill(world);
    expect(result.state).toBe('FAILED');
    expect(result.reasons).toContain('a step failed: Broken it is broken');
    expect(world.inService).toBe(true);
  },
);

test('a region that another person has drained is left as it is', async () => {
  const world = new DrillWorld();
  const { result } = await drill(world, { startedBy: 'ada' }, () => {
    world.mark ??= { owner: '', at: world.nowMs };
  });
  expect(result.state).toBe('FAILED');
  expect(result.reasons[0]).toBe('another person has drained us-east-1: it was left as it is');
  expect(world.mark?.owner).toBe('');
});

test.each<[string, (isDrained: boolean) => boolean, string]>([
  ['before it', () => true, 'before: us-west-2 is in service: drained by drill:of:another'],
  ['at the same time', (isDrained) => isDrained, 'us-west-2 was taken away at the same time: us-east-1 is put back'],
])('two drills do not take two regions away: the other one was drained %s', async (_, isBeside, reason) => {
  const { result, world, visited } = await drilled({
    beside: (isDrained) => (isBeside(isDrained) ? { owner: 'drill:of:another', at: 1 } : undefined),
  });
  expect(result.reasons[0]).toBe(reason);
  expect(visited).not.toContain('Watch callers leave');
  expect(world.inService).toBe(true);
});

describe('a drill whose own region is lost, with its watchdog', () => {
  /** The region is away, and nothing of the drill goes on. */
  async function lost(): Promise<DrillWorld> {
    const world = new DrillWorld();
    await drill(world, { startedBy: 'ada' }, () => {
      if (world.mark) throw new Error('the region is gone');
    }).catch(() => undefined);
    return world;
  }

  test('leaves a switch with an end, after the longest time', async () => {
    const world = await lost();
    expect(world.inService).toBe(false);
    expect(world.mark).toEqual({ owner: `drill:${run}`, at: expect.any(Number), until: world.mark!.at + plan.longestSeconds * 1000 });
    world.nowMs = world.mark!.until!;
    expect(world.inService).toBe(true);
  });

  test('holds up no other drill by what it left, and is told of when its region is back', async () => {
    const { mark: left } = await lost();
    const over = { ...left!, at: 1, until: 2 };
    expect((await drilled({ beside: () => over })).result).toMatchObject({ state: 'PASSED', reasons: [] });
    const again = new DrillWorld();
    again.mark = over;
    expect((await drill(again)).result).toMatchObject({ state: 'PASSED', reasons: [] });
    const late = new DrillWorld();
    late.mark = over;
    expect(await late.watchdog().look()).toMatchObject({ restored: true });
    expect([late.mark, late.told.map(({ subject }) => subject)]).toEqual([undefined, ['acme-pay: us-east-1 was put back by the watchdog']]);
  });
});

test('a region that is taken away once more, after a lost answer, is back no later, and its recovery counts from the first', async () => {
  const world = new DrillWorld();
  const { call } = world;
  let first: { readonly at: number } | undefined;
  jest.spyOn(world, 'call').mockImplementation(async (payload) => {
    const answer = await call.call(world, payload);
    if ((payload as { step: string }).step !== 'takeAway' || first) return answer;
    first = world.mark;
    world.nowMs += 5_000;
    throw new Error('no answer');
  });
  const { result } = await drill(world);
  expect(result.state).toBe('PASSED');
  const { facts } = JSON.parse(world.objects.get(drillKeys.evidence('first', 'json'))!) as DrillEvidence;
  expect(first).toBeDefined();
  expect(facts.takenMs).toBe(first!.at);
});

test('a thousand callers without an answer do not make the state too large: the count and the first ones go along', async () => {
  const failed = Array.from({ length: 5_000 }, (_, at) => `503 ${at} ${'x'.repeat(90)}`);
  const { result, world, output } = await drilled({ audit: { failed, wrong: failed } });
  expect(result.reasons[0]).toMatch(/^5000 callers had no final answer, such as: 503 0 /);
  const { facts } = JSON.parse(world.objects.get(drillKeys.evidence('first', 'json'))!) as DrillEvidence;
  expect(facts.audit).toMatchObject({ failures: 5_000, failed: failed.slice(0, 20) });
  expect(JSON.stringify([facts, output]).length).toBeLessThan(20_000);
  expect(world.objects.get(drillKeys.evidence('first', 'html'))).toContain('5000');
  expect(JSON.parse(world.objects.get(drillKeys.audit('first'))!)).toMatchObject({ failed });
});

test.each([null, 7, 'now', { startedBy: 5, kind: undefined }, []])('started with %j it is a drain by schedule', async (input) => {
  expect((await drilled({}, input as object)).result).toMatchObject({ kind: 'drain', state: 'PASSED' });
});

describe('the watchdog', () => {
  const execution = (status: string, startedMs: number) => ({ arn: run, status, startedMs, kind: 'drain' as const, startedBy: 'ada' });

  /** A drill that goes no further once its region is away. */
  async function stopped(status: string): Promise<DrillWorld> {
    const world = new DrillWorld();
    await drill(world, { startedBy: 'ada' }, () => {
      if (world.mark) throw new Error('the execution is gone');
    }).catch(() => undefined);
    expect(world.inService).toBe(false);
    world.executions = [execution(status, world.beganMs)];
    return world;
  }

  test.each([
    ['ABORTED', 'ABORTED'],
    ['FAILED', 'FAILED'],
    ['TIMED_OUT', 'FAILED'],
  ])('puts the region back at once when the execution is %s, tells it, and keeps evidence', async (status, state) => {
    const world = await stopped(status);
    expect(await world.watchdog().look()).toMatchObject({ restored: true, told: ['first'] });
    expect(world.inService).toBe(true);
    const subjects = world.told.slice(1).map(({ subject }) => subject);
    expect(subjects).toEqual(['acme-pay: us-east-1 was put back by the watchdog', `acme-pay: drill of us-east-1 ${state}`]);
    expect(JSON.parse(world.objects.get(drillKeys.result('first'))!)).toMatchObject({ state });
    expect(world.objects.has(drillKeys.end('first'))).toBe(true);
    // Told once.
    expect(await world.watchdog().look()).toMatchObject({ restored: false, told: [] });
  });

  test('waits while the drill runs, and not beyond the longest time', async () => {
    const world = await stopped('RUNNING');
    expect(await world.watchdog().look()).toMatchObject({ restored: false, told: [] });
    world.nowMs += plan.longestSeconds * 1000 + 1;
    expect(await world.watchdog().look()).toMatchObject({ restored: true });
    expect(world.inService).toBe(true);
    expect(world.told.pop()!.text).toContain('for more than 300 s');
  });

  test('knows a drill that runs though five newer executions hide it, and one that is over', async () => {
    const world = await stopped('RUNNING');
    const newer = Array.from({ length: 5 }, (_, at) => ({ ...execution('RUNNING', world.nowMs), arn: `newer-${at}` }));
    world.executions = [...newer, ...world.executions];
    expect(await world.watchdog().look()).toMatchObject({ restored: false });
    world.executions = [...newer, execution('ABORTED', world.beganMs)];
    expect(await world.watchdog().look()).toMatchObject({ restored: true });
    expect(world.inService).toBe(true);
  });

  test('leaves a switch alone that a person has set', async () => {
    const world = new DrillWorld();
    world.mark = { owner: '', at: 0 };
    expect(await world.watchdog().look()).toMatchObject({ restored: false });
    expect(world.mark).toBeDefined();
  });

  test('counts the days since a drill was passed', async () => {
    const world = new DrillWorld();
    expect((await world.watchdog().look()).days).toBe(0);
    world.nowMs += 101 * 86_400_000;
    expect((await world.watchdog().look()).days).toBe(101);
    await drill(world);
    world.nowMs += 86_400_000;
    expect((await world.watchdog().look()).days).toBeCloseTo(1, 1);
  });
});
