// The one temporary folder of a command. Everything that the command starts makes its temporary files in there (TMPDIR), and all of it goes
// when the command ends, however it ends: by itself, by a failure, by a signal, and after SIGKILL at the next start. Plain Node: the
// launcher uses it in a
// clone where nothing is installed, jest's global setup where a test is run by hand.
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Short, because sockets are made below it, and a socket's path may have 103 bytes on macOS. */
const name = /^mrp\.(\d+)(\.\d+)?$/;

/** Says on which machine the owner's process ID counts: containers may share a temporary directory. */
const hostFile = '.host';

/**
 * Makes the folder of this process below the system's temporary directory, and removes those of commands that were killed.
 *
 * @param hasTools in a clone: what programs cache is kept in `.tools`
 */
function makeRunFolder(hasTools = true) {
  const base = fs.realpathSync(os.tmpdir());
  removeAbandoned(base);
  for (let taken = 0; ; taken += 1) {
    const folder = path.join(base, `mrp.${process.pid}${taken === 0 ? '' : `.${taken}`}`);
    try {
      fs.mkdirSync(folder, { mode: 0o700 });
    } catch (error) {
      if (error.code === 'EEXIST') continue;
      throw error;
    }
    fs.writeFileSync(path.join(folder, hostFile), os.hostname());
    if (hasTools) keepCaches(folder);
    return folder;
  }
}

/** What programs keep in the temporary directory to be faster the next time stays in `.tools`. */
function keepCaches(folder) {
  for (const cache of [`tsx-${process.geteuid?.() ?? os.userInfo().username}`, 'node-compile-cache']) {
    const kept = path.resolve(__dirname, '..', '.tools', cache);
    fs.mkdirSync(kept, { recursive: true });
    fs.symlinkSync(kept, path.join(folder, cache));
  }
}

function removeAbandoned(base) {
  for (const entry of fs.readdirSync(base)) {
    const owner = Number(name.exec(entry)?.[1]);
    const folder = path.join(base, entry);
    // This process has made none yet: one with its ID is of an earlier process.
    if (owner && (owner === process.pid || !isAlive(owner)) && isOurs(folder)) removeRunFolder(folder);
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code !== 'ESRCH';
  }
}

/** Made by this user on this machine. */
function isOurs(folder) {
  try {
    const found = fs.lstatSync(folder);
    return (
      found.isDirectory() && found.uid === process.getuid?.() && fs.readFileSync(path.join(folder, hostFile), 'utf8') === os.hostname()
    );
  } catch {
    return false; // gone meanwhile, or never finished
  }
}

/** Ends what still runs in the folder, and deletes it. */
function removeRunFolder(folder) {
  for (let round = 0; round < 100 && killAll(folder) > 0; round += 1) pause(20);
  try {
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  } catch (error) {
    process.stderr.write(`${folder} could not be removed (${error.message}): delete it\n`);
  }
}

/**
 * By their environment, since the parent of some is gone. Where there is no /proc, none are found: there each process watches its parent
 * alone.
 */
function killAll(folder) {
  const found = processIds().filter(
    (pid) =>
      pid !== process.pid &&
      environment(pid).some((variable) => variable === `TMPDIR=${folder}` || variable.startsWith(`TMPDIR=${folder}/`)),
  );
  for (const pid of found) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
  }
  return found.length;
}

function processIds() {
  try {
    return fs
      .readdirSync('/proc')
      .map(Number)
      .filter((pid) => pid > 0);
  } catch {
    return [];
  }
}

function environment(pid) {
  try {
    return fs.readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return []; // ended, or somebody else's
  }
}

function pause(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Gives this process and its children a folder for as long as this process lives, unless a launcher has given one already. */
function holdRunFolder() {
  if (process.env.RUN_TMPDIR === os.tmpdir()) return;
  const folder = makeRunFolder();
  Object.assign(process.env, { TMPDIR: folder, RUN_TMPDIR: folder });
  process.on('exit', () => removeRunFolder(folder));
  for (const signal of signals) process.on(signal, () => process.exit(128 + os.constants.signals[signal]));
}

module.exports = { holdRunFolder, makeRunFolder, removeRunFolder, signals };
