/**
 * The notices of the packages that the bundled handlers carry: their licences ask for it, and so do the people who must approve an install.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

/** Licences that allow redistribution in a bundle under the notice alone. */
const allowed = ['Apache-2.0', 'MIT', 'MIT-0', 'ISC', '0BSD', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'Unlicense'];

/** Licences of packages whose `package.json` names none, by the licence file that they bring. */
const byFile: Readonly<Record<string, string>> = { 'htmx-ext-sse': '0BSD' };

export interface LicensedPackage {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  /** Full text of its licence and notice files; empty when the package has none. */
  readonly text: string;
}

/**
 * Reads the licences of bundled packages.
 *
 * @param root repository root
 * @param folders package folders relative to it; duplicates are fine
 */
export function licensesOf(
  root: string,
  folders: readonly string[],
): { readonly packages: LicensedPackage[]; readonly problems: string[] } {
  const packages = new Map<string, LicensedPackage>();
  for (const folder of folders) {
    const pack = readPackage(path.join(root, folder));
    packages.set(`${pack.name}@${pack.version}`, pack);
  }
  const sorted = [...packages.values()].sort((a, b) => (`${a.name}@${a.version}` < `${b.name}@${b.version}` ? -1 : 1));
  const problems = sorted
    .filter((found) => !isAllowed(found.license))
    .map((found) => `${found.name}@${found.version} is bundled under '${found.license}': allowed are ${allowed.join(', ')}`);
  return { packages: sorted, problems };
}

/** One file for an npm package: each licence text once, above it the packages that it covers. */
export function renderLicenses(packages: readonly LicensedPackage[], place = 'assets/'): string {
  const byText = new Map<string, LicensedPackage[]>();
  for (const pack of packages) byText.set(pack.text, [...(byText.get(pack.text) ?? []), pack]);
  const sections = [...byText].map(([text, covered]) =>
    [
      ...covered.map((found) => `${found.name}@${found.version} (${found.license})`),
      '',
      text || 'The package has no licence file; the identifier above is from its package.json.',
    ].join('\n'),
  );
  return [`Packages bundled in ${place}, with their licences.`, ...sections].join(`\n\n${'-'.repeat(80)}\n\n`) + '\n';
}

/** An SPDX expression is fine when one of its alternatives is. */
function isAllowed(expression: string): boolean {
  return expression
    .replace(/[()]/g, '')
    .split(' OR ')
    .some((alternative) => allowed.includes(alternative.trim()));
}

function readPackage(folder: string): LicensedPackage {
  const manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
    license?: string;
  };
  const files = existsSync(folder)
    ? readdirSync(folder)
        .filter((file) => /^(licen[cs]e|notice)(\..*)?$/i.test(file))
        .sort()
    : [];
  const text = files.map((file) => readFileSync(path.join(folder, file), 'utf8').replace(/\r\n/g, '\n').trim()).join('\n\n');
  return { name: manifest.name, version: manifest.version, license: manifest.license ?? byFile[manifest.name] ?? 'none stated', text };
}
