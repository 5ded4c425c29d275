import fc from 'fast-check';
import { ConsumerWorld, defaults, itemOf } from './consumer-world';
import { Claim, Handled, Inbox, Subject } from '../../src/events/consumers/service';
import { MeshEvent } from '../../src/events/model';
import { MemoryInbox } from '../contract/memory-inbox';

/** An inbox whose requests get lost, before or after they are carried out. */
class ShakyInbox implements Inbox {
  constructor(
    private readonly inbox: MemoryInbox,
    private readonly fault: () => 'before' | 'after' | undefined,
  ) {}
  public take = (claim: Claim): ReturnType<Inbox['take']> => this.shaken(() => this.inbox.take(claim));
  public finish = (claim: Claim): Promise<boolean> => this.shaken(() => this.inbox.finish(claim));
  public free = (claim: Claim, counts: boolean): Promise<void> => this.shaken(() => this.inbox.free(claim, counts));
  public setAside = (claim: Claim): Promise<void> => this.shaken(() => this.inbox.setAside(claim));
  public through = (subject: Subject): Promise<number | undefined> => this.inbox.through(subject);
  public advance = (subject: Subject, sequence: number): Promise<boolean> => this.shaken(() => this.inbox.advance(subject, sequence));

  private async shaken<T>(call: () => Promise<T>): Promise<T> {
    const fault = this.fault();
    if (fault === 'before') throw new Error('lost on its way');
    const result = await call();
    if (fault === 'after') throw new Error('the answer was lost');
    return result;
  }
}

test("whatever is delivered how often, and dies where: one effect each, when it is completed in the handler's own write", async () => {
  const delivery = fc.record({
    events: fc.array(fc.nat(4), { minLength: 1, maxLength: 6 }),
    faults: fc.array(fc.constantFrom('before' as const, 'after' as const, undefined), { maxLength: 8 }),
    handled: fc.array(fc.constantFrom('done' as const, 'failed' as const, 'unknown' as const, 'notReached' as const), { maxLength: 6 }),
    atOnce: fc.boolean(),
    waitMs: fc.constantFrom(0, 1, 5_000, 10_000),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(delivery, { maxLength: 30 }), async (deliveries) => {
      const world = new ConsumerWorld();
      const faults: ('before' | 'after' | undefined)[] = [];
      const kinds: Handled['kind'][] = [];
      const shaky = new ShakyInbox(world.inbox, () => faults.shift());
      const consumers = [world.consumer({ maxAttempts: 1_000 }, shaky), world.consumer({ maxAttempts: 1_000 }, shaky)];
      world.simple = false;
      world.answer = (event): Handled => {
        const kind = kinds.shift() ?? 'done';
        const item = world.inbox.items.get(itemOf(event.id))!;
        // An attempt that never answers may have had its effect all the same.
        if (kind === 'done' || (kind === 'unknown' && event.sequence! % 2 === 0)) {
          if (item.state !== 'RUNNING') return { kind: 'failed', reason: 'TransactionCanceledException' };
          item.state = 'DONE';
          world.effect(event);
        }
        return kind === 'done' ? { kind } : { kind, reason: 'x' };
      };
      const send = (ids: readonly number[]): MeshEvent[] => ids.map((id) => world.event(`e${id}`, { subject: `s${id % 2}`, sequence: id }));
      for (const { events, faults: more, handled, atOnce, waitMs } of deliveries) {
        faults.push(...more);
        kinds.push(...handled);
        await Promise.all((atOnce ? consumers : consumers.slice(0, 1)).map((consumer) => world.receive(consumer, ...send(events))));
        world.nowMs += waitMs;
        if (faults.length > 0) world.nowMs += defaults.leaseMs;
      }
      faults.splice(0);
      kinds.splice(0);
      world.nowMs += defaults.leaseMs;
      const all = [0, 1, 2, 3, 4];
      expect(await world.receive(consumers[0], ...send(all))).toEqual([]);
      expect(await world.receive(consumers[1], ...send(all))).toEqual([]);
      expect([...world.effects].sort()).toEqual(all.map((id) => [`e${id}`, 1]));
    }),
    { numRuns: 200 },
  );
});
