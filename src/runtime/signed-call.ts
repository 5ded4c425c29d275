import { AwsRequest, signedRequest } from './aws-request';
import { awsAnswerBytes, BoundedAnswer, boundedCall } from './bounded-call';
import { clock } from './clock';
import { namedCauseOf } from '../kernel/cause';

/**
 * Calls of AWS services with the parts that the DynamoDB client brings anyway: the cutover needs two or three calls of each of eight
 * services, whose clients would be ten times the function.
 */
export type AwsCall = Omit<AwsRequest, 'endpoint'>;

/** The service answered, and said no. */
export class CallRefused extends Error {
  constructor(
    call: AwsCall,
    public readonly status: number,
    public readonly code: string,
    detail: string,
  ) {
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
const sentAgain = /Throttl|TooManyRequests|RequestLimitExceeded|PriorRequestNotComplete|TooManyUpdates|ConditionalRequestConflict/i;

/** Sends a call, again when it was throttled or not answered: every call that the cutover makes may be made twice. */
export async function signedCall(call: AwsCall): Promise<string> {
  return (await answeredCall(call)).body;
}

/** The same, with the answer's headers. */
export async function answeredCall(call: AwsCall): Promise<BoundedAnswer> {
  // Once for all tries: a call goes where it went first.
  const endpoint = process.env.AWS_ENDPOINT_URL;
  for (let tried = 1; ; tried += 1) {
    try {
      return await send({ ...call, endpoint });
    } catch (error) {
      const again = error instanceof CallUnanswered || (error instanceof CallRefused && sentAgain.test(error.code));
      if (!again || tried === tries) throw error;
      await clock.sleep(firstWaitMs * 2 ** tried * (0.5 + Math.random() / 2));
    }
  }
}

/** A call in one of AWS's JSON protocols. */
export async function jsonCall<T>(
  service: string,
  region: string,
  target: string,
  body: object,
  version: '1.0' | '1.1' = '1.0',
): Promise<T> {
  return JSON.parse(
    await signedCall({
      service,
      region,
      method: 'POST',
      path: '/',
      headers: { 'content-type': `application/x-amz-json-${version}`, 'x-amz-target': target },
      body: JSON.stringify(body),
    }),
  ) as T;
}

async function send(call: AwsRequest): Promise<BoundedAnswer> {
  const answer = await signedAnswer(call);
  const { status, headers, body } = answer;
  if (status < 300) return answer;
  const code = errorCode(body, headers);
  if (status >= 500) throw new CallUnanswered(call, `${status} ${code}`);
  throw new CallRefused(call, status, code, errorText(body));
}

async function signedAnswer(call: AwsRequest): Promise<BoundedAnswer> {
  try {
    const request = await signedRequest(call, async () => environmentCredentials());
    return await boundedCall(request, { timeoutMs, bytes: awsAnswerBytes });
  } catch (error) {
    throw new CallUnanswered(call, namedCauseOf(error), { cause: error });
  }
}

/** Lambda puts a function's credentials there and nowhere else; a terminal's are there after `aws configure export-credentials`. */
export function environmentCredentials(): { accessKeyId: string; secretAccessKey: string; sessionToken?: string } {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken } = process.env;
  if (accessKeyId && secretAccessKey) return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
  throw new Error(
    'there are no credentials in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: in a terminal run eval "$(aws configure ' +
      'export-credentials --format env)" first',
  );
}

function errorCode(text: string, headers: Readonly<Record<string, string>>): string {
  const named =
    headers['x-amzn-errortype'] ??
    /"__type"\s*:\s*"([^"]+)"/.exec(text)?.[1] ??
    /<Code>([^<]+)<\/Code>/.exec(text)?.[1] ??
    // Route 53 has had it as the document itself.
    /<(InvalidChangeBatch)[\s>]/.exec(text)?.[1] ??
    'error';
  return named.split(':')[0].split('#').pop()!;
}

function errorText(text: string): string {
  // InvalidChangeBatch has had a list of messages.
  const messages = [...text.matchAll(/<Message>([^<]*)<\/Message>/g)].map((found) => found[1]);
  return messages.length > 0 ? messages.join('; ') : (/"[mM]essage"\s*:\s*"((?:[^"\\]|\\.)*)"/.exec(text)?.[1] ?? text.slice(0, 200));
}
