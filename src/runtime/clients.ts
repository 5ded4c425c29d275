import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { NodeHttpHandler } from '@smithy/node-http-handler';

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
  return new DynamoDBClient({ region, maxAttempts: 1, requestHandler: connection(limits) });
}
