import { blocksWithFigures, originOf } from './figures';
import { Elsewhere, elsewhere } from './figures-elsewhere';
import { readTracked, trackedFiles } from '../project/tracked-files';

/** Made by commands, which they name at their beginning. */
const madeByCommands = ['docs/alarms.md', 'docs/reference.md', 'docs/security-table.md'];
const read = /^(?:[A-Z]+|docs\/[\w-]+|examples\/.+|local\/README|tools\/local-package\/README)\.md$/;
const unread = [...madeByCommands, 'API.md', 'CHANGELOG.md'];
const documents = trackedFiles().filter((file) => read.test(file) && !unread.includes(file));

/** What a team can set: a figure beside such a name is the default of that prop, which a test holds. */
const settings = new Set([...readTracked('test/project/exported-surface.txt').matchAll(/^ {2}([a-z]\w+)\??$/gm)].map(([, name]) => name));

/** Lines of a document whose figures come from nowhere, and entries of the list that are not needed. */
function problemsOf(document: string, text: string, listed: readonly Elsewhere[]): string[] {
  const blocks = blocksWithFigures(text);
  const open = blocks.filter((block) => originOf(block, settings) === undefined);
  const isListed = (block: { readonly text: string }): boolean => listed.some(({ begins }) => block.text.trim().startsWith(begins));
  return [
    ...open
      .filter((block) => !isListed(block))
      .map(({ line, text: block }) => `${document}:${line} names no command and no source of its figures: ${block.trim().slice(0, 100)}`),
    ...listed
      .filter(({ begins }) => open.filter(({ text: block }) => block.trim().startsWith(begins)).length !== 1)
      .map(({ begins }) => `${document}: the list has '${begins}', which is not one block without an origin: take the entry away`),
  ];
}

describe('figures in documents', () => {
  test('name their command or their source, or say that they are estimated; the others are listed, with the reason', () => {
    expect(documents.length).toBeGreaterThan(20);
    expect(documents.flatMap((document) => blocksWithFigures(readTracked(document))).length).toBeGreaterThan(150);
    expect(
      documents.flatMap((document) =>
        problemsOf(
          document,
          readTracked(document),
          elsewhere.filter((entry) => entry.document === document),
        ),
      ),
    ).toEqual([]);
    expect(elsewhere.filter(({ document }) => !documents.includes(document))).toEqual([]);
  });

  test('of the list stand in the code where it says so', () => {
    const missing = elsewhere.filter(({ code }) => code !== undefined && !readTracked(code[0]).includes(code[1]));
    expect(missing).toEqual([]);
  });

  test.each([
    ['a paragraph', '# A\n\nA payment takes 12 ms.\n'],
    ['a point', '# A\n\nIt is so:\n- A payment takes 1.5 s.\n'],
    ['a table', '# A\n\n| what | cost |\n|---|---|\n| a payment | $12.71 |\n'],
    ['a command in another section', '# A\n\n`npm run bench` prints it.\n\n# B\n\nA GB takes 4 minutes.\n'],
    ['a link that leads to no figures', '# A\n\nA GB takes [4 minutes](glossary.md).\n'],
    ['a name that no team can set', '# A\n\nA payment takes 12 ms in `HOME_REGION` of `authorise`.\n'],
  ])('without an origin are seen in %s', (_, text) => {
    expect(problemsOf('x.md', text, [])).toEqual([expect.stringContaining('names no command and no source')]);
  });

  test.each([
    ['a command in the section', '# A\n\nA payment takes 12 ms.\n\n```\nnpm run bench\n```\n'],
    ['a page of AWS', '# A\n\nA region takes [10,000 calls a second](https://docs.aws.amazon.com/x).\n'],
    ['a guide that holds figures', '# A\n\nA GB takes 4 minutes ([measured](performance.md#x)).\n'],
    ['the sentence before a list', '# A\n\nAs estimated:\n\n- a payment takes 12 ms\n- a capture takes 30 ms\n'],
    ['a prop', '# A\n\nRecords last 5 s (`recordTtl`).\n'],
    ['a block made by a command', '# A\n\n<!-- npx cdk-multi-region-payments cost --tps 1 -->\nIt costs $12.\n<!-- end -->\n'],
    ['code alone', '# A\n\nGive `--lag 12 ms`.\n\n```\ntook 12 ms\n```\n'],
    ['no figure', '# A\n\nIn 2026 there were 15 regions.\n'],
  ])('are at rest with %s', (_, text) => {
    expect(problemsOf('x.md', text, [])).toEqual([]);
  });

  test('are not listed in vain', () => {
    const entry = { document: 'x.md', begins: 'A payment takes', why: 'a bound' };
    expect(problemsOf('x.md', '# A\n\nA payment takes 12 ms.\n', [entry])).toEqual([]);
    expect(problemsOf('x.md', '# A\n\nA payment takes 12 ms, as estimated.\n', [entry])).toEqual([
      expect.stringContaining('take the entry away'),
    ]);
  });
});
