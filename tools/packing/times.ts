/** What remains of the time of a build where no setting of a tool takes it out: Python's source archive and Maven's index. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { filesBelow } from '../disk/files';
import { command } from '../steps';

/** Where there is no git. Zip archives know no earlier year than 1980. */
const otherwise = new Date('1985-10-26T08:15:00Z');

/** The one time that stands in the packages: SOURCE_DATE_EPOCH, else the commit's. */
export async function timeOfCommit(root: string): Promise<Date> {
  const given = process.env.SOURCE_DATE_EPOCH ?? '';
  if (/^\d+$/.test(given)) return new Date(Number(given) * 1000);
  const { code, output } = await command('git', ['log', '-1', '--format=%ct'], { cwd: root });
  return code === 0 && /^\d+$/.test(output.trim()) ? new Date(Number(output) * 1000) : otherwise;
}

/** Gives the time to what has another one. A text says what went wrong. */
export async function sameTimes(dist: string, time: Date): Promise<string | undefined> {
  for (const file of filesBelow(dist)) {
    const at = path.join(dist, file);
    if (/^java\/.*maven-metadata\.xml$/.test(file)) indexAt(at, time);
    if (!/^python\/.*\.tar\.gz$/.test(file)) continue;
    const { code, output } = await command('python3', [path.join(__dirname, 'sdist.py'), at, String(time.getTime() / 1000)]);
    if (code !== 0) return `${file} cannot be written again:\n${output}`;
  }
  return undefined;
}

/** Maven's index of an artifact's versions, with the checksums that stand beside it. */
function indexAt(at: string, time: Date): void {
  const updated = time.toISOString().replace(/\.\d+Z$|\D/g, '');
  writeFileSync(at, readFileSync(at, 'utf8').replace(/<lastUpdated>\d+</, `<lastUpdated>${updated}<`));
  for (const kind of ['md5', 'sha1'].filter((end) => existsSync(`${at}.${end}`))) {
    writeFileSync(`${at}.${kind}`, createHash(kind).update(readFileSync(at)).digest('hex'));
  }
}
