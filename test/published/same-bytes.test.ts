import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { renderSbom } from '../../tools/bundles/sbom';
import { differences } from '../../tools/packing/again';
import { sameTimes, timeOfCommit } from '../../tools/packing/times';
import { hasProgram } from '../../tools/steps';

const time = new Date('2026-11-30T05:00:00Z');
let place: string;
beforeEach(() => {
  place = mkdtempSync(path.join(os.tmpdir(), 'same-'));
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

function write(file: string, text: string, at = time, mode = 0o644): string {
  const full = path.join(place, file);
  mkdirSync(path.dirname(full), { recursive: true });
  writeFileSync(full, text);
  chmodSync(full, mode);
  utimesSync(full, at, at);
  return full;
}

/** A build's files, as Python's and Maven's tools write them at a time of their own. */
function built(dist: string, day: number, mode: number, order: readonly string[]): string {
  const at = new Date(Date.UTC(2026, 10, day, 4, 30));
  for (const file of order) write(`${dist}-source/pay-1.0.0/${file}`, `text of ${file}`, at, mode);
  mkdirSync(path.join(place, dist, 'python'), { recursive: true });
  const names = order.map((file) => `pay-1.0.0/${file}`);
  const archive = path.join(place, dist, 'python', 'pay-1.0.0.tar.gz');
  const { status, stderr } = spawnSync('tar', ['-czf', archive, '-C', path.join(place, `${dist}-source`), ...names], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  const index = write(`${dist}/java/io/pay/maven-metadata.xml`, `<metadata><lastUpdated>202611${day}043000</lastUpdated></metadata>`);
  write(`${dist}/java/io/pay/maven-metadata.xml.md5`, createHash('md5').update(readFileSync(index)).digest('hex'));
  return path.join(place, dist);
}

(hasProgram('python3') ? test : test.skip)('archives of two days, modes and orders are the same bytes', async () => {
  const [first, second] = [built('one', 28, 0o664, ['a.py', 'b.py']), built('two', 29, 0o644, ['b.py', 'a.py'])];
  expect(differences(first, second)).toHaveLength(3);
  for (const dist of [first, second]) expect(await sameTimes(dist, time)).toBeUndefined();
  expect(differences(first, second)).toEqual([]);
  const index = path.join(first, 'java', 'io', 'pay', 'maven-metadata.xml');
  expect(readFileSync(index, 'utf8')).toContain('<lastUpdated>20261130050000<');
  expect(readFileSync(`${index}.md5`, 'utf8')).toBe(createHash('md5').update(readFileSync(index)).digest('hex'));
  const list = spawnSync('tar', ['-tvzf', path.join(first, 'python', 'pay-1.0.0.tar.gz')], { encoding: 'utf8', env: { TZ: 'UTC' } }).stdout;
  expect(list).toMatch(/2026-11-30 05:00 pay-1\.0\.0\/a\.py\n.*2026-11-30 05:00 pay-1\.0\.0\/b\.py\n$/);
});

test('an archive that cannot be read is said', async () => {
  write('python/pay-1.0.0.tar.gz', 'no archive');
  expect(await sameTimes(place, time)).toMatch(/^python\/pay-1\.0\.0\.tar\.gz cannot be written again:/);
});

test('a file of one build alone, another content, and nothing at all are seen', () => {
  write('one/js/a.tgz', 'a');
  write('one/js/b.tgz', 'b');
  write('two/js/b.tgz', 'c');
  write('two/js/d.tgz', 'd');
  expect(differences(path.join(place, 'one'), path.join(place, 'two'))).toEqual([
    'js/a.tgz was made by the first build alone',
    'js/d.tgz was made by the second build alone',
    'js/b.tgz differs between two builds: a time, a random name or an order stands in it',
  ]);
  expect(differences(path.join(place, 'none'), path.join(place, 'none'))).toEqual([expect.stringContaining('nothing to compare')]);
});

test('the time is that of the variable, else of the commit', async () => {
  const before = process.env.SOURCE_DATE_EPOCH;
  try {
    process.env.SOURCE_DATE_EPOCH = '1764374400';
    expect(await timeOfCommit(place)).toEqual(new Date('2025-11-29T00:00:00Z'));
    delete process.env.SOURCE_DATE_EPOCH;
    expect(await timeOfCommit(place)).toEqual(new Date('1985-10-26T08:15:00Z'));
    expect((await timeOfCommit(__dirname)).getTime()).toBeGreaterThan(Date.UTC(2026, 0));
  } finally {
    if (before === undefined) delete process.env.SOURCE_DATE_EPOCH;
    else process.env.SOURCE_DATE_EPOCH = before;
  }
});

test('a bill of materials is the same twice', () => {
  const sbom = (): string => renderSbom({ name: 'pay', version: '1.0.0' }, [{ name: 'x', version: '1', license: 'MIT', text: '' }]);
  expect(sbom()).toBe(sbom());
});
