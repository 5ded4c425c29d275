import { isApiReference, readTracked, trackedFiles } from './tracked-files';
import { dashboards } from '../examples/held-dashboards';

/** The rows of a document's table below a heading, as their cells, without the table's head. */
function rowsBelow(document: string, heading: string): string[][] {
  const section = document.split(/^#{1,6} /m).find((part) => part.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`there is no heading '${heading}'`);
  return section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) =>
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim()),
    );
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
    expect(
      uncoded(file)
        .split('/')
        .map((part) => `${part}/`),
    ).toContain(folder);
    expect(map).toContain(`${uncoded(file).split('/')[0]}/`);
    expect(map).toMatch(new RegExp(`(?<![\\w-])${folder}`));
  });
});

test.each([
  ['local/README.md', 'Two regions on this machine', [] as string[]],
  // It has no examples.
  ['tools/local-package/README.md', 'Options', ['example']],
])('%s tells of every option of the local run, and of no other', (file, heading, without) => {
  const options = [...readTracked('local/options.ts').matchAll(/'?([a-z-]+)'?: \{ type: '(?:string|boolean)'/g)].map(([, name]) => name);
  const told = rowsBelow(readTracked(file), heading).flatMap(([cell]) => [...cell.matchAll(/--([a-z-]+)/g)].map(([, name]) => name));
  expect(options.length).toBeGreaterThan(8);
  expect([...told].sort()).toEqual(options.filter((name) => !without.includes(name)).sort());
});

const sources = trackedFiles()
  .filter((file) => /^(?:src|local)\/.*\.ts$/.test(file))
  .map((file) => ({ file, text: readTracked(file) }));
const inSource = (name: string): boolean =>
  sources.some(({ text }) => text.includes(name) && new RegExp(`(?<!\\w)${name}(?!\\w)`).test(text));

/** What is wrong with a glossary's rows. */
function glossaryProblems(rows: readonly string[][]): string[] {
  const terms = rows.map(([term]) => term);
  const words = (term: string): string => term.replace(/[ -]/g, '[ -]?');
  const spoken = (term: string): boolean => sources.some(({ text }) => new RegExp(`(?:^|[^a-zA-Z])${words(term)}`, 'im').test(text));
  return [
    ...terms.filter((term, index) => index > 0 && term <= terms[index - 1]).map((term) => `'${term}' is not in its place by the alphabet`),
    ...terms.filter((term) => !spoken(term)).map((term) => `'${term}' is not a word of the code`),
    ...rows
      .filter(([, meaning]) => !/^[A-Z][^.]*\.$/.test(meaning.replace(/`[^`]*`/g, 'code')))
      .map(([term]) => `the meaning of '${term}' is not one sentence`),
    ...rows
      .filter(([, , name]) => !inSource(uncoded(name)))
      .map(([term, , name]) => `'${term}' is named ${name}, which is not in the code`),
  ];
}

describe('the glossary', () => {
  const rows = rowsBelow(readTracked('ARCHITECTURE.md'), 'Glossary');

  test('is sorted, has one sentence for each term, and the code uses each term and its name', () => {
    expect(rows.length).toBeGreaterThanOrEqual(25);
    expect(glossaryProblems(rows)).toEqual([]);
  });

  test('a term names at most one exported type of the package', () => {
    const typeOf = (term: string): string => term.replace(/(?:^|[ -])([a-z])/g, (_, letter: string) => letter.toUpperCase());
    const declared = (type: string): string[] =>
      sources
        .filter(
          ({ file, text }) =>
            file.startsWith('src/') && new RegExp(`^export (?:abstract )?(?:type|interface|class|enum) ${type}\\b`, 'm').test(text),
        )
        .map(({ file }) => file);
    const types = rows.map(([term]) => ({ term, files: declared(typeOf(term)) }));
    expect(types.filter(({ files }) => files.length === 1).length).toBeGreaterThan(5);
    expect(types.filter(({ files }) => files.length > 1)).toEqual([]);
  });

  test.each([
    [
      [
        ['home', 'A region.', '`Entry`'],
        ['entry', 'A code.', '`Entry`'],
      ],
      'alphabet',
    ],
    [[['entry', 'A code. It is short.', '`Entry`']], 'not one sentence'],
    [[['entry', 'a code', '`Entry`']], 'not one sentence'],
    [[['gnome', 'A region.', '`Entry`']], 'not a word of the code'],
    [[['entry', 'A code.', '`Entrie`']], 'not in the code'],
  ])('is seen to be wrong: %j', (planted, complaint) => {
    expect(glossaryProblems(planted)).toEqual([expect.stringContaining(complaint)]);
  });
});

describe('the picture of the architecture', () => {
  const picture = readTracked('docs/images/architecture.svg');
  const texts = [...picture.matchAll(/<text [^>]*>([^<]+)<\/text>/g)].map(([, text]) => text);

  test('draws names that the code exports, and no other', () => {
    const names = [
      ...new Set(
        [...texts, ...picture.match(/<desc[^>]*>([^<]+)/)![1].split(/[\s,.]+/)].filter((text) => /^[A-Z][a-z]+[A-Z]\w+$/.test(text)),
      ),
    ];
    expect(names.length).toBeGreaterThanOrEqual(6);
    expect(
      names.filter((name) => !sources.some(({ text }) => new RegExp(`^export (?:abstract )?class ${name}\\b`, 'm').test(text))),
    ).toEqual([]);
  });

  test('has the numbers of the steps that the overview explains, with the same names', () => {
    const steps = readTracked('ARCHITECTURE.md')
      .split('## Overview\n')[1]
      .split('\n## ')[0]
      .match(/^\d+\. .*$/gm)!;
    expect(
      texts
        .filter((text) => /^\d$/.test(text))
        .map(Number)
        .sort(),
    ).toEqual(steps.map((_, index) => index + 1));
    const named = steps.flatMap((step) => /`([A-Z][a-z]+[A-Z]\w+)`/.exec(step)?.[1] ?? []);
    expect(named.length).toBeGreaterThanOrEqual(6);
    expect(texts).toEqual(expect.arrayContaining(named));
  });

  test('needs nothing from elsewhere, has a description, and is in both documents', () => {
    expect(picture.replace('xmlns="http://www.w3.org/2000/svg"', '')).not.toMatch(/https?:|<script|href/);
    expect(picture).toMatch(/<title[^>]*>[^<]+<\/title>\s*<desc[^>]*>[^<]+<\/desc>/);
    for (const document of ['README.md', 'ARCHITECTURE.md']) expect(readTracked(document)).toContain('(docs/images/architecture.svg)');
  });
});

/** What is wrong with the runbook's entries of alarms; `linked` are the anchors that alarms lead to. */
function runbookProblems(runbook: string, linked: readonly string[]): string[] {
  const alarms = runbook.split(/^# /m).find((part) => part.startsWith('Alarms\n')) ?? '';
  const entries = alarms
    .split(/^## /m)
    .slice(1)
    .map((entry) => ({ title: entry.split('\n')[0], parts: entry.split(/^### /m).slice(1) }));
  const anchors = entries.map(({ title }) =>
    title
      .toLowerCase()
      .replace(/[^a-z -]/g, '')
      .replace(/ /g, '-'),
  );
  return [
    ...entries
      .filter(({ parts }) => parts.map((part) => part.split('\n')[0]).join() !== 'What it means,Look at,Do')
      .map(({ title }) => `'${title}' has not the three headings in their order`),
    ...entries
      .filter(({ parts }) => parts.some((part) => part.split('\n').slice(1).join('').trim() === ''))
      .map(({ title }) => `'${title}' has an empty part`),
    ...linked
      .filter((anchor) => !anchors.includes(anchor))
      .map((anchor) => `an alarm leads to #${anchor}, which is not an entry of an alarm`),
  ];
}

describe('the runbook', () => {
  const runbook = readTracked('docs/runbook.md');

  test('says of each alarm what it means, what to look at and what to do', () => {
    const templates = trackedFiles()
      .filter((file) => file.startsWith('test/examples/__snapshots__/'))
      .map(readTracked)
      .join('\n');
    const linked = [...new Set([...templates.matchAll(/runbook\.md#([a-z-]+)/g)].map(([, anchor]) => anchor))]
      // A dashboard leads to the beginning.
      .filter((anchor) => anchor !== 'first-look');
    expect(runbook).toContain('\n## First look\n');
    expect(linked.length).toBeGreaterThan(25);
    expect(runbookProblems(runbook, linked)).toEqual([]);
  });

  test.each([
    ['# Alarms\n## Late\n### What it means\nIt is late.\n### Do\nWait.\n', 'three headings'],
    ['# Alarms\n## Late\n### What it means\nIt is late.\n### Look at\n\n### Do\nWait.\n', 'empty part'],
    ['# Alarms\n# Operations\n## Late\n', 'not an entry of an alarm'],
  ])('is seen to be wrong: %j', (planted, complaint) => {
    expect(runbookProblems(planted, ['late'])).toEqual([expect.stringContaining(complaint)]);
  });
});

test('files that a document names are there', () => {
  const all = trackedFiles();
  const documents = all.filter((file) => file.endsWith('.md') && !isApiReference(file) && file !== 'CHANGELOG.md');
  const named = documents.flatMap((document) =>
    [...readTracked(document).matchAll(/`((?:[\w-]+\/)*[a-z][\w.-]*\.(?:ts|cjs|mjs|yaml|py))`/g)].map(([, file]) => ({ document, file })),
  );
  expect(named.length).toBeGreaterThan(60);
  expect(named.filter(({ file }) => !all.some((tracked) => tracked === file || tracked.endsWith(`/${file}`)))).toEqual([]);
});

test('docs/operations.md says of every widget of a dashboard how to read it, and of no other', () => {
  const guide = uncoded(readTracked('docs/operations.md'));
  const explained = [...guide.matchAll(/^\| \*\*(.+?)\*\*/gm)].map(([, title]) => title);
  expect([...explained, 'Alarms'].sort()).toEqual([...new Set(dashboards.flat())].sort());
  expect(guide).toContain('**Alarms**');
});
