import { execFileSync } from 'node:child_process';

/** A socket that something can be sent to, by the process that listens. */
export interface Listener {
  readonly pid: number;
  readonly kind: 'tcp' | 'udp' | 'unix';
  /** Host, or the path of a Unix socket. */ readonly address: string;
  readonly port: number;
}

/** All listeners of the processes. */
export function listenersOf(pids: Iterable<number>): Listener[] {
  const wanted = new Set(pids);
  return (process.platform === 'linux' ? bySs() : byLsof()).filter(({ pid }) => wanted.has(pid));
}

function bySs(): Listener[] {
  return (['tcp', 'udp', 'unix'] as const).flatMap((kind) => {
    const flag = { tcp: '-ltnpH', udp: '-lunpH', unix: '-lxnpH' }[kind];
    return execFileSync('ss', [flag], { encoding: 'utf8' })
      .split('\n')
      .flatMap((row) => {
        const column = row.trim().split(/\s+/)[kind === 'unix' ? 4 : 3] ?? '';
        return [...row.matchAll(/pid=(\d+)/g)].map(([, pid]) => listener(Number(pid), kind, column));
      });
  });
}

function byLsof(): Listener[] {
  return (['tcp', 'udp', 'unix'] as const).flatMap((kind) => {
    const selection = { tcp: ['-iTCP', '-sTCP:LISTEN'], udp: ['-iUDP'], unix: ['-U'] }[kind];
    let pid = 0;
    return execFileSync('lsof', ['-nP', ...selection, '-Fpn'], { encoding: 'utf8' })
      .split('\n')
      .flatMap((row) => {
        if (row.startsWith('p')) pid = Number(row.slice(1));
        // A pair of sockets within a process has no name.
        return row.startsWith('n') && !(kind === 'unix' && !row.startsWith('n/')) ? [listener(pid, kind, row.slice(1))] : [];
      });
  });
}

function listener(pid: number, kind: Listener['kind'], name: string): Listener {
  const [, address, port] = (kind === 'unix' ? undefined : /^(.*):(\d+|\*)$/.exec(name)) ?? [];
  return { pid, kind, address: address ?? name, port: Number(port ?? 0) };
}
