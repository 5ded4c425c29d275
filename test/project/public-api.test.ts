import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { isApiReference, readTracked, root, trackedFiles } from './tracked-files';
import { runtimeEntry } from '../../tools/runtime-types';

const list = path.join(__dirname, 'exported-surface.txt');
const index = path.join(root, 'src', 'index.ts');

/** What a sample may use without saying where it comes from: the surroundings that every CDK app has. */
const surroundings = `
declare const app: import('aws-cdk-lib').App;
declare const stack: import('aws-cdk-lib').Stack;
declare const hostedZone: import('aws-cdk-lib/aws-route53').IHostedZone;
declare const certificate: import('aws-cdk-lib/aws-certificatemanager').ICertificate;
declare const issuer: string;
`;

interface Sample {
  readonly document: string;
  readonly line: number;
  readonly text: string;
}

/** The fenced \`ts\` blocks of the documents. */
function samplesOf(document: string, text: string): Sample[] {
  return [...text.matchAll(/^```(?:ts|typescript)\n([\s\S]*?)^```/gm)].map((match) => ({
    document,
    line: text.slice(0, match.index).split('\n').length + 1,
    text: match[1],
  }));
}

const folder = path.join(root, 'samples-in-memory');

/** One program for all of this file, for it takes long: the library, and the samples as modules of a user's app. */
function compile(samples: readonly Sample[]): ts.Program {
  const names = exportedNames();
  const files = new Map([[path.join(folder, 'surroundings.d.ts'), surroundings]]);
  for (const [at, sample] of samples.entries()) {
    const own = sample.text.includes("'cdk-multi-region-payments'");
    files.set(
      path.join(folder, `sample${at}.ts`),
      `${own ? '' : `import { ${names.join(', ')} } from 'cdk-multi-region-payments'; `}export {}; ${sample.text}`,
    );
  }
  const config = ts.getParsedCommandLineOfConfigFile(
    path.join(root, 'tsconfig.json'),
    {},
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined },
  )!;
  const options: ts.CompilerOptions = {
    ...config.options,
    noEmit: true,
    noUnusedLocals: false,
    noUnusedParameters: false,
    rootDir: root,
    paths: { 'cdk-multi-region-payments': [index], 'cdk-multi-region-payments/runtime': [path.join(root, runtimeEntry)] },
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (file) => files.has(path.normalize(file)) || fileExists(file);
  host.readFile = (file) => files.get(path.normalize(file)) ?? readFile(file);
  host.getSourceFile = (file, version, ...rest) => {
    const text = files.get(path.normalize(file));
    return text === undefined ? getSourceFile(file, version, ...rest) : ts.createSourceFile(file, text, version, true);
  };
  return ts.createProgram([index, ...files.keys()], options, host);
}

/** What is wrong with the samples, with the documents' own lines. */
function messagesOf(program: ts.Program, samples: readonly Sample[]): string[] {
  return samples.flatMap((sample, at) => {
    const source = program.getSourceFile(path.join(folder, `sample${at}.ts`))!;
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
      (found) =>
        `${sample.document}:${sample.line + source.getLineAndCharacterOfPosition(found.start ?? 0).line}: ` +
        `${ts.flattenDiagnosticMessageText(found.messageText, ' ')}`,
    );
  });
}

function exportedNames(): string[] {
  return [...readTracked('test/project/exported-surface.txt').matchAll(/^(?:class|interface|enum) (\w+)$/gm)].map((match) => match[1]);
}

/** What a user of the package can name: exports of src/index.ts with the names of their public members. */
function exportedSurface(program: ts.Program): { readonly lines: string[]; readonly leaks: string[] } {
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
    .filter(
      (member) =>
        !ts.canHaveModifiers(member) ||
        !ts
          .getModifiers(member)
          ?.some((modifier) => modifier.kind === ts.SyntaxKind.PrivateKeyword || modifier.kind === ts.SyntaxKind.ProtectedKeyword),
    )
    .map((member) => `  ${member.name!.getText()}${'questionToken' in member && member.questionToken ? '?' : ''}`);
  return [`${kind} ${name}`, ...[...new Set(visible)].sort()];
}

const samples = trackedFiles()
  .filter((file) => file.endsWith('.md') && !isApiReference(file))
  .flatMap((document) => samplesOf(document, readTracked(document)));
const wrong = samplesOf('wrong.md', '# Wrong\n\n```ts\nPaymentRegions.strong({ replicas: 3 });\n```\n');
const program = compile([...samples, ...wrong]);

describe('the exported surface', () => {
  const surface = exportedSurface(program);

  test('is the one in exported-surface.txt', () => {
    const text = `${surface.lines.join('\n')}\n`;
    if (process.env.UPDATE_SURFACE) writeFileSync(list, text);
    // What users can name is a promise. When a change is meant: UPDATE_SURFACE=1 npx jest test/project/public-api, and a line in
    // CHANGELOG.md.
    expect(text).toBe(readFileSync(list, 'utf8'));
  });

  test('holds classes, interfaces and enums only: jsii drops the rest without a word, or leaks it', () => {
    expect(surface.leaks).toEqual([]);
  });
});

describe('samples in the documents', () => {
  const messages = messagesOf(program, [...samples, ...wrong]);

  test('compile', () => {
    expect(messages.filter((message) => !message.startsWith('wrong.md'))).toEqual([]);
  });

  test('would not, were they wrong', () => {
    expect(messages).toContainEqual(expect.stringMatching(/^wrong\.md:4: Type 'number' is not assignable/));
  });
});
