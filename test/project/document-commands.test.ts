import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { isApiReference, readTracked, root, trackedFiles } from './tracked-files';

/** What commands of ours can be asked for: by the name of each, its options. */
type Known = ReadonlyMap<string, readonly string[]>;

const optionsIn = (text: string): string[] => [...text.matchAll(/(?<![\w-])--([a-z][a-z-]*)/g)].map(([, name]) => name);

/** The package's commands, by their own help. */
function commandsOfPackage(): Known {
  const help = (...args: string[]): string =>
    spawnSync(process.execPath, [path.join(root, 'bin', 'index.js'), ...args], { encoding: 'utf8' }).stdout;
  const names = [...help('--help').matchAll(/^ {2}([a-z-]+) (?:\[options\]|\[command\])/gm)].map(([, name]) => name);
  return new Map(names.map((name) => [name, name === 'help' ? [] : optionsIn(help(name, '--help'))]));
}

const localOptions = [...readTracked('local/options.ts').matchAll(/'?([a-z-]+)'?: \{ type: '(?:string|boolean)'/g)].map(([, name]) => name);
const manifest = JSON.parse(readTracked('package.json')) as { scripts: Record<string, string>; devDependencies: Record<string, string> };

/** Lines of samples, and pieces of code in the text; a line that ends with a backslash goes on. */
function codeOf(document: string): string[] {
  const samples = [...document.matchAll(/^```(?:sh|bash)?\n([^]*?)^```/gm)].flatMap(([, text]) =>
    text.replace(/\\\n\s*/g, ' ').split('\n'),
  );
  const rest = document.replace(/^```[^]*?^```/gm, '');
  return [...samples, ...[...rest.matchAll(/`([^`\n]+)`/g)].map(([, text]) => text)];
}

/** What follows a command on its line, without what the shell does with it and without quoted texts. */
const argumentsOf = (line: string): string => line.replace(/"[^"]*"|'[^']*'/g, 'TEXT').replace(/(?:\s#|\s[|;>&]|`).*$/, '');

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
    return wrong.map(complaint);
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
])('%j is seen', (document, complaint) => {
  expect(problemsOf('x.md', document, known)).toEqual([expect.stringContaining(complaint)]);
});

test('a quoted text, and what the shell does, are no options', () => {
  const document = '```\nnpx cdk-multi-region-payments verify --token-command "curl --silent x" | grep --count ok\n```';
  expect(problemsOf('x.md', document, known)).toEqual([]);
});
