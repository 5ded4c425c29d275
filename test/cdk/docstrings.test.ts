import { readdirSync, readFileSync } from 'fs';
import path from 'path';
import ts from 'typescript';

const src = path.join(__dirname, '..', '..', 'src');
const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .map((file) => path.join(src, file))
  .filter(
    (file) =>
      file.endsWith('.ts') && !/\.(handler|contract|service|domain|aws)\.ts$|\/(contract|model|service|domain|aws|ports)\.ts$/.test(file),
  );
/** What the index exports: the rest is nobody's API. */
const exported = new Set(readFileSync(path.join(src, 'index.ts'), 'utf8').match(/\b[A-Z]\w+\b/g));

interface Prop {
  readonly name: string;
  readonly optional: boolean;
  readonly doc: string;
}

function propsOf(file: string): Prop[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ES2022, true);
  return source.statements
    .filter(ts.isInterfaceDeclaration)
    .filter(({ name }) => exported.has(name.text))
    .flatMap((declaration) =>
      declaration.members.filter(ts.isPropertySignature).map((member) => ({
        name: `${declaration.name.text}.${member.name.getText()}`,
        optional: member.questionToken !== undefined,
        doc: ts
          .getJSDocCommentsAndTags(member)
          .map((comment) => comment.getText())
          .join('\n'),
      })),
    );
}

const props = files.flatMap(propsOf);

test('there is something to look at', () => {
  expect(props.length).toBeGreaterThan(50);
});

test.each(props)('$name says what it means and, when optional, its default', ({ optional, doc }) => {
  expect(doc).toMatch(/[A-Za-z]{3}/);
  if (optional) expect(doc).toMatch(/@default (- |[\w'.()[]+)/);
  else expect(doc).not.toContain('@default');
});
