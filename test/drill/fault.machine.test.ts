import { drillWorld, runDrill } from './machine-run';
import { DrillWorld, plan, run, WorldSettings } from './world';
import { drillKeys } from '../../src/drill/contract';
import { ownerOf } from '../../src/drill/domain';
import type { ExperimentRecord } from '../../src/drill/fault/model';
import { endFaultsOf } from '../../src/drill/fault/watch.service';
import type { DrillEvidence } from '../../src/drill/report/page.domain';

const asked = { startedBy: 'ada', kind: 'fault' };
const faulted = (settings: WorldSettings = {}) => drillWorld(settings, asked);
const evidenceOf = (world: DrillWorld): DrillEvidence =>
  JSON.parse(world.objects.get(drillKeys.evidence('first', 'json'))!) as DrillEvidence;

/** An experiment of which something is another way once it runs for so long. */
const later =
  (ms: number, more: (record: ExperimentRecord) => Partial<ExperimentRecord>): WorldSettings['fault'] =>
  (record, runsForMs) =>
    runsForMs >= ms ? more(record) : {};
const actionIs = (status: string, reason?: string) => (record: ExperimentRecord) => ({
  actions: record.actions.map((action) => ({ ...action, status, ...(reason === undefined ? {} : { reason }) })),
});

test('an experiment takes the region away: recovery counts from the first call that failed, and the evidence has the record', async () => {
  const { result, world } = await faulted();
  expect(result).toMatchObject({ kind: 'fault', state: 'PASSED', reasons: [] });
  const { facts } = evidenceOf(world);
  expect(facts.takenMs! - facts.fault!.startedMs!).toBeGreaterThanOrEqual(20_000);
  expect(facts.takenMs! - facts.fault!.startedMs!).toBeLessThan(21_500);
  expect(result.recoverySeconds).toBeGreaterThan(14);
  expect(result.recoverySeconds).toBeLessThan(17);
  expect(result.split!.during).toEqual({ 'us-west-2': 100 });
  expect(facts.fault).toMatchObject({
    id: 'EXP1',
    template: 'EXT1',
    run,
    status: 'stopped',
    named: 5,
    resolved: 5,
    actions: [{ name: 'fail-1', actionId: 'aws:lambda:invocation-error', status: 'stopped' }],
  });
  expect(facts.fault!.endedMs).toBe(world.experiment!.endedMs);
  const page = world.objects.get(drillKeys.evidence('first', 'html'))!;
  expect(page).toContain('<h2>Experiment</h2>');
  expect(page).toContain('named by the template: 5');
  expect(world.mark).toBeUndefined();
  expect(world.inService).toBe(true);
});

test('the time until a fault has reached every function is no part of the budget, and more than that is late', async () => {
  const within = await faulted({ ttlSeconds: 25 });
  expect(within.result).toMatchObject({ state: 'PASSED', budgetSeconds: 30, reasons: [] });
  expect(within.result.recoverySeconds).toBeGreaterThan(30);
  expect(within.world.told.at(-1)!.text).toContain('budget 30 s and 20 s until a fault has reached every function.');
  const late = await faulted({ ttlSeconds: 45 });
  expect(late.result.reasons).toEqual([
    `callers were away after ${late.result.recoverySeconds} s, budget 30 s and 20 s until a fault has reached every function: ` +
      "resolvers keep the public name's answer for 45 s",
  ]);
});

test.each<[string, WorldSettings['fault'], string]>([
  [
    'an action that was skipped',
    later(0, actionIs('skipped', 'Target resolution returned empty set')),
    "the action 'fail-1' (aws:lambda:invocation-error) was skipped: Target resolution returned empty set",
  ],
  ['an action that failed', later(10_000, actionIs('failed')), "the action 'fail-1' (aws:lambda:invocation-error) was failed"],
  ['an action that was cancelled', later(0, actionIs('cancelled')), "the action 'fail-1' (aws:lambda:invocation-error) was cancelled"],
  ['no function', later(2_000, () => ({ resolved: 0 })), 'the experiment EXP1 found no function'],
  ['four of five functions', later(2_000, () => ({ resolved: 4 })), 'the experiment EXP1 found 4 of 5 functions'],
  ['no action', later(2_000, () => ({ actions: [] })), 'the experiment EXP1 has no action'],
  [
    'an alarm that stops it',
    later(40_000, () => ({ status: 'stopped', reason: 'Experiment halted by stop condition.' })),
    'the experiment EXP1 was stopped before the drill was over: Experiment halted by stop condition.',
  ],
  [
    'an end before the drill is over',
    later(30_000, () => ({ status: 'completed' })),
    'the experiment EXP1 was completed before the drill was over',
  ],
])('%s fails the drill, which leaves the region in service and is told', async (_, fault, reason) => {
  const { result, status, world } = await faulted({ fault });
  expect(status).toBe('FAILED');
  expect(result.state).toBe('FAILED');
  expect(result.reasons[0]).toBe(reason);
  expect(world.inService).toBe(true);
  expect(world.told[1].subject).toBe('acme-pay: drill of us-east-1 FAILED');
  expect(world.told[1].text).toContain(`Reason: ${reason}`);
  expect(evidenceOf(world).facts.fault!.id).toBe('EXP1');
});

