/** The folder that is packed: what is published and nothing else, with documents whose links work where they are read. */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { published } from './links';
import { filesBelow } from '../disk/files';

/** Files and folders of the repository that are published. */
const parts = [
  'API.md',
  'ARCHITECTURE.md',
  'CHANGELOG.md',
  'LICENSE',
  'README.md',
  'THIRD_PARTY_LICENSES',
  'assets',
  'bin',
  'docs',
  'lib',
  'package.json',
  'runtime',
  'sbom.cdx.json',
  'schemas',
];

/** Makes the folder, with the version that package.json has at this time, and returns its path. */
export function publishedFolder(root: string): string {
  const folder = path.join(root, '.tools', 'package');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const part of parts.filter((name) => existsSync(path.join(root, name)))) {
    cpSync(path.join(root, part), path.join(folder, part), { recursive: true });
  }
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string };
  const files = filesBelow(folder);
  for (const document of files.filter((file) => file.endsWith('.md'))) {
    const at = path.join(folder, document);
    writeFileSync(
      at,
      published(document, readFileSync(at, 'utf8'), version, (file) => files.includes(file)),
    );
  }
  // The pages of the other languages' registries show the README that jsii took into its assembly.
  const assembly = JSON.parse(readFileSync(path.join(root, '.jsii'), 'utf8')) as { readme?: { markdown: string } };
  assembly.readme = { markdown: readFileSync(path.join(folder, 'README.md'), 'utf8') };
  writeFileSync(path.join(folder, '.jsii'), JSON.stringify(assembly, undefined, 2));
  // jsii-pacmak reads the assemblies of what the library depends on.
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
  return folder;
}
