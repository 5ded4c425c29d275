import { World } from './world';
import { FaultKind, StoreFault } from '../../src/ledger/ports';
import { Attempt, GaveUp } from '../../src/ledger/protocol/attempt.service';

/** A change that may be tried twice, on an item that meets these faults first. */
async function changed(...faults: FaultKind[]): Promise<string> {
  const world = new World();
  await world.memory.create({ pk: 'a', version: 1 });
  const store = Object.assign(Object.create(world.memory) as typeof world.memory, {
    change: (change: Parameters<typeof world.memory.change>[0]) => {
      const fault = faults.shift();
      return fault === undefined ? world.memory.change(change) : Promise.reject(new StoreFault(fault, 'planted'));
    },
  });
  const attempt = new Attempt({ ...world.ports(), store }, { region: 'us-east-1' }, world.context('acme', 1_000_000));
  return attempt.change({ pk: 'a', require: [] }, 2).then(
    ({ kind }) => kind,
    (error: unknown) => (error instanceof GaveUp ? 'gave up' : String(error)),
  );
}

test('a change that yields to others yields to conflicts, and not to a throttle: what makes an item smaller ends that', async () => {
  expect(await changed('conflict', 'conflict')).toBe('gave up');
  expect(await changed('unknown', 'conflict')).toBe('gave up');
  expect(await changed('conflict')).toBe('written');
  expect(await changed('throttled', 'throttled', 'conflict', 'throttled', 'throttled')).toBe('written');
});
