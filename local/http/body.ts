import type { IncomingMessage } from 'node:http';

export type ReadBody =
  { readonly kind: 'read'; readonly body: Buffer } | { readonly kind: 'tooLarge' } | { readonly kind: 'slow' } | { readonly kind: 'gone' };

/** Reads a request's body, at most `limit` bytes within `withinMs`. What is beyond the limit is let run out unread. */
export function readBody(request: IncomingMessage, limit: number, withinMs = 10_000): Promise<ReadBody> {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > limit) {
    request.resume();
    return Promise.resolve({ kind: 'tooLarge' });
  }
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const end = (result: ReadBody) => {
      clearTimeout(timer);
      request.removeAllListeners('data');
      if (result.kind !== 'read') request.resume();
      resolve(result);
    };
    const timer = setTimeout(() => end({ kind: 'slow' }), withinMs);
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit) end({ kind: 'tooLarge' });
      else chunks.push(chunk);
    });
    request.once('end', () => end({ kind: 'read', body: Buffer.concat(chunks) }));
    request.once('error', () => end({ kind: 'gone' }));
    request.once('close', () => end({ kind: 'gone' }));
  });
}
