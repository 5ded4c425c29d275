import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import type http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';

const folders: string[] = [];

/** Lets a server of the test's own listen where an emulator would: on a Unix socket. Returns its path. */
export async function listenOnSocket(server: http.Server): Promise<string> {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'eng-')));
  folders.push(folder);
  const socket = path.join(folder, 's');
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return socket;
}

/** For `afterEach` or `afterAll`. */
export function removeSockets(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}
