import { readTracked, trackedFiles } from './tracked-files';

/** The rows of a document's table below a heading, as their cells, without the table's head. */
function rowsBelow(document: string, heading: string): string[][] {
  const section = document.split(/^#{1,6} /m).find((part) => part.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`there is no heading '${heading}'`);
  return section.split('\n').filter((line) => line.startsWith('|')).slice(2).map((line) => line.slice(1, -1).split(/(?<!\\)\|/).map((cell) => cell.trim()));
}

const uncoded = (cell: string): string => cell.replace(/`/g, '');

describe('"Where is ...?" of CONTRIBUTING.md', () => {
  const rows = rowsBelow(readTracked('CONTRIBUTING.md'), 'Where is ...?');
  const map = readTracked('ARCHITECTURE.md');

  test.each(rows)('%s: %s: is in the file, and the file is there', (_what, _room, file, text) => {
    expect(trackedFiles()).toContain(uncoded(file));
    expect(readTracked(uncoded(file))).toContain(uncoded(text));
  });

  test.each(rows)('%s: its room is on the map', (_what, room, file) => {
    const folder = /`([a-z]+\/)`/.exec(room)![1];
    expect(uncoded(file).split('/').map((part) => `${part}/`)).toContain(folder);
    expect(map).toContain(`${uncoded(file).split('/')[0]}/`);
    expect(map).toMatch(new RegExp(`(?<![\\w-])${folder}`));
  });
});

test('local/README.md tells of every option of the local run, and of no other', () => {
  const options = [...readTracked('local/options.ts').matchAll(/'([a-z-]+)': \{ type: '(?:string|boolean)' \}/g)].map(([, name]) => name);
  const told = rowsBelow(readTracked('local/README.md'), 'Two regions on this machine').flatMap(([cell]) => [...cell.matchAll(/--([a-z-]+)/g)].map(([, name]) => name));
  expect(options.length).toBeGreaterThan(8);
  expect([...told].sort()).toEqual([...options].sort());
});
