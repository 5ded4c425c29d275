import fc from 'fast-check';
import { Bus, OutboxWorld, recordsOf } from './outbox-world';
import { PaymentEvent, PaymentEventType } from '../../src/events/model';
import { decidedBy, ItemChange } from '../../src/events/outbox/domain';
import { StreamRecord } from '../../src/events/outbox/service';
import { keyId } from '../../src/kernel/fingerprint';
import { KeyedOutcome, Payment } from '../../src/ledger/model';

const regions = ['us-east-1', 'us-west-2'] as const;

type Call =
  | { readonly call: 'pay'; readonly key: number; readonly amount: number }
  | { readonly call: 'capture' | 'void' | 'refund'; readonly key: number; readonly payment: number; readonly amount?: number };
interface Step {
  readonly what: Call;
  readonly region: 0 | 1;
  readonly faults: readonly ('before' | 'after' | undefined)[];
  readonly waitMinutes: number;
  readonly impatient: boolean;
}

const amount = fc.integer({ min: 1, max: 40 });
const step: fc.Arbitrary<Step> = fc.record({
  what: fc.oneof(
    fc.record({ call: fc.constant('pay' as const), key: fc.nat(7), amount }),
    fc.record({
      call: fc.constantFrom('capture' as const, 'void' as const, 'refund' as const),
      key: fc.nat(9).map((n) => n + 100),
      payment: fc.nat(7),
      amount: fc.option(amount, { nil: undefined }),
    }),
  ),
  region: fc.constantFrom(0 as const, 1 as const),
  faults: fc.array(fc.constantFrom('before' as const, 'after' as const, undefined), { maxLength: 3 }),
  waitMinutes: fc.constantFrom(0, 0, 0, 1, 20),
  impatient: fc.boolean(),
});

/** What each key was answered, by its event's ID; nothing for what is refused. */
type Answers = Map<
  string,
  { readonly type: PaymentEventType; readonly amount: number; readonly subject: string; readonly reason?: string }
>;
const moveTypes = { CAPTURE: 'payment.captured', VOID: 'payment.voided', REFUND: 'payment.refunded' } as const;

/** Runs a workload, in which attempts die at any point, and then asks for every key's answer. */
async function run(world: OutboxWorld, steps: readonly Step[]): Promise<Answers> {
  const ledgers = regions.map((region) => world.ledger(region));
  await ledgers[0].openAccount(world.context(), { accountId: 'acc', currency: 'EUR', balance: 100 });
  const asked = new Map<number, Call>();
  const ask = (what: Call, region: 0 | 1, deadlineMs: number): Promise<KeyedOutcome> => {
    const first = asked.get(what.key) ?? what;
    asked.set(what.key, first);
    const context = world.context(deadlineMs);
    if (first.call === 'pay') {
      const { key, amount: wanted } = first;
      return ledgers[region].authorise(context, {
        idempotencyKey: `k${key}`,
        accountId: 'acc',
        amount: wanted,
        currency: 'EUR',
        reference: `order ${key}`,
      });
    }
    const { call, key, payment } = first;
    return ledgers[region].move(context, {
      idempotencyKey: `k${key}`,
      paymentId: `pay_${keyId('acme', `k${payment}`)}`,
      type: call.toUpperCase() as 'CAPTURE' | 'VOID' | 'REFUND',
      ...(first.amount === undefined || call === 'void' ? {} : { amount: first.amount }),
    });
  };
  for (const { what, region, faults, waitMinutes, impatient } of steps) {
    const left = [...faults];
    world.fault = () => left.shift();
    // An impatient attempt dies of its first fault: its deadline leaves no time for another try.
    await ask(what, region, impatient ? 10 : 60_000);
    world.nowMs += waitMinutes * 60_000;
  }
  world.fault = () => undefined;
  const answers: Answers = new Map();
  for (const what of asked.values()) {
    const outcome = await ask(what, 0, 60_000);
    if (outcome.kind === 'answered') answers.set(`evt_${keyId('acme', `k${what.key}`)}`, answerOf(what, outcome.payment));
  }
  return answers;
}

function answerOf(what: Call, payment: Payment): Answers extends Map<string, infer A> ? A : never {
  if (what.call === 'pay') {
    return payment.status === 'DECLINED'
      ? { type: 'payment.declined', amount: payment.amount, subject: payment.paymentId, reason: payment.declineReason }
      : { type: 'payment.authorised', amount: payment.amount, subject: payment.paymentId };
  }
  const own = payment.operations[payment.operations.length - 1];
  return { type: moveTypes[own.type], amount: own.amount, subject: payment.paymentId };
}

/** Batches cut anywhere, a bus that stops taking anywhere, and crashes between publishing and the checkpoint. */
interface Delivery {
  readonly size: number;
  readonly room: number;
  readonly crash: boolean;
}
const delivery: fc.Arbitrary<Delivery> = fc.record({
  size: fc.integer({ min: 1, max: 12 }),
  room: fc.oneof(fc.nat(4), fc.constant(1_000)),
  crash: fc.boolean(),
});