test('an action that was skipped is found at the end too, when FIS tells of it so late', async () => {
  let over = false;
  const fault: WorldSettings['fault'] = (record) => {
    over ||= record.status === 'stopped';
    return over ? actionIs('skipped')(record) : {};
  };
  const { result } = await faulted({ fault });
  expect(result.reasons).toEqual(["the action 'fail-1' (aws:lambda:invocation-error) was skipped"]);
});

test('an experiment without effect fails it: no call in the region failed', async () => {
  const { result, world } = await faulted({ effectMs: Infinity });
  expect(result.reasons[0]).toMatch(/^the experiment had no effect: no call in us-east-1 failed for 9\d s$/);
  expect(result.recoverySeconds).toBeUndefined();
  expect(world.inService).toBe(true);
});

test.each<[string, WorldSettings, string]>([
  ['no template', { noFault: 'no template' }, 'before: fault experiment: none is deployed'],
  ['an experiment that is not started', { noFault: 'the experiment was not started: a quota' }, 'the experiment was not started: a quota'],
  [
    'a template with another action',
    { template: { actions: [{ name: 'stop', actionId: 'aws:ec2:stop-instances' }] } },
    "before: fault experiment: the action 'stop' of the template EXT1 is aws:ec2:stop-instances",
  ],
  ['a template without an action', { template: { actions: [] } }, 'before: fault experiment: the template EXT1 has no action'],
  [
    'a template with targets of another kind',
    { template: { targets: [{ name: 'machines', resourceType: 'aws:ec2:instance' }] } },
    "before: fault experiment: the target 'machines' of the template EXT1 is of aws:ec2:instance",
  ],
  ['an engaged safety lever', { engaged: 'engaged: Blocked days' }, 'before: safety lever of FIS: engaged: Blocked days'],
  ['two templates', { templates: ['EXT1', 'EXT2'] }, 'before: fault experiment: EXT1, EXT2'],
  [
    'another region that is taken away',
    { faultBeside: 'us-west-2' },
    'an experiment takes us-west-2 away: this drill leaves us-east-1 as it is',
  ],
  [
    'an experiment of a person in the region itself',
    { faultBeside: 'us-east-1' },
    'an experiment takes us-east-1 away: this drill leaves us-east-1 as it is',
  ],
])('%s: nothing is taken away', async (_, settings, reason) => {
  const { result, world, visited } = await faulted(settings);
  expect(result.reasons).toEqual([reason]);
  expect(visited).not.toContain('Watch callers leave');
  expect(world.experiment).toBeUndefined();
});

test('a step that is done once more counts from the experiment that it had begun', async () => {
  const { result, world } = await faulted({ startUnheard: true, fault: later(30_000, actionIs('failed')), effectMs: Infinity });
  const { takenMs, fault } = evidenceOf(world).facts;
  expect(result.state).toBe('FAILED');
  expect(takenMs).toBe(fault!.startedMs);
});

test('a drill that drains takes nothing away beside an experiment', async () => {
  const world = new DrillWorld({ faultBeside: 'us-west-2' });
  const { result, visited } = await runDrill(world, { ...asked, kind: 'drain' });
  expect(result.reasons).toEqual(['an experiment takes us-west-2 away: this drill leaves us-east-1 as it is']);
  expect(visited).not.toContain('Watch callers leave');
  expect(world.inService).toBe(true);
});

test.each<'fault' | 'drain'>(['fault', 'drain'])(
  'by %s: a look at the other region that fails puts the region back at once',
  async (kind) => {
    const world = new DrillWorld({ faultLookFails: (isAway) => isAway });
    const { result, visited } = await runDrill(world, { ...asked, kind });
    expect(result.reasons[0]).toBe('the other region could not be looked at (FIS does not answer): us-east-1 is put back');
    expect(visited).not.toContain('Watch callers leave');
    expect(world.inService).toBe(true);
  },
);

test.each(['watch', 'takeAway', 'comeBack', 'recheck'])('a step that always fails (%s) leaves no experiment', async (step) => {
  const world = new DrillWorld();
  world.broken = step;
  const { result } = await runDrill(world, asked);
  expect(result.state).toBe('FAILED');
  expect(world.inService).toBe(true);
});

