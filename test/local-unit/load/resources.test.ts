import { growthOf, ResourceWatch } from '../../../local/load/resources';

test('thirds are compared by their medians', () => {
  expect(growthOf([100, 900, 100, 5, 5, 5, 110, 110, 2000], 0)).toEqual({ first: 100, last: 110, steady: true });
  expect(growthOf([100, 100, 100, 5, 5, 5, 130, 130, 130], 0)).toEqual({ first: 100, last: 130, steady: false });
  expect(growthOf([100, 100, 100, 5, 5, 5, 130, 130, 130], 10)?.steady).toBe(true);
  expect(growthOf([1, 2], 0)).toBeUndefined();
});

(process.platform === 'linux' ? test : test.skip)('memory and handles of a process are seen', () => {
  const watch = new ResourceWatch(() => [process.pid]);
  watch.stop();
  expect(watch.samples).toHaveLength(1);
  expect(watch.samples[0].bytes).toBeGreaterThan(1024 ** 2);
  expect(watch.samples[0].handles).toBeGreaterThan(2);
});
