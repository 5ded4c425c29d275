import { problemsOf } from '../../tools/published/contents';
import { published } from '../../tools/published/links';
import { isApiReference, readTracked, root, trackedFiles } from '../project/tracked-files';

const inPackage = (file: string): boolean => ['README.md', 'ARCHITECTURE.md', 'docs/events.md'].includes(file);
const repository = 'https://github.com/cdk-multi-region-payments/cdk-multi-region-payments/blob/v1.2.3';
const pictures = 'https://raw.githubusercontent.com/cdk-multi-region-payments/cdk-multi-region-payments/v1.2.3';

describe('a document as it is published', () => {
  test.each([
    ['README.md', 'see [events](docs/events.md#two-transports)', `see [events](${repository}/docs/events.md#two-transports)`],
    ['README.md', '![a\npicture](docs/images/page.png)', `![a\npicture](${pictures}/docs/images/page.png)`],
    ['README.md', '[here](#try-it) and [there](https://example.com/x)', '[here](#try-it) and [there](https://example.com/x)'],
    ['docs/cutover.md', '[events](events.md#x), [all](../ARCHITECTURE.md)', '[events](events.md#x), [all](../ARCHITECTURE.md)'],
    ['docs/cutover.md', '[the app](../examples/migration/)', `[the app](${repository}/examples/migration)`],
    [
      'docs/cutover.md',
      '```\n[code](../examples/x.md)\n```\n[x](../local/README.md)',
      `\`\`\`\n[code](../examples/x.md)\n\`\`\`\n[x](${repository}/local/README.md)`,
    ],
  ])('%s: %j', (document, text, expected) => {
    expect(published(document, text, '1.2.3', inPackage)).toBe(expected);
  });

  test('leads to the branch where versions come from, while it has no tag', () => {
    expect(published('README.md', '[x](docs/events.md)', '0.0.0', inPackage)).toContain('/blob/main/docs/events.md');
  });
});

describe('what a document says until the first release', () => {
  const documents = trackedFiles().filter((file) => file.endsWith('.md') && !isApiReference(file));
  const noted = documents.filter((file) => readTracked(file).includes('**Not released yet.**'));

  test('stands where the package is installed, and is gone in a released version', () => {
    expect(noted).toEqual(expect.arrayContaining(['README.md', 'docs/start.md', 'docs/tutorial.md', 'tools/local-package/README.md']));
    for (const file of noted) {
      const text = readTracked(file);
      expect([file, published(file, text, '0.0.0', () => true).includes('**Not released yet.**')]).toEqual([file, true]);
      const released = published(file, text, '1.2.3', () => true);
      expect([file, /not released|before-the-first-release|until released|0\.0\.0/i.exec(released)?.[0]]).toEqual([file, undefined]);
      expect([file, released.length > 0.6 * text.length]).toEqual([file, true]);
    }
  });
});

describe('the contents of the package', () => {
  const file = (text: string): Buffer => Buffer.from(text);
  const right = {
    'package.json': file('{ "version": "0.0.0" }'),
    'README.md': file(published('README.md', '[start](docs/start.md)', '0.0.0', inPackage)),
    'docs/start.md': file('[back](../README.md), [up](#start)'),
    'lib/index.js': file('exports.x = 1;'),
  };
  const problems = (planted: Readonly<Record<string, Buffer>>, expected = Object.keys(right)): string[] =>
    problemsOf(new Map(Object.entries({ ...right, ...planted })), expected, root);

  test('are right when each is of a family, and each link leads somewhere', () => {
    expect(problems({})).toEqual([]);
  });

  test.each<[string, Readonly<Record<string, Buffer>>, string]>([
    ['a test', { 'test/api/x.test.ts': file('x') }, 'test/api/x.test.ts must not be published'],
    ['a source beside what is made of it', { 'src/index.ts': file('x') }, 'src/index.ts must not be published'],
    ['a source map', { 'lib/index.js.map': file('x') }, 'lib/index.js.map must not be published'],
    ['a path of the machine', { 'lib/made.js': file(`// ${root}/lib`) }, 'lib/made.js holds the path of the machine that built it'],
    [
      'a function outside of its bundle',
      { 'lib/api/x.handler.js': file('x') },
      'lib/api/x.handler.js runs inside Lambda: it belongs in a bundle only',
    ],
    [
      'one file twice',
      { 'lib/a.js': file('x'.repeat(500)), 'lib/b.js': file('x'.repeat(500)) },
      'lib/b.js is there twice: it equals lib/a.js',
    ],
    ['a link to what is not there', { 'docs/start.md': file('[x](gone.md)') }, 'docs/start.md leads to gone.md, which the package has not'],
    [
      'a link that no page of a registry has',
      { 'README.md': file('[x](docs/start.md)') },
      "README.md leads to docs/start.md, which a registry's page has not",
    ],
    [
      'a link to what the repository has not',
      { 'README.md': file(published('README.md', '[x](docs/gone.md)', '0.0.0', inPackage)) },
      'README.md leads to https://github.com/cdk-multi-region-payments/cdk-multi-region-payments/blob/main/docs/gone.md, which the repository has not',
    ],
    [
      'another README for the other languages',
      { '.jsii': file('{ "readme": { "markdown": "old" } }') },
      '.jsii holds another README than README.md',
    ],
  ])('%s is seen', (_, planted, complaint) => {
    expect(problems(planted)).toEqual([complaint]);
  });

  test('a document that is missing is seen', () => {
    expect(problems({}, ['docs/runbook.md'])).toEqual(['docs/runbook.md is missing']);
  });
});
