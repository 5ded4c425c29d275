import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { build } from 'esbuild';
import ts from 'typescript';
import { StatedCondition } from './derive';
import { root } from '../../bundle';

/** How a run of tests ended: `red` with the first test that failed, `hung` when it had to be ended. */
export type Tested =
  | { readonly kind: 'green' }
  | { readonly kind: 'red'; readonly file: string; readonly test: string; readonly message: string }
  | { readonly kind: 'hung'; readonly file: string };

/**
 * Tests of other things, and slow ones: constructs, examples, browsers, builds, stored forms, crashes; and the simulation, which comes last
 * by itself.
 */
const others =
  /\.(construct|browser|full)\.test\.ts$|^test\/(examples|local|local-unit|project|consumers|simulation|bench|security|cdk|formats|crashes)\//;

/** For each file below `src/` the tests that load it, those of its own area first and among them those named for races. */
export async function testsBySource(): Promise<ReadonlyMap<string, readonly string[]>> {
  const tests = ts.sys
    .readDirectory(path.join(root, 'test'), ['.ts'])
    .map((file) => path.relative(root, file).split(path.sep).join('/'))
    .filter((file) => file.endsWith('.test.ts') && !others.test(file))
    .sort();
  const { metafile } = await build({
    entryPoints: tests,
    absWorkingDir: root,
    bundle: true,
    write: false,
    outdir: 'out',
    platform: 'node',
    packages: 'external',
    metafile: true,
    logLevel: 'silent',
  });
  const bySource = new Map<string, string[]>();
  for (const { entryPoint, inputs } of Object.values(metafile.outputs)) {
    for (const input of Object.keys(inputs)) {
      if (entryPoint && input.startsWith('src/')) bySource.set(input.slice(4), [...(bySource.get(input.slice(4)) ?? []), entryPoint]);
    }
  }
  const rank = (source: string, test: string): number =>
    (test.startsWith(`test/${source.split('/')[0]}/`) ? 0 : test.startsWith('test/contract/') ? 1 : 2) + (/races/.test(test) ? 0 : 0.5);
  return new Map(
    [...bySource].map(([source, all]) => [
      source,
      all.sort((one, other) => rank(source, one) - rank(source, other) || (one < other ? -1 : 1)),
    ]),
  );
}

/** A line of `reporter.cjs`: a file was begun, or, with a message, is red; no test: the file itself did not load. */
interface Line {
  readonly file: string;
  readonly test?: string;
  readonly message?: string;
}

/** Runs test files in a process of their own, as shipped or with a condition left out, and no longer than is given. */
export async function runTests(files: readonly string[], condition: StatedCondition | undefined, withinMs: number): Promise<Tested> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'conditions-'));
  try {
    const [config, output] = [path.join(folder, 'jest.json'), path.join(folder, 'lines.jsonl')];
    writeFileSync(config, JSON.stringify(configuration(output)));
    const edit = condition && { ...condition, file: path.join(root, 'src', condition.file) };
    const jest = spawn(
      process.execPath,
      [
        path.join(root, 'node_modules/jest/bin/jest.js'),
        '--config',
        config,
        '--runInBand',
        ...(condition ? ['--bail'] : []),
        '--runTestsByPath',
        ...files,
      ],
      {
        cwd: root,
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { ...process.env, TMPDIR: folder, NODE_OPTIONS: '', ...(edit ? { CONDITION_WITHOUT: JSON.stringify(edit) } : {}) },
      },
    );
    let said = '';
    jest.stderr.on('data', (part: Buffer) => {
      said = `${said}${part.toString()}`.slice(-4_000);
    });
    const timer = setTimeout(() => jest.kill('SIGKILL'), withinMs);
    const code = await new Promise<number | null>((resolve, reject) => {
      jest.on('error', reject);
      jest.on('exit', resolve);
    });
    clearTimeout(timer);
    const lines = existsSync(output)
      ? readFileSync(output, 'utf8')
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as Line)
      : [];
    const red = lines.find(({ message }) => message !== undefined);
    if (red) return redOf(red);
    if (code === null) return { kind: 'hung', file: nameOf(lines.at(-1)?.file ?? files[0]) };
    if (code !== 0) throw new Error(`jest ended with ${code} and no red test: ${files.join(' ')}\n${said}`);
    return { kind: 'green' };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The project's own configuration, but that files are only translated, one of them edited. */
function configuration(output: string): object {
  const { jest } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    jest: { transform: Record<string, unknown>; [name: string]: unknown };
  };
  const { globalSetup: _, reporters: __, ...kept } = jest;
  return {
    ...kept,
    rootDir: root,
    reporters: [[path.join(__dirname, 'reporter.cjs'), { output }]],
    transform: { ...jest.transform, '^.+\\.[t]sx?$': path.join(__dirname, 'transform.cjs') },
  };
}

function redOf({ file, test, message = '' }: Line): Tested {
  // A file that does not even load says nothing of the condition.
  if (test === undefined) throw new Error(`${nameOf(file)} could not be run: ${message}`);
  return { kind: 'red', file: nameOf(file), test, message };
}

const nameOf = (file: string): string => path.relative(root, file).split(path.sep).join('/');
