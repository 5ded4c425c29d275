import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { Assembly, referenceFolder, referencePages } from './reference';
import { writeIfChanged } from '../disk/files';
import { Outcome, command, failed, isCi, lastLines, passed, root } from '../steps';

/** The step `api-docs`. The reference is read on the repository's page, so the committed one must be the current one. */
export async function apiDocs(): Promise<Outcome> {
  const whole = path.join('.tools', 'api.md');
  mkdirSync(path.join(root, '.tools'), { recursive: true });
  const { code, output } = await command('jsii-docgen', ['-o', whole]);
  if (code !== 0) return failed(`jsii-docgen exited with ${code}:`, lastLines(output, 50));
  const assembly = JSON.parse(readFileSync(path.join(root, '.jsii'), 'utf8')) as Assembly;
  const pages = referencePages(readFileSync(path.join(root, whole), 'utf8'), assembly);
  const changed = [...stalePages(pages), ...[...pages].filter(([file, text]) => textOf(file) !== text).map(([file]) => file)];
  for (const file of changed) {
    const text = pages.get(file);
    if (text === undefined) rmSync(path.join(root, file));
    else writeIfChanged(root, path.join(root, file), text);
  }
  if (changed.length === 0) return passed();
  return isCi
    ? failed(`not up to date: ${changed.join(', ')}; commit what 'npm run build' makes`)
    : passed(`renewed: ${changed.join(', ')}; commit them`);
}

function textOf(file: string): string | undefined {
  const at = path.join(root, file);
  return existsSync(at) ? readFileSync(at, 'utf8') : undefined;
}

/** Pages of areas that are no more. */
function stalePages(pages: ReadonlyMap<string, string>): string[] {
  const folder = path.join(root, referenceFolder);
  return (existsSync(folder) ? readdirSync(folder) : []).map((name) => `${referenceFolder}/${name}`).filter((file) => !pages.has(file));
}
