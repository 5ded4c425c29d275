import ts from 'typescript';
import { hardWords } from './hard-words';
import { readTracked, trackedFiles } from './tracked-files';

/** Of a text without its context, these too. */
const hardInErrors: readonly RegExp[] = [...hardWords, /(?<!there )\bis no [a-z]/i, /says nothing/];

/** The longest text of an error, without the values in it: longer ones belong into the documents. */
const longestText = 330;

interface Text {
  readonly where: string;
  readonly text: string;
}

/** A text as its reader sees it, with `{}` for each value; undefined for what is no text. */
function textOf(node: ts.Node): string | undefined {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateExpression(node)) return node.head.text + node.templateSpans.map(({ literal }) => `{}${literal.text}`).join('');
  if (!ts.isBinaryExpression(node) || node.operatorToken.kind !== ts.SyntaxKind.PlusToken) return undefined;
  const [left, right] = [textOf(node.left), textOf(node.right)];
  return left === undefined && right === undefined ? undefined : `${left ?? '{}'}${right ?? '{}'}`;
}

/** Everything that the rules ask about a file. */
class Texts {
  public readonly all: Text[] = [];
  /** Made with `new Error(...)` or another class of error. */
  public readonly errors: Text[] = [];
  /** The errors that are made here by `new Error(...)` itself. */
  public readonly plainErrors: Text[] = [];
  public readonly warnings: Text[] = [];
  public readonly details: Text[] = [];
  /** What is wrong with a prop: whatever the parts say. */
  public readonly problems: { readonly where: string; readonly parts: ReadonlyMap<string, string> }[] = [];

  constructor(
    private readonly file: string,
    private readonly source: ts.SourceFile,
  ) {
    this.look(source);
  }

  private look(node: ts.Node): void {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return;
    const text = textOf(node);
    const where = `${this.file}:${this.source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
    if (text !== undefined && !ts.isBinaryExpression(node.parent) && text.trim().split(/\s+/).length >= 3) this.all.push({ where, text });
    if (ts.isNewExpression(node)) this.lookAtNew(node, where);
    if (ts.isCallExpression(node)) this.lookAtCall(node, where);
    if (ts.isObjectLiteralExpression(node)) this.lookAtObject(node, where);
    ts.forEachChild(node, (child) => this.look(child));
  }

  private lookAtNew(
    { expression, arguments: given = [] as unknown as ts.NodeArray<ts.Expression> }: ts.NewExpression,
    where: string,
  ): void {
    const name = expression.getText();
    if (!/(?:Error|Fault|Invariant|InvalidEvent)$/.test(name)) return;
    if (name === 'Error') this.plainErrors.push({ where, text: given.map((one) => textOf(one) ?? '').join() });
    const texts = given.map(textOf).filter((text) => text !== undefined && / /.test(text)) as string[];
    this.errors.push(...texts.map((text) => ({ where, text })));
    if (name === 'ProblemError') this.details.push(...texts.map((text) => ({ where, text })));
  }

  private lookAtCall({ expression, arguments: given }: ts.CallExpression, where: string): void {
    if (!ts.isPropertyAccessExpression(expression) || !/^add(?:Warning|Error|Info)/.test(expression.name.text)) return;
    this.warnings.push({ where, text: textOf(given[given.length - 1]) ?? '' });
  }

  private lookAtObject({ properties }: ts.ObjectLiteralExpression, where: string): void {
    const parts = new Map(
      properties.flatMap((one) => {
        if (ts.isShorthandPropertyAssignment(one)) return [[one.name.text, '{}'] as const];
        return ts.isPropertyAssignment(one) && ts.isIdentifier(one.name) ? [[one.name.text, textOf(one.initializer) ?? '{}'] as const] : [];
      }),
    );
    if (parts.has('prop') && parts.has('allowed')) this.problems.push({ where, parts });
    if (parts.has('title') && parts.has('detail')) this.details.push({ where, text: parts.get('detail')! });
  }
}

function textsOf(file: string, content: string): Texts {
  return new Texts(file, ts.createSourceFile(file, content, ts.ScriptTarget.Latest, true));
}

/** Rules for every text, in whichever place. */
function wordProblems({ all }: Texts): string[] {
  return all.flatMap(({ where, text }) =>
    hardInErrors.filter((word) => word.test(text)).map((word) => `${where} says ${word.exec(text)![0]}: '${text}'`),
  );
}

/** Rules for errors and for what HTTP answers. */
function errorProblems({ errors, details }: Texts): string[] {
  return [
    ...errors
      .filter(({ text }) => text.length > longestText)
      .map(({ where, text }) => `${where} has ${text.length} characters, more than ${longestText}: '${text}'`),
    ...errors
      .filter(({ text }) => /\bmust\b/.test(text) && !/\{\}|'[^']+'/.test(text))
      .map(({ where, text }) => `${where} says 'must', and neither names nor shows what: '${text}'`),
    ...details.filter(({ text }) => !/(?:[.!?]|\{\})$/.test(text)).map(({ where, text }) => `${where} is not a whole sentence: '${text}'`),
  ];
}

/** Rules for constructs, whose texts are read at synthesis among those of many others. */
function constructProblems({ plainErrors, warnings, problems }: Texts): string[] {
  return [
    ...plainErrors.map(
      ({ where }) => `${where} makes an error by itself: use invalidProps, which says the construct's path and the four parts`,
    ),
    ...warnings
      .filter(({ text }) => !text.startsWith('[{}] '))
      .map(({ where, text }) => `${where} does not begin with the construct's path: '${text}'`),
    ...problems.flatMap(({ where, parts }) => {
      const missing = ['prop', 'given', 'allowed', 'mend'].filter((part) => (parts.get(part) ?? '').trim() === '');
      const length = [...parts.values()].join('').length;
      return [
        ...(missing.length > 0 ? [`${where} does not say '${missing.join("', '")}'`] : []),
        ...(length > longestText ? [`${where} has ${length} characters, more than ${longestText}`] : []),
      ];
    }),
  ];
}

