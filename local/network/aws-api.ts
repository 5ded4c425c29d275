import { EngineClient, type EngineAnswer } from './engine-client';
import { placeOf } from './network';

/** An error that a service answered with. */
export class AwsApiError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

const services = {
  events: { prefix: 'AWSEvents', version: '1.1' },
  sqs: { prefix: 'AmazonSQS', version: '1.0' },
  logs: { prefix: 'Logs_20140328', version: '1.1' },
  dynamodb: { prefix: 'DynamoDB_20120810', version: '1.0' },
  streams: { prefix: 'DynamoDBStreams_20120810', version: '1.0' },
  states: { prefix: 'AWSStepFunctions', version: '1.0' },
  kms: { prefix: 'TrentService', version: '1.1' },
  ssm: { prefix: 'AmazonSSM', version: '1.1' },
  monitoring: { prefix: 'GraniteServiceVersion20100801', version: '1.0' },
} as const;
export type JsonService = keyof typeof services;

export interface Invocation {
  readonly failed: boolean;
  readonly payload: unknown;
  readonly status: number;
}

/** Calls to a region's emulator as the account's root, in each service's own protocol. */
export class AwsApi {
  private readonly queueUrls = new Map<string, string>();

  constructor(private readonly client: EngineClient) {}

  /** One operation of a service with a JSON protocol. Rejects with an `AwsApiError` when the service refuses it. */
  public async json<T = Record<string, any>>(region: string, service: JsonService, operation: string, input: object): Promise<T> {
    const { prefix, version } = services[service];
    const answer = await this.client.call({
      place: placeOf(region),
      service: service === 'streams' ? 'dynamodb' : service,
      body: JSON.stringify(input),
      headers: { 'content-type': `application/x-amz-json-${version}`, 'x-amz-target': `${prefix}.${operation}` },
    });
    return body(answer, operation) as T;
  }

  /** Address of a queue by its ARN. */
  public async queueUrl(region: string, arn: string): Promise<string> {
    const key = `${region} ${arn}`;
    const known = this.queueUrls.get(key);
    if (known !== undefined) return known;
    const { QueueUrl } = await this.json<{ QueueUrl: string }>(region, 'sqs', 'GetQueueUrl', { QueueName: arn.split(':').pop() });
    this.queueUrls.set(key, QueueUrl);
    return QueueUrl;
  }

  /** Invokes a function and waits for what it returns, or only hands the event over. */
  public async invoke(region: string, name: string, event: unknown, type: 'RequestResponse' | 'Event'): Promise<Invocation> {
    const answer = await this.client.call({
      place: placeOf(region),
      service: 'lambda',
      path: `/2015-03-31/functions/${encodeURIComponent(name)}/invocations`,
      headers: { 'content-type': 'application/json', 'x-amz-invocation-type': type },
      body: JSON.stringify(event),
    });
    if (answer.status >= 300) body(answer, 'Invoke');
    const text = answer.body.toString();
    return { failed: answer.headers['x-amz-function-error'] !== undefined, payload: parsed(text) ?? text, status: answer.status };
  }

  public async get(region: string, service: string, path: string): Promise<Record<string, any>> {
    return body(await this.client.call({ place: placeOf(region), service, method: 'GET', path }), `GET ${path}`);
  }
}

function body(answer: EngineAnswer, operation: string): Record<string, any> {
  const text = answer.body.toString();
  const content = (parsed(text) ?? {}) as Record<string, any>;
  if (answer.status < 300) return content;
  const code = String(
    content.__type ?? answer.headers['x-amzn-errortype'] ?? answer.headers['x-amzn-query-error'] ?? content.Code ?? 'UnknownError',
  );
  throw new AwsApiError(
    code.split('#').pop()!.split(/[:;]/)[0],
    `${operation}: ${content.message ?? content.Message ?? text.slice(0, 200)}`,
    answer.status,
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
