import { ann, ben, cem, GateWorld, inputOf, rules, starter, stranger } from './world';
import { ApprovalGateService } from '../../src/approvals/service';

const minute = 60;

describe('one approver', () => {
  test('approves: the state machine is told who, when and why', async () => {
    const world = new GateWorld();
    const id = await world.ask();
    expect(await world.gate.answer(id, cem, 'approve', 'numbers look fine')).toMatchObject({
      kind: 'counted',
      view: { status: 'DECIDED', delivery: 'SENT' },
    });
    expect(world.tasks.taken.get('TOKEN-secret-0')).toEqual({
      approvalId: id,
      decision: 'APPROVED',
      reason: 'DECIDED',
      by: ['sub-cem'],
      at: '2026-11-22T03:00:00.000Z',
      comments: [{ by: 'sub-cem', name: 'Cem', decision: 'approve', at: '2026-11-22T03:00:00.000Z', comment: 'numbers look fine' }],
    });
  });

  test('rejects: a value too, no failure', async () => {
    const world = new GateWorld();
    await world.gate.answer(await world.ask(), ann, 'reject');
    expect([...world.tasks.taken.values()]).toMatchObject([{ decision: 'REJECTED', by: ['sub-ann'] }]);
  });

  test('comes twice: the second time changes nothing', async () => {
    const world = new GateWorld();
    const id = await world.ask();
    await world.gate.answer(id, ann, 'approve');
    for (const [person, answer] of [
      [ann, 'approve'],
      [ann, 'reject'],
      [ben, 'reject'],
    ] as const) {
      expect(await world.gate.answer(id, person, answer)).toMatchObject({ kind: 'refused', why: 'decided' });
    }
    expect(world.tasks.sent).toHaveLength(1);
    expect(world.store.records.map(({ what }) => what)).toEqual(['ASKED', 'DECIDED']);
  });
});

describe('changes nothing', () => {
  test('the starter, by whichever of their names they are known', async () => {
    for (const startedBy of ['sam@example.com', ' SAM@example.com', 'sub-sam']) {
      const world = new GateWorld();
      expect(await world.gate.answer(await world.ask({ startedBy }), starter, 'approve')).toMatchObject({
        kind: 'refused',
        why: 'starter',
      });
      expect(world.tasks.sent).toEqual([]);
    }
  });

  test('the starter may, where that was chosen', async () => {
    const world = new GateWorld({ excludeStarter: false });
    expect(await world.gate.answer(await world.ask(), starter, 'approve')).toMatchObject({ kind: 'counted' });
  });

  test('a stranger', async () => {
    const world = new GateWorld();
    expect(await world.gate.answer(await world.ask(), stranger, 'approve')).toMatchObject({ kind: 'refused', why: 'not_approver' });
    expect(world.store.records).toHaveLength(1);
  });

  test('an ID that nobody was given', async () => {
    const world = new GateWorld();
    await world.ask();
    for (const id of ['AAAAAAAAAAAAAAAAAAAAAA', '', '../x', 'd#id-0000000000000000001', 'a'.repeat(500)]) {
      expect(await world.gate.answer(id, ann, 'approve')).toEqual({ kind: 'unknown' });
    }
    expect(world.tasks.sent).toEqual([]);
  });

  test('looking, however often', async () => {
    const world = new GateWorld();
    const id = await world.ask();
    const before = structuredClone(world.store.requests.get(id));
    for (let times = 0; times < 10; times += 1) expect(await world.gate.view(id)).toMatchObject({ status: 'OPEN' });
    expect(world.store.requests.get(id)).toEqual(before);
  });
});

