import { mistakes } from './mistakes/catalogue';
import { catchMistake, recorded } from './mistakes/table';

describe('planted mistakes', () => {
  it('are all in the table of docs/reliability.md', () => {
    expect(recorded().map(({ name }) => name)).toEqual(mistakes.map(({ name }) => name));
  });

  it.each(mistakes.map((mistake) => [mistake.name, mistake] as const))(
    '%s',
    async (name, mistake) => {
      const { seeds: needed } = recorded().find((caught) => caught.name === name)!;
      // Other code meets its mistakes at other seeds: four times as many, and a hundred at least, are allowed before the table is wrong.
      expect(await catchMistake(mistake, Math.max(4 * needed, 100), [needed])).toBeDefined();
    },
    120_000,
  );
});
