import { allOf, failureOf } from '../../src/kernel/each-of';

const failing = (text: string): Promise<void> => Promise.reject(new Error(text));

test('each is waited for, and one that failed is told as it was thrown', async () => {
  let isOver = false;
  const slow = new Promise<void>((resolve) => setImmediate(() => ((isOver = true), resolve())));
  await expect(allOf([failing('first'), slow])).rejects.toThrow(/^first$/);
  expect(isOver).toBe(true);
});

test('several that failed are told together, and none is no failure', async () => {
  await expect(allOf([failing('first'), Promise.resolve(), failing('third')])).rejects.toThrow(/^2 of 3 failed: first; third$/);
  await expect(allOf([Promise.resolve()])).resolves.toBeUndefined();
  expect(failureOf([])).toBeUndefined();
});
