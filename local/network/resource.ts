export interface JudgedResource {
  readonly action: string;
  readonly resource: string;
}

export interface RemoteRequest {
  readonly service: string;
  readonly region: string;
  readonly accountId: string;
  readonly method: string;
  readonly path: string;
  /** `X-Amz-Target`, where the protocol has one. */
  readonly target?: string;
  readonly body: Buffer;
}

/** IAM prefix where it differs from the service's name in a credential scope. */
const prefixes: Readonly<Record<string, string>> = { monitoring: 'cloudwatch', email: 'ses' };

/**
 * What a call into another region needs of its caller. Resources are told for the services that a multi-region app calls
 * across regions; for any other the caller needs the action on every resource.
 */
export function judgedResources(request: RemoteRequest): JudgedResource[] {
  const input = parse(request.body);
  const arn = (service: string, resource: string) => `arn:aws:${service}:${request.region}:${request.accountId}:${resource}`;
  const operation = request.target?.split('.').pop() ?? input.Action ?? '';
  const invoked = /^\/2015-03-31\/functions\/([^/]+)\/invocations/.exec(request.path)?.[1];
  if (request.service === 'lambda' && invoked) {
    const name = decodeURIComponent(invoked);
    return [{ action: 'lambda:InvokeFunction', resource: name.startsWith('arn:') ? name : arn('lambda', `function:${name}`) }];
  }
  if (request.service === 'lambda' && /\/account-settings\b/.test(request.path)) {
    return [{ action: 'lambda:GetAccountSettings', resource: '*' }];
  }
  if (request.service === 's3') return [s3(request)];
  if (request.service === 'apigateway') {
    return [{ action: `apigateway:${request.method}`, resource: `arn:aws:apigateway:${request.region}::${request.path.split('?')[0]}` }];
  }
  if (request.service === 'ssm' && Array.isArray(input.Names)) {
    return input.Names.map((name) => ({
      action: `ssm:${operation}`,
      resource: arn('ssm', `parameter/${String(name).replace(/^\//, '')}`),
    }));
  }
  if (request.service === 'events' && operation === 'PutEvents') {
    const buses = new Set(((input.Entries ?? []) as { EventBusName?: string }[]).map((entry) => entry.EventBusName ?? 'default'));
    return [...buses].map((bus) => ({
      action: 'events:PutEvents',
      resource: bus.startsWith('arn:') ? bus : arn('events', `event-bus/${bus}`),
    }));
  }
  const action = `${prefixes[request.service] ?? request.service}:${operation || request.method}`;
  // Batches name their tables in another place.
  if (request.service === 'dynamodb' && input.RequestItems) {
    return Object.keys(input.RequestItems).map((table) => ({ action, resource: named('dynamodb', { TableName: table }, arn) }));
  }
  return [{ action, resource: named(request.service, input, arn) }];
}

function named(service: string, input: Record<string, unknown>, arn: (service: string, resource: string) => string): string {
  const text = (member: string) => (typeof input[member] === 'string' ? (input[member] as string) : undefined);
  switch (service) {
    case 'dynamodb': {
      const table = text('TableName');
      if (!table) return '*';
      const base = table.startsWith('arn:') ? table : arn('dynamodb', `table/${table}`);
      return text('IndexName') ? `${base}/index/${text('IndexName')}` : base;
    }
    case 'sqs': {
      const queue = text('QueueUrl')?.split('/').pop() ?? text('QueueName');
      return queue ? arn('sqs', queue) : '*';
    }
    case 'ssm': {
      const name = text('Name') ?? text('Path');
      return name ? arn('ssm', `parameter/${name.replace(/^\//, '')}`) : '*';
    }
    case 'states':
      return text('stateMachineArn') ?? text('executionArn') ?? text('activityArn') ?? '*';
    case 'sns':
      return text('TopicArn') ?? '*';
    case 'secretsmanager':
      return text('SecretId') ?? '*';
    default:
      return '*';
  }
}

function s3(request: RemoteRequest): JudgedResource {
  const [bucket, ...key] = decodeURIComponent(request.path.split('?')[0]).split('/').slice(1);
  if (!key.join('/')) return { action: 's3:ListBucket', resource: `arn:aws:s3:::${bucket}` };
  const actions: Readonly<Record<string, string>> = { GET: 's3:GetObject', HEAD: 's3:GetObject', DELETE: 's3:DeleteObject' };
  return { action: actions[request.method] ?? 's3:PutObject', resource: `arn:aws:s3:::${bucket}/${key.join('/')}` };
}

function parse(body: Buffer): Record<string, unknown> {
  const text = body.toString();
  try {
    return text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : Object.fromEntries(new URLSearchParams(text));
  } catch {
    return {};
  }
}
