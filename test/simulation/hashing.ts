import crypto from 'node:crypto';

const remembered = 200_000;

/**
 * Remembers hashes for as long as the process lives: the same keys and payloads come again with every retry and every seed, and hashing
 * them anew was a tenth of a run. A hash follows from its input alone, so nothing else can tell.
 */
export function rememberHashes(): void {
  const compute = crypto.hash;
  if ('remembers' in compute) return;
  const known = new Map<string, string | Buffer>();
  const remembering = (algorithm: string, data: unknown, encoding?: string): string | Buffer => {
    if (typeof data !== 'string') return (compute as (...args: unknown[]) => string | Buffer)(algorithm, data, encoding);
    const input = `${algorithm} ${encoding ?? ''} ${data}`;
    let result = known.get(input);
    if (result === undefined) {
      result = (compute as (...args: unknown[]) => string | Buffer)(algorithm, data, encoding);
      if (known.size >= remembered) known.clear();
      known.set(input, result);
    }
    return result;
  };
  crypto.hash = Object.assign(remembering, { remembers: true }) as unknown as typeof crypto.hash;
}
