// What tests leave: run by ../temporary-folder.test.ts in a jest of its own, as LEAVINGS says.
import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Template } from 'aws-cdk-lib/assertions';
import { newStack } from '../../cdk/stacks';
import { listenOnSocket } from '../../local-unit/engine-socket';
import { timePasses } from '../../waits';

const { LEAVINGS: how, LEAVINGS_NOTE: note } = process.env;

test('leaves an assembly, a folder, a socket and a process', async () => {
  expect(Template.fromStack(newStack()).toJSON()).toBeDefined();
  writeFileSync(path.join(mkdtempSync(path.join(tmpdir(), 'left-')), 'file'), 'left');
  const server = createServer();
  await listenOnSocket(server);
  server.unref();
  const left = spawn('sleep', ['300'], { detached: true, stdio: 'ignore' });
  left.unref();
  writeFileSync(note!, JSON.stringify({ pid: left.pid, temporary: tmpdir() }));
  if (how === 'wait') await timePasses(300_000, 'the test is to be killed while it waits');
  expect(how).toBe('pass');
}, 310_000);