/** The one place in which a construct's error is made. */
const maker = 'src/cdk/checks/invalid-props.ts';

const files = trackedFiles().filter((file) => /^(?:src|local|tools|examples)\/.*\.(?:ts|mjs)$/.test(file) && !file.endsWith('.d.ts'));
const read = files
  .map((file) => ({ file, content: readTracked(file) }))
  .map(({ file, content }) => ({
    file,
    texts: textsOf(file, content),
    isConstruct: file.startsWith('src/') && /from '(?:constructs|aws-cdk-lib)/.test(content) && file !== maker,
  }));

describe('texts that a person is shown', () => {
  test('use plain words', () => {
    expect(read.flatMap(({ texts }) => texts.all).length).toBeGreaterThan(2_000);
    expect(read.flatMap(({ texts }) => wordProblems(texts))).toEqual([]);
  });

  test('of errors are short, say what must be, and are sentences where HTTP answers them', () => {
    expect(read.flatMap(({ texts }) => texts.details).length).toBeGreaterThan(30);
    expect(read.flatMap(({ texts }) => errorProblems(texts))).toEqual([]);
  });

  test('of constructs say where, what was given, what is allowed and how to mend it', () => {
    const constructs = read.filter(({ isConstruct }) => isConstruct);
    expect(constructs.flatMap(({ texts }) => texts.problems).length).toBeGreaterThan(120);
    expect(constructs.flatMap(({ texts }) => texts.warnings).length).toBeGreaterThan(4);
    expect(constructs.flatMap(({ texts }) => constructProblems(texts))).toEqual([]);
  });

  test.each([
    ["throw new ProblemError('bad', `the thing is none of ${these}.`);", 'says is none'],
    ["const why = 'ask whoever knows it';", 'says whoever'],
    ["const why = `'${run}' is no execution`;", 'says is no e'],
    ["throw new Error('the mode must be another one');", "says 'must'"],
    [`throw new Error('${'a long text '.repeat(40)}');`, 'more than 330'],
    ["throw new ProblemError('bad', 'this has no end');", 'not a whole sentence'],
    ["const one = { status: 400, title: 'Bad', detail: 'this has no end' };", 'not a whole sentence'],
    ['throw new Error(`[${this.node.path}] it is wrong`);', 'use invalidProps'],
    ["Annotations.of(scope).addWarningV2('id', `${scope.node.path} is odd`);", "does not begin with the construct's path"],
    ["throw invalidProps(this, { prop: 'a', given, allowed: 'b or c', mend: '' });", "does not say 'mend'"],
  ])('are seen to be wrong: %s', (planted, complaint) => {
    const texts = textsOf('planted.ts', planted);
    expect([...wordProblems(texts), ...errorProblems(texts), ...constructProblems(texts)]).toContainEqual(
      expect.stringContaining(complaint),
    );
  });

  test('with a value that ends a sentence, and what is there or not, are as they should be', () => {
    const texts = textsOf(
      'planted.ts',
      "throw new ProblemError('bad', `There is no account ${id}`); throw invalidProps(this, { prop: 'a', given: `${a}`, allowed: '1 " +
        "or 2', mend: 'set 1' });",
    );
    expect([...wordProblems(texts), ...errorProblems(texts), ...constructProblems(texts)]).toEqual([]);
  });
});
