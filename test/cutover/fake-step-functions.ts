import { createServer, IncomingMessage } from 'node:http';
import { AddressInfo } from 'node:net';

export interface StepFunctionsCall {
  readonly action: string;
  readonly input: Record<string, any>;
}

/** Step Functions over HTTP, as far as its callers here go. */
export interface FakeStepFunctions {
  readonly endpoint: string;
  readonly calls: StepFunctionsCall[];
  close(): Promise<void>;
}

/** Answers by action: an object, or an error's name. */
export async function fakeStepFunctions(answer: (call: StepFunctionsCall) => object | string): Promise<FakeStepFunctions> {
  const calls: StepFunctionsCall[] = [];
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const call = { action: String(request.headers['x-amz-target']).split('.')[1], input: JSON.parse(body) as Record<string, any> };
      calls.push(call);
      const answered = answer(call);
      response.writeHead(typeof answered === 'string' ? 400 : 200, { 'content-type': 'application/x-amz-json-1.0' });
      response.end(JSON.stringify(typeof answered === 'string' ? { __type: answered, message: 'as told' } : answered));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
