import { createServer, IncomingMessage, Server } from 'node:http';
import { AddressInfo } from 'node:net';

export interface Request {
  readonly target: string;
  readonly authorization: string;
  readonly body: Record<string, any>;
}
export interface Answer {
  readonly status: number;
  readonly body: object;
}

/** What stands for AWS: keeps the requests, answers what it is told. */
export class Aws {
  readonly requests: Request[] = [];
  answers: Answer[] = [];
  silent = false;
  /** The answer to who asks whether the bus is there; absent: none at all. */
  bus: Answer | undefined = { status: 200, body: { Name: 'shop-events' } };
  /** How often it was asked. */
  looks = 0;
  private server?: Server;

  async start(): Promise<string> {
    this.server = createServer(
      (request, response) =>
        void this.answer(request).then((answer) => {
          if (!answer) return;
          response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.1' });
          response.end(JSON.stringify(answer.body));
        }),
    );
    await new Promise<void>((resolve) => this.server!.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server!.closeAllConnections();
    await new Promise((resolve) => this.server!.close(resolve));
  }

  private async answer(request: IncomingMessage): Promise<Answer | undefined> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
    if (request.headers['x-amz-target'] === 'AWSEvents.DescribeEventBus') {
      this.looks += 1;
      return this.bus;
    }
    this.requests.push({ target: request.headers['x-amz-target'] as string, authorization: request.headers.authorization ?? '', body });
    return this.silent ? undefined : (this.answers.shift() ?? { status: 200, body: {} });
  }
}
