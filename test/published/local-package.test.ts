import { assets, dependencies, localFiles } from '../../tools/local-package/package';
import { localProblems } from '../../tools/local-package/step';
import { published } from '../../tools/published/links';
import { readTracked, root, trackedFiles } from '../project/tracked-files';

const file = (text: string): Buffer => Buffer.from(text);
const readme = published('tools/local-package/README.md', readTracked('tools/local-package/README.md'), '0.0.0', () => false);
const right: Readonly<Record<string, Buffer>> = {
  ...Object.fromEntries(localFiles.map((name) => [name, file(name)])),
  'README.md': file(readme),
  'package.json': file('{ "version": "0.0.0", "dependencies": { "aws-cdk": "2.0.0" } }'),
};
const problems = (planted: Readonly<Record<string, Buffer>>): string[] =>
  localProblems(new Map(Object.entries({ ...right, ...planted })), root);

test("the local run's package holds its files and no other, and its README leads into the repository", () => {
  expect(problems({})).toEqual([]);
  expect(readme).toContain('/blob/main/local/README.md#what-the-emulator-lacks');
});

test('what the local run starts or serves beside its code is in the package', () => {
  const beside = trackedFiles().filter((name) => name.startsWith('local/') && !/\.(?:ts|md)$/.test(name));
  expect(beside.length).toBeGreaterThan(5);
  expect(beside.filter((name) => !Object.values(assets).includes(name))).toEqual([]);
});

test('a custom resource of the constructs finds the client of each service that it calls', () => {
  const called = trackedFiles()
    .filter((name) => name.startsWith('src/') && name.endsWith('.ts'))
    .flatMap((name) =>
      [...readTracked(name).matchAll(/service: '(\w+)',\s+action: '[A-Za-z]+'/g)].map(([, service]) => service.toLowerCase()),
    );
  expect(new Set(called)).toEqual(new Set(['dynamodb', 'eventbridge', 's3']));
  expect(dependencies).toEqual(expect.arrayContaining(called.map((service) => `@aws-sdk/client-${service}`)));
});

test('a file that is missing is seen', () => {
  const files = new Map(Object.entries(right).filter(([name]) => name !== 'requirements.txt'));
  expect(localProblems(files, root)).toEqual(['requirements.txt is missing']);
});

test.each<[string, Readonly<Record<string, Buffer>>, string]>([
  ['a source', { 'local/run.ts': file('x') }, 'local/run.ts must not be published'],
  ['a path of the machine', { 'lib/index.js': file(`// ${root}/local`) }, 'lib/index.js holds the path of the machine that built it'],
  [
    'one file twice',
    { 'lib/index.js': file('x'.repeat(500)), 'lib/commands.js': file('x'.repeat(500)) },
    'lib/index.js is there twice: it equals lib/commands.js',
  ],
  [
    'a compiler at run time',
    { 'package.json': file('{ "version": "0.0.0", "dependencies": { "tsx": "1" } }') },
    'tsx is for the build, not for the run',
  ],
])('%s is seen', (_, planted, complaint) => {
  expect(problems(planted)).toEqual([complaint]);
});
