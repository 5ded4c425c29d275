import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { root } from './tracked-files';

const list = path.join(__dirname, 'exported-surface.txt');

/** What a user of the package can name: exports of src/index.ts with the names of their public members. */
function exportedSurface(): { readonly lines: string[]; readonly leaks: string[] } {
  const config = ts.getParsedCommandLineOfConfigFile(path.join(root, 'tsconfig.json'), {}, { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined })!;
  const index = path.join(root, 'src', 'index.ts');
  const program = ts.createProgram([index], config.options);
  const checker = program.getTypeChecker();
  const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(index)!)!);
  const lines: string[] = [];
  const leaks: string[] = [];
  for (const alias of exported.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const symbol = alias.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(alias) : alias; // eslint-disable-line no-bitwise
    const [declaration] = symbol.declarations ?? [];
    if (ts.isClassDeclaration(declaration)) lines.push(...describeMembers('class', alias.name, declaration.members));
    else if (ts.isInterfaceDeclaration(declaration)) lines.push(...describeMembers('interface', alias.name, declaration.members));
    else if (ts.isEnumDeclaration(declaration)) lines.push(...describeMembers('enum', alias.name, declaration.members));
    else leaks.push(alias.name);
  }
  return { lines, leaks };
}

function describeMembers(kind: string, name: string, members: readonly (ts.ClassElement | ts.TypeElement | ts.EnumMember)[]): string[] {
  const visible = members
    .filter((member) => member.name !== undefined && !/^_|^#/.test(member.name.getText()))
    .filter((member) => !ts.canHaveModifiers(member) || !ts.getModifiers(member)?.some((modifier) =>
      modifier.kind === ts.SyntaxKind.PrivateKeyword || modifier.kind === ts.SyntaxKind.ProtectedKeyword))
    .map((member) => `  ${member.name!.getText()}${'questionToken' in member && member.questionToken ? '?' : ''}`);
  return [`${kind} ${name}`, ...[...new Set(visible)].sort()];
}

describe('the exported surface', () => {
  const surface = exportedSurface();

  test('is the one in exported-surface.txt', () => {
    const text = `${surface.lines.join('\n')}\n`;
    if (process.env.UPDATE_SURFACE) writeFileSync(list, text);
    // What users can name is a promise. When a change is meant: UPDATE_SURFACE=1 npx jest test/project/surface, and a line in CHANGELOG.md.
    expect(text).toBe(readFileSync(list, 'utf8'));
  });

  test('holds classes, interfaces and enums only: jsii drops the rest without a word, or leaks it', () => {
    expect(surface.leaks).toEqual([]);
  });
});
