import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Apps, Disk, examples, initialise, languages } from '../../src/commands/init/init.service';
import { appsOf } from '../../tools/apps/apps';
import { root } from '../project/tracked-files';

let place: string;
beforeEach(() => (place = mkdtempSync(path.join(tmpdir(), 'init-'))));
afterEach(() => rmSync(place, { recursive: true }));

/** The command as a user runs it, in an empty folder. */
const command = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [path.join(root, 'bin', 'index.js'), 'init', ...args], {
    cwd: place,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
};
const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort();
const read = (...parts: string[]): string => readFileSync(path.join(place, ...parts), 'utf8');

describe.each(examples)('init %s', (example) => {
  test.each(languages)('writes the app for %s, and says which files', (language) => {
    expect(command(example, 'app', '--language', language, '--json', 'written.json')).toMatchObject({ status: 0, stderr: '' });
    const written = JSON.parse(read('written.json')) as { outcome: string; folder: string; files: string[] };
    expect(written).toMatchObject({ outcome: 'written', folder: 'app' });
    expect(filesIn(path.join(place, 'app'))).toEqual([...written.files].sort());
    expect(written.files).toEqual(expect.arrayContaining(['.gitignore', 'README.md', 'cdk.json']));
    expect(written.files.filter((file) => /(^|\/|\.)(app|App)?_?[tT]ests?[./]/.test(file))).not.toEqual([]);
    const text = written.files.map((file) => read('app', file)).join('\n');
    expect(text).not.toContain('@@');
    expect(text).not.toContain(root);
    expect(read('app', 'README.md')).toContain('/blob/main/docs/runbook.md');
  });
});

test.each([
  ['active-active', 'typescript', 'site'],
  ['migration', 'typescript', 'system/site'],
  ['active-active', 'python', 'payments/site'],
  ['migration', 'python', 'payments/site'],
  ['active-active', 'java', 'site'],
  ['migration', 'java', 'site'],
  ['active-active', 'go', 'site'],
  ['migration', 'go', 'site'],
] as const)('%s for %s has the web app where its code looks for it', (example, language, folder) => {
  const own = filesIn(path.join(root, 'examples', 'active-active', 'site'));
  const files = appsOf(root)[example][language];
  expect(own).toContain('index.html');
  for (const file of own) {
    expect(files[`${folder}/${file}`]).toBe(readFileSync(path.join(root, 'examples/active-active/site', file), 'utf8'));
  }
});

test('is for TypeScript, and here, where nothing else is said', () => {
  mkdirSync(path.join(place, '.git'));
  expect(command('active-active')).toEqual({
    status: 0,
    stdout: expect.stringMatching(/^wrote active-active for typescript here: \d+ files; README\.md says what to do next\n$/),
    stderr: '',
  });
  expect(JSON.parse(read('package.json'))).toMatchObject({ dependencies: { 'cdk-multi-region-payments': '0.0.0' } });
});

test('a folder with something in it is refused with 1, and nothing is written', () => {
  for (const name of ['.env', 'a', 'b', 'c']) writeFileSync(path.join(place, name), 'mine');
  expect(command('active-active', '--json', 'written.json')).toEqual({
    status: 1,
    stdout: '',
    stderr: 'refused: . is not empty (.env, a, b and 1 more): give an empty folder, or the name of a new one; nothing was written\n',
  });
  expect(filesIn(place)).toEqual(['.env', 'a', 'b', 'c']);
  expect(read('.env')).toBe('mine');
});

test('a file in the place of the folder is refused with 1', () => {
  writeFileSync(path.join(place, 'app'), 'mine');
  expect(command('migration', 'app')).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/^refused: app cannot be used as a folder: /),
  });
  expect(read('app')).toBe('mine');
});

test.each([
  [['passive'], 'Allowed choices are active-active, migration'],
  [[], "missing required argument 'example'"],
  [['migration', '--language', 'cobol'], 'Allowed choices are typescript, python, java, go'],
  [['migration', 'here', 'there'], 'too many arguments'],
  [['migration', '--force'], "unknown option '--force'"],
])('wrong arguments %j end with 2, and nothing is written', (args, says) => {
  expect(command(...args)).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining(says) });
  expect(readdirSync(place)).toEqual([]);
});

describe('the app that is written', () => {
  const apps = appsOf(root) as Apps;
  const request = { example: 'active-active', language: 'typescript', folder: 'app' } as const;
  const memory = (failAt = Infinity): Disk & { readonly files: Map<string, string> } => {
    const files = new Map<string, string>();
    return {
      files,
      entries: () => undefined,
      write: (_, file, text) => {
        if (files.size >= failAt) throw new Error('no space is left');
        files.set(file, text);
      },
    };
  };

  test('asks for the version of the package, and leads to the documents of that version', () => {
    const disk = memory();
    initialise(disk, apps, { ...request, version: '1.2.3' });
    expect(JSON.parse(disk.files.get('package.json')!)).toMatchObject({ dependencies: { 'cdk-multi-region-payments': '1.2.3' } });
    expect(disk.files.get('README.md')).toContain('/blob/v1.2.3/docs/runbook.md');
  });

  test('is told apart from one that a full disk cut short', () => {
    expect(initialise(memory(2), apps, { ...request, version: '1.2.3' })).toEqual({
      outcome: 'stopped',
      why: 'alarms.ts could not be written: no space is left',
      files: ['.gitignore', 'README.md'],
    });
    expect(initialise(memory(0), apps, { ...request, version: '1.2.3' }).outcome).toBe('refused');
  });

  test('holds the TypeScript of the example, file by file', () => {
    const source = (file: string): string => readFileSync(path.join(root, 'examples', file), 'utf8');
    for (const file of ['app.ts', 'config.ts', 'stacks.ts', 'recorder.ts', 'recorder/index.ts']) {
      expect(apps['active-active'].typescript[file]).toBe(source(`active-active/${file}`));
    }
    const moved = apps.migration.typescript;
    for (const file of ['config.ts', 'stacks.ts', 'recorder.ts', 'alarms.ts']) {
      expect(moved[`system/${file}`]).toBe(source(`active-active/${file}`));
    }
    expect(moved['stacks.ts']).toBe(source('migration/stacks.ts').replace("'../active-active/stacks'", "'./system/stacks'"));
    expect(Object.values(moved).join('')).not.toMatch(/from '.*active-active/);
  });
});
