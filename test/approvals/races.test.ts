import * as fc from 'fast-check';
import { ann, ben, cem, GateWorld, rules, starter, stranger } from './world';
import { ApprovalAnswer, GateRules, Person } from '../../src/approvals/model';
import { GatePorts } from '../../src/approvals/ports';
import { ApprovalGateService } from '../../src/approvals/service';

class Crash extends Error {}

/** What one process does, and at which of its calls it dies, before or after the call took effect. */
interface Actor {
  readonly does: { readonly person: Person; readonly answer: ApprovalAnswer } | 'sweep';
  readonly diesAt?: { readonly call: number; readonly after: boolean };
  /** Its clock, seconds off the world's. */
  readonly clock: number;
}

type Schedule = <T>(label: string, act: () => Promise<T>) => Promise<T>;

/** A process of its own on the world's store and executions: every call waits for its turn, and the process may die at one. */
function processOf(world: GateWorld, change: Partial<GateRules>, actor: Actor, schedule: Schedule): ApprovalGateService {
  let calls = 0;
  let dead = false;
  const call = async <T>(label: string, act: () => Promise<T>): Promise<T> => {
    if (dead) throw new Crash();
    const dying = actor.diesAt?.call === calls;
    calls += 1;
    return schedule(label, async () => {
      if (dying && !actor.diesAt!.after) {
        dead = true;
        throw new Crash();
      }
      const result = await act();
      if (dying) {
        dead = true;
        throw new Crash();
      }
      return result;
    });
  };
  const { store, tasks } = world;
  const ports: GatePorts = {
    ...world.ports,
    nowMs: () => world.nowMs + actor.clock * 1000,
    store: {
      create: (request, record) => call('create', () => store.create(request, record)),
      read: (id) => call('read', () => store.read(id)),
      replace: (next, record) => call('replace', () => store.replace(next, record)),
      due: (nowMs, limit) => call('due', () => store.due(nowMs, limit)),
      pending: () => store.pending(),
    },
    tasks: {
      succeed: (token, result) => call('succeed', () => tasks.succeed(token, result)),
      heartbeat: (token) => call('heartbeat', () => tasks.heartbeat(token)),
    },
    notify: (message, view) => call('notify', () => world.ports.notify(message, view)),
  };
  return new ApprovalGateService(ports, { ...rules, ...change });
}

const actor: fc.Arbitrary<Actor> = fc.record({
  does: fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        person: fc.constantFrom(ann, ben, cem, starter, stranger),
        answer: fc.constantFrom<ApprovalAnswer>('approve', 'approve', 'approve', 'reject'),
      }),
    },
    { weight: 2, arbitrary: fc.constant('sweep' as const) },
  ),
  diesAt: fc.option(fc.record({ call: fc.nat(4), after: fc.boolean() }), { nil: undefined }),
  clock: fc.constantFrom(0, 0, 0, -2, 2),
});

test('whoever races and dies: exactly one outcome is taken, and it is what the records say', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(actor, { minLength: 1, maxLength: 7 }),
      fc.integer({ min: 1, max: 3 }),
      fc.constantFrom(0, 3599, 3600, 5000),
      fc.boolean(),
      async (scheduler, actors, required, age, ends) => {
        const world = new GateWorld({ required });
        const id = await world.ask();
        world.advance(age);
        const schedule = <T>(label: string, act: () => Promise<T>): Promise<T> => scheduler.schedule(Promise.resolve(), label).then(act);
        const running = actors.map(async (one) => {
          const gate = processOf(world, { required }, one, schedule);
          return one.does === 'sweep' ? gate.sweep(world.nowMs + 50_000) : gate.answer(id, one.does.person, one.does.answer);
        });
        const finished = Promise.allSettled(running);
        await scheduler.waitFor(finished);
        for (const one of await finished) if (one.status === 'rejected' && !(one.reason instanceof Crash)) throw one.reason;

        // Later: either time runs out, or only a sweep comes by.
        if (ends) world.advance(3600);
        world.advance(3);
        await world.sweep();

        const request = world.store.requests.get(id)!;
        const answered = world.store.records
          .filter(({ what }) => what === 'ANSWERED' || what === 'DECIDED')
          .map(({ content }) => JSON.parse(content) as { by?: string; answer?: ApprovalAnswer });
        const approvals = new Set(answered.filter(({ answer }) => answer === 'approve').map(({ by }) => by));
        const rejected = answered.some(({ answer }) => answer === 'reject');
        const results = world.tasks.sent.map(({ result }) => JSON.stringify(result));

        // The record is complete: every answer in the request is a record and the other way round, numbered without a gap or a double.
        expect(request.answers).toHaveLength(answered.filter(({ by }) => by !== undefined).length);
        expect(new Set(world.store.records.map(({ version }) => version)).size).toBe(world.store.records.length);
        // Nobody answered who may not.
        for (const { by } of answered) expect(['sub-ann', 'sub-ben', 'sub-cem', undefined]).toContain(by);
        expect(new Set(results).size).toBeLessThanOrEqual(1);
        if (request.status === 'OPEN') {
          expect(world.tasks.sent).toEqual([]);
          expect(rejected || approvals.size >= required).toBe(false);
          return;
        }
        expect(world.store.records.filter(({ what }) => what === 'DECIDED')).toHaveLength(1);
        expect(world.tasks.taken.size).toBe(1);
        expect(await world.store.pending()).toBe(0);
        const [taken] = [...world.tasks.taken.values()];
        if (taken.reason === 'EXPIRED') {
          expect(taken).toMatchObject({ decision: 'REJECTED', by: [] });
          expect(rejected || approvals.size >= required).toBe(false);
        } else {
          expect(taken.decision).toBe(rejected ? 'REJECTED' : 'APPROVED');
          if (!rejected) expect(taken.by.length).toBe(required);
        }
      },
    ),
    { numRuns: 400 },
  );
});

test('any number of sweeps at once tell people and the state machine no more than once each, or say so again', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.integer({ min: 2, max: 5 }), async (scheduler, sweeps) => {
      const world = new GateWorld();
      await world.ask();
      world.advance(3600);
      const all = Promise.all(
        Array.from({ length: sweeps }, () =>
          processOf(world, {}, { does: 'sweep', clock: 0 }, (label, act) => scheduler.schedule(Promise.resolve(), label).then(act)).sweep(
            world.nowMs + 50_000,
          ),
        ),
      );
      await scheduler.waitFor(all);
      const reports = await all;
      expect(reports.reduce((sum, { expired }) => sum + expired, 0)).toBe(1);
      expect(world.tasks.taken.size).toBe(1);
    }),
    { numRuns: 100 },
  );
});
