import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { LocalRunError } from '../failure';

const run = promisify(execFile);
const root = path.resolve(__dirname, '../..');
const requirements = path.join(root, 'local', 'requirements.txt');
const oldestPython = [3, 10] as const;

/** Python of the project's own environment with the emulator in it; installed once per content of `requirements.txt`. */
export async function emulatorPython(log: (line: string) => void): Promise<string> {
  const hash = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const home = path.join(root, '.tools', `venv-${hash}`);
  const python = path.join(home, 'bin', 'python');
  if (existsSync(path.join(home, 'complete')) && await works(python)) return python;
  log('installing the emulator into .tools (about half a minute, once) ...');
  await mkdir(path.dirname(home), { recursive: true });
  // Made beside its place and moved there: a second run that starts meanwhile never sees half of it.
  const draft = `${home}.${process.pid}`;
  try {
    await install(await findPython(), draft);
    rmSync(home, { recursive: true, force: true });
    renameSync(draft, home);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (existsSync(path.join(home, 'complete'))) return python;
    throw error;
  }
  return python;
}

async function install(base: string, home: string): Promise<void> {
  try {
    await run(base, ['-m', 'venv', home]);
  } catch (error) {
    const said = outputOf(error);
    throw new LocalRunError(`'${base} -m venv' failed (${lastLine(said)}): install Python's venv module (on Debian and Ubuntu: apt install python3-venv)`);
  }
  try {
    await run(path.join(home, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements]);
  } catch (error) {
    throw new LocalRunError(`pip could not install local/requirements.txt (${lastLine(outputOf(error))}): check the network or pip's index and try again`);
  }
  writeFileSync(path.join(home, 'complete'), '');
}

/** The first Python on PATH that is new enough. */
async function findPython(): Promise<string> {
  const found: string[] = [];
  for (const name of ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python3.10', 'python']) {
    const version = await versionOf(name);
    if (!version) continue;
    if (version[0] > oldestPython[0] || (version[0] === oldestPython[0] && version[1] >= oldestPython[1])) return name;
    found.push(`${name} is ${version.join('.')}`);
  }
  const seen = found.length > 0 ? `only ${found.join(', ')}` : 'no python3 on PATH';
  throw new LocalRunError(`Python ${oldestPython.join('.')} or newer with venv is needed to run the emulator, found ${seen}: install it and run the command again`);
}

async function versionOf(name: string): Promise<[number, number] | undefined> {
  try {
    const { stdout } = await run(name, ['-c', 'import sys; print(sys.version_info[0], sys.version_info[1])']);
    const [major, minor] = stdout.trim().split(' ').map(Number);
    return [major, minor];
  } catch {
    return undefined;
  }
}

/** An environment breaks when the Python it was made from is removed. */
async function works(python: string): Promise<boolean> {
  try {
    await run(python, ['-c', 'import ministack']);
    return true;
  } catch {
    return false;
  }
}

function outputOf(error: unknown): string {
  const { stderr, stdout, message } = error as { stderr?: string; stdout?: string; message: string };
  return stderr?.trim() || stdout?.trim() || message;
}

function lastLine(text: string): string {
  return text.split('\n').filter((line) => line.trim()).at(-1) ?? 'no message';
}
