import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { HttpRequest } from '@smithy/protocol-http';
import { userAgent } from './aws-request';

/** How long one request to AWS may take. */
export interface ClientLimits {
  /** Milliseconds to open a connection. */
  readonly connectionTimeoutMs: number;
  /** Milliseconds from sending to the whole answer; beyond it the outcome is unknown. */
  readonly requestTimeoutMs: number;
}

const defaults: ClientLimits = { connectionTimeoutMs: 1_000, requestTimeoutMs: 4_000 };

/** How a client of any service reaches AWS: no request without an end. */
export function connection(limits: Partial<ClientLimits> = {}): NodeHttpHandler {
  const { connectionTimeoutMs, requestTimeoutMs } = { ...defaults, ...limits };
  return new NodeHttpHandler({
    connectionTimeout: connectionTimeoutMs,
    requestTimeout: requestTimeoutMs,
    // Without this the handler only warns, and a request hangs until the function is ended.
    throwOnRequestTimeout: true,
  });
}

/**
 * A DynamoDB client, kept alive between requests: make one at module scope.
 *
 * It sends every request once. Whoever calls knows its own deadline and which errors leave the outcome open, and repeats by that.
 */
export function dynamoClient(region?: string, limits: Partial<ClientLimits> = {}): DynamoDBClient {
  const client = new DynamoDBClient({ region, maxAttempts: 1, requestHandler: connection(limits) });
  lighten(client.middlewareStack);
  return client;
}

/**
 * Takes out what the SDK does with every request and nobody needs here, about a tenth of a request's processor time: a copy of what was
 * sent and received for a logger that discards it, the bookkeeping of retries where there are none, and a user agent composed anew.
 */
function lighten(stack: DynamoDBClient['middlewareStack']): void {
  stack.remove('loggerMiddleware');
  stack.add(
    (next) => async (args) => {
      try {
        return await next(args);
      } catch (error) {
        // As the SDK's own does: by this it is told that the fault is one of a request.
        if (error instanceof Error && !('$metadata' in error)) Object.assign(error, { $metadata: {} });
        throw error;
      }
    },
    { name: 'retryMiddleware', step: 'finalizeRequest', priority: 'high', override: true },
  );
  const agent = userAgent();
  stack.add(
    (next) => (args) => {
      if (HttpRequest.isInstance(args.request)) args.request.headers['user-agent'] = agent;
      return next(args);
    },
    { name: 'getUserAgentMiddleware', step: 'build', priority: 'low', override: true },
  );
}
