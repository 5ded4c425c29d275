import { existsSync } from 'node:fs';
import path from 'node:path';
import { isApiReference, readTracked, root, trackedFiles } from './tracked-files';

const files = trackedFiles();
const texts = files.filter((file) => !/\.(png|jpg|ico|woff2?)$/.test(file) && file !== 'package-lock.json');
const documents = files.filter((file) => file.endsWith('.md') && !isApiReference(file));

describe('tracked files', () => {
  test('code files have at most 400 lines', () => {
    const long = files
      .filter((file) => /\.(ts|mjs|cjs|js|html|css|py|sh)$/.test(file))
      .map((file) => ({ file, lines: readTracked(file).trimEnd().split('\n').length }))
      .filter(({ lines }) => lines > 400);
    expect(long).toEqual([]);
  });

  test('a folder of the library and of the local run shows at most 20 files', () => {
    const counts = new Map<string, number>();
    for (const file of files.filter((one) => /^(src|local)\//.test(one))) {
      counts.set(path.dirname(file), (counts.get(path.dirname(file)) ?? 0) + 1);
    }
    expect([...counts].filter(([, count]) => count > 20)).toEqual([]);
  });

  test('no file or folder has a name that says nothing', () => {
    const vague = /(^|[-_.])(utils?|helpers?|common|managers?)([-_.]|$)/i;
    expect(files.filter((file) => file.split('/').some((part) => vague.test(part)))).toEqual([]);
  });

  test("no file names a registry: mirrors and proxies are the reader's own", () => {
    const hosts = [
      ['registry', 'npmjs', 'org'],
      ['registry', 'yarnpkg', 'com'],
      ['pypi', 'org'],
      ['files', 'pythonhosted', 'org'],
      ['repo', 'maven', 'apache', 'org'],
      ['repo1', 'maven', 'org'],
      ['proxy', 'golang', 'org'],
      ['sum', 'golang', 'org'],
    ].map((parts) => parts.join('.'));
    const naming = [...texts, 'package-lock.json'].filter((file) => hosts.some((host) => readTracked(file).includes(host)));
    expect(naming).toEqual([]);
  });

  test("no file holds a path of somebody's machine", () => {
    const machinePath = /(^|[\s"'`(=:,])(\/(work|root|home|Users)\/[\w.-]+|[A-Z]:\\Users\\)/m;
    const found = texts
      .map((file) => ({ file, match: machinePath.exec(readTracked(file))?.[0] }))
      .filter(({ match }) => match !== undefined);
    expect(found).toEqual([]);
  });

  test('no file holds a secret', () => {
    // AWS publishes an example key for documents; zeros are nobody's key either.
    const secret =
      /-----BEGIN (RSA |EC )?PRIVATE KEY-----\n[A-Za-z0-9+/]|\b(AKIA|ASIA)(?!IOSFODNN7EXAMPLE|0+\b)[A-Z0-9]{16}\b|\bghp_[A-Za-z0-9]{36}\b|\bnpm_[A-Za-z0-9]{36}\b/;
    const found = texts.map((file) => ({ file, match: secret.exec(readTracked(file))?.[0] })).filter(({ match }) => match !== undefined);
    expect(found).toEqual([]);
  });

  test('the lockfile names no address of a package', () => {
    expect(readTracked('package-lock.json')).not.toContain('"resolved"');
  });
});

describe('links in the documents', () => {
  const withoutCode = (text: string): string => text.replace(/```[\s\S]*?```/g, '').replace(/`[^`\n]*`/g, '');
  const links = documents.flatMap((document) =>
    [...withoutCode(readTracked(document)).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => ({ document, target: match[1] })),
  );

  /** GitHub's anchor of a heading. */
  const anchor = (heading: string): string =>
    heading
      .trim()
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-');
  const anchors = (file: string): string[] =>
    [
      ...readTracked(file)
        .replace(/^```[^]*?^```/gm, '')
        .matchAll(/^#{1,6}\s+(.+)$/gm),
    ].map((match) => anchor(match[1]));

  test('lead to files and headings that exist', () => {
    const broken = links
      .filter(({ target }) => !/^[a-z]+:/.test(target))
      .filter(({ document, target }) => {
        const [file, heading] = target.split('#');
        const resolved = file === '' ? document : path.posix.normalize(path.posix.join(path.posix.dirname(document), file));
        if (!existsSync(path.join(root, resolved))) return true;
        return heading !== undefined && resolved.endsWith('.md') && !anchors(resolved).includes(heading);
      });
    expect(broken).toEqual([]);
  });
});

test('commands in the documents that call a function name its region, and send their payload as it is written', () => {
  const invoke = /aws lambda invoke [^`]*?(?=`|[^\\]\n)/g;
  const commands = documents.flatMap((document) => [...readTracked(document).matchAll(invoke)].map(([command]) => ({ document, command })));
  expect(commands.length).toBeGreaterThan(3);
  // Version 2 of the command line takes a payload for base64 unless it is told otherwise.
  const asWritten = (command: string): boolean =>
    !command.includes('--payload') || command.includes('--cli-binary-format raw-in-base64-out');
  expect(commands.filter(({ command }) => !command.includes('--region ') || !asWritten(command))).toEqual([]);
});
