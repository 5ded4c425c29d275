import ts from 'typescript';
import { readTracked, trackedFiles } from './tracked-files';

/** Names that two files may export, each with its reason. */
const allowed: Readonly<Record<string, string>> = {};

/** The types that a file declares and exports. */
function exportedTypes(file: string, text: string): string[] {
  const { statements } = ts.createSourceFile(file, text, ts.ScriptTarget.Latest);
  return statements.flatMap((statement) => {
    const isType =
      ts.isInterfaceDeclaration(statement) ||
      ts.isTypeAliasDeclaration(statement) ||
      ts.isClassDeclaration(statement) ||
      ts.isEnumDeclaration(statement);
    if (!isType || !statement.name) return [];
    return statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ? [statement.name.text] : [];
  });
}

/** Each name that several files export, with these files. */
function namedTwice(sources: Readonly<Record<string, string>>): Record<string, string[]> {
  const files = new Map<string, string[]>();
  for (const [file, text] of Object.entries(sources)) {
    for (const name of exportedTypes(file, text)) files.set(name, [...(files.get(name) ?? []), file]);
  }
  return Object.fromEntries([...files].filter(([name, owners]) => owners.length > 1 && !Object.hasOwn(allowed, name)));
}

test('a type exported in src has a name of its own: one name means one thing', () => {
  const sources = trackedFiles().filter((file) => /^src\/.*\.ts$/.test(file));
  expect(sources.flatMap((file) => exportedTypes(file, readTracked(file))).length).toBeGreaterThan(400);
  expect(namedTwice(Object.fromEntries(sources.map((file) => [file, readTracked(file)])))).toEqual({});
});

test('finds an interface, a type, a class and an enum of one name, and passes over what a file keeps for itself', () => {
  const planted = {
    'src/one.ts': 'export interface A {}\nexport type B = 1;\nexport class C {}\nexport enum D { X }\nexport type E = 1;',
    'src/two.ts': 'export type A = 1;\nexport class B {}\nexport abstract class C {}\nexport interface D {}\ntype E = 1;',
  };
  expect(Object.keys(namedTwice(planted))).toEqual(['A', 'B', 'C', 'D']);
});