describe('several people', () => {
  test('are different ones, as many as asked for', async () => {
    const world = new GateWorld({ required: 2 });
    const id = await world.ask();
    expect(await world.gate.answer(id, ann, 'approve')).toMatchObject({ kind: 'counted', view: { status: 'OPEN' } });
    expect(await world.gate.answer(id, ann, 'approve')).toMatchObject({ kind: 'refused', why: 'repeated' });
    expect(world.tasks.sent).toEqual([]);
    expect(await world.gate.answer(id, cem, 'approve')).toMatchObject({ kind: 'counted', view: { status: 'DECIDED' } });
    expect(world.tasks.taken.get('TOKEN-secret-0')).toMatchObject({ decision: 'APPROVED', by: ['sub-ann', 'sub-cem'] });
  });

  test.each([
    ['a person', { people: ['sub-ben'] }, ann],
    ['a group', { groups: [], people: ['sub-ann', 'sub-ben'] }, cem],
  ])('%s whom a deployment took out since they answered counts no longer, and is not named', async (_what, change, gone) => {
    const world = new GateWorld({ required: 2 });
    const id = await world.ask();
    await world.gate.answer(id, gone, 'approve', 'mine');
    const later = new ApprovalGateService(world.ports, { ...rules, required: 2, ...change });
    expect(await later.view(id)).toMatchObject({ status: 'OPEN', approvals: 0, answers: [] });
    expect(await later.answer(id, ben, 'approve')).toMatchObject({ kind: 'counted', view: { status: 'OPEN', approvals: 1 } });
    expect(world.tasks.sent).toEqual([]);
    // The record has every answer that was given.
    expect(world.store.records.map(({ what }) => what)).toEqual(['ASKED', 'ANSWERED', 'ANSWERED']);
    // Named once more, they answer once more.
    expect(await world.gate.answer(id, gone, 'approve')).toMatchObject({ kind: 'counted', view: { status: 'DECIDED' } });
    expect([...world.tasks.taken.values()]).toMatchObject([{ decision: 'APPROVED', by: ['sub-ben', gone.id] }]);
  });

  test('one rejection ends it, also that of somebody who had approved', async () => {
    for (const person of [ann, ben]) {
      const world = new GateWorld({ required: 3 });
      const id = await world.ask();
      await world.gate.answer(id, ann, 'approve');
      await world.gate.answer(id, person, 'reject', 'wait');
      expect(world.tasks.taken.get('TOKEN-secret-0')).toMatchObject({ decision: 'REJECTED', by: [person.id] });
    }
  });
});

describe('time', () => {
  test('expires to the outcome that was chosen, at the sweep', async () => {
    for (const expiryDecision of ['REJECTED', 'APPROVED'] as const) {
      const world = new GateWorld({ expiryDecision });
      await world.ask();
      world.advance(3600);
      expect(await world.sweep()).toMatchObject({ expired: 1, delivered: 1 });
      expect(world.tasks.taken.get('TOKEN-secret-0')).toMatchObject({ decision: expiryDecision, reason: 'EXPIRED', by: [] });
    }
  });

  test('an answer that comes too late is refused, though no sweep has run, and the state machine is told at once', async () => {
    const world = new GateWorld();
    const id = await world.ask();
    world.advance(3600);
    expect(await world.gate.answer(id, ann, 'approve')).toMatchObject({
      kind: 'refused',
      why: 'expired',
      view: { status: 'DECIDED', outcome: { reason: 'EXPIRED' } },
    });
    expect(world.tasks.taken.get('TOKEN-secret-0')).toMatchObject({ decision: 'REJECTED', reason: 'EXPIRED' });
    expect(await world.gate.answer(id, ann, 'approve')).toMatchObject({ kind: 'refused', why: 'expired' });
  });

  test('a stranger who comes too late does not even end it', async () => {
    const world = new GateWorld();
    const id = await world.ask();
    world.advance(3600);
    expect(await world.gate.answer(id, stranger, 'approve')).toMatchObject({ why: 'not_approver', view: { status: 'OPEN' } });
  });

  test('people are asked, reminded and escalated to', async () => {
    const world = new GateWorld();
    await world.ask();
    for (let minutes = 1; minutes <= 59; minutes += 1) {
      world.advance(minute);
      await world.sweep();
    }
    expect(world.messages.map(({ message }) => message)).toEqual(['asked', 'reminder', 'escalation', 'reminder']);
    // One heartbeat each five minutes.
    expect(world.tasks.beats).toBe(11);
  });

  test("a task's own expiry and number of people win over the gate's", async () => {
    const world = new GateWorld();
    const id = await world.ask({ expirySeconds: 60, required: 2 });
    expect(await world.gate.view(id)).toMatchObject({ required: 2, expiresAtMs: world.nowMs + 60_000 });
  });
});

