import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { argumentsOf, codeOf, optionsIn } from './document-samples';
import { isApiReference, readTracked, root, trackedFiles } from './tracked-files';

/** What commands of ours can be asked for: by the name of each, its options. */
type Known = ReadonlyMap<string, readonly string[]>;

/** The package's commands, by their own help. */
function commandsOfPackage(): Known {
  const help = (...args: string[]): string =>
    spawnSync(process.execPath, [path.join(root, 'bin', 'index.js'), ...args], { encoding: 'utf8' }).stdout;
  const names = [...help('--help').matchAll(/^ {2}([a-z-]+) (?:\[options\]|\[command\])/gm)].map(([, name]) => name);
  return new Map(names.map((name) => [name, name === 'help' ? [] : optionsIn(help(name, '--help'))]));
}

const localOptions = [...readTracked('local/options.ts').matchAll(/'?([a-z-]+)'?: \{ type: '(?:string|boolean)'/g)].map(([, name]) => name);
const manifest = JSON.parse(readTracked('package.json')) as { scripts: Record<string, string>; devDependencies: Record<string, string> };

/** What `npm run NAME --` takes, as the sources of each read it. */
const scripts: Known = new Map([
  ['simulate', [...readTracked('test/simulation/main.ts').matchAll(/^ {10}'?([a-z-]+)'?: (?:text|flag),$/gm)].map(([, name]) => name)],
  ['load', [...readTracked('local/load/options.ts').matchAll(/([a-z]+): text/g)].map(([, name]) => name)],
  ['bench', [...readTracked('tools/bench/index.ts').matchAll(/=== '--([a-z]+)'/g)].map(([, name]) => name)],
  ['release', [...readTracked('tools/release/index.ts').matchAll(/^ {2}--([a-z-]+) {2}/gm)].map(([, name]) => name)],
  ['build', ['only']],
]);

/** The names of a command's steps. A step of the build that tries a language is named after it. */
const stepsOf = (command: 'test' | 'build'): string[] => [
  ...[...readTracked(`tools/${command}.ts`).matchAll(/(?:name: |commandStep\(\s*)'([a-z-]+)'/g)].map(([, name]) => name),
  'bundles',
  ...(command === 'build' ? [...readTracked('tools/consumers.ts').matchAll(/name: '(use-[a-z]+)'/g)].map(([, name]) => name) : []),
];

interface CdkCommand {
  readonly options?: object;
  readonly aliases?: readonly string[];
}

/** The CDK's command line, by what it has of itself. */
function cdkCommands(): Known {
  const { commands, globalOptions } = JSON.parse(
    readFileSync(path.join(root, 'node_modules', 'aws-cdk', 'lib', 'cli', 'cli-type-registry.json'), 'utf8'),
  ) as { commands: Record<string, CdkCommand>; globalOptions: object };
  return new Map(
    Object.entries(commands).flatMap(([name, { options = {}, aliases = [] }]) =>
      [name, ...aliases].map((word): [string, string[]] => [word, [...Object.keys(options), ...Object.keys(globalOptions)]]),
    ),
  );
}
const cdk = cdkCommands();

/** What is wrong with `--only STEP,...`. */
function stepProblems(command: 'test' | 'build', text: string): string[] {
  const steps = stepsOf(command);
  return (/--only ([a-z,-]+)/.exec(text)?.[1].split(',') ?? [])
    .filter((part) => !steps.some((step) => step.includes(part)))
    .map((part) => `npm ${command} has no step ${part}`);
}

/** What is wrong with the commands of the repository and of the CDK on a line. */
function otherProblems(text: string): string[] {
  const [, name, given] = /npm run ([a-z]+) --(?= )(.*)$/.exec(text) ?? [];
  const options = scripts.get(name ?? '');
  const [, asked, more] = /npx (?:aws-)?cdk(?:@\S+)? (?!-)([a-z]+)(.*)$/.exec(text) ?? [];
  const flags = cdk.get(asked ?? '');
  const [, jest] = /npx jest (test\/\S+)/.exec(text) ?? [];
  return [
    ...optionsIn(given ?? '')
      .filter((option) => options !== undefined && !options.includes(option))
      .map((option) => `npm run ${name} has no option --${option}`),
    ...(/npm test /.test(text) ? stepProblems('test', text) : /npm run build /.test(text) ? stepProblems('build', text) : []),
    ...(asked !== undefined && flags === undefined ? [`cdk has no command ${asked}`] : []),
    ...optionsIn(more ?? '')
      .filter((option) => flags !== undefined && !flags.includes(option))
      .map((option) => `cdk ${asked} has no option --${option}`),
    ...(jest !== undefined && !trackedFiles().some((file) => file.startsWith(jest)) ? [`there is no test ${jest}`] : []),
  ];
}

/** Addresses that the local run and the payments API answer, as regular paths: `{name}` stands for one part. */
const answered = [
  ...['local/front-door/control.ts', 'local/page/page.ts'].flatMap((file) =>
    [...readTracked(file).matchAll(/path: '(\/_local\/[^']+)'/g)].map(([, at]) => at),
  ),
  '/_local/aws/{region}',
  ...[...readTracked('docs/openapi.yaml').matchAll(/^ {2}(\/\S*):$/gm)].map(([, at]) => at.replace(/^\/api\/v1(?=\/)/, '')),
];

const isAnswered = (address: string): boolean =>
  answered.some((at) => {
    const [parts, asked] = [at, address].map((text) => text.split('/'));
    return parts.length === asked.length && parts.every((part, index) => part.startsWith('{') || part === asked[index]);
  });

/** Addresses of a line that nothing answers. `$API` has the prefix `/api/v1` in it. */
const addressProblems = (line: string): string[] =>
  [...line.matchAll(/\$(?:L|URL|API)(\/[\w/<>{}.-]+)/g)]
    .map(([, at]) => at.replace(/^\/_local\/regions\/[\w-]+\/api\/v1|^\/api\/v1/, ''))
    // The two addresses that `verify` takes: a region as a whole.
    .filter((at) => !/^\/_local\/regions\/[\w-]+$/.test(at) && at !== '' && !isAnswered(at))
    .map((at) => `nothing answers ${at}`);

/** What is wrong with the commands of a document, one line each. */
function problemsOf(file: string, document: string, known: Known): string[] {
  return codeOf(document).flatMap((line) => {
    const complaint = (what: string): string => `${file}: '${line}': ${what}`;
    const text = argumentsOf(line);
    const wrong: string[] = [];
    const [, ours] = /npx cdk-multi-region-payments (.*)$/.exec(text) ?? [];
    if (ours !== undefined) {
      const [name] = ours.split(' ');
      const options = known.get(name);
      if (options === undefined && !/^(?:COMMAND|--help)$/.test(name)) wrong.push(`there is no command ${name}`);
      const strange = options && optionsIn(ours).find((option) => !options.includes(option));
      if (strange) wrong.push(`${name} has no option --${strange}`);
    }
    const [, local] = /(?:npx cdk-multi-region-payments-local|npm run demo --)(?=\s)(.*)$/.exec(text) ?? [];
    const strange = optionsIn(local ?? '').find((option) => !localOptions.includes(option));
    if (strange) wrong.push(`the local run has no option --${strange}`);
    const [, cli] = /npx aws-cdk@(\S+)/.exec(text) ?? [];
    if (cli !== undefined && cli !== manifest.devDependencies['aws-cdk']) {
      wrong.push(`it is tried with ${manifest.devDependencies['aws-cdk']}`);
    }
    const [, script] = /npm run (?!-)([a-z:]+)/.exec(text) ?? [];
    if (script !== undefined && manifest.scripts[script] === undefined) wrong.push(`there is no script ${script}`);
    return [...wrong, ...otherProblems(text), ...addressProblems(line)].map(complaint);
  });
}

const documents = trackedFiles().filter((file) => file.endsWith('.md') && !isApiReference(file) && file !== 'CHANGELOG.md');
const known = commandsOfPackage();

test('commands in the documents are there, with each of their options, and the CLI is the one that was tried', () => {
  expect([...known.keys()]).toEqual(expect.arrayContaining(['init', 'verify', 'preflight', 'cost']));
  const lines = documents.flatMap((file) => codeOf(readTracked(file)).filter((line) => line.includes('cdk-multi-region-payments ')));
  expect(lines.length).toBeGreaterThan(20);
  expect(documents.flatMap((file) => problemsOf(file, readTracked(file), known))).toEqual([]);
});

test.each([
  ['```\nnpx cdk-multi-region-payments verfy --api x\n```', 'there is no command verfy'],
  ['```\nnpx cdk-multi-region-payments verify \\\n  --apis x\n```', 'verify has no option --apis'],
  ['Start `npx cdk-multi-region-payments-local --apps .`', 'the local run has no option --apps'],
  ['`npm run demo -- --smok`', 'the local run has no option --smok'],
  ['`npx aws-cdk@2 synth`', 'it is tried with'],
  ['`npm run demos`', 'there is no script demos'],
  ['`npm run simulate -- --seeds 3 --story-of x`', 'npm run simulate has no option --story-of'],
  ['`npm run load -- --rates 3`', 'npm run load has no option --rates'],
  ['`npm run bench -- --writes`', 'npm run bench has no option --writes'],
  ['`npm run release -- --dry`', 'npm run release has no option --dry'],
  ['`npm test -- --only unite`', 'npm test has no step unite'],
  ['`npm run build -- --only compile,use-ruby`', 'npm build has no step use-ruby'],
  ['`npx cdk synthesise`', 'cdk has no command synthesise'],
  ['`npx cdk deploy --everything`', 'cdk deploy has no option --everything'],
  ['`npx jest test/nowhere`', 'there is no test test/nowhere'],
  ['```\ncurl -X POST $L/_local/region/us-east-1/stop\n```', 'nothing answers /_local/region/us-east-1/stop'],
  ['```\ncurl $L/api/v1/payment\n```', 'nothing answers /payment'],
  ['```\ncurl $API/accounts/a/b/c\n```', 'nothing answers /accounts/a/b/c'],
])('%j is seen', (document, complaint) => {
  expect(problemsOf('x.md', document, known)).toEqual([expect.stringContaining(complaint)]);
});

test('a quoted text, and what the shell does, are no options', () => {
  const document = '```\nnpx cdk-multi-region-payments verify --token-command "curl --silent x" | grep --count ok\n```';
  expect(problemsOf('x.md', document, known)).toEqual([]);
});
