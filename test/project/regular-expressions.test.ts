import ts from 'typescript';
import { readTracked, trackedFiles } from './tracked-files';

// In JavaScript, on this thread: the same verdicts on every machine, without its native programs.
process.env.RECHECK_BACKEND = 'pure';
const { checkSync } = jest.requireActual<typeof import('recheck')>('recheck');

/** Patterns on which the checker's word is not the last, and why no text of a stranger can keep them busy. */
const excepted: Readonly<Record<string, string>> = {};

/** A pattern that is made while the program runs cannot be checked here. Each needs a reason. */
const made: Readonly<Record<string, string>> = {};

interface Found {
  readonly where: string;
  readonly text: string;
}

function found(file: string): { literals: Found[]; made: Found[] } {
  const source = ts.createSourceFile(file, readTracked(file), ts.ScriptTarget.Latest, true);
  const literals: Found[] = [];
  const calls: Found[] = [];
  const place = (node: ts.Node): string => `${file}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
  const look = (node: ts.Node): void => {
    if (ts.isRegularExpressionLiteral(node)) literals.push({ where: place(node), text: node.text });
    const makes =
      (ts.isNewExpression(node) || ts.isCallExpression(node)) && ts.isIdentifier(node.expression) && node.expression.text === 'RegExp';
    if (makes) calls.push({ where: place(node), text: node.getText() });
    ts.forEachChild(node, look);
  };
  look(source);
  return { literals, made: calls };
}

const everywhere = trackedFiles()
  .filter((file) => /^(src|local)\/.*\.(ts|mjs|cjs|js)$/.test(file))
  .map(found);
const literals = new Map(everywhere.flatMap((file) => file.literals).map(({ text, where }) => [text, where]));

/** What the checker says of a literal; undefined when no text takes longer than its length warrants. */
function complaint(literal: string): string | undefined {
  const end = literal.lastIndexOf('/');
  const verdict = checkSync(literal.slice(1, end), literal.slice(end + 1), { timeout: 120_000, randomSeed: 1 });
  if (verdict.status === 'safe') return undefined;
  return verdict.status === 'vulnerable' ? verdict.complexity.summary : `not known: ${verdict.error.kind}`;
}

describe('regular expressions', () => {
  test('the checker knows a pattern that a text can keep busy', () => {
    expect(complaint('/0+$/')).toMatch(/2nd degree/);
    expect(complaint('/^0+$/')).toBeUndefined();
  });

  test('no text makes one in src/ or local/ take longer than its length warrants', () => {
    expect(literals.size).toBeGreaterThan(100);
    const wrong = [...literals]
      .filter(([text]) => excepted[text] === undefined)
      .flatMap(([text, where]) => {
        const said = complaint(text);
        return said === undefined ? [] : [`${where} ${text} is ${said}`];
      });
    expect(wrong).toEqual([]);
  }, 600_000);

  test('none is put together while the program runs: the checker could not see it', () => {
    expect(everywhere.flatMap((file) => file.made).filter(({ text }) => made[text] === undefined)).toEqual([]);
  });

  test('no exception is left over', () => {
    expect(Object.keys(excepted).filter((text) => !literals.has(text))).toEqual([]);
    const calls = everywhere.flatMap((file) => file.made).map(({ text }) => text);
    expect(Object.keys(made).filter((text) => !calls.includes(text))).toEqual([]);
  });
});
