import ts from 'typescript';
import { readTracked, trackedFiles } from './tracked-files';

/** Names that two files may declare, each with its reason. */
const allowed: Readonly<Record<string, string>> = {};

/** The types that a file declares at its top, for others or for itself. */
function typesOf(file: string, text: string): string[] {
  const { statements } = ts.createSourceFile(file, text, ts.ScriptTarget.Latest);
  return statements.flatMap((statement) => {
    const isType =
      ts.isInterfaceDeclaration(statement) ||
      ts.isTypeAliasDeclaration(statement) ||
      ts.isClassDeclaration(statement) ||
      ts.isEnumDeclaration(statement);
    return isType && statement.name ? [statement.name.text] : [];
  });
}

/** Each name that several files declare, with these files. */
function namedTwice(sources: Readonly<Record<string, string>>): Record<string, string[]> {
  const files = new Map<string, string[]>();
  for (const [file, text] of Object.entries(sources)) {
    for (const name of typesOf(file, text)) files.set(name, [...(files.get(name) ?? []), file]);
  }
  return Object.fromEntries([...files].filter(([name, owners]) => owners.length > 1 && !Object.hasOwn(allowed, name)));
}

test.each([
  ['src', 600],
  ['local', 250],
])('a type of %s has a name of its own there: one name means one thing', (folder, atLeast) => {
  const sources = trackedFiles().filter((file) => file.startsWith(`${folder}/`) && file.endsWith('.ts'));
  expect(sources.flatMap((file) => typesOf(file, readTracked(file))).length).toBeGreaterThan(atLeast);
  expect(namedTwice(Object.fromEntries(sources.map((file) => [file, readTracked(file)])))).toEqual({});
});

test('finds an interface, a type, a class and an enum of one name, exported or not', () => {
  const planted = {
    'src/one.ts': 'export interface A {}\nexport type B = 1;\nexport class C {}\nexport enum D { X }\ntype E = 1;\ntype F = 1;',
    'src/two.ts': 'export type A = 1;\nexport class B {}\nexport abstract class C {}\nexport interface D {}\ntype E = 1;\nconst F = 1;',
  };
  expect(Object.keys(namedTwice(planted))).toEqual(['A', 'B', 'C', 'D', 'E']);
});
