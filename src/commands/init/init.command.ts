import { Argument, Command, Option } from 'commander';
import { disk, packageVersion, packedApps } from './disk';
import { Example, examples, initialise, InitResult, Language, languages } from './init.service';
import { ending, writeJson } from '../terminal';

interface InitOptions {
  readonly language: Language;
  readonly json?: string;
}

const help = `
The folder must be empty or new; a .git folder may be in it. Nothing is installed, and nothing is written over.
The app asks for this very version of the package. Its README.md says how to install, test and deploy it.

Examples:
  npx cdk-multi-region-payments init active-active payments
  npx cdk-multi-region-payments init migration --language python payments`;

/** Writes a complete CDK app into an empty folder. */
export function initCommand(): Command {
  return new Command('init')
    .description('write a complete CDK app, with its tests, into an empty folder')
    .addArgument(new Argument('<example>', 'active-active, or migration: the same with its cutover to another region').choices(examples))
    .argument('[dir]', 'the folder', '.')
    .addOption(new Option('--language <language>', 'the language of the app').choices(languages).default('typescript'))
    .option('--json <file>', 'write the names of what was written to a file')
    .addHelpText('after', help)
    .action((example: Example, folder: string, { language, json }: InitOptions) => {
      const result = initialise(disk, packedApps(), { example, language, folder, version: packageVersion() });
      if (json !== undefined && result.outcome !== 'refused') writeJson(json, result);
      ending(result.outcome === 'written', sentence(result, example, language));
    });
}

function sentence(result: InitResult, example: Example, language: Language): string {
  switch (result.outcome) {
    case 'written': {
      const place = result.folder === '.' ? 'here' : `in ${result.folder}`;
      return `wrote ${example} for ${language} ${place}: ${result.files.length} files; README.md says what to do next`;
    }
    case 'refused':
      return `refused: ${result.why}; nothing was written`;
    case 'stopped':
      return `stopped: ${result.why}\n  written before it: ${result.files.join(', ')}; give another folder`;
  }
}
