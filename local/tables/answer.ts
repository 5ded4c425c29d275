import { randomUUID } from 'node:crypto';

/** An answer in the form of DynamoDB's JSON protocol. */
export interface DynamoAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export function jsonAnswer(status: number, body: unknown): DynamoAnswer {
  return {
    status,
    headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': randomUUID() },
    body: Buffer.from(JSON.stringify(body)),
  };
}

/** Shape as in the service's model: HTTP 400, and a message. The SDK retries it by itself. */
export function replicatedWriteConflict(): DynamoAnswer {
  return jsonAnswer(400, {
    __type: 'com.amazonaws.dynamodb.v20120810#ReplicatedWriteConflictException',
    message: 'The request was rejected because one or more items in the request are being modified by a request in another Region.',
  });
}

/** What a strong operation gets when its region reaches no other member of the global table: nothing is known of the outcome. */
export function internalServerError(message: string): DynamoAnswer {
  return jsonAnswer(500, { __type: 'com.amazonaws.dynamodb.v20120810#InternalServerError', message });
}

export function validationError(message: string): DynamoAnswer {
  return jsonAnswer(400, { __type: 'com.amazon.coral.validate#ValidationException', message });
}

export function accessDenied(message: string): DynamoAnswer {
  return jsonAnswer(400, { __type: 'com.amazon.coral.service#AccessDeniedException', Message: message });
}
