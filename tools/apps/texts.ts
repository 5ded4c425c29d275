/** What an app has around its code: what it is built with, and its README. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Example, Language } from '../../src/commands/init/init.service';

/** Files by path. `@@VERSION@@` and `@@DOCUMENTS@@` are filled by the command, with the package's own. */
export type App = Record<string, string>;

/** Filled by `init`. */
const version = '@@VERSION@@';
const packageName = 'cdk-multi-region-payments';

/** Versions that this package was made and tried with. */
function versionsIn(root: string): Readonly<Record<string, string>> {
  return (JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { devDependencies: Record<string, string> }).devDependencies;
}

/** What the recorder's function is bundled with, beside the package's runtime. */
const functionLibraries = ['@aws-sdk/client-dynamodb', '@aws-sdk/lib-dynamodb', 'aws-xray-sdk-core'];
const functionFolder = 'functions/recorder';
const functionModules = `${functionFolder}/node_modules/`;

/** The recorder's function for an app in another language: its source, and what npm has to install for its bundle. */
export function functionOf(root: string): App {
  const versions = versionsIn(root);
  const of = (...names: string[]): Record<string, string> => Object.fromEntries(names.map((name) => [name, versions[name]]));
  return {
    [`${functionFolder}/index.ts`]: readFileSync(path.join(root, 'examples', 'active-active', 'recorder', 'index.ts'), 'utf8'),
    [`${functionFolder}/package.json`]: json({
      name: 'recorder',
      version: '0.1.0',
      private: true,
      dependencies: { ...of(...functionLibraries), [packageName]: version },
      devDependencies: of('esbuild'),
    }),
    [`${functionFolder}/.npmrc`]: lines(
      '# The constructs of the package ask for aws-cdk-lib. A function takes its runtime alone.',
      'legacy-peer-deps=true',
    ),
  };
}

/** The files that say what an app is built with. */
export function manifestOf(root: string, language: Language): App {
  const versions = versionsIn(root);
  const of = (...names: string[]): Record<string, string> => Object.fromEntries(names.map((name) => [name, versions[name]]));
  switch (language) {
    case 'typescript':
      return {
        'package.json': json({
          name: 'payments-app',
          version: '0.1.0',
          private: true,
          scripts: { test: 'tsc --noEmit && node --import tsx --test test/*.test.ts', synth: 'cdk synth --quiet' },
          dependencies: { ...of('aws-cdk-lib'), [packageName]: version, ...of('constructs') },
          devDependencies: of(...functionLibraries, '@types/node', 'aws-cdk', 'esbuild', 'tsx', 'typescript'),
        }),
        'tsconfig.json': json({
          compilerOptions: {
            target: 'es2022',
            module: 'commonjs',
            moduleResolution: 'node10',
            strict: true,
            esModuleInterop: true,
            skipLibCheck: true,
            noEmit: true,
            types: ['node'],
          },
          include: ['**/*.ts'],
          exclude: ['node_modules', 'cdk.out'],
        }),
        '.gitignore': lines('node_modules/', 'cdk.out/'),
      };
    case 'python':
      return {
        'requirements.txt': lines(
          `aws-cdk-lib==${versions['aws-cdk-lib']}`,
          `${packageName}==${version}`,
          `constructs==${versions.constructs}`,
        ),
        'requirements-dev.txt': lines('-r requirements.txt', 'pytest>=8,<10'),
        'pytest.ini': lines('[pytest]', 'pythonpath = .', 'testpaths = tests'),
        '.gitignore': lines('.venv/', '__pycache__/', '.pytest_cache/', 'cdk.out/', functionModules),
      };
    case 'java':
      return { 'pom.xml': pomOf(versions), '.gitignore': lines('target/', 'cdk.out/', functionModules) };
    case 'go':
      return { 'go.mod': goModOf(versions), '.gitignore': lines('cdk.out/', functionModules) };
  }
}

/** Of the Go that jsii's modules ask for. */
const goVersion = '1.25';
/** Name of the package for Go. */
export const goModule = 'github.com/cdk-multi-region-payments/cdk-multi-region-payments-go/cdkmultiregionpayments';

function goModOf(versions: Readonly<Record<string, string>>): string {
  return lines(
    'module payments-app',
    '',
    `go ${goVersion}`,
    '',
    'require (',
    `\tgithub.com/aws/aws-cdk-go/awscdk/v2 v${versions['aws-cdk-lib']}`,
    `\tgithub.com/aws/constructs-go/constructs/v10 v${versions.constructs}`,
    `\t${goModule} v${version}`,
    ')',
  );
}

