import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parse } from 'yaml';
import { readTracked } from './tracked-files';
import { packagesIn, packagesText, pythonVersion } from '../../tools/release/packages';

const names = { npm: 'some-pay', python: 'some-pay', mavenGroup: 'io.some', mavenArtifact: 'some-pay', goModule: 'example.com/some-go' };
const version = '1.2.3-rc.1';
const jar = `java/io/some/some-pay/${version}/some-pay-${version}`;
const whole = [
  `js/some-pay@${version}.jsii.tgz`,
  `js/some-pay-local-${version}.tgz`,
  'python/some_pay-1.2.3rc1-py3-none-any.whl',
  'python/some_pay-1.2.3rc1.tar.gz',
  ...['.jar', '-sources.jar', '-javadoc.jar', '.pom'].flatMap((end) => [jar + end, `${jar}${end}.md5`, `${jar}${end}.sha1`]),
  'java/io/some/some-pay/maven-metadata.xml',
  ...['go.mod', 'version', 'LICENSE', 'README.md', 'Table.go', 'internal/types.go', 'jsii/jsii.go', `jsii/some-pay-${version}.tgz`].map(
    (file) => `go/somepay/${file}`,
  ),
];

let dist: string;
beforeEach(() => {
  dist = mkdtempSync(path.join(os.tmpdir(), 'dist-'));
});
afterEach(() => rmSync(dist, { recursive: true, force: true }));

function packagesOf(files: readonly string[]) {
  for (const file of files) {
    mkdirSync(path.dirname(path.join(dist, file)), { recursive: true });
    writeFileSync(path.join(dist, file), file);
  }
  return packagesIn(dist, names, version);
}

test('what a release brings to four registries, with sizes and digests', () => {
  const packages = packagesOf(whole);
  expect(packages.flatMap(({ problems }) => problems)).toEqual([]);
  expect(packages.map(({ coordinates }) => coordinates)).toEqual([
    `some-pay@${version}, some-pay-local@${version}`,
    'some-pay==1.2.3rc1',
    `io.some:some-pay:${version}`,
    `example.com/some-go/somepay@v${version}`,
  ]);
  expect(packages.flatMap(({ files }) => files.map(({ file }) => file)).sort()).toEqual([...whole].sort());
  expect(packages[0].files[1]).toMatchObject({ bytes: whole[0].length, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
  expect(packagesText(packages)).toContain(`npm: some-pay@${version}`);
});

test.each(whole.filter((file) => !/md5$|sha1$|metadata|Table|internal|jsii\/some-pay.*tgz$/.test(file)))('%s is missed', (file) => {
  expect(packagesOf(whole.filter((other) => other !== file)).flatMap(({ problems }) => problems)).toEqual([
    expect.stringContaining(`dist/${file} is missing`),
  ]);
});

test.each(['js/notes.txt', 'python/.pypirc', `${jar}-tests.jar`, 'go/somepay/.env', 'java/settings.xml'])(
  '%s must not be there',
  (file) => {
    expect(packagesOf([...whole, file]).flatMap(({ problems }) => problems)).toEqual([
      expect.stringContaining(`dist/${file} must not be published`),
    ]);
  },
);

test.each([
  ['1.2.3', '1.2.3'],
  ['1.2.3-rc.1', '1.2.3rc1'],
  ['1.2.3-alpha.2', '1.2.3a2'],
  ['1.2.3-beta.10', '1.2.3b10'],
])('%s is %s in Python', (given, expected) => expect(pythonVersion(given)).toBe(expected));

test('the workflows run the commands of the README, and the release publishes without a stored token where a registry can', () => {
  const [check, release] = ['check', 'release'].map((name) => parse(readTracked(`.github/workflows/${name}.yml`)) as { jobs: any });
  const runs = (job: { steps: { run?: string }[] }): string[] => job.steps.flatMap(({ run }) => run ?? []);
  expect(runs(check.jobs.check)).toEqual(['.ci/run']);
  expect(runs(release.jobs.build)).toEqual(['npm run release -- --tag "$GITHUB_REF_NAME"']);
  const publishing = Object.entries<any>(release.jobs).filter(([name]) => name !== 'build');
  expect(publishing.map(([name]) => name)).toEqual(['release_npm', 'release_pypi', 'release_maven', 'release_golang']);
  for (const [, job] of publishing) expect(job.needs).toBe('build');
  for (const name of ['release_npm', 'release_pypi']) {
    expect(release.jobs[name].permissions['id-token']).toBe('write');
    expect(JSON.stringify(release.jobs[name])).not.toContain('secrets.');
  }
});
