import { spawn } from 'node:child_process';
import path from 'node:path';
import { root } from '../project/tracked-files';

/** A command of the package as a user runs it: its exit code, and what it prints to both outputs. */
export async function runCommand(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [path.join(root, 'bin', 'index.js'), ...args], {
    env: { ...process.env, NODE_NO_WARNINGS: '1', AWS_EC2_METADATA_DISABLED: 'true', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (part: Buffer) => {
      output += part.toString();
    });
  }
  return { code: await new Promise((resolve) => child.on('close', resolve)), output };
}
