import http, { type IncomingMessage, type ServerResponse } from 'node:http';

/** Headers of one hop. A body that was read whole is sent with a length, so that `transfer-encoding` ends with it. */
const hopHeaders: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'proxy-connection', 'expect', 'upgrade', 'te', 'trailer']);

/** Passes calls on as they came, Host included: the signature covers it. */
export class EngineForwarder {
  // Idle sockets go before the emulator closes them (75 s), so that no call meets a socket that is being closed.
  private readonly agent = new http.Agent({ keepAlive: true, timeout: 30_000 });

  /** Resolves when the answer was passed on; rejects when there is none. A body that was read already is given. */
  public async forward(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    engineSocket: string,
    body?: Buffer,
    beforeAnswer?: () => Promise<void>,
  ): Promise<void> {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = http.request(
        {
          socketPath: engineSocket,
          method: incoming.method,
          path: incoming.url,
          headers: passedOn(incoming.rawHeaders, body) as unknown as http.OutgoingHttpHeaders,
          agent: this.agent,
        },
        resolve,
      );
      request.on('error', reject);
      outgoing.on('close', () => {
        // The caller has gone: nobody waits for the answer.
        if (!outgoing.writableFinished) request.destroy();
      });
      if (body) request.end(body);
      else incoming.on('error', (error) => request.destroy(error)).pipe(request);
    });
    await beforeAnswer?.();
    outgoing.writeHead(answer.statusCode!, answer.statusMessage, passedBack(answer.rawHeaders) as unknown as http.OutgoingHttpHeaders);
    await new Promise<void>((resolve, reject) => {
      answer.on('error', reject);
      outgoing.on('close', resolve);
      answer.pipe(outgoing);
    });
  }

  public close(): void {
    this.agent.destroy();
  }
}

/** Raw headers, names and values in turn, without those of the hop. */
function passedOn(raw: readonly string[], body: Buffer | undefined): string[] {
  const kept: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i].toLowerCase();
    if (hopHeaders.has(name) || (body && (name === 'transfer-encoding' || name === 'content-length'))) continue;
    kept.push(raw[i], raw[i + 1]);
  }
  if (body) kept.push('content-length', String(body.length));
  return kept;
}

function passedBack(raw: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i].toLowerCase();
    if (!hopHeaders.has(name) && name !== 'transfer-encoding') kept.push(raw[i], raw[i + 1]);
  }
  return kept;
}
