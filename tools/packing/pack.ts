/** The packages of all languages, of one commit always the same bytes: every archive has the commit's time in the place of today's. */
import path from 'node:path';
import { sameTimes, timeOfCommit } from './times';
import { publishedFolder } from '../published/folder';
import { Outcome, command, failed, hasProgram, lastLines, passed, root, skipped, sum } from '../steps';

const names: Readonly<Record<string, string>> = {
  python3: 'Python 3.10 or newer with venv',
  javac: 'a JDK, 17 or newer',
  mvn: 'Maven',
  go: 'Go, 1.25 or newer',
};

/** All languages at once: they wait for downloads most of the time. */
export async function packAll(dist: string): Promise<Outcome> {
  // Modes of files are in the archives.
  process.umask(0o022);
  const folder = publishedFolder(root);
  const time = await timeOfCommit(root);
  // By maven's plugins for jar, sources and javadoc.
  const maven = [
    `--mvn-define=project.build.outputTimestamp=${time.toISOString()}`,
    '--maven-local-repository',
    path.join(root, '.tools', 'm2'),
  ];
  const pack = async (language: string, programs: readonly string[], more: readonly string[] = []): Promise<Outcome> =>
    packFor(language, programs, time, ['--outdir', dist, ...more, folder]);
  const outcome = sum(
    await Promise.all([pack('js', []), pack('python', ['python3']), pack('java', ['javac', 'mvn'], maven), pack('go', ['go'])]),
  );
  if (outcome.failed > 0) return outcome;
  const problem = await sameTimes(dist, time);
  return problem === undefined ? outcome : failed(problem);
}

async function packFor(language: string, programs: readonly string[], time: Date, args: readonly string[]): Promise<Outcome> {
  const missing = programs.filter((program) => !hasProgram(program));
  if (missing.length > 0) {
    return skipped(`the ${language} package needs ${missing.map((program) => `${names[program]} (${program})`).join(' and ')}`);
  }
  const start = Date.now();
  // Without a fingerprint: beside it jsii-pacmak writes the time, into Java's sources and pom. The wheel's time is that of the variable.
  const { code, output } = await command('jsii-pacmak', ['-v', '--no-fingerprint', '--target', language, ...args], {
    env: { SOURCE_DATE_EPOCH: String(time.getTime() / 1000) },
  });
  if (code !== 0) return failed(`dist/${language}: jsii-pacmak exited with ${code}:`, lastLines(output, 100));
  return passed(`dist/${language} made in ${((Date.now() - start) / 1000).toFixed(0)} s`);
}
