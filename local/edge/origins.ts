import http from 'node:http';
import { GetObjectCommand, NoSuchBucket, NoSuchKey, S3Client } from '@aws-sdk/client-s3';
import { cookiesIn } from './cache';
import type { EdgeAnswer, EdgeBehavior, EdgeOrigin, EdgeRequest, FromOrigin } from './model';
import { isChosen } from './policies';
import { engineClientConfig } from '../engine/engine-http';
import type { FabricResource, RegionHandle } from '../ground/model';
import { allowedByResource, statementsOf, type ResourceStatement } from '../iam/resource-policy';

export interface OriginsOptions {
  readonly regions: readonly RegionHandle[];
  readonly resources: readonly FabricResource[];
  /** Names that the front door leads to an API by DNS, and its port. */
  readonly apiNames: readonly string[];
  readonly frontDoorPort: number;
  /** ARN of the distribution, which buckets' policies name. */
  readonly distributionArn: string;
}

/** Belong to one connection. */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'te',
  'trailer',
  'upgrade',
  'proxy-connection',
  'expect',
  'content-length',
]);
/** Tells the front door's resolver whose answers it may keep for their TTL. */
const resolver = 'edge';

/** What stands behind the edge: the buckets in the emulators, and the API by its public name. */
export class Origins {
  private readonly clients = new Map<string, S3Client>();
  private readonly policies: ReadonlyMap<string, readonly ResourceStatement[]>;

  constructor(private readonly options: OriginsOptions) {
    this.policies = new Map(
      options.resources
        .filter(({ type }) => type === 'AWS::S3::BucketPolicy')
        .map(({ properties }) => [String(properties.Bucket), statementsOf(properties.PolicyDocument)]),
    );
  }

  public async ask(origin: EdgeOrigin, request: EdgeRequest, behavior: EdgeBehavior): Promise<FromOrigin> {
    if (origin.bucket) return this.askBucket(origin, request);
    if (!this.options.apiNames.includes(origin.domain)) return 'unreachable';
    return this.askApi(origin, request, behavior);
  }

  public close(): void {
    for (const client of this.clients.values()) client.destroy();
  }

  /** For copies into a bucket too. */
  public client(region: string): S3Client | undefined {
    const handle = this.options.regions.find(({ name }) => name === region);
    if (!handle) return undefined;
    const client =
      this.clients.get(region) ?? new S3Client({ ...engineClientConfig(handle, region), forcePathStyle: true, maxAttempts: 1 });
    this.clients.set(region, client);
    return client;
  }

