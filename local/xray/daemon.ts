import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import path from 'node:path';
import type { Traces } from './traces';

export interface Daemon {
  /** What the region's functions need in their environment for it. */
  readonly functionEnv: Readonly<Record<string, string>>;
  /** Options for the Node of its functions. */
  readonly nodeOptions: string;
  close(): Promise<void>;
}

/** Length of a code in front of a datagram, and of the line's end behind it. */
const codeLength = 64;

/**
 * Listens for one region's segments, as the X-Ray daemon beside its functions does. On 127.0.0.1 alone; what has no code of this run is
 * dropped.
 */
export async function startDaemon(region: string, traces: Traces): Promise<Daemon> {
  const key = randomBytes(32).toString('hex');
  const socket: Socket = createSocket({ type: 'udp4', recvBufferSize: 1024 * 1024 });
  socket.on('message', (message) => {
    const content = message.subarray(codeLength + 1);
    if (isCodeOf(content, message.subarray(0, codeLength).toString('latin1'), key)) traces.receive(region, content.toString('utf8'));
  });
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
    functionEnv: {
      AWS_XRAY_DAEMON_ADDRESS: `127.0.0.1:${socket.address().port}`,
      LOCAL_RUN_TRACE_KEY: key,
      // Python loads what is named sitecustomize there.
      PYTHONPATH: path.join(__dirname, 'python'),
    },
    // The path may have spaces: Node reads quotes as JSON has them.
    nodeOptions: `--require ${JSON.stringify(path.join(__dirname, 'sign-datagrams.cjs'))}`,
    close: () =>
      new Promise((resolve) => {
        socket.close(() => resolve());
      }),
  };
}

function isCodeOf(content: Buffer, code: string, key: string): boolean {
  const expected = createHmac('sha256', key).update(content).digest();
  const given = Buffer.from(code, 'hex');
  return given.length === expected.length && timingSafeEqual(given, expected);
}
