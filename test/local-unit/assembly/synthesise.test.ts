import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { synthesise } from '../../../local/assembly/synthesise';
import { Supervisor } from '../../../local/engine/supervisor';

let supervisor: Supervisor;
let app: string;

beforeEach(async () => {
  supervisor = await Supervisor.launch();
  app = mkdtempSync(path.join(tmpdir(), 'app-'));
});

afterEach(async () => {
  await supervisor.close();
  rmSync(app, { recursive: true });
});

const run = (): Promise<string> => synthesise({ supervisor, appDirectory: app, context: {}, accountId: '000000000000' });

test('a folder without an app, and one whose cdk.json names no command', async () => {
  await expect(run()).rejects.toThrow('has no cdk.json: start it in the folder of a CDK app, or name one with --app DIR');
  writeFileSync(path.join(app, 'cdk.json'), '{}');
  await expect(run()).rejects.toThrow('has no "app", the command that synthesises: add one');
});

const missing = ': install what the app needs, as its README says, and activate its virtual environment where it has one';

test.each([
  ['a library of Python', `echo "ModuleNotFoundError: No module named 'aws_cdk'" >&2; exit 1`, "No module named 'aws_cdk'", missing],
  ['a library of Node', `echo "Error: Cannot find module 'aws-cdk-lib'" >&2; exit 1`, "Cannot find module 'aws-cdk-lib'", missing],
  ['a program', 'no-such-program', 'not found', missing],
  ['nothing but sense', 'echo "Error: context mode is wrong" >&2; exit 1', 'Error: context mode is wrong', ''],
])('an app that lacks %s is told so in one line', async (_, command, reason, hint) => {
  writeFileSync(path.join(app, 'cdk.json'), JSON.stringify({ app: command }));
  const message = await run().catch((error: Error) => error.message);
  expect(message).toContain(reason);
  expect(message).toMatch(/^synthesising the app in \S+ failed: [^\n]+$/);
  expect(String(message).endsWith(reason + hint)).toBe(true);
});
