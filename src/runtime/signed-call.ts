import { NodeHttpHandler } from '@smithy/node-http-handler';
import { HttpRequest } from '@smithy/protocol-http';
import { requestSigner } from './request-signer';

/**
 * Calls of AWS services with the parts that the DynamoDB client brings anyway: the cutover needs two or three calls of each of eight
 * services, whose clients would be ten times the function.
 */
export interface AwsCall {
  /** Name in the signature, such as `ssm`. */
  readonly service: string;
  readonly region: string;
  /** Host when it is not `<service>.<region>.amazonaws.com`. */
  readonly host?: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** The service answered, and said no. */
export class CallRefused extends Error {
  constructor(call: AwsCall, public readonly status: number, public readonly code: string, detail: string) {
    super(`${call.service} in ${call.region} answered ${status} ${code}: ${detail}`.slice(0, 500));
    this.name = 'CallRefused';
  }
}

/** No answer, or one that says nothing: it is not known whether it was done. */
export class CallUnanswered extends Error {
  constructor(call: AwsCall, detail: string, options?: ErrorOptions) {
    super(`${call.service} in ${call.region} did not answer: ${detail}`, options);
    this.name = 'CallUnanswered';
  }
}

const tries = 4;
const firstWaitMs = 200;
const timeoutMs = 5_000;
const http = new NodeHttpHandler({ connectionTimeout: 2_000 });
const throttled = /Throttl|TooManyRequests|RequestLimitExceeded|PriorRequestNotComplete|TooManyUpdates/i;

/** Sends a call, again when it was throttled or not answered: every call that the cutover makes may be made twice. */
export async function signedCall(call: AwsCall): Promise<string> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await send(call);
    } catch (error) {
      const again = error instanceof CallUnanswered || error instanceof CallRefused && throttled.test(error.code);
      if (!again || tried === tries) throw error;
      await new Promise((resolve) => setTimeout(resolve, firstWaitMs * 2 ** tried * (0.5 + Math.random() / 2)));
    }
  }
}

/** A call in one of AWS's JSON protocols. */
export async function jsonCall<T>(service: string, region: string, target: string, body: object, version: '1.0' | '1.1' = '1.0'): Promise<T> {
  return JSON.parse(await signedCall({
    service, region, method: 'POST', path: '/', headers: { 'content-type': `application/x-amz-json-${version}`, 'x-amz-target': target }, body: JSON.stringify(body),
  })) as T;
}

async function send(call: AwsCall): Promise<string> {
  const { response } = await answered(call, async () => http.handle(await signed(call), { abortSignal: AbortSignal.timeout(timeoutMs) }));
  const text = await answered(call, async () => {
    const chunks: Buffer[] = [];
    for await (const chunk of response.body as AsyncIterable<Buffer>) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  });
  if (response.statusCode < 300) return text;
  const code = errorCode(text, response.headers);
  if (response.statusCode >= 500) throw new CallUnanswered(call, `${response.statusCode} ${code}`);
  throw new CallRefused(call, response.statusCode, code, errorText(text));
}

async function answered<T>(call: AwsCall, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new CallUnanswered(call, error instanceof Error ? `${error.name}: ${error.message}` : String(error), { cause: error });
  }
}

async function signed(call: AwsCall): Promise<HttpRequest> {
  const { service, region, method, path, query, body } = call;
  const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  const endpoint = new URL(process.env.AWS_ENDPOINT_URL || `https://${call.host ?? `${service}.${region}.${suffix}`}`);
  return requestSigner(service, region, async () => credentials()).sign(new HttpRequest({
    method, protocol: endpoint.protocol, hostname: endpoint.hostname, ...(endpoint.port ? { port: Number(endpoint.port) } : {}), path,
    query: { ...query }, headers: { host: endpoint.host, 'user-agent': userAgent(), ...call.headers }, body,
  })) as Promise<HttpRequest>;
}

/** Lambda puts a function's credentials there and nowhere else; a terminal's are there after `aws configure export-credentials`. */
function credentials(): { accessKeyId: string; secretAccessKey: string; sessionToken?: string } {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken } = process.env;
  if (accessKeyId && secretAccessKey) return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
  throw new Error('there are no credentials in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: in a terminal run eval "$(aws configure export-credentials --format env)" first');
}

/** Says which application calls, as the SDK does. */
function userAgent(): string {
  const appId = process.env.AWS_SDK_UA_APP_ID;
  return `cdk-multi-region-payments${appId ? ` app/${appId}` : ''}`;
}

function errorCode(text: string, headers: Readonly<Record<string, string>>): string {
  const named = headers['x-amzn-errortype'] ?? /"__type"\s*:\s*"([^"]+)"/.exec(text)?.[1] ?? /<Code>([^<]+)<\/Code>/.exec(text)?.[1]
    // Route 53 has had it as the document itself.
    ?? /<(InvalidChangeBatch)[\s>]/.exec(text)?.[1] ?? 'error';
  return named.split(':')[0].split('#').pop()!;
}

function errorText(text: string): string {
  // InvalidChangeBatch has had a list of messages.
  const messages = [...text.matchAll(/<Message>([^<]*)<\/Message>/g)].map((found) => found[1]);
  return messages.length > 0 ? messages.join('; ') : /"[mM]essage"\s*:\s*"((?:[^"\\]|\\.)*)"/.exec(text)?.[1] ?? text.slice(0, 200);
}