async function deliver(
  world: OutboxWorld,
  region: string,
  bus: Bus,
  records: readonly StreamRecord[],
  deliveries: readonly Delivery[],
): Promise<void> {
  const outbox = world.outbox(region, bus.sink);
  let at = 0;
  for (let n = 0; at < records.length; n += 1) {
    if (n > deliveries.length + records.length) throw new Error('the outbox does not get on');
    const { size, room, crash } = deliveries[n] ?? { size: 100, room: Number.POSITIVE_INFINITY, crash: false };
    bus.room = room;
    const batch = records.slice(at, at + size);
    const { failed } = await outbox.publish(batch, world.nowMs + 1_000);
    // A crash after publishing: the checkpoint stays, the same records come again.
    if (crash) continue;
    at = failed ? at + batch.findIndex(({ id }) => id === failed.id) : at + batch.length;
  }
}

const firstOf = (events: readonly PaymentEvent[]): readonly PaymentEvent[] =>
  events.filter(({ id }, n) => events.findIndex((other) => other.id === id) === n);
const rank = (type: string): number => (type === 'payment.refunded' ? 2 : type === 'payment.captured' || type === 'payment.voided' ? 1 : 0);

function expectAnswers(events: readonly PaymentEvent[], answers: Answers): void {
  const told = new Map(
    firstOf(events).map(({ id, type, data, subject }) => [
      id,
      { type, amount: data.amount, subject, ...(data.declineReason === undefined ? {} : { reason: data.declineReason }) },
    ]),
  );
  expect(told).toEqual(answers);
}

function expectLegalOrder(events: readonly PaymentEvent[]): void {
  const subjects = new Set(events.map(({ subject }) => subject));
  for (const subject of subjects) {
    const own = firstOf(events)
      .filter((event) => event.subject === subject)
      .sort((one, other) => one.sequence! - other.sequence!);
    expect(own.map(({ type }) => rank(type))).toEqual([...own].map(({ type }) => rank(type)).sort());
    expect(new Set(own.map(({ sequence }) => sequence)).size).toBe(own.length);
    expect(own.filter(({ type }) => rank(type) === 0).length).toBe(1);
    expect(own.filter(({ type }) => rank(type) === 1).length).toBeLessThanOrEqual(1);
  }
}

const runs = { numRuns: 150 };

test('every key that is answered with a success comes to one event, refused ones to none, whatever crashes and is repeated', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.array(delivery, { maxLength: 40 }), async (steps, deliveries) => {
      const world = new OutboxWorld();
      const answers = await run(world, steps);
      const buses = regions.map(() => new Bus());
      for (const [n, region] of regions.entries()) {
        await deliver(world, region, buses[n], recordsOf(world.store.stream), deliveries);
        expect(buses[n].events.every(({ origin }) => origin === region)).toBe(true);
        // Within a region no event of a payment is published before an earlier one of its own.
        for (const event of firstOf(buses[n].events)) {
          const first = firstOf(buses[n].events);
          const before = first.slice(0, first.indexOf(event)).filter(({ subject }) => subject === event.subject);
          expect(before.every(({ sequence }) => sequence! < event.sequence!)).toBe(true);
        }
      }
      const all = buses.flatMap(({ events }) => events);
      // Published again means published the same.
      for (const event of all) expect(event).toEqual(all.find(({ id }) => id === event.id));
      expectAnswers(all, answers);
      expectLegalOrder(all);
    }),
    runs,
  );
});

test('a replica that sees several writes of an item as one comes to the same events', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40 }),
      fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 60 }),
      async (steps, lengths) => {
        const world = new OutboxWorld();
        // What is put together was written within a short time: an entry stays for longer.
        const answers = await run(
          world,
          steps.map((one) => ({ ...one, waitMinutes: 0 })),
        );
        const bus = new Bus();
        const decided = merged(world.store.stream, lengths).flatMap((change) => decidedBy(change));
        await world.outbox('us-east-1', bus.sink).publishDecided(decided, 'us-west-2', world.nowMs + 1_000);
        expectAnswers(bus.events, answers);
        expectLegalOrder(bus.events);
        // Whatever records an event was found in, it has the same place in its payment: consumers get some from here, some from there.
        const single = new Bus();
        await world.outbox('us-east-1', single.sink).republish(recordsOf(world.store.stream), world.nowMs + 1_000);
        const places = ({ byId }: Bus): unknown => new Map([...byId].map(([eventId, { sequence }]) => [eventId, sequence]));
        expect(places(bus)).toEqual(places(single));
      },
    ),
    runs,
  );
});

/** Puts runs of writes of one item together, as replication may. */
function merged(stream: readonly ItemChange[], lengths: readonly number[]): readonly ItemChange[] {
  const byItem = new Map<string, ItemChange[]>();
  for (const change of stream) byItem.set(change.new!.pk, [...(byItem.get(change.new!.pk) ?? []), change]);
  let n = 0;
  return [...byItem.values()].flatMap((changes) => {
    const out: ItemChange[] = [];
    for (let at = 0; at < changes.length;) {
      const part = changes.slice(at, at + (lengths[(n += 1)] ?? 1));
      out.push({ ...(part[0].old ? { old: part[0].old } : {}), new: part[part.length - 1].new! });
      at += part.length;
    }
    return out;
  });
}
