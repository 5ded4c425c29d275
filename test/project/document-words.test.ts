import { hardWords } from './hard-words';
import { isApiReference, readTracked, trackedFiles } from './tracked-files';

/** The longest sentence of a document in words; a piece of code counts as one. */
const longestSentence = 35;

/** Of a document, whose sentences are read in passing, these too. */
const hardInDocuments: readonly RegExp[] = [
  ...hardWords,
  /\b(?:anew|mends|mended)\b/i,
  /\bare none\b/,
  /\bany [a-z]+ at all\b/,
  /\beverybody\b/i,
];

/** Made by commands from other texts. */
const isGenerated = (file: string): boolean => isApiReference(file) || file === 'docs/security-table.md';
/** A list of changes that everybody adds a line to, read once and not from beginning to end: only its words are held. */
const unbounded = ['CHANGELOG.md'];

interface Sentence {
  readonly line: number;
  readonly text: string;
}

/** The sentences of a document: of its paragraphs, points and cells of tables, without its samples and what commands wrote into it. */
function sentencesOf(document: string): Sentence[] {
  const blank = (text: string): string => text.replace(/[^\n]/g, '');
  const prose = document
    .replace(/```[^]*?```/g, blank)
    .replace(/<!-- ([a-z]+): npm run [^]*?<!-- end of \1 -->/g, blank)
    .replace(/<!--[^]*?-->/g, blank);
  const sentences: Sentence[] = [];
  let paragraph = '';
  let began = 0;
  const end = (): void => {
    const read = paragraph.replace(/`[^`]+`/g, (code) => (/\s/.test(code) ? '`code`' : code)).replace(/\*\*/g, '');
    for (const text of read.split(/(?<=[.!?][)"]?)\s+(?=[A-Z\d`([*$])/)) {
      // A link is read by its text.
      const sentence = text
        .replace(/!?\[([^\]]*)\]\([^)\s]*\)/g, '$1')
        .replace(/\s+/g, ' ')
        .trim();
      if (sentence !== '') sentences.push({ line: began, text: sentence });
    }
    paragraph = '';
  };
  prose.split('\n').forEach((line, index) => {
    if (/^\s*(?:$|\||#|[-*] |\d+\. )/.test(line)) end();
    if (paragraph === '') began = index + 1;
    if (/^\s*\|/.test(line)) {
      for (const cell of line.split(/(?<!\\)\|/)) {
        paragraph = cell;
        end();
      }
    } else {
      paragraph += `${line}\n`;
      if (line.startsWith('#')) end();
    }
  });
  end();
  return sentences;
}

const wordsIn = (text: string): number => text.split(' ').filter((word) => /[\p{L}\p{N}]/u.test(word)).length;

function problemsOf(file: string, document: string): string[] {
  return sentencesOf(document).flatMap(({ line, text }) => [
    ...hardInDocuments
      .filter((word) => word.test(text.replace(/`[^`]*`/g, '')))
      .map((word) => `${file}:${line} says '${word.exec(text.replace(/`[^`]*`/g, ''))![0]}': ${text}`),
    ...(!unbounded.includes(file) && wordsIn(text) > longestSentence
      ? [`${file}:${line} has a sentence of ${wordsIn(text)} words: ${text}`]
      : []),
  ]);
}

const documents = trackedFiles().filter((file) => file.endsWith('.md') && !isGenerated(file));

describe('documents', () => {
  test(`have plain words, and sentences of at most ${longestSentence} words`, () => {
    const read = documents.map((file) => ({ file, document: readTracked(file) }));
    expect(read.flatMap(({ document }) => sentencesOf(document)).length).toBeGreaterThan(3_000);
    expect(read.flatMap(({ file, document }) => problemsOf(file, document))).toEqual([]);
  });

  test.each([
    ['Whoever reads it stumbles.', "says 'Whoever'"],
    ['| who | does |\n|---|---|\n| the caller | sends it anew |', "says 'anew'"],
    ['- It is so.\n- Nobody knows.', "says 'Nobody'"],
    [`It is${' very'.repeat(40)} long.`, 'sentence of 43 words'],
    [`It is short. But this one\nis${' very'.repeat(40)} long. And this one is short.`, 'sentence of 45 words'],
    ['`any name at all` is code, but any name at all is a text.', "says 'any name at all'"],
  ])('are seen to be wrong: %j', (planted, complaint) => {
    expect(problemsOf('planted.md', planted)).toEqual([expect.stringContaining(complaint)]);
  });

  test('may quote code, and be long in a sample', () => {
    expect(
      problemsOf('planted.md', `Run \`ask nobody --for ${'a '.repeat(60)}\`.\n\n\`\`\`\n${'nobody reads this '.repeat(30)}\n\`\`\`\n`),
    ).toEqual([]);
  });
});
