import { Worker } from 'node:worker_threads';
import type { PlannedCanary } from './plans';
import { causeOf } from '../../src/kernel/cause';

/** What a script's run came to. */
export interface ScriptEnd {
  readonly passed: boolean;
  readonly failure?: string;
}

/** Runs in a thread of its own: a script reads its environment when it is loaded, and each run loads it anew, as a cold start does. */
const runtime = `
const { parentPort, workerData } = require('node:worker_threads');
const end = (passed, failure) => parentPort.postMessage({ passed, failure });
Promise.resolve()
  .then(() => require(workerData.script)[workerData.handler]())
  .then(() => end(true), (error) => end(false, String(error?.message ?? error)));
`;

/** One run of a canary's script, as the runtime of Synthetics would call it: it fails by what it rejects with, and by its timeout. */
export function runScript({ script, handler, environment, timeoutMs }: PlannedCanary, signal: AbortSignal): Promise<ScriptEnd> {
  return new Promise((resolve) => {
    // What it logs would go to CloudWatch, which nobody reads here.
    const worker = new Worker(runtime, {
      eval: true,
      env: { ...environment },
      workerData: { script, handler },
      stdout: true,
      stderr: true,
    });
    const late = setTimeout(() => end({ passed: false, failure: `no end within ${timeoutMs / 1000} s` }), timeoutMs);
    const stop = (): void => end({ passed: false, failure: 'the run was ended' });
    signal.addEventListener('abort', stop, { once: true });
    worker.stdout.resume();
    worker.stderr.resume();
    worker.once('message', (message: ScriptEnd) => end(message));
    worker.once('error', (error) => end({ passed: false, failure: causeOf(error) }));
    worker.once('exit', (code) => end({ passed: false, failure: `the script ended the process with ${code}` }));
    function end(result: ScriptEnd): void {
      clearTimeout(late);
      signal.removeEventListener('abort', stop);
      resolve(result);
      void worker.terminate();
    }
  });
}
