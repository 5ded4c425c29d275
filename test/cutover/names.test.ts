import ts from 'typescript';
import { readTracked, trackedFiles } from '../project/tracked-files';

const sources = trackedFiles()
  .filter((file) => file.startsWith('src/') && file.endsWith('.ts'))
  .map((file) => ts.createSourceFile(file, readTracked(file), ts.ScriptTarget.Latest, true));
const cutover = sources.filter(({ fileName }) => fileName.startsWith('src/cutover/'));

/** Names of the types that stand at the top of a file. */
function typesOf(source: ts.SourceFile): string[] {
  return source.statements.flatMap((one) =>
    ts.isInterfaceDeclaration(one) || ts.isTypeAliasDeclaration(one) || ts.isClassDeclaration(one) ? [one.name?.text ?? ''] : [],
  );
}

/** Names under which a stack trace shows a function. */
function functionsOf(source: ts.SourceFile): string[] {
  const names: string[] = [];
  const look = (node: ts.Node): void => {
    const initializer = ts.isVariableDeclaration(node) ? node.initializer : undefined;
    const isFunction = ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node) || (initializer && ts.isArrowFunction(initializer));
    const name = isFunction ? (node as ts.NamedDeclaration).name : undefined;
    if (name && ts.isIdentifier(name)) names.push(name.text);
    ts.forEachChild(node, look);
  };
  look(source);
  return names;
}

test("a type's name means one thing: no other area declares it, and no other file of the cutover", () => {
  const files = new Map<string, string[]>();
  for (const source of sources) for (const name of typesOf(source)) files.set(name, [...(files.get(name) ?? []), source.fileName]);
  const own = cutover.flatMap(typesOf);
  expect(own.length).toBeGreaterThan(80);
  expect(own.map((name) => [name, files.get(name)]).filter(([, where]) => where!.length > 1)).toEqual([]);
});

test("a function's name says what it does or gives: it is no bare participle and no adverb", () => {
  const names = cutover.flatMap(functionsOf);
  expect(names.length).toBeGreaterThan(150);
  expect(names.filter((name) => /^(?:[a-z]+(?:ed|ly)|made|found|told|said|given|taken|seen|known|broken)$/.test(name))).toEqual([]);
});
