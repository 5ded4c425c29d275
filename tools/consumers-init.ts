/**
 * `init` as a stranger uses it: from the packed package, in empty folders outside of the repository. Each app is installed, runs its own
 * tests and is synthesised by the CDK CLI; the templates of all languages must be equal.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { goModule } from './apps/texts';
import { ConsumerError, dist, must, outside, packageIn } from './consumers-commands';
import { RunEnd, runsLocally } from './consumers-installed';
import { compare, templatesBesideCode } from './consumers-templates';
import { Outcome, Step, failed, hasProgram, root, skipped, sum } from './steps';
import { Example, examples, Language } from '../src/commands/init/init.service';

/** What an app is synthesised with, as CDK context: as it is, and with what it has the most choices in. */
const contexts: Readonly<Record<Example, readonly (readonly string[])[]>> = {
  'active-active': [[], ['mode=HOME_REGION', 'transport=GLOBAL_ENDPOINT'], ['only=drill', 'faults=BY_SCHEDULE']],
  migration: [[], ['mode=STRONG', 'pace=REHEARSAL', 'only=edge']],
};

/** One language's way from the package to templates. */
interface Trial {
  readonly language: Language;
  /** Programs without which it cannot be tried. */
  readonly programs: readonly string[];
  /** How a run of its first app in two emulated regions ends, by the package of the local run; absent: it is not run. */
  readonly runEnd?: RunEnd;
  /** The command's arguments come after these. */
  init(place: string): readonly string[];
  /** Installs the app's dependencies and runs its tests. `before` is the app tried before it, with the same dependencies. */
  test(app: string, before: string | undefined): Promise<void>;
  /** The CDK CLI, and what it needs to run the app. */
  cdk(app: string): { readonly program: readonly string[]; readonly env?: Readonly<Record<string, string>> };
}

/** The steps, TypeScript first: its templates are what the others are compared with. */
export function initSteps(workshop: string): Step[] {
  const trials = [typescript(workshop), python(workshop), java(workshop), go(workshop)];
  return trials.map((trial) => ({ name: `use-init-${trial.language}`, run: () => attempt(workshop, trial) }));
}

async function attempt(workshop: string, trial: Trial): Promise<Outcome> {
  const missing = trial.programs.filter((program) => !hasProgram(program));
  if (missing.length > 0) return skipped(`the ${trial.language} app cannot be tried without ${missing.join(' and ')}`);
  return outside(async (place) => {
    try {
      const outcomes: Outcome[] = [];
      let before: string | undefined;
      for (const example of examples) {
        const app = path.join(place, example);
        const [program, ...args] = trial.init(place);
        await must(program, [...args, 'init', example, app, '--language', trial.language], { cwd: place });
        await trial.test(app, before);
        outcomes.push(...(await synthesise(workshop, trial, example, app)));
        if (trial.runEnd && before === undefined) outcomes.push(await runsLocally(workshop, app, trial.runEnd, trial.cdk(app).env));
        before = app;
      }
      return sum(outcomes);
    } catch (error) {
      if (error instanceof ConsumerError) return failed(error.message);
      throw error;
    }
  });
}

/** Synthesises an app with each context, and compares with what the TypeScript app made of the same. */
async function synthesise(workshop: string, trial: Trial, example: Example, app: string): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const [index, context] of contexts[example].entries()) {
    const folderOf = (language: Language): string => path.join(workshop, 'init', language, `${example}-${index}`);
    const output = path.join(folderOf(trial.language), 'cdk.out');
    rmSync(output, { recursive: true, force: true });
    mkdirSync(output, { recursive: true });
    const {
      program: [cdk, ...first],
      env,
    } = trial.cdk(app);
    const flags = ['synth', '--all', '--quiet', '--no-notices', '--no-version-reporting', '--output', output];
    await must(cdk, [...first, ...flags, ...context.flatMap((value) => ['--context', value])], {
      cwd: app,
      env: {
        CDK_DISABLE_CLI_TELEMETRY: 'true',
        AWS_EC2_METADATA_DISABLED: 'true',
        CDK_HOME: path.join(root, '.tools', 'cdk-home'),
        NODE_NO_WARNINGS: '1',
        ...env,
      },
    });
    outcomes.push(compare(folderOf(trial.language), folderOf('typescript'), templatesBesideCode));
  }
  return outcomes;
}

/** The command of the npm package, which `use-typescript` has installed. */
const byNpm = (workshop: string): string[] => [
  'node',
  path.join(workshop, 'typescript', 'node_modules', 'cdk-multi-region-payments', 'bin', 'index.js'),
];

/** Both apps have the same dependencies: the second takes those of the first over. */
async function npmInstall(folder: string, before: string | undefined): Promise<void> {
  if (before !== undefined) renameSync(path.join(before, 'node_modules'), path.join(folder, 'node_modules'));
  await must('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error', packageIn('js', '.jsii.tgz')], {
    cwd: folder,
  });
}

