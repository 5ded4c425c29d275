/** What every trial of a package does: it runs commands, of which none may fail, in folders of its own. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { CommandOptions, Outcome, command, lastLines, root } from './steps';

/** Where the packages are. */
export const dist = path.join(root, 'dist');

/** A command of a consumer failed: its output is the message. */
export class ConsumerError extends Error {}

/** In a folder outside of the repository: below it a bundler finds whatever the repository has installed. */
export async function outside(attemptIn: (folder: string) => Promise<Outcome>): Promise<Outcome> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'consumer-'));
  try {
    return await attemptIn(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs a command of a consumer to its end. */
export async function must(program: string, args: readonly string[], options: CommandOptions): Promise<void> {
  const { code, output } = await command(program, args, {
    ...options,
    env: {
      // What is looked up at each deployment puts the time of synthesis into the template, and the languages' templates are compared.
      SOURCE_DATE_EPOCH: '1764374400',
      CDK_OUTDIR: path.join(options.cwd!, 'cdk.out'),
      CDK_VALIDATION: 'false',
      ...options.env,
    },
  });
  if (code !== 0) {
    throw new ConsumerError(`${path.basename(program)} ${args.slice(0, 4).join(' ')} exited with ${code}:\n${lastLines(output, 60)}`);
  }
}

/** The package of one language in `dist`. */
export function packageIn(language: string, extension: string, start = ''): string {
  const folder = path.join(dist, language);
  const archive = existsSync(folder) ? readdirSync(folder).find((file) => file.startsWith(start) && file.endsWith(extension)) : undefined;
  if (!archive) throw new ConsumerError(`dist/${language} holds no ${start}*${extension}: the step "packages" makes it`);
  return path.join(folder, archive);
}
