import { killedAtEveryWrite, Process } from './every-write';
import { ApprovalStore, GatePorts } from '../../src/approvals/ports';
import { ApprovalGateService } from '../../src/approvals/service';
import { ann, GateWorld, inputOf, rules } from '../approvals/world';

/** A gate as one function has it: what it writes goes through the process. */
function gateOf(world: GateWorld, process: Process): ApprovalGateService {
  const { store, tasks, notify } = world.ports;
  const through: ApprovalStore = {
    create: (request, record) => process.write('create', () => store.create(request, record)),
    replace: (next, record) => process.write('replace', () => store.replace(next, record)),
    read: (id) => process.read(() => store.read(id)),
    due: (nowMs, limit) => process.read(() => store.due(nowMs, limit)),
    pending: () => process.read(() => store.pending()),
  };
  const ports: GatePorts = {
    ...world.ports,
    store: through,
    notify: (message, view) => process.write(`notify ${message}`, () => notify(message, view)),
    tasks: {
      succeed: (token, result) => process.write('succeed', () => tasks.succeed(token, result)),
      heartbeat: (token) => process.write('heartbeat', () => tasks.heartbeat(token)),
    },
  };
  return new ApprovalGateService(ports, rules);
}

/**
 * The sweep of every minute, until all is over; then the execution has one result, which is what is recorded, and nothing is left to do.
 */
async function swept(world: GateWorld, minutes = 90): Promise<void> {
  for (let minute = 0; minute < minutes; minute += 1) {
    world.advance(60);
    await world.sweep();
  }
  expect(await world.store.pending()).toBe(0);
  for (const { id, version } of world.store.requests.values()) {
    const own = world.store.records.filter((record) => record.id === id);
    expect(new Set(own.map((record) => record.version)).size).toBe(own.length);
    expect(own.every((record) => record.version <= version)).toBe(true);
  }
}

const decided = (world: GateWorld, id: string): string[] =>
  world.store.records.filter((record) => record.id === id && record.what === 'DECIDED').map(({ content }) => content);

/** One decision, once recorded, and the one that the execution has. */
function agrees(world: GateWorld, id: string): { readonly decision: string; readonly reason: string } {
  const request = world.store.requests.get(id)!;
  expect(decided(world, id)).toHaveLength(1);
  expect([...world.tasks.taken.values()]).toHaveLength(1);
  const [{ decision, reason }] = world.tasks.taken.values();
  expect(request).toMatchObject({ status: 'DECIDED', outcome: { decision, reason } });
  expect(new Set(world.tasks.sent.map(({ result }) => JSON.stringify(result))).size).toBe(1);
  return { decision, reason };
}

test('a request, killed at any write: it is asked and told of, or the state machine has no answer and asks again', async () => {
  expect(
    await killedAtEveryWrite({
      world: () => new GateWorld(),
      run: (world, process) => {
        world.tasks.waiting.add('TOKEN-secret-0');
        return gateOf(world, process).ask(inputOf());
      },
      after: async (world) => {
        if (world.store.requests.size === 0) await world.ask();
        await swept(world);
        const [id] = world.store.requests.keys();
        expect(world.messages.map(({ message }) => message)).toEqual(expect.arrayContaining(['asked', 'reminder', 'escalation']));
        expect(agrees(world, id)).toEqual({ decision: 'REJECTED', reason: 'EXPIRED' });
      },
    }),
  ).toBe(3);
});

test(
  'an answer, killed at any write, also between what is recorded and what is sent: the execution has it, once, ' + 'and no other',
  async () => {
    expect(
      await killedAtEveryWrite({
        world: async () => {
          const world = new GateWorld();
          return { world, id: await world.ask() };
        },
        run: ({ world, id }, process) => gateOf(world, process).answer(id, ann, 'approve'),
        after: async ({ world, id }) => {
          // The person sees no answer, and answers again; perhaps otherwise.
          const recorded = decided(world, id).length > 0;
          const again = await world.gate.answer(id, ann, 'reject');
          expect(again.kind).toBe(recorded ? 'refused' : 'counted');
          await swept(world);
          expect(agrees(world, id)).toMatchObject({ decision: recorded ? 'APPROVED' : 'REJECTED', reason: 'DECIDED' });
        },
      }),
    ).toBe(3);
  },
);

test('the sweep, killed at any write of an expiry, a reminder or a heartbeat: the next one goes on', async () => {
  for (const seconds of [1, 301, 901, 1_801, 3_601]) {
    await killedAtEveryWrite({
      world: async () => {
        const world = new GateWorld();
        const id = await world.ask();
        world.advance(seconds);
        return { world, id };
      },
      run: ({ world }, process) => gateOf(world, process).sweep(world.nowMs + 50_000),
      after: async ({ world, id }) => {
        await swept(world);
        expect(agrees(world, id)).toEqual({ decision: 'REJECTED', reason: 'EXPIRED' });
        // What was due at once in a sweep that is too late is left out for the last of it.
        if (seconds < 900) {
          expect(world.messages.map(({ message }) => message)).toEqual(expect.arrayContaining(['asked', 'reminder', 'escalation']));
        }
      },
    });
  }
});

test('a withdrawal, killed at any write: nobody is asked any more, and nothing is sent', async () => {
  await killedAtEveryWrite({
    world: async () => {
      const world = new GateWorld();
      const id = await world.ask();
      world.tasks.waiting.clear();
      world.advance(301);
      return { world, id };
    },
    run: ({ world }, process) => gateOf(world, process).sweep(world.nowMs + 50_000),
    after: async ({ world, id }) => {
      await swept(world);
      expect([world.store.requests.get(id)!.status, [...world.tasks.taken]]).toEqual(['WITHDRAWN', []]);
    },
  });
});
