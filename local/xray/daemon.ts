import { createSocket, type Socket } from 'node:dgram';
import type { Traces } from './traces';

export interface Daemon {
  /** For `AWS_XRAY_DAEMON_ADDRESS`. */
  readonly address: string;
  close(): Promise<void>;
}

/** Listens for one region's segments, as the X-Ray daemon beside its functions does. On 127.0.0.1 alone. */
export async function startDaemon(region: string, traces: Traces): Promise<Daemon> {
  const socket: Socket = createSocket({ type: 'udp4', recvBufferSize: 1024 * 1024 });
  socket.on('message', (message) => { traces.receive(region, message.toString('utf8')); });
  // Nothing that a sender does may end the run.
  socket.on('error', () => {});
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, '127.0.0.1', () => {
      socket.off('error', reject);
      resolve();
    });
  });
  return {
    address: `127.0.0.1:${socket.address().port}`,
    close: () => new Promise((resolve) => { socket.close(() => resolve()); }),
  };
}
