import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';

/** For an option that is given several times. */
export const collect = (value: string, before: readonly string[] = []): string[] => [...before, value];

/** A line of what a command reports while it works. */
export const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Asks the person at the terminal; undefined where there is none. */
export async function ask(question: string): Promise<string | undefined> {
  if (!process.stdin.isTTY) return undefined;
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return await terminal.question(question);
  } finally {
    terminal.close();
  }
}

export function writeJson(file: string, value: unknown): void {
  writeFileSync(file, `${JSON.stringify(value, undefined, 2)}\n`);
}

export function writeText(file: string, text: string): void {
  writeFileSync(file, text);
}

/** The last line of a command that counts what it checked, and its exit code. */
export function counted(passed: number, failed: number): void {
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
}

/** The last line of a command, and its exit code: 0 done, 1 it found something wrong. */
export function ending(good: boolean, line: string): void {
  (good ? process.stdout : process.stderr).write(`${line}\n`);
  process.exitCode = good ? 0 : 1;
}
