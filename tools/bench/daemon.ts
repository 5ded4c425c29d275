/** A process that takes segment documents as the X-Ray daemon does, so that receiving them costs the measured process nothing. */
import { ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

const listen = `
  let received = 0;
  const socket = require('node:dgram').createSocket('udp4').on('message', () => { received += 1; });
  socket.bind(0, '127.0.0.1', () => process.send(socket.address().port));
  process.on('message', () => process.send(received));
  process.on('disconnect', () => process.exit());
`;

export interface DaemonProcess {
  /** For `AWS_XRAY_DAEMON_ADDRESS`. */
  readonly address: string;
  received(): Promise<number>;
  close(): void;
}

export async function daemonProcess(): Promise<DaemonProcess> {
  const child = spawn(process.execPath, ['-e', listen], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const port = await said(child);
  return {
    address: `127.0.0.1:${port}`,
    received: () => {
      child.send('how many?');
      return said(child);
    },
    close: () => child.disconnect(),
  };
}

async function said(child: ChildProcess): Promise<number> {
  const [number] = (await once(child, 'message')) as [number];
  return number;
}
