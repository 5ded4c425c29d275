import { readdirSync, readFileSync } from 'node:fs';

/** Processes in an emulator's group that run a function, kept warm or at work. Empty where there is no `/proc`. */
export function functionProcesses(engine: number, functionName: string): number[] {
  return processes().filter((pid) => {
    const [stat, environment] = ['stat', 'environ'].map((file) => textOf(`/proc/${pid}/${file}`));
    // The name in parentheses may hold anything: state, parent and group come after it.
    const group = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]);
    return group === engine && environment.split('\0').includes(`AWS_LAMBDA_FUNCTION_NAME=${functionName}`);
  });
}

function processes(): number[] {
  try {
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => pid > 0);
  } catch {
    return [];
  }
}

/** Empty for a process that has gone. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