const functionIn = (app: string): string => path.join(app, 'functions', 'recorder');

/** The path of a stranger's shell, as the README sets it: what the repository has installed is not on it. */
const strangersPath = (app: string, ...first: readonly string[]): string =>
  [
    ...first,
    path.join(functionIn(app), 'node_modules', '.bin'),
    ...process.env.PATH!.split(path.delimiter).filter((folder) => !folder.endsWith(path.join('node_modules', '.bin'))),
  ].join(path.delimiter);

const cdkProgram = path.join(root, 'node_modules', '.bin', 'cdk');

/** What the recorder's function is bundled with, as the README says. */
const installFunction = (app: string, before: string | undefined): Promise<void> =>
  npmInstall(functionIn(app), before === undefined ? undefined : functionIn(before));

/** From the package that `use-typescript` has installed. */
function typescript(workshop: string): Trial {
  return {
    language: 'typescript',
    programs: [],
    runEnd: 'interrupted',
    init: () => byNpm(workshop),
    test: async (app, before) => {
      await npmInstall(app, before);
      await must('npm', ['test'], { cwd: app, env: { PATH: strangersPath(app) } });
    },
    cdk: (app) => ({ program: [path.join(app, 'node_modules', '.bin', 'cdk')], env: { PATH: strangersPath(app) } }),
  };
}

/** By the launcher that the wheel brings, in the environment that `use-python` has made: a reader of the documents needs nothing of npm. */
function python(workshop: string): Trial {
  const programs = path.join(workshop, 'python', 'venv', 'bin');
  return {
    language: 'python',
    programs: ['python3'],
    runEnd: 'npm is killed',
    init: () => [path.join(programs, 'cdk-multi-region-payments')],
    test: async (app, before) => {
      await installFunction(app, before);
      await must(
        path.join(programs, 'pip'),
        ['install', '--quiet', '--no-compile', '--disable-pip-version-check', '-r', 'requirements-dev.txt'],
        { cwd: app },
      );
      const env = { PATH: strangersPath(app) };
      await must(path.join(programs, 'python'), ['-m', 'pytest', '--quiet', '-p', 'no:cacheprovider'], { cwd: app, env });
    },
    cdk: (app) => ({ program: [cdkProgram], env: { PATH: strangersPath(app, programs) } }),
  };
}

/** To synthesis. */
function java(workshop: string): Trial {
  return {
    language: 'java',
    programs: ['javac', 'mvn'],
    init: () => byNpm(workshop),
    test: async (app, before) => {
      await installFunction(app, before);
      // Where the package is until it is published, and what the step `packages` has fetched already.
      const repository = path.join(root, '.tools', 'm2');
      // Maven never looks again for a release that it has: forget the one of the last build.
      for (const group of groupsIn(path.join(dist, 'java'))) rmSync(path.join(repository, group), { recursive: true, force: true });
      const settings = path.join(app, '.mvn', 'settings.xml');
      mkdirSync(path.dirname(settings));
      writeFileSync(settings, mavenSettings);
      writeFileSync(path.join(app, '.mvn', 'maven.config'), `-gs\n${settings}\n-Dmaven.repo.local=${repository}\n`);
      await must('mvn', ['--quiet', '--batch-mode', 'test'], { cwd: app, env: { PATH: strangersPath(app) } });
    },
    cdk: (app) => ({ program: [cdkProgram], env: { PATH: strangersPath(app) } }),
  };
}

/** Folders of artifacts in a Maven repository, relative to it. */
function groupsIn(repository: string): string[] {
  if (!existsSync(repository)) throw new ConsumerError('dist/java is missing: the step "packages" makes it');
  return readdirSync(repository, { recursive: true, encoding: 'utf8' })
    .filter((file) => path.basename(file) === 'maven-metadata.xml')
    .map((file) => path.dirname(file));
}

const mavenSettings = `<settings>
  <profiles>
    <profile>
      <id>dist</id>
      <repositories><repository><id>dist</id><url>file://${dist}/java</url></repository></repositories>
    </profile>
  </profiles>
  <activeProfiles><activeProfile>dist</activeProfile></activeProfiles>
</settings>
`;

/** To synthesis. */
function go(workshop: string): Trial {
  const env = { GOTOOLCHAIN: 'local' };
  return {
    language: 'go',
    programs: ['go'],
    init: () => byNpm(workshop),
    test: async (app, before) => {
      await installFunction(app, before);
      await must('go', ['mod', 'edit', '-replace', `${goModule}=${path.join(dist, 'go', 'cdkmultiregionpayments')}`], { cwd: app, env });
      await must('go', ['mod', 'tidy'], { cwd: app, env });
      await must('go', ['test', './...'], { cwd: app, env: { ...env, PATH: strangersPath(app) } });
    },
    cdk: (app) => ({ program: [cdkProgram], env: { ...env, PATH: strangersPath(app) } }),
  };
}
