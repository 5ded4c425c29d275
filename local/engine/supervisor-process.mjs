// Starts every process of a local run and outlives the run by a moment: when the pipe to its parent closes, however the
// parent ended, it kills what it started and deletes the run's folder. Plain Node, so that it is small and starts at once.
// In: one JSON per line, {start, file, args, env, cwd, log} or {kill}. Out: {folder}, {started, pid}, {ended, code, signal}.
import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

const children = new Map();
// Short, because a socket's path may have 104 characters on macOS.
const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'mrp-')));
let ending = false;
const parentFirstMs = 2000;

// Where all processes are told to end at once, the parent has something to say first; then it closes the pipe.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => setTimeout(shutDown, parentFirstMs));
process.stdout.on('error', () => {});

function say(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

/** A group of its own for each child: what the child starts (an emulator's functions) ends and freezes with it. */
function start({ start: name, file, args, env, cwd, log }) {
  if (ending) return;
  const output = openSync(log, 'a');
  const child = spawn(file, args, { cwd: cwd ?? folder, env, detached: true, stdio: ['ignore', output, output] });
  closeSync(output);
  child.on('error', (error) => end(name, -1, error.message));
  child.on('exit', (code, signal) => end(name, code, signal));
  if (child.pid === undefined) return;
  children.set(name, child.pid);
  say({ started: name, pid: child.pid });
}

function end(name, code, signal) {
  // The leader is gone; what it left in its group goes too.
  killGroup(name);
  children.delete(name);
  say({ ended: name, code, signal });
}

function killGroup(name) {
  const pid = children.get(name);
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody is left in the group.
  }
}

/** Kills everything and deletes the folder. Waits for the groups to be empty, but not for ever: nobody may be there to reap orphans. */
function shutDown() {
  if (ending) return;
  ending = true;
  const groups = [...children.values()];
  for (const name of children.keys()) killGroup(name);
  const begun = Date.now();
  const poll = setInterval(() => {
    const waited = Date.now() - begun;
    const left = children.size > 0 ? waited < 5000 : groups.some(hasMembers) && waited < 1000;
    if (left) return;
    clearInterval(poll);
    try {
      // The last writes of a killed process may still arrive meanwhile: hence the retries.
      rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    } finally {
      process.exit(0);
    }
  }, 20);
}

function hasMembers(group) {
  try {
    process.kill(-group, 0);
    return true;
  } catch {
    return false;
  }
}

say({ folder });
const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const message = JSON.parse(line);
  if (message.start) start(message);
  else if (message.kill) killGroup(message.kill);
});
lines.on('close', shutDown);
process.stdin.on('error', shutDown);
