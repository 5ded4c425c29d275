import { createHash } from 'node:crypto';
import { createServer, IncomingMessage, Server } from 'node:http';
import { AddressInfo } from 'node:net';
import { types } from 'node:util';

// jest runs a test in a realm of its own, where an error of Node's own, such as a connection that ended, would be no Error; in Lambda it is
// one.
Object.defineProperty(Error, Symbol.hasInstance, {
  value(this: unknown, value: unknown) {
    return this === Error ? types.isNativeError(value) : Function.prototype[Symbol.hasInstance].call(this as never, value);
  },
});

/** A request to an AWS service, whichever of its protocols it came in. */
export interface AwsCall {
  /** As signed, such as `ssm`. */
  readonly service: string;
  readonly region: string;
  /** The operation: of the target, of the form, or method and path. */
  readonly action: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage['headers'];
  /** The JSON, or the form's fields. */
  readonly input: Record<string, any>;
  readonly text: string;
}

/** `hangUp`: the connection ends without an answer; `silence`: no answer comes, and it stays open. */
export type AwsReply =
  { readonly status?: number; readonly body?: object | string; readonly headers?: Readonly<Record<string, string>> } | 'hangUp' | 'silence';

/** A service's refusal, in the form of the JSON protocols. */
export const refusal = (name: string, status = 400): AwsReply => ({
  status,
  body: { __type: `com.amazonaws#${name}`, message: `as told: ${name}` },
});

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');

/** SQS' answer to a batch of messages, of which it takes all but some. */
export function queueTook(input: Record<string, any>, failed: readonly string[] = []): AwsReply {
  const entries = input.Entries as { readonly Id: string; readonly MessageBody: string }[];
  return {
    body: {
      Successful: entries
        .filter(({ Id }) => !failed.includes(Id))
        .map(({ Id, MessageBody }) => ({ Id, MessageId: Id, MD5OfMessageBody: md5(MessageBody) })),
      Failed: failed.map((Id) => ({ Id, Code: 'InternalError', Message: 'try again', SenderFault: false })),
    },
  };
}

/** SQS' answer to one message. */
export const messageTaken = (input: Record<string, any>): AwsReply => ({
  body: { MessageId: '1', MD5OfMessageBody: md5(input.MessageBody as string) },
});

export interface Waiting {
  readonly body: string;
  readonly handle: string;
  readonly sentAt?: number;
  readonly rule?: string;
}

/** SQS' answer to who asks for messages. */
export function received(messages: readonly Waiting[]): AwsReply {
  return {
    body: {
      Messages: messages.map(({ body, handle, sentAt, rule }) => ({
        Body: body,
        MD5OfBody: md5(body),
        ReceiptHandle: handle,
        ...(sentAt === undefined ? {} : { Attributes: { SentTimestamp: `${sentAt}` } }),
        ...(rule === undefined ? {} : { MessageAttributes: { RULE_ARN: { DataType: 'String', StringValue: rule } } }),
      })),
    },
  };
}

/** These answers in their order, whatever is called, and then empty objects. */
export function inOrder(...replies: readonly AwsReply[]): () => AwsReply {
  const left = [...replies];
  return () => left.shift() ?? {};
}

/** All of AWS on one address, as far as adapters call it: keeps the calls, and answers what it is told. */
export class FakeAws {
  public readonly calls: AwsCall[] = [];
  /** What to answer; an empty object by default. */
  public answer: (call: AwsCall) => AwsReply = () => ({});
  private readonly server: Server;
  private readonly before = { ...process.env };

  private constructor() {
    this.server = createServer(
      (request, response) =>
        void this.receive(request).then((reply) => {
          if (reply === 'silence') return undefined;
          if (reply === 'hangUp') return request.socket.destroy();
          const { status = 200, body = {}, headers = {} } = reply;
          response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0', ...headers });
          return response.end(typeof body === 'string' ? body : JSON.stringify(body));
        }),
    );
  }

  /** Starts it, and makes it what functions find in their environment. */
  public static async start(environment: Readonly<Record<string, string>> = {}): Promise<FakeAws> {
    const aws = new FakeAws();
    await new Promise<void>((resolve) => aws.server.listen(0, '127.0.0.1', resolve));
    Object.assign(process.env, {
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'example',
      AWS_ENDPOINT_URL: aws.url,
      ...environment,
    });
    return aws;
  }

  public get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The inputs of an operation's calls, in their order. */
  public inputs(action: string): readonly Record<string, any>[] {
    return this.calls.filter((call) => call.action === action).map(({ input }) => input);
  }

  public get actions(): readonly string[] {
    return this.calls.map(({ action }) => action);
  }

  public async stop(): Promise<void> {
    process.env = this.before;
    this.server.closeAllConnections();
    await new Promise((resolve) => {
      this.server.close(resolve);
    });
  }

  private async receive(request: IncomingMessage): Promise<AwsReply> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const url = new URL(request.url!, 'http://aws');
    const [, region = '', service = ''] = /Credential=[^/]+\/\d+\/([^/]+)\/([^/]+)\//.exec(request.headers.authorization ?? '') ?? [];
    const input = inputOf(text);
    const target = request.headers['x-amz-target'] as string | undefined;
    const call: AwsCall = {
      service,
      region,
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: request.headers,
      input,
      text,
      action: target?.split('.').pop() ?? (input.Action as string | undefined) ?? `${request.method} ${url.pathname}`,
    };
    this.calls.push(call);
    return this.answer(call);
  }
}

function inputOf(text: string): Record<string, any> {
  if (/^\s*[{[]/.test(text)) return JSON.parse(text) as Record<string, any>;
  return text.startsWith('<') ? {} : Object.fromEntries(new URLSearchParams(text));
}

/** Keeps what functions write to their log, in place of showing it. */
export function keepLog(): Record<string, any>[] {
  const lines: Record<string, any>[] = [];
  const keep = (text: unknown): boolean => {
    for (const line of String(text).split('\n')) if (line.startsWith('{')) lines.push(JSON.parse(line) as Record<string, any>);
    return true;
  };
  for (const stream of [process.stdout, process.stderr]) jest.spyOn(stream, 'write').mockImplementation(keep);
  for (const level of ['log', 'info', 'warn', 'error'] as const) {
    jest.spyOn(console, level).mockImplementation((...all: unknown[]) => void all.map(keep));
  }
  return lines;
}
