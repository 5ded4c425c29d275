// Loaded into a command by its launcher (tools/run.mjs), not into what the command starts: when the launcher is killed, which no signal
// tells, the command ends as on SIGTERM, and does the launcher's last work.
import { isMainThread } from 'node:worker_threads';
import { removeRunFolder } from './run-folder.cjs';

const endWithinMs = 15_000;

function onOrphaned(then) {
  const launcher = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === launcher) return;
    clearInterval(watch);
    then();
  }, 500).unref();
}

if (isMainThread && process.ppid === Number(process.env.LAUNCHER_PID)) {
  onOrphaned(() => {
    process.on('exit', () => removeRunFolder(process.env.RUN_TMPDIR));
    // Without a handler of the command's own, SIGTERM would end it before that.
    if (process.listenerCount('SIGTERM') === 0) process.exit(143);
    process.kill(process.pid, 'SIGTERM');
    setTimeout(() => process.exit(143), endWithinMs).unref();
  });
}