  private async askBucket({ bucket, path, signed, connectMs }: EdgeOrigin, { uri }: EdgeRequest): Promise<FromOrigin> {
    const { name, region } = bucket!;
    const client = this.client(region);
    const handle = this.options.regions.find((one) => one.name === region);
    if (!client || handle?.state !== 'running') return 'unreachable';
    const key = decoded(`${path}${uri}`.replace(/^\//, ''));
    const refused: EdgeAnswer = {
      status: 403,
      headers: { 'Content-Type': 'application/xml' },
      body: Buffer.from('<Error><Code>AccessDenied</Code></Error>'),
      region,
    };
    if (!signed || !this.admits(name, 's3:GetObject', `arn:aws:s3:::${name}/${key}`)) return refused;
    try {
      const object = await client.send(new GetObjectCommand({ Bucket: name, Key: key }), { abortSignal: AbortSignal.timeout(connectMs) });
      const { ContentType, CacheControl, ETag } = object;
      return {
        status: 200,
        headers: {
          'Content-Type': ContentType ?? 'application/octet-stream',
          ...(CacheControl ? { 'Cache-Control': CacheControl } : {}),
          ...(ETag ? { ETag } : {}),
        },
        body: Buffer.from(await object.Body!.transformToByteArray()),
        region,
      };
    } catch (error) {
      // Who may not list a bucket is not told what is missing in it.
      const mayList = this.admits(name, 's3:ListBucket', `arn:aws:s3:::${name}`);
      if (error instanceof NoSuchKey) {
        return mayList ? { ...refused, status: 404, body: Buffer.from('<Error><Code>NoSuchKey</Code></Error>') } : refused;
      }
      if (error instanceof NoSuchBucket) return { ...refused, status: 404, body: Buffer.from('<Error><Code>NoSuchBucket</Code></Error>') };
      return 'unreachable';
    }
  }

  private admits(bucket: string, action: string, resource: string): boolean {
    return allowedByResource(this.policies.get(bucket) ?? [], {
      principal: { service: 'cloudfront.amazonaws.com' },
      action,
      resource,
      context: { 'aws:sourcearn': this.options.distributionArn, 'aws:securetransport': 'true', 's3:tlsversion': '1.3' },
    });
  }

  private askApi(origin: EdgeOrigin, request: EdgeRequest, behavior: EdgeBehavior): Promise<FromOrigin> {
    const { uri, method, body } = request;
    const headers = toldHeaders(request, behavior);
    const host = headers.host ?? origin.domain;
    // API Gateway knows no other name.
    if (host !== origin.domain) {
      return Promise.resolve({
        status: 403,
        headers: { 'Content-Type': 'application/json' },
        body: Buffer.from('{"message":"Forbidden"}'),
      });
    }
    const query = toldQuery(request, behavior);
    return new Promise((resolve) => {
      const sent = http.request(
        {
          host: '127.0.0.1',
          port: this.options.frontDoorPort,
          method,
          path: `${origin.path}${uri}${query === '' ? '' : `?${query}`}`,
          headers: {
            'x-client-resolver': resolver,
            ...headers,
            host,
            via: '1.1 edge (CloudFront)',
            ...(body.length > 0 || ['POST', 'PUT', 'PATCH'].includes(method) ? { 'content-length': body.length } : {}),
          },
          // A connection that breaks while a POST is under way is never tried again.
          agent: false,
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', () => resolve('unreachable'));
          response.on('end', () => resolve(answered(response, Buffer.concat(chunks))));
        },
      );
      sent.setTimeout(origin.answerMs, () => {
        resolve('late');
        sent.destroy();
      });
      sent.on('error', () => resolve('unreachable'));
      sent.end(body);
    });
  }
}

function answered(response: http.IncomingMessage, body: Buffer): EdgeAnswer {
  const headers: Record<string, string> = {};
  for (let at = 0; at < response.rawHeaders.length; at += 2) {
    if (!hopByHop.has(response.rawHeaders[at].toLowerCase())) headers[response.rawHeaders[at]] = response.rawHeaders[at + 1];
  }
  return { status: response.statusCode ?? 502, headers, body, region: response.headers['x-served-by-region'] as string | undefined };
}

/** What the cache's key is made of goes to the origin too. */
function toldHeaders({ headers, body }: EdgeRequest, { told, cache }: EdgeBehavior): Record<string, string> {
  const passed = Object.entries(headers).filter(
    ([name]) => !hopByHop.has(name) && name !== 'cookie' && (isChosen(told.headers, name) || isChosen(cache.headers, name)),
  );
  const cookies = cookiesIn(headers.cookie).filter(([name]) => isChosen(told.cookies, name) || isChosen(cache.cookies, name));
  return {
    ...Object.fromEntries(passed),
    // A body's type belongs to it.
    ...(body.length > 0 && headers['content-type'] !== undefined ? { 'content-type': headers['content-type'] } : {}),
    ...(cookies.length > 0 ? { cookie: cookies.map(([, text]) => text).join('; ') } : {}),
  };
}

function toldQuery({ query }: EdgeRequest, { told, cache }: EdgeBehavior): string {
  if (told.query.kind === 'all' || cache.query.kind === 'all') return query;
  return query
    .split('&')
    .filter((pair) => {
      const name = decoded(pair.split('=')[0]);
      return pair !== '' && (isChosen(told.query, name) || isChosen(cache.query, name));
    })
    .join('&');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
