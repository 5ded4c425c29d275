/** `cdk-multi-region-payments-local`: a team's app, by the published package. */
import { spawnSync } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { parseDemoOptions } from './options';
import { runUntilEnd } from './stay';

/** Lambda's version of Node, which the handlers are bundled for. */
const lambdaNode = 24;

/** Where a user's programs keep what they can make again. */
function cacheFolder(): string {
  const { XDG_CACHE_HOME } = process.env;
  const base =
    process.platform === 'darwin'
      ? path.join(os.homedir(), 'Library', 'Caches')
      : XDG_CACHE_HOME && path.isAbsolute(XDG_CACHE_HOME)
        ? XDG_CACHE_HOME
        : path.join(os.homedir(), '.cache');
  return path.join(base, 'cdk-multi-region-payments-local');
}

/** Under npm, which a killed npm does not tell: what it started must not go on without it. */
function endWithNpm(): void {
  if (process.env.npm_command === undefined) return;
  const parent = process.ppid;
  const npm = npmAbove(parent);
  setInterval(() => {
    if (process.ppid !== parent || isGone(npm)) process.kill(process.pid, 'SIGTERM');
  }, 500).unref();
}

/** Between npm and what it starts may be its shell, which would wait on. */
function npmAbove(parent: number): number {
  const { stdout } = spawnSync('ps', ['-o', 'ppid=,comm=', '-p', String(parent)], { encoding: 'utf8' });
  const [above, ...name] = (stdout ?? '').trim().split(' ');
  return isShell(name.join(' ').trim()) ? Number(above) : parent;
}

/** By the name of its program, which a login shell has with a hyphen: `sh`, `-bash`, `/bin/zsh`. */
const isShell = (name: string): boolean =>
  ['sh', 'bash', 'dash', 'zsh', 'ash', 'ksh', 'fish'].includes(path.basename(name).replace(/^-/, ''));

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

runUntilEnd(async () => {
  const options = parseDemoOptions(process.argv.slice(2));
  endWithNpm();
  if (Number(process.versions.node.split('.')[0]) !== lambdaNode) {
    process.stdout.write(`functions run here on Node ${process.versions.node}; on AWS they run on Node ${lambdaNode}\n`);
  }
  return { ...options, toolsFolder: cacheFolder() };
});