describe('what fails', () => {
  test('a message is sent by the next sweep', async () => {
    let broken = true;
    const sent: string[] = [];
    const world = new GateWorld(
      {},
      { notify: (message) => (broken ? Promise.reject(new Error('SNS is away')) : Promise.resolve(void sent.push(message))) },
    );
    await world.ask();
    expect(world.faults).toMatchObject([{ what: 'notify' }]);
    broken = false;
    await world.sweep();
    expect(sent).toEqual(['asked']);
  });

  test('telling the state machine: the answer counts, and the sweep tells it', async () => {
    const world = new GateWorld();
    const id = await world.ask();
    const { succeed } = world.tasks;
    world.tasks.succeed = () => Promise.reject(new Error('throttled'));
    expect(await world.gate.answer(id, ann, 'approve')).toMatchObject({
      kind: 'counted',
      view: { status: 'DECIDED', delivery: 'PENDING' },
    });
    world.tasks.succeed = succeed;
    expect(await world.sweep()).toMatchObject({ delivered: 1 });
    expect(world.tasks.taken.size).toBe(1);
    expect(await world.store.pending()).toBe(0);
  });

  test('one request does not keep the others waiting', async () => {
    const world = new GateWorld();
    const id = await world.ask();
    await world.ask({ token: 'TOKEN-secret-1' });
    const read = world.store.read.bind(world.store);
    world.store.read = (asked) => (asked === id ? Promise.reject(new Error('broken item')) : read(asked));
    world.advance(3600);
    expect(await world.sweep()).toMatchObject({ failed: 1, expired: 1 });
  });

  test('an execution that ended: the request is withdrawn, people are told, and nobody can decide', async () => {
    const world = new GateWorld();
    const id = await world.ask();
    world.tasks.waiting.clear();
    world.advance(300);
    expect(await world.sweep()).toMatchObject({ withdrawn: 1 });
    expect(world.messages.map(({ message }) => message)).toEqual(['asked', 'withdrawn']);
    expect(await world.gate.answer(id, ann, 'approve')).toMatchObject({ kind: 'refused', why: 'withdrawn' });
  });

  test.each([
    [{ startedBy: undefined }, "'startedBy' must say who started"],
    [{ startedBy: ' ' }, "'startedBy' must say who started"],
    [{ subject: '' }, "'subject' must be a text of 1 to 100 characters"],
    [{ question: 'x'.repeat(2001) }, "'question' must be a text of 1 to 2000 characters"],
    [{ report: 'x'.repeat(100_000) }, 'at most 100000 are allowed'],
    [{ required: 0 }, "'required' must be a whole number"],
    [{ expirySeconds: -1 }, "'expirySeconds' must be more than 0"],
  ])('what is asked wrongly (%j) is refused before it is stored', async (change, message) => {
    const world = new GateWorld();
    await expect(world.gate.ask(inputOf(change))).rejects.toThrow(message);
    expect(world.store.requests.size).toBe(0);
  });
});

test('the token is in no message, no view and no record, and gone from the table once it has served', async () => {
  const world = new GateWorld({ required: 2 });
  const id = await world.ask();
  const seen = [
    await world.gate.view(id),
    await world.gate.answer(id, ann, 'approve'),
    await world.gate.answer(id, ben, 'approve'),
    world.messages,
    world.store.records,
    [...world.tasks.taken.values()],
    world.store.requests.get(id),
  ];
  expect(JSON.stringify(seen)).not.toContain('TOKEN-secret');
});