function pomOf(versions: Readonly<Record<string, string>>): string {
  const dependency = (group: string, artifact: string, of: string, scope?: string): string[] => [
    '    <dependency>',
    `      <groupId>${group}</groupId>`,
    `      <artifactId>${artifact}</artifactId>`,
    `      <version>${of}</version>`,
    ...(scope === undefined ? [] : [`      <scope>${scope}</scope>`]),
    '    </dependency>',
  ];
  const plugin = (group: string, artifact: string, of: string): string[] =>
    dependency(group, artifact, of).map((line) => `  ${line.replace('dependency>', 'plugin>')}`);
  return lines(
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<project xmlns="http://maven.apache.org/POM/4.0.0">',
    '  <modelVersion>4.0.0</modelVersion>',
    '  <groupId>payments</groupId>',
    '  <artifactId>payments-app</artifactId>',
    '  <version>0.1.0</version>',
    '  <properties>',
    '    <maven.compiler.release>17</maven.compiler.release>',
    '    <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>',
    '    <exec.mainClass>payments.PaymentsApp</exec.mainClass>',
    '  </properties>',
    '  <dependencies>',
    ...dependency('software.amazon.awscdk', 'aws-cdk-lib', versions['aws-cdk-lib']),
    ...dependency('io.github.cdkmultiregionpayments', packageName, version),
    ...dependency('software.constructs', 'constructs', versions.constructs),
    ...dependency('org.junit.jupiter', 'junit-jupiter', '5.11.4', 'test'),
    '  </dependencies>',
    '  <build>',
    '    <plugins>',
    ...plugin('org.apache.maven.plugins', 'maven-compiler-plugin', '3.13.0'),
    ...plugin('org.apache.maven.plugins', 'maven-surefire-plugin', '3.5.2'),
    ...plugin('org.codehaus.mojo', 'exec-maven-plugin', '3.5.0'),
    '    </plugins>',
    '  </build>',
    '</project>',
  );
}

const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;
const lines = (...all: string[]): string => `${all.join('\n')}\n`;

/** Brings what the recorder's function is bundled with. Outside of TypeScript the CDK finds esbuild by the path alone. */
const installFunction = `npm install --prefix ${functionFolder}\nexport PATH="$PWD/${functionFolder}/node_modules/.bin:$PATH"`;
const inNewShells =
  'In a new shell give the line with `export` again, in this folder: by it the CDK finds esbuild, which bundles the function. ' +
  'Without it, it asks for Docker.';

const besideCode = `\`${functionFolder}\`, in TypeScript as in every language`;

/** What a reader of a README types, in one language. */
interface Commands {
  readonly needs: string;
  readonly install: string;
  readonly test: string;
  readonly cdk: string;
  readonly config: Readonly<Record<Example, string>>;
  readonly recorder: string;
  /** Where the recorder's function is. */
  readonly functionPlace: string;
}

/** The README of an example's app. Links into the repository become links to the documents of the version. */
export function readmeOf(root: string, example: Example, language: Language): string {
  const folder = 'examples/languages';
  const commands: Commands = commandsOf(versionsIn(root)['aws-cdk'])[language];
  const values: Readonly<Record<string, string>> = {
    NEEDS: commands.needs,
    INSTALL: commands.install,
    SHELL: language === 'typescript' ? '' : `\n${inNewShells}`,
    TEST: commands.test,
    CDK: commands.cdk,
    CONFIG: commands.config[example],
    RECORDER: commands.recorder,
    FUNCTION: commands.functionPlace,
  };
  return readFileSync(path.join(root, folder, `${example}.md`), 'utf8')
    .replaceAll(/@@([A-Z]+)@@/g, (whole, name: string) => values[name] ?? whole)
    .replaceAll(/\]\((?![a-z]+:|#)([^)]+)\)/g, (_, target: string) => `](@@DOCUMENTS@@/${path.posix.join(folder, target)})`);
}

function commandsOf(cli: string): Readonly<Record<Language, Commands>> {
  const npx = `npx aws-cdk@${cli}`;
  return {
    typescript: {
      needs: 'Node 20 or newer',
      install: 'npm install',
      test: 'npm test',
      cdk: 'npx cdk',
      config: { 'active-active': '`config.ts`', migration: '`system/config.ts` (the system) and `config.ts` (its move)' },
      recorder: '`recorder.ts`',
      functionPlace: '`recorder/`',
    },
    python: {
      needs: 'Python 3.10 or newer with venv, and Node 20 or newer for the CDK',
      install: `python3 -m venv .venv\n. .venv/bin/activate\npip install -r requirements-dev.txt\n${installFunction}`,
      test: 'python -m pytest',
      cdk: npx,
      config: { 'active-active': '`payments/config.py`', migration: '`payments/config.py` (the system) and `move/config.py` (its move)' },
      recorder: '`payments/recorder.py`',
      functionPlace: besideCode,
    },
    java: {
      needs: 'a JDK, 17 or newer, Maven, and Node 20 or newer for the CDK',
      install: `mvn --quiet compile\n${installFunction}`,
      test: 'mvn --quiet test',
      cdk: npx,
      config: {
        'active-active': '`src/main/java/payments/Config.java`',
        migration: '`src/main/java/payments/Config.java` (the system) and `src/main/java/payments/move/MoveConfig.java` (its move)',
      },
      recorder: '`src/main/java/payments/Recorder.java`',
      functionPlace: besideCode,
    },
    go: {
      needs: `Go ${goVersion} or newer, and Node 20 or newer for the CDK`,
      install: `go mod tidy\n${installFunction}`,
      test: 'go test ./...',
      cdk: npx,
      config: { 'active-active': '`system/config.go`', migration: '`system/config.go` (the system) and `move/config.go` (its move)' },
      recorder: '`system/recorder.go`',
      functionPlace: besideCode,
    },
  };
}
