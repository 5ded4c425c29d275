// Entry of the README's commands. Plain Node, no dependency: it runs in a clone where nothing is installed yet.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeRunFolder, removeRunFolder, signals } from './run-folder.cjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const commands = {
  demo: 'local/demo.ts',
  test: 'tools/test.ts',
  build: 'tools/build.ts',
  bench: 'tools/bench/index.ts',
  simulate: 'test/simulation/main.ts',
  load: 'local/load/main.ts',
  release: 'tools/release/index.ts',
};
/** Their compiler of TypeScript (esbuild, in Go) stays as long as they do, and would keep some hundred megabytes of what it once took. */
const runsRegions = ['demo', 'load', 'test'];
/** A command that was told to end is given this long. */
const endWithinMs = 15_000;

/** Says what went wrong in one line and ends: the reader needs the cause, not a stack. */
function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

/** Two commands started at once must not both write node_modules: the second waits. A lock whose process is gone counts for nothing. */
function lockInstallation() {
  const lock = path.join(root, '.tools', 'npm-ci.lock');
  mkdirSync(path.dirname(lock), { recursive: true });
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      return () => rmSync(lock, { force: true });
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    if (!isHeld(lock)) rmSync(lock, { force: true });
  }
}

function isHeld(lock) {
  try {
    process.kill(Number(readFileSync(lock, 'utf8')) || 0, 0);
    return true;
  } catch {
    return false; // gone, or released meanwhile
  }
}

/** Installs node_modules once per lockfile; a second run costs one hash. */
function installPackages() {
  // Below another command of this clone: what runs has its packages, and must not lose them.
  if (process.env.RUN_TMPDIR) return;
  const marker = path.join(root, 'node_modules', '.lockfile-sha256');
  const hash = createHash('sha256')
    .update(readFileSync(path.join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(marker) && readFileSync(marker, 'utf8') === hash) return;
  const unlock = lockInstallation();
  if (existsSync(marker) && readFileSync(marker, 'utf8') === hash) return unlock();
  process.stdout.write('installing npm packages (40 seconds to 3 minutes, once per lockfile) ...\n');
  // The DynamoDB engine of some tests is a binary for linux-x64; elsewhere npm would stop at it, and those tests are left out.
  const anyPlatform = process.platform === 'linux' && process.arch === 'x64' ? [] : ['--force'];
  const install = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error', ...anyPlatform], { cwd: root, stdio: 'inherit' });
  if (install.status === 0) writeFileSync(marker, hash);
  unlock();
  if (install.status !== 0)
    fail(
      `npm ci failed with exit code ${install.status ?? install.signal}: see its message above, fix the cause and run the command again`,
    );
}

const [command, ...args] = process.argv.slice(2);
const entry = commands[command];
if (!entry) fail(`unknown command '${command ?? ''}': use one of ${Object.keys(commands).join(', ')}`);
if (Number(process.versions.node.split('.')[0]) < 20) fail(`Node ${process.versions.node} is too old: 20 or newer is needed`);
installPackages();

// node_modules/.bin first: the Node 24 that Lambda runs, and the tools of the lockfile.
const bin = path.join(root, 'node_modules', '.bin');
process.env.PATH = `${bin}${path.delimiter}${process.env.PATH}`;
process.env.NODE_NO_WARNINGS ??= '1';

const folder = makeRunFolder();
process.on('exit', () => removeRunFolder(folder));

const child = spawn(
  path.join(bin, 'node'),
  ['--import', 'tsx', '--import', path.join(root, 'tools', 'launched.mjs'), path.join(root, entry), ...args],
  {
    cwd: root,
    stdio: 'inherit',
    // By the launcher's ID the command notices that it was killed, which no signal tells.
    env: {
      ...process.env,
      ...(runsRegions.includes(command) ? { GOMEMLIMIT: '64MiB' } : {}),
      LAUNCHER_PID: String(process.pid),
      TMPDIR: folder,
      RUN_TMPDIR: folder,
    },
  },
);

/** The command ends its own children first; one that does not is killed, and with the folder all that still runs in it. */
function end(signal) {
  child.kill(signal);
  setTimeout(() => child.kill('SIGKILL'), endWithinMs).unref();
}
for (const signal of signals) process.on(signal, () => end(signal));
child.on('exit', (code, signal) => process.exit(code ?? 128 + os.constants.signals[signal]));

// Under npm the same goes for this process: a killed npm must not leave the command running. Between the two is npm's shell,
// which would wait on.
if (process.env.npm_lifecycle_event) {
  const shell = process.ppid;
  const [, parent, name] =
    /^\s*(\d+)\s+(.*)$/m.exec(spawnSync('ps', ['-o', 'ppid=,comm=', '-p', String(shell)], { encoding: 'utf8' }).stdout ?? '') ?? [];
  const npm = /(^|\/)-?\w*sh$/.test(name?.trim() ?? '') ? Number(parent) : shell;
  const gone = (pid) => {
    try {
      process.kill(pid, 0);
      return false;
    } catch (error) {
      return error.code === 'ESRCH';
    }
  };
  setInterval(() => (process.ppid !== shell || gone(npm)) && end('SIGTERM'), 500).unref();
}
