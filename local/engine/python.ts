import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Supervisor } from './supervisor';
import { LocalRunError } from '../ground/failure';
import { requirementsFile } from '../ground/places';

const oldestPython = [3, 10] as const;

/** Name of a venv's file that says it was installed to the end. */
const completeMark = 'complete';

export interface PythonOptions {
  readonly supervisor: Supervisor;
  readonly log: (line: string) => void;
  /** Where environments are kept. Default: `.tools` of the clone. */
  readonly tools?: string;
  /** What programs inherit. Default: this process's environment. */
  readonly env?: NodeJS.ProcessEnv;
}

/** Python of the project's own environment with the emulator in it; installed once per content of `requirements.txt`. */
export async function emulatorPython(options: PythonOptions): Promise<string> {
  const { supervisor, log, tools = path.resolve(__dirname, '..', '..', '.tools'), env = process.env } = options;
  const hash = createHash('sha256').update(readFileSync(requirementsFile)).digest('hex').slice(0, 12);
  const home = path.join(tools, `venv-${hash}`);
  const python = path.join(home, 'bin', 'python');
  const programs = new Programs(supervisor, env);
  const isUsable = async (): Promise<boolean> =>
    existsSync(path.join(home, completeMark)) && (await programs.run(python, ['-c', 'import ministack'])).ok;
  if (await isUsable()) return python;
  const base = await findPython(programs);
  log(`installing the emulator into ${tools} (about half a minute, once) ...`);
  mkdirSync(tools, { recursive: true });
  removeStaleDrafts(tools);
  // Made beside its place and moved there: another run that starts meanwhile never sees half of it.
  const draft = mkdtempSync(`${home}.${process.pid}-`);
  try {
    // One breaks when the Python it was made from is removed. It goes now and not after the installation: by then another run may use a new
    // one there.
    if (existsSync(home) && !(await isUsable())) setAside(home, draft);
    await install(programs, base, draft);
    renameSync(draft, home);
  } catch (error) {
    // A folder with something in it is never replaced, so this may be the other run's.
    if (!(await isUsable())) throw error;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return python;
}

async function install(programs: Programs, base: string, home: string): Promise<void> {
  const venv = await programs.run(base, ['-m', 'venv', home]);
  if (!venv.ok) {
    throw new LocalRunError(
      `'${base} -m venv' failed (${lastLine(venv.output)}): install Python's venv module (on Debian and Ubuntu: apt install python3-venv)`,
    );
  }
  const pip = await programs.run(path.join(home, 'bin', 'python'), [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '-r',
    requirementsFile,
  ]);
  if (!pip.ok) {
    throw new LocalRunError(`pip could not install the emulator (${lastLine(pip.output)}): check the network or pip's index and try again`);
  }
  writeFileSync(path.join(home, completeMark), '');
}

/** The first Python on PATH that is new enough and can make environments. */
async function findPython(programs: Programs): Promise<string> {
  const seen: string[] = [];
  for (const name of ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python3.10', 'python']) {
    const { ok, output } = await programs.run(name, ['-c', 'import sys; print(*sys.version_info[:2]); import venv, ensurepip']);
    const [major, minor] = (/^(\d+) (\d+)$/m.exec(output) ?? []).slice(1).map(Number);
    if (major === undefined) continue;
    const recent = major > oldestPython[0] || (major === oldestPython[0] && minor >= oldestPython[1]);
    if (ok && recent) return name;
    seen.push(`${name} ${major}.${minor}${recent ? ' without venv' : ''}`);
  }
  const reason = seen.length > 0 ? `PATH has only ${seen.join(', ')}` : 'PATH has no python3';
  throw new LocalRunError(
    `the emulator needs Python ${oldestPython.join('.')} or newer with venv, but ${reason}: install it (on Debian and Ubuntu: apt ` +
      `install python3 python3-venv)`,
  );
}

/** Moves a broken environment out of the way, in one step, and removes it; another run may have done so. */
function setAside(home: string, draft: string): void {
  const aside = `${draft}.old`;
  try {
    renameSync(home, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  rmSync(aside, { recursive: true, force: true });
}

/** What an interrupted installation left. */
function removeStaleDrafts(tools: string): void {
  for (const name of readdirSync(tools)) {
    const pid = Number(/^venv-\w+\.(\d+)-/.exec(name)?.[1]);
    if (pid && !isAlive(pid)) rmSync(path.join(tools, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Runs programs to their end under the supervisor, so that none goes on when the run is ended meanwhile. */
class Programs {
  private count = 0;

  constructor(
    private readonly supervisor: Supervisor,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  async run(file: string, args: readonly string[]): Promise<{ ok: boolean; output: string }> {
    const name = `python-${this.count++}`;
    try {
      const child = await this.supervisor.start({ name, file, args, env: this.env });
      const { code } = await child.ended;
      return { ok: code === 0, output: readFileSync(child.log, 'utf8') };
    } catch (error) {
      return { ok: false, output: (error as Error).message };
    }
  }
}

function lastLine(text: string): string {
  return (
    text
      .split('\n')
      .filter((line) => line.trim())
      .at(-1)
      ?.trim() ?? 'no message'
  );
}
