import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { filesBelow } from '../disk/files';

/** What a release brings to each registry, and whether that is all of it and no more. */

export interface PublishedFile {
  /** Relative to dist/, with forward slashes. */
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface RegistryFiles {
  readonly registry: 'npm' | 'PyPI' | 'Maven Central' | 'Go';
  /** What a user writes to have it. */
  readonly coordinates: string;
  readonly files: readonly PublishedFile[];
  readonly problems: readonly string[];
}

export interface PackageNames {
  readonly npm: string;
  readonly python: string;
  readonly mavenGroup: string;
  readonly mavenArtifact: string;
  readonly goModule: string;
}

/** Python's spelling of a version (PEP 440) of a release or a candidate: 1.2.3, 1.2.3rc1. */
export function pythonVersion(version: string): string {
  return version.replace(
    /-(rc|alpha|beta)\.(\d+)$/,
    (_match, kind: string, number: string) => ({ rc: 'rc', alpha: 'a', beta: 'b' })[kind] + number,
  );
}

interface Registry {
  readonly name: RegistryFiles['registry'];
  readonly folder: string;
  readonly coordinates: string;
  /** Files that must be there. */
  readonly needed: readonly string[];
  /** Files that may be there besides. */
  readonly also: RegExp;
}

function registriesOf(names: PackageNames, version: string): Registry[] {
  const { npm, python, mavenGroup, mavenArtifact, goModule } = names;
  const wheel = python.replaceAll('-', '_');
  const pep = pythonVersion(version);
  const maven = `java/${mavenGroup.replaceAll('.', '/')}/${mavenArtifact}`;
  const jar = `${maven}/${version}/${mavenArtifact}-${version}`;
  // jsii names the folder of the module after the package, without hyphens.
  const go = npm.replaceAll('-', '');
  return [
    {
      name: 'npm',
      folder: 'js',
      coordinates: `${npm}@${version}, ${npm}-local@${version}`,
      needed: [`js/${npm}@${version}.jsii.tgz`, `js/${npm}-local-${version}.tgz`],
      also: /^$/,
    },
    {
      name: 'PyPI',
      folder: 'python',
      coordinates: `${python}==${pep}`,
      needed: [`python/${wheel}-${pep}-py3-none-any.whl`, `python/${wheel}-${pep}.tar.gz`],
      also: /^$/,
    },
    {
      name: 'Maven Central',
      folder: 'java',
      coordinates: `${mavenGroup}:${mavenArtifact}:${version}`,
      needed: ['.jar', '-sources.jar', '-javadoc.jar', '.pom'].map((end) => jar + end),
      also: new RegExp(`^${escaped(maven)}/(maven-metadata\\.xml(\\.(md5|sha1))?|${escaped(version)}/[^/]+\\.(jar|pom)\\.(md5|sha1))$`),
    },
    {
      name: 'Go',
      folder: 'go',
      coordinates: `${goModule}/${go}@v${version}`,
      needed: ['go.mod', 'version', 'LICENSE', 'README.md', 'jsii/jsii.go'].map((file) => `go/${go}/${file}`),
      also: new RegExp(`^go/${go}/((internal/)?[\\w.]+\\.go|jsii/[\\w.-]+\\.tgz)$`),
    },
  ];
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

/** Reads what lies in dist/, and judges it by what each registry is to get. */
export function packagesIn(dist: string, names: PackageNames, version: string): RegistryFiles[] {
  return registriesOf(names, version).map(({ name, folder, coordinates, needed, also }) => {
    const files = filesBelow(path.join(dist, folder)).map((file) => `${folder}/${file}`);
    const problems = [
      ...needed.filter((file) => !files.includes(file)).map((file) => `${name}: dist/${file} is missing`),
      ...files.filter((file) => !needed.includes(file) && !also.test(file)).map((file) => `${name}: dist/${file} must not be published`),
    ];
    return { registry: name, coordinates, problems, files: files.map((file) => described(dist, file)) };
  });
}

function described(dist: string, file: string): PublishedFile {
  const content = readFileSync(path.join(dist, file));
  return { file, bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') };
}

/** As a person reads it; the files of a Go module, which are many, as one line. */
export function packagesText(registries: readonly RegistryFiles[]): string {
  const lineOf = (bytes: number, what: string): string => `  ${String(bytes).padStart(10)} bytes  ${what}`;
  return registries
    .flatMap(({ registry, coordinates, files }) => {
      const sum = files.reduce((total, { bytes }) => total + bytes, 0);
      const lines =
        files.length > 30 ? [lineOf(sum, `${files.length} files of the module`)] : files.map(({ file, bytes }) => lineOf(bytes, file));
      return [`${registry}: ${coordinates}`, ...lines];
    })
    .join('\n');
}
