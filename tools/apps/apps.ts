/**
 * The apps that `init` writes, made of the examples: TypeScript is theirs, the other languages stand in `examples/languages`. What all have
 * in common (feature flags, the recorder's function, the README) has one source.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { App, functionOf, manifestOf, readmeOf } from './texts';
import { Example, examples, Language, languages } from '../../src/commands/init/init.service';
import { filesBelow, writeIfChanged } from '../disk/files';

/** What the migration takes of the other example, as a folder of the app. */
const system = 'system';
/** The web app of the examples, and where a language's code looks for it. */
const site = 'site';
const sites: Readonly<Record<Exclude<Language, 'typescript'>, string>> = { python: 'payments/site', java: 'site', go: 'site' };
/** Made for an app of its own, or of use inside the repository only. */
const replaced = ['README.md', 'cdk.json', 'tsconfig.json'];

/** Writes what `init` reads, beside the commands. */
export function writeApps(root: string): void {
  writeIfChanged(root, path.join(root, 'bin', 'apps.json'), `${JSON.stringify(appsOf(root), undefined, 1)}\n`);
}

/** Each example in each language. */
export function appsOf(root: string): Record<Example, Record<Language, App>> {
  const one = (example: Example): Record<Language, App> =>
    Object.fromEntries(languages.map((language) => [language, appOf(root, example, language)])) as Record<Language, App>;
  return Object.fromEntries(examples.map((example) => [example, one(example)])) as Record<Example, Record<Language, App>>;
}

function appOf(root: string, example: Example, language: Language): App {
  const files: App = {
    ...(language === 'typescript' ? typescriptOf(root, example) : otherOf(root, example, language)),
    ...manifestOf(root, language),
    'cdk.json': cdkJsonOf(root, example, language),
    'README.md': readmeOf(root, example, language),
  };
  return Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The example as it is; the migration with the system that it moves in a folder beside. */
function typescriptOf(root: string, example: Example): App {
  const own = filesIn(path.join(root, 'examples', example));
  if (example === 'active-active') return own;
  const taken = Object.entries(filesIn(path.join(root, 'examples', 'active-active'))).filter(
    ([file]) => file !== 'app.ts' && !file.startsWith('test/'),
  );
  return {
    ...Object.fromEntries(
      Object.entries(own).map(([file, text]) => [
        file,
        text.replaceAll(/(['"])((?:\.\.\/)+)active-active\//g, (_, quote: string, up: string) => {
          const above = up.slice('../'.length);
          return `${quote}${above === '' ? './' : above}${system}/`;
        }),
      ]),
    ),
    ...Object.fromEntries(taken.map(([file, text]) => [`${system}/${file}`, text])),
  };
}

/** What both examples share in this language, what is this one's, and the recorder's function, which is in TypeScript everywhere. */
function otherOf(root: string, example: Example, language: Exclude<Language, 'typescript'>): App {
  const folder = path.join(root, 'examples', 'languages', language);
  return {
    ...filesIn(path.join(folder, 'system')),
    ...filesIn(path.join(folder, example)),
    ...Object.fromEntries(
      Object.entries(filesIn(path.join(root, 'examples', 'active-active', site))).map(([file, text]) => [
        `${sites[language]}/${file}`,
        text,
      ]),
    ),
    ...functionOf(root),
  };
}

const run: Readonly<Record<Language, string>> = {
  typescript: 'npx tsx app.ts',
  python: 'python3 app.py',
  java: 'mvn --quiet --batch-mode compile exec:java',
  go: 'go run .',
};

/** The example's feature flags, so that all languages synthesise the same. */
function cdkJsonOf(root: string, example: Example, language: Language): string {
  const settings = JSON.parse(readFileSync(path.join(root, 'examples', example, 'cdk.json'), 'utf8')) as Record<string, unknown>;
  return `${JSON.stringify({ ...settings, app: run[language] }, undefined, 2)}\n`;
}

/** Every file below a folder that belongs into an app. */
function filesIn(folder: string): App {
  return Object.fromEntries(
    filesBelow(folder)
      .filter((name) => !replaced.includes(name) && !/(^|\/)(cdk\.out|node_modules|__pycache__|target|\.[^/]+)\//.test(name))
      .map((name) => [name, readFileSync(path.join(folder, name), 'utf8')]),
  );
}
