import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { trackedFiles } from './tracked-files';
import { turns } from '../turns';

type Loop = ts.WhileStatement | ts.DoStatement | ts.ForStatement;

const root = join(__dirname, '../..');
const { LessThanToken, LessThanEqualsToken, GreaterThanToken, GreaterThanEqualsToken } = ts.SyntaxKind;
const relations = new Set<ts.SyntaxKind>([LessThanToken, LessThanEqualsToken, GreaterThanToken, GreaterThanEqualsToken]);

const within = (node: ts.Node | undefined): readonly ts.Node[] => {
  if (!node) return [];
  const all: ts.Node[] = [node];
  ts.forEachChild(node, (child) => {
    all.push(...within(child));
  });
  return all;
};
const texts = (nodes: readonly ts.Node[]): readonly string[] => nodes.flatMap((node) => (ts.isIdentifier(node) ? [node.text] : []));

/** A comparison that a counter or a clock decides; how much is left of something is none. */
const isMeasured = (node: ts.Node): boolean =>
  ts.isBinaryExpression(node) &&
  relations.has(node.operatorToken.kind) &&
  !(ts.isPropertyAccessExpression(node.left) && /^(length|size)$/.test(node.left.name.text) && node.right.getText() === '0');

const leaves = (node: ts.Node): boolean =>
  within(node).some((one) => ts.isThrowStatement(one) || ts.isReturnStatement(one) || ts.isBreakStatement(one));

const equals = new Set<ts.SyntaxKind>([ts.SyntaxKind.EqualsEqualsEqualsToken, ...relations]);

/** A counter of the loop's own is compared with something inside it. */
function isCounted({ initializer, incrementor }: ts.ForStatement, body: readonly ts.Node[]): boolean {
  const counters = new Set(incrementor && initializer && ts.isVariableDeclarationList(initializer) ? texts(within(incrementor)) : []);
  return body.some(
    (node) => ts.isBinaryExpression(node) && equals.has(node.operatorToken.kind) && texts(within(node)).some((name) => counters.has(name)),
  );
}

function isBounded(loop: Loop): boolean {
  const condition = ts.isForStatement(loop) ? loop.condition : loop.expression;
  const body = within(loop.statement);
  if (within(condition).some(isMeasured)) return true;
  if (body.some((node) => ts.isCallExpression(node) && node.expression.getText() === 'turn')) return true;
  // A reader takes what is left of a text, and fails where nothing is.
  if ([...within(condition), ...body].some((node) => ts.isCallExpression(node) && /^this\.(next|skip)$/.test(node.expression.getText()))) {
    return true;
  }
  if (ts.isForStatement(loop) && isCounted(loop, body)) return true;
  // A place in a text or list that goes on.
  const places = new Set(texts(within(condition)));
  const goesOn = (node: ts.Node): boolean =>
    ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusEqualsToken && places.has(node.left.getText());
  if (body.some(goesOn)) return true;
  return body.some((node) => ts.isIfStatement(node) && within(node.expression).some(isMeasured) && leaves(node.thenStatement));
}

const isLoop = (node: ts.Node): node is Loop => ts.isWhileStatement(node) || ts.isDoStatement(node) || ts.isForStatement(node);

function loopsIn(text: string, name = 'x.ts'): readonly { readonly place: string; readonly loop: Loop }[] {
  const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
  return within(source)
    .filter(isLoop)
    .map((loop) => ({ place: `${name}:${source.getLineAndCharacterOfPosition(loop.getStart()).line + 1}`, loop }));
}
const loopsBelow = (folder: string): ReturnType<typeof loopsIn> =>
  trackedFiles()
    .filter((name) => name.startsWith(folder) && name.endsWith('.ts'))
    .flatMap((name) => loopsIn(readFileSync(join(root, name), 'utf8'), name));

/** What AWS calls the place where a list goes on. */
const cursor = /\b(NextToken|nextToken|LastEvaluated\w+|NextShardIterator|nextCursor|NextMarker|NextContinuationToken)\b/;

test('a loop in a test that something else must end counts its turns: const turn = turns(...)', () => {
  const loops = loopsBelow('test/');
  expect(loops.length).toBeGreaterThan(20);
  expect(loops.filter(({ loop }) => !isBounded(loop)).map(({ place }) => place)).toEqual([]);
});

