import path from 'node:path';
import ts from 'typescript';
import { readTracked, root, trackedFiles } from './tracked-files';

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
    document, line: text.slice(0, match.index).split('\n').length + 1, text: match[1],
  }));
}

/** Compiles samples as modules of a user's app; returns the messages, with the document's own lines. */
function compile(samples: readonly Sample[]): string[] {
  const folder = path.join(root, 'samples-in-memory');
  const names = exportedNames();
  const files = new Map([[path.join(folder, 'surroundings.d.ts'), surroundings]]);
  for (const [at, sample] of samples.entries()) {
    const own = sample.text.includes('\'cdk-multi-region-payments\'');
    files.set(path.join(folder, `sample${at}.ts`), `${own ? '' : `import { ${names.join(', ')} } from 'cdk-multi-region-payments'; `}export {}; ${sample.text}`);
  }
  const config = ts.getParsedCommandLineOfConfigFile(path.join(root, 'tsconfig.json'), {}, { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined })!;
  const options: ts.CompilerOptions = {
    ...config.options, noEmit: true, noUnusedLocals: false, noUnusedParameters: false, rootDir: root,
    paths: { 'cdk-multi-region-payments': [path.join(root, 'src', 'index.ts')] },
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (file) => files.has(path.normalize(file)) || fileExists(file);
  host.readFile = (file) => files.get(path.normalize(file)) ?? readFile(file);
  host.getSourceFile = (file, version, ...rest) => {
    const text = files.get(path.normalize(file));
    return text === undefined ? getSourceFile(file, version, ...rest) : ts.createSourceFile(file, text, version, true);
  };
  const program = ts.createProgram([...files.keys()], options, host);
  return samples.flatMap((sample, at) => {
    const source = program.getSourceFile(path.join(folder, `sample${at}.ts`))!;
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map((found) =>
      `${sample.document}:${sample.line + source.getLineAndCharacterOfPosition(found.start ?? 0).line}: ${ts.flattenDiagnosticMessageText(found.messageText, ' ')}`);
  });
}

function exportedNames(): string[] {
  return [...readTracked('test/project/exported-surface.txt').matchAll(/^(?:class|interface|enum) (\w+)$/gm)].map((match) => match[1]);
}

describe('samples in the documents', () => {
  const documents = trackedFiles().filter((file) => file.endsWith('.md') && file !== 'API.md');
  const samples = documents.flatMap((document) => samplesOf(document, readTracked(document)));

  const wrong = samplesOf('wrong.md', '# Wrong\n\n```ts\nPaymentRegions.strong({ replicas: 3 });\n```\n');
  const messages = compile([...samples, ...wrong]);

  test('compile', () => {
    expect(messages.filter((message) => !message.startsWith('wrong.md'))).toEqual([]);
  });

  test('would not, were they wrong', () => {
    expect(messages).toContainEqual(expect.stringMatching(/^wrong\.md:4: Type 'number' is not assignable/));
  });
});
