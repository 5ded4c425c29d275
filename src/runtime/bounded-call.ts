import { NodeHttpHandler } from '@smithy/node-http-handler';
import { HttpRequest } from '@smithy/protocol-http';

/** An answer, read to its end. */
export interface BoundedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface CallBounds {
  readonly timeoutMs: number;
  readonly bytes: number;
}

/** AWS's answers are smaller: Lambda's, the largest, have 6 MB at most. */
export const awsAnswerBytes = 8 * 1024 * 1024;

const connections = new NodeHttpHandler({ connectionTimeout: 2_000 });

/** There was no whole answer in time. */
class AnswerTimeout extends Error {
  constructor(timeoutMs: number) {
    super(`no complete answer in ${timeoutMs} ms`);
    this.name = 'TimeoutError';
  }
}

/** Sends a request once, and reads its answer within bounds of time and size. Follows nothing. Throws when there is no such answer. */
export async function boundedCall(request: HttpRequest, { timeoutMs, bytes }: CallBounds, http = connections): Promise<BoundedAnswer> {
  const abortSignal = AbortSignal.timeout(timeoutMs);
  const { response } = await http.handle(request, { abortSignal });
  const stream = response.body as NodeJS.ReadableStream & { destroy(error?: Error): void };
  const abort = (): void => stream.destroy(new AnswerTimeout(timeoutMs));
  abortSignal.addEventListener('abort', abort);
  try {
    const chunks: Buffer[] = [];
    let read = 0;
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      read += chunk.length;
      if (read > bytes) throw new Error(`the answer has more than ${bytes} bytes`);
      chunks.push(chunk);
    }
    return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks).toString() };
  } finally {
    abortSignal.removeEventListener('abort', abort);
    stream.destroy();
  }
}
