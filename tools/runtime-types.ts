/**
 * Declarations of `cdk-multi-region-payments/runtime`, beside its bundle: those of its entry and of what that names, and none of a package.
 */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

export const runtimeEntry = 'src/events/consumers/runtime.aws.ts';

/** Writes `runtime/index.d.ts`, `runtime/index.d.mts` and `runtime/types/`; returns what is wrong, one line each. */
export function writeRuntimeTypes(root: string): string[] {
  const outDir = path.join(root, 'runtime', 'types');
  const declarations = new Map<string, string>();
  const { config } = ts.readConfigFile(path.join(root, 'tsconfig.dev.json'), (file) => ts.sys.readFile(file)) as {
    config: { compilerOptions: object };
  };
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
  const program = ts.createProgram([path.join(root, runtimeEntry)], {
    ...options,
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    sourceMap: false,
    inlineSourceMap: false,
    rootDir: path.join(root, 'src'),
    outDir,
    composite: false,
    incremental: false,
  });
  program.emit(undefined, (file, text) => declarations.set(path.normalize(file), text));
  const problems: string[] = [];
  const needed = new Map<string, string>();
  const visit = (file: string, by: string): void => {
    if (needed.has(file)) return;
    const text = declarations.get(file);
    if (text === undefined) {
      problems.push(`${by} names ${path.relative(outDir, file)}, of which there is no declaration`);
      return;
    }
    needed.set(file, text);
    for (const { fileName } of ts.preProcessFile(text).importedFiles) {
      if (fileName.startsWith('.')) {
        visit(path.join(path.dirname(file), `${fileName}.d.ts`), path.relative(outDir, file));
      } else {
        problems.push(
          `${path.relative(outDir, file)} names a type of '${fileName}', which a team may not have: give it an explicit type without it`,
        );
      }
    }
  };
  visit(path.join(outDir, path.relative('src', runtimeEntry).replace(/\.ts$/, '.d.ts')), 'the entry');
  if (existsSync(outDir)) rmSync(outDir, { recursive: true });
  for (const [file, text] of needed) {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  // One for each form: TypeScript takes a declaration for what the file beside it is.
  const entry = `./types/${path.posix.relative('src', runtimeEntry).replace(/\.ts$/, '')}`;
  writeFileSync(path.join(root, 'runtime', 'index.d.ts'), `export * from '${entry}';\n`);
  writeFileSync(path.join(root, 'runtime', 'index.d.mts'), `export * from '${entry}.js';\n`);
  return problems;
}
