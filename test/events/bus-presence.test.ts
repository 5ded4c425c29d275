import { BusLook, BusPresence, lookAgainMs } from '../../src/events/publishing/bus-presence.service';

function presence(looks: BusLook[]): { readonly bus: BusPresence; readonly asked: () => number; pass: (ms: number) => void } {
  let nowMs = 0;
  let asked = 0;
  return {
    bus: new BusPresence({ look: async () => looks[asked++] ?? 'there', nowMs: () => nowMs }),
    asked: () => asked,
    pass: (ms) => {
      nowMs += ms;
    },
  };
}

test('a bus that was there is asked for again after a minute, and found missing then', async () => {
  const { bus, asked, pass } = presence(['there', 'missing', 'there']);
  expect(await bus.isMissing(1_000)).toBe(false);
  pass(lookAgainMs - 1);
  expect([await bus.isMissing(1_000), asked()]).toEqual([false, 1]);
  pass(1);
  expect([await bus.isMissing(1_000), asked()]).toEqual([true, 2]);
  // A bus that is missing is asked for each time: its publishers wait for it.
  expect([await bus.isMissing(1_000), asked()]).toEqual([false, 3]);
});

test('an answer that proves nothing holds up nothing, and is not asked for with every request', async () => {
  const { bus, asked } = presence(['unknown']);
  expect([await bus.isMissing(1_000), await bus.isMissing(1_000), asked()]).toEqual([false, false, 1]);
});
