import { readTracked, trackedFiles } from './tracked-files';

/** Files of the transports themselves, and this one. */
const own = /^(src\/events\/mesh\/transport\/|test\/project\/transports\.test\.ts$)/;

/** Who tells transports apart by themselves: a third one would be taken for one of the two. */
const tellingApart = (text: string): boolean => /\bglobalEndpointProps\b/.test(text);

test('nobody but the transports tells them apart: the mesh asks the strategy', () => {
  const files = trackedFiles().filter((file) => /^(src|examples|local|tools|test)\/.*\.(ts|py|java|go)$/.test(file) && !own.test(file));
  expect(files.length).toBeGreaterThan(500);
  expect(files.filter((file) => tellingApart(readTracked(file)))).toEqual([]);
});

test.each([
  'if (mesh.transport.globalEndpointProps === undefined) {}',
  'const { globalEndpointProps } = this.transport;',
  "transport['globalEndpointProps'] ? one : two",
])('finds %s', (planted) => {
  expect(tellingApart(planted)).toBe(true);
});

test('asking the strategy is no telling apart', () => {
  expect(tellingApart('this.transport._strategy.senders(part)')).toBe(false);
});
