import { NodeHttpHandler } from '@smithy/node-http-handler';
import { CredentialSource, signedRequest } from './aws-request';
import { awsAnswerBytes, boundedCall } from './bounded-call';
import { toTraceHeader, TraceContext } from '../kernel/trace';

/**
 * Calls a Lambda function and waits for its answer (Invoke, RequestResponse), with the parts that the DynamoDB client brings anyway:
 * the whole Lambda client would add 130 KB to a handler that needs one call of it.
 * https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
 */
export interface Invoker {
  /**
   * The function's answer. Throws when there is none in time, or when the function failed. The trace goes on there; default: the
   * invocation's.
   */
  (functionArn: string, payload: unknown, timeoutMs: number, trace?: TraceContext): Promise<string>;
}

export interface InvokerOptions {
  readonly region: string;
  /** Credentials of the calling function, as its SDK clients resolve them. */
  readonly credentials: CredentialSource;
  /** Endpoint other than AWS's own, such as `AWS_ENDPOINT_URL` names one. */
  readonly endpoint?: string;
}

/** The function was called and threw, or was ended by its timeout: it may have done its work. */
export class FunctionFailed extends Error {
  constructor(functionArn: string, kind: string) {
    super(`${functionArn} failed: ${kind}`);
    this.name = 'FunctionFailed';
  }
}

/** Lambda refused the call, so the function was not reached. */
export class InvokeRefused extends Error {
  constructor(
    functionArn: string,
    public readonly status: number,
    type: string,
  ) {
    super(`Invoke of ${functionArn} answered ${status} ${type}`);
    this.name = 'InvokeRefused';
  }
}

export function invoker(options: InvokerOptions): Invoker {
  const { region, credentials, endpoint } = options;
  const http = new NodeHttpHandler({ connectionTimeout: 1_000 });
  return async (functionArn, payload, timeoutMs, trace) => {
    const request = await signedRequest(
      {
        service: 'lambda',
        region,
        endpoint,
        method: 'POST',
        path: `/2015-03-31/functions/${encodeURIComponent(functionArn)}/invocations`,
        headers: { 'content-type': 'application/json', ...traceHeader(trace) },
        body: JSON.stringify(payload),
      },
      credentials,
    );
    const { status, headers, body } = await boundedCall(request, { timeoutMs, bytes: awsAnswerBytes }, http);
    if (status !== 200) throw new InvokeRefused(functionArn, status, headers['x-amzn-errortype'] ?? '');
    if (headers['x-amz-function-error']) throw new FunctionFailed(functionArn, headers['x-amz-function-error']);
    return body;
  };
}

/** Continues the caller's trace; Lambda sets it anew for each invocation. */
function traceHeader(trace: TraceContext | undefined): Record<string, string> {
  const header = trace ? toTraceHeader(trace) : process.env._X_AMZN_TRACE_ID;
  return header ? { 'x-amzn-trace-id': header } : {};
}
