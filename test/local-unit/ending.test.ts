import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

const root = path.resolve(__dirname, '../..');

/** Runs a command whose work fails without anybody waiting for it; with a signal, after the end was asked for. */
async function commandThat(script: string, signal?: NodeJS.Signals): Promise<{ code: number | null; said: string }> {
  const text = `import { runCommand } from ${JSON.stringify(path.join(root, 'local/ending.ts'))};\n${script}`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', text], { cwd: root });
  let said = '';
  child.stderr.on('data', (chunk) => (said += String(chunk)));
  child.stdout.once('data', () => signal && child.kill(signal));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, said };
}

const lost = "void Promise.reject(new Error('connect ECONNREFUSED'));";

test.each(['SIGTERM', 'SIGINT'] as const)(
  'requests that fail while a run ends on %s are not told, and the exit code stays',
  async (signal) => {
    const script = `runCommand(async ({ requested }) => {
    const stay = setInterval(() => undefined, 1_000);
    console.log('ready');
    await requested;
    ${lost}
    setImmediate(() => { throw new Error('socket hang up'); });
    await new Promise((resolve) => setTimeout(resolve, 50));
    clearInterval(stay);
    return 1;
  }, 0);`;
    expect(await commandThat(script, signal)).toEqual({ code: 1, said: '' });
  },
);

test('what fails while nobody asked for the end is told with its stack, and ends the command', async () => {
  const { code, said } = await commandThat(`runCommand(() => { ${lost} return new Promise(() => undefined); }, 0);`);
  expect(code).toBe(1);
  expect(said).toMatch(/^Error: connect ECONNREFUSED\n +at /);
});