describe('what ends an experiment does not wait for the rest', () => {
  const other = (id: string, name = run): ExperimentRecord => ({ id, template: 'EXT1', run: name, status: 'running', actions: [] });
  const broken = (switchFails: DrillWorld['switchFails']): DrillWorld => Object.assign(new DrillWorld(), { switchFails });

  test('the table of the region that serves does not answer: the step ends the experiment and fails', async () => {
    const world = new DrillWorld({ fault: later(10_000, actionIs('failed')) });
    world.switchFails = 'clear';
    const { visited, status } = await runDrill(world, asked);
    expect(visited).toContain('Put region back');
    expect(status).toBe('FAILED');
    expect(world.inService).toBe(true);
  });

  test('one that does not end leaves the others to be ended, and the switch to be taken away', async () => {
    const world = new DrillWorld();
    const own = other('EXP1');
    world.experiment = { ...own, startedMs: world.nowMs };
    world.endless = 'EXP1';
    world.forgotten.push(other('EXP2'), other('EXP3', 'another'));
    const { faults } = world;
    await expect(endFaultsOf(faults, run, own)).rejects.toThrow('FIS does not end EXP1');
    expect(world.asked).toEqual(['EXP1', 'EXP2']);
  });

  test.each<DrillWorld['switchFails']>(['read', 'clear'])('the watchdog ends it though the switch does not %s', async (switchFails) => {
    const world = broken(switchFails);
    world.experiment = { ...other('EXP1'), startedMs: world.nowMs };
    world.mark = { owner: ownerOf(run), at: world.nowMs };
    await expect(world.watchdog().look()).rejects.toThrow('the table does not answer');
    expect(world.asked).toEqual(['EXP1']);
    expect(world.experiment.status).toBe('stopped');
  });

  test('the watchdog ends each that is forgotten, whatever became of the one before, and says what did not end', async () => {
    const world = broken('read');
    world.forgotten.push(other('EXP2'), other('EXP3'));
    world.endless = 'EXP2';
    await expect(world.watchdog().look()).rejects.toThrow('2 of 3 failed: the table does not answer; FIS does not end EXP2');
    expect(world.asked).toEqual(['EXP2', 'EXP3']);
    expect(world.told.map(({ text }) => text)).toEqual([expect.stringContaining('The experiment EXP3')]);
  });
});

describe('the watchdog', () => {
  /** A drill that goes no further once its experiment runs. */
  async function stopped(status: string): Promise<DrillWorld> {
    const world = new DrillWorld();
    await runDrill(world, asked, () => {
      if (world.experiment) throw new Error('the execution is gone');
    }).catch(() => undefined);
    expect(world.inService).toBe(false);
    world.executions = [{ arn: run, status, startedMs: world.beganMs, kind: 'fault', startedBy: 'ada' }];
    return world;
  }

  test.each(['ABORTED', 'FAILED', 'TIMED_OUT'])('ends the experiment of a drill that is %s, and tells it', async (status) => {
    const world = await stopped(status);
    expect(await world.watchdog().look()).toMatchObject({ restored: true, told: ['first'] });
    expect(world.inService).toBe(true);
    expect(world.told[1].subject).toBe('acme-pay: us-east-1 was put back by the watchdog');
    expect(world.told[1].text).toContain('The experiment EXP1 of the drill first');
    expect(await world.watchdog().look()).toMatchObject({ restored: false, told: [] });
  });

  test('waits while the drill runs, and not beyond the longest time since the experiment began', async () => {
    const world = await stopped('RUNNING');
    world.nowMs = world.experiment!.startedMs! + plan.longestSeconds * 1000;
    expect(await world.watchdog().look()).toMatchObject({ restored: false });
    world.nowMs += 1;
    expect(await world.watchdog().look()).toMatchObject({ restored: true });
    expect(world.inService).toBe(true);
  });

  test('ends an experiment that began after its drill, which goes on, had put the region back', async () => {
    const world = await stopped('RUNNING');
    expect(await world.watchdog().look()).toMatchObject({ restored: false });
    world.objects.set(drillKeys.end('first'), '{}');
    expect(await world.watchdog().look()).toMatchObject({ restored: true });
    expect(world.inService).toBe(true);
    expect(world.told.at(-1)!.text).toContain('had put the region back');
  });

  test('leaves an experiment alone that a person has started', async () => {
    const world = await stopped('ABORTED');
    const { run: _, ...own } = world.experiment!;
    world.experiment = own;
    expect(await world.watchdog().look()).toMatchObject({ restored: false });
    expect(world.inService).toBe(false);
  });
});