test('a shipped loop that follows a cursor takes it through onwards(), or reads so many pages at most', () => {
  const paging = loopsBelow('src/').filter(({ loop }) => cursor.test(loop.getText()));
  expect(paging.length).toBeGreaterThan(3);
  const ends = (loop: Loop): boolean =>
    /\b(next|onward)\(page\./.test(loop.getText()) || (ts.isForStatement(loop) && within(loop.condition).some(isMeasured));
  expect(paging.filter(({ loop }) => !ends(loop)).map(({ place }) => place)).toEqual([]);
});

/** Waits of a fixed time, outside of every loop. The simulation's time is virtual. */
function fixedWaits(text: string, name = 'x.ts'): readonly string[] {
  if (!/\b(?:sleep|setTimeout)\(/.test(text)) return [];
  const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
  const inLoop = (node: ts.Node): boolean => node.parent !== undefined && (isLoop(node.parent) || inLoop(node.parent));
  // A race against a timer, or work that a timer begins, waits for nothing.
  const isAwaited = (node: ts.Node): boolean =>
    ts.isAwaitExpression(node.parent) ||
    ((ts.isNewExpression(node.parent) ||
      ts.isArrowFunction(node.parent) ||
      ts.isExpressionStatement(node.parent) ||
      ts.isBlock(node.parent)) &&
      isAwaited(node.parent));
  const isFixed = (node: ts.Node): boolean =>
    ts.isCallExpression(node) &&
    (node.expression.getText() === 'sleep' ? ts.isNumericLiteral(node.arguments[0]) : /\(\w+, [\d_]+\)/.test(timerOf(node) ?? ''));
  return within(source)
    .filter((node) => isFixed(node) && !inLoop(node) && isAwaited(node))
    .map((node) => `${name}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`);
}

/** A timer whose callback does nothing but end a promise. */
const timerOf = ({ expression, arguments: [callback, ms] }: ts.CallExpression): string | undefined =>
  expression.getText() === 'setTimeout' && callback && ts.isIdentifier(callback) && /^resolve/.test(callback.text) && ms
    ? `(${callback.text}, ${ms.getText()})`
    : undefined;

test('a test waits for what is to come by until(...), and says by timePasses(...) why else time has to pass', () => {
  const waits = trackedFiles()
    .filter((name) => name.startsWith('test/') && !name.startsWith('test/simulation/') && name.endsWith('.ts'))
    .flatMap((name) => fixedWaits(readFileSync(join(root, name), 'utf8'), name));
  expect(waits).toEqual([]);
});

test.each([
  ['a fixed wait', 'await sleep(1_000); await call();', 1],
  ['a fixed wait by a timer', 'await new Promise((resolve) => setTimeout(resolve, 50));', 1],
  ['a look now and then', 'for (;;) { turn(); await sleep(20); }', 0],
  ['a time that the caller gives', 'const wait = (ms: number) => sleep(ms);', 0],
])('the rule of waits judges %s', (_name, text, count) => {
  expect(fixedWaits(text)).toHaveLength(count);
});

describe('the rule', () => {
  test.each([
    ['a page loop', 'do { cursor = (await list(cursor)).next } while (cursor)'],
    ['waiting for ever', 'while (!done()) await sleep(5)'],
    ['a queue that may never be empty', 'while (queue.length > 0) queue.shift()'],
    ['for ever', 'for (;;) { if (await found()) return; }'],
  ])('finds %s', (_name, text) => {
    expect(loopsIn(text).map(({ loop }) => isBounded(loop))).toEqual([false]);
  });

  test.each([
    ['turns that are counted', 'do { turn(); cursor = next(cursor) } while (cursor)'],
    ['a deadline', 'for (;;) { if (Date.now() > end) throw new Error("late"); }'],
    ['a counter', 'while (n < 5) n += 1'],
    ['a place in a text', 'while (text[at] === " ") at += 1'],
  ])('takes %s', (_name, text) => {
    expect(loopsIn(text).map(({ loop }) => isBounded(loop))).toEqual([true]);
  });
});

test('what does not end says what it was', () => {
  const turn = turns('pages of accounts', 3);
  const follow = (): void => {
    for (let at = 0; at < 10; at += 1) turn();
  };
  expect(follow).toThrow('pages of accounts: not over after 3 turns');
});
