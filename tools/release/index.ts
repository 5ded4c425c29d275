/**
 * `npm run release`: everything of a release but the publishing, which is the workflow's alone. Tests, builds under the version of the
 * tag, and lists what each registry would get.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { packagesIn, packagesText, PackageNames } from './packages';
import { Outcome, Step, command, failed, passed, root, runSteps } from '../steps';

const usage = `npm run release -- --dry-run | --tag vX.Y.Z [--built]

  --dry-run   takes the version of package.json, and needs neither a tag nor a section of the changelog
  --tag       the tag that is released: HEAD must have it, and CHANGELOG.md a section of its version
  --built     takes dist/ as it is, without tests and build`;

interface Release {
  readonly version: string;
  readonly isDry: boolean;
  readonly isBuilt: boolean;
}

const manifestFile = path.join(root, 'package.json');
const manifest = JSON.parse(readFileSync(manifestFile, 'utf8')) as {
  name: string;
  version: string;
  jsii: { targets: { python: { distName: string }; java: { maven: { groupId: string; artifactId: string } }; go: { moduleName: string } } };
};

/** What is released; a text says what is wrong with the arguments. */
function releaseOf(args: readonly string[]): Release | string {
  const known = ['--dry-run', '--tag', '--built'];
  const isDry = args.includes('--dry-run');
  const isBuilt = args.includes('--built');
  const at = args.indexOf('--tag');
  const tag = at < 0 ? undefined : args[at + 1];
  const other = args.find((arg, n) => !known.includes(arg) && n !== at + 1);
  if (other !== undefined) return `'${other}' is not an option`;
  if (isDry === (tag !== undefined)) return 'give either --dry-run or --tag';
  if (isDry) return { version: manifest.version, isDry, isBuilt };
  const version = /^v(\d+\.\d+\.\d+(-(rc|alpha|beta)\.\d+)?)$/.exec(tag ?? '')?.[1];
  return version === undefined ? `'${tag}' is not a tag of a release; allowed: v1.2.3, or v1.2.3-rc.1` : { version, isDry, isBuilt };
}

/** The tree is what the tag says. */
async function checkState({ version, isDry }: Release): Promise<Outcome> {
  const { code, output } = await command('git', ['status', '--porcelain']);
  if (code !== 0) return failed('git does not say what has changed:', output);
  if (output.trim() !== '') return failed('there are changes that are not committed:', output.trim());
  if (isDry) return passed(`version ${version} of package.json; no tag and no section of CHANGELOG.md is needed`);
  const tags = await command('git', ['tag', '--points-at', 'HEAD']);
  if (!tags.output.split('\n').includes(`v${version}`)) return failed(`HEAD does not have the tag v${version}`);
  const changelog = readFileSync(path.join(root, 'CHANGELOG.md'), 'utf8');
  return changelog.split('\n').includes(['##', version].join(' ')) ? passed() : failed(`CHANGELOG.md has no section "## ${version}"`);
}

async function npm(...args: readonly string[]): Promise<Outcome> {
  const { code } = await command('npm', args, { live: true, env: { CI: 'true' } });
  return code === 0 ? passed() : failed(`npm ${args.join(' ')} exited with ${code}`);
}

/** Under the version of the release, which package.json has only while it is built. */
async function build({ version }: Release): Promise<Outcome> {
  const before = readFileSync(manifestFile, 'utf8');
  if (version === manifest.version) return npm('run', 'build');
  writeFileSync(manifestFile, before.replace(`"version": "${manifest.version}"`, `"version": "${version}"`));
  try {
    return await npm('run', 'build');
  } finally {
    writeFileSync(manifestFile, before);
  }
}

async function list({ version }: Release): Promise<Outcome> {
  const { python, java, go } = manifest.jsii.targets;
  const names: PackageNames = {
    npm: manifest.name,
    python: python.distName,
    mavenGroup: java.maven.groupId,
    mavenArtifact: java.maven.artifactId,
    goModule: go.moduleName,
  };
  const dist = path.join(root, 'dist');
  if (!existsSync(dist)) return failed('there is no dist/: leave out --built');
  const registries = packagesIn(dist, names, version);
  const problems = registries.flatMap((registry) => registry.problems);
  if (problems.length > 0) return failed(...problems);
  writeFileSync(path.join(dist, 'release.json'), `${JSON.stringify({ version, registries }, undefined, 2)}\n`);
  process.stdout.write(`\nWhat would be published:\n${packagesText(registries)}\nSHA-256 of each file: dist/release.json\n\n`);
  return passed();
}

const release = releaseOf(process.argv.slice(2));
if (typeof release === 'string') {
  process.stderr.write(`${release}\n${usage}\n`);
  process.exitCode = 2;
} else {
  const steps: Step[] = [
    { name: 'state', run: () => checkState(release) },
    ...(release.isBuilt
      ? []
      : [
          { name: 'test', run: () => npm('test') },
          { name: 'build', run: () => build(release) },
        ]),
    { name: 'packages', run: () => list(release) },
  ];
  void runSteps(steps, []);
}
