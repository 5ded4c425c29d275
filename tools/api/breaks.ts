import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Outcome, command, failed, lastLines, passed, root } from '../steps';

/**
 * The step `api-breaks`: what users of the last release could name, they can name still, in all four languages (`jsii-diff`). A break that
 * is meant is named in CHANGELOG.md under "Breaking".
 */

/** The API of the last release; before the first one, the API as it was when this check began. */
const baseline = path.join(root, 'tools', 'api', 'baseline.json');
/** Renews the baseline: a release does it. */
export const updateBaseline = 'UPDATE_API_BASELINE';

/** A change that breaks a user's program. */
export interface Break {
  /** The element, such as `PaymentsDashboard.region`. */
  readonly element: string;
  readonly text: string;
}

/** What `jsii-diff --keys` says, one break a line. */
export function breaksIn(output: string): Break[] {
  return output.split('\n').flatMap((line) => {
    const match = /^err\s+- (.*) \[[\w-]+:[\w-]+\.([\w.]+)\]$/.exec(line.trim());
    return match ? [{ element: match[2], text: match[1] }] : [];
  });
}

/** The elements that the changelog of what is not released yet names as broken, each in backticks at the beginning of its line. */
export function announcedIn(changelog: string): string[] {
  const unreleased = /^## Unreleased\n([\s\S]*?)(?=^## |$(?![\s\S]))/m.exec(changelog)?.[1] ?? '';
  const breaking = /^### Breaking\n([\s\S]*?)(?=^### |$(?![\s\S]))/m.exec(unreleased)?.[1] ?? '';
  return [...breaking.matchAll(/^- `([\w.]+)`/gm)].map(([, element]) => element);
}

/** An assembly without what no comparison reads: texts, places in files. One type a line, so that a change of it can be read. */
export function baselineOf(assembly: string): string {
  const {
    types,
    readme: _,
    dependencyClosure: __,
    ...rest
  } = JSON.parse(assembly, (key, value: unknown) => {
    if (key === 'locationInModule' || key === 'symbolId') return undefined;
    return key === 'docs' ? stabilityOf(value as { stability?: string }) : value;
  }) as { types: Record<string, unknown>; readme?: unknown; dependencyClosure?: unknown };
  const lines = Object.entries(types).map(([name, type]) => `${JSON.stringify(name)}:${JSON.stringify(type)}`);
  return `${JSON.stringify(rest).slice(0, -1)},"types":{\n${lines.join(',\n')}\n}}\n`;
}

const stabilityOf = ({ stability }: { readonly stability?: string }): object => (stability === undefined ? {} : { stability });

/** Compares the assembly that was just compiled with the baseline. */
export async function apiBreaks(): Promise<Outcome> {
  const compiled = path.join(root, '.jsii');
  if (!existsSync(compiled)) return failed("there is no .jsii: run the step 'compile' first");
  if (process.env[updateBaseline]) writeFileSync(baseline, baselineOf(readFileSync(compiled, 'utf8')));
  // Inside the repository, so that the packages that the assembly names are found.
  const folder = path.join(root, '.tools', 'api-baseline');
  mkdirSync(folder, { recursive: true });
  try {
    copyFileSync(baseline, path.join(folder, '.jsii'));
    copyFileSync(path.join(root, 'package.json'), path.join(folder, 'package.json'));
    const { code, output } = await command('jsii-diff', ['--error-on', 'all', '--keys', folder, root]);
    const breaks = breaksIn(output);
    if (code !== 0 && breaks.length === 0) return failed(`jsii-diff exited with ${code}:`, lastLines(output, 50));
    const announced = announcedIn(readFileSync(path.join(root, 'CHANGELOG.md'), 'utf8'));
    const silent = breaks.filter(({ element }) => !announced.includes(element));
    if (silent.length === 0) return passed(`${breaks.length} breaks since the last release, each in CHANGELOG.md`);
    return failed(
      'users of the last release would be broken. Keep the element, or name it in CHANGELOG.md under "### Breaking" ' +
        'as "- `Element`: what to write instead":',
      ...silent.map(({ element, text }) => `${element}: ${text}`),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
