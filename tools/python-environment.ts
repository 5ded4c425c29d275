/** Environments of Python for checks, below `.tools`: each is installed once for each content of its requirements. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { command, lastLines, root } from './steps';

export interface PythonEnvironment {
  readonly folder: string;
  /** Why it is not there. */
  readonly problem?: string;
}

/** The environment of a name with what its requirements name. It needs Python 3.10 or newer with venv. */
export async function pythonEnvironment(name: string, requirements: string): Promise<PythonEnvironment> {
  const folder = path.join(root, '.tools', name);
  const marker = path.join(folder, '.requirements-sha256');
  const hash = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  if (existsSync(marker) && readFileSync(marker, 'utf8') === hash) return { folder };
  process.stdout.write(`    installing ${name} into .tools (once) ...\n`);
  rmSync(folder, { recursive: true, force: true });
  for (const [program, ...args] of [
    ['python3', '-m', 'venv', folder],
    [path.join(folder, 'bin', 'pip'), 'install', '--quiet', '--disable-pip-version-check', '-r', requirements],
  ]) {
    const { code, output } = await command(program, args);
    if (code !== 0) return { folder, problem: `${program} ${args.join(' ')} exited with ${code}:\n${lastLines(output, 20)}` };
  }
  writeFileSync(marker, hash);
  return { folder };
}
