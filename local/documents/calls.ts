import type { BackfillRun } from './backfill-run';
import type { DocumentBucket, DocumentVersion } from './bucket';
import type { DocumentFabric } from './fabric';
import type { RegionHandle } from '../ground/model';
import { headerOf, ownHeaders, sendJson, sendProblem, type Exchange } from '../http/answers';
import { readBody } from '../http/body';
import { parsedBody } from '../http/form';

/** `/_local/documents/{region}`, and a document below it. */
export const documentsPath = /^\/_local\/documents\/([^/]+)(?:\/(.+))?$/s;

/** As a function's own answer through an API may have. */
const largestBody = 10 * 1024 * 1024;

/** Documents as the application would put, read and delete them in a region's bucket. */
export class DocumentCalls {
  constructor(
    private readonly fabric: DocumentFabric,
    private readonly regions: readonly RegionHandle[],
    private readonly run: BackfillRun,
  ) {}

  public async answer(exchange: Exchange, regionName: string, encodedKey: string | undefined): Promise<void> {
    if (regionName === 'backfill' && encodedKey === undefined) return this.backfill(exchange);
    const region = this.regions.find(({ name }) => name === regionName);
    const bucket = region && this.fabric.bucketIn(region.name);
    if (!region || !bucket) {
      const known = this.fabric.buckets().map((one) => one.region);
      const has = known.length === 0 ? 'none: the app copies no bucket, or was started without its documents' : known.join(', ');
      return sendProblem(
        exchange,
        'unknown_route',
        `There is no bucket for documents in '${regionName.slice(0, 64)}'. Regions with one: ${has}.`,
      );
    }
    if (region.state !== 'running') return sendProblem(exchange, 'unavailable', `${region.name} is stopped.`, { region: region.name });
    const key = decoded(encodedKey);
    if (encodedKey !== undefined && key === undefined) {
      return sendProblem(exchange, 'invalid_request', 'The key is not valid: write a percent sign as %25.');
    }
    const allowed = key === undefined ? ['GET'] : ['GET', 'HEAD', 'PUT', 'DELETE'];
    const method = exchange.request.method ?? '';
    if (!allowed.includes(method)) {
      const headers = { Allow: allowed.join(', ') };
      return sendProblem(exchange, 'method_not_allowed', `Use ${allowed.join(', ')}, not ${method}.`, { headers });
    }
    if (key === undefined) return sendJson(exchange, 200, bucket.versions().map(listed), { region: region.name });
    if (method === 'PUT') return this.put(exchange, bucket, key);
    if (method === 'DELETE') return this.remove(exchange, bucket, key);
    return read(exchange, bucket, key);
  }

  private async backfill(exchange: Exchange): Promise<void> {
    const { method } = exchange.request;
    if (method === 'GET') {
      const state = this.run.state();
      return state ? sendJson(exchange, 200, state) : sendProblem(exchange, 'unknown_route', 'No backfill was started in this run.');
    }
    if (method !== 'POST') {
      return sendProblem(exchange, 'method_not_allowed', `Use GET or POST, not ${method}.`, { headers: { Allow: 'GET, POST' } });
    }
    const parsed = await parsedBody(exchange);
    if (!parsed) return;
    const { from, to, ...unknown } = parsed.fields;
    const known = this.fabric.buckets().map(({ region }) => region);
    const isKnown = (region: unknown): region is string => typeof region === 'string' && known.includes(region);
    if (!isKnown(from) || !isKnown(to) || from === to || Object.keys(unknown).length > 0) {
      const has = known.join(', ') || 'none';
      return sendProblem(
        exchange,
        'invalid_request',
        `Give from and to, two different regions with documents, and nothing else. There are: ${has}.`,
      );
    }
    if (!this.run.start(from, to)) {
      return sendProblem(exchange, 'invalid_request', 'A backfill is running: ask for it with GET, and wait for its end.', { status: 409 });
    }
    sendJson(exchange, 202, this.run.state());
  }

  private async put(exchange: Exchange, bucket: DocumentBucket, key: string): Promise<void> {
    const content = await readBody(exchange.request, largestBody);
    if (content.kind === 'gone') return;
    if (content.kind !== 'read') return sendProblem(exchange, 'body_too_large', `A document has at most ${largestBody} bytes here.`);
    const type = headerOf(exchange.request, 'content-type') ?? 'application/octet-stream';
    const version = bucket.put(key, content.body, type, this.fabric.nowMs());
    this.fabric.copier.wrote(bucket, version);
    sendJson(exchange, 200, listed(version), { region: bucket.region });
  }

  /** With `?versionId=` one version for good, by hand: that is never copied. */
  private remove(exchange: Exchange, bucket: DocumentBucket, key: string): void {
    const versionId = exchange.query.get('versionId');
    if (versionId !== null) {
      if (bucket.remove(key, versionId)) return sendJson(exchange, 200, { key, versionId }, { region: bucket.region });
      return sendProblem(
        exchange,
        'unknown_route',
        `There is no version '${versionId.slice(0, 64)}' of this document in ${bucket.region}.`,
      );
    }
    const mark = bucket.mark(key, this.fabric.nowMs());
    this.fabric.copier.wrote(bucket, mark);
    sendJson(exchange, 200, listed(mark), { region: bucket.region });
  }
}

function read(exchange: Exchange, bucket: DocumentBucket, key: string): void {
  const versionId = exchange.query.get('versionId');
  const version = versionId === null ? bucket.current(key) : bucket.version(key, versionId);
  if (!version || version.isDeletion) {
    const why = version ? 'was deleted' : 'is not there';
    return sendProblem(exchange, 'unknown_route', `The document ${why} in ${bucket.region}.`, { region: bucket.region });
  }
  const { response, request, traceId } = exchange;
  response.writeHead(200, {
    ...ownHeaders(traceId, bucket.region),
    'Content-Type': version.contentType,
    'Content-Length': version.body.length,
    ETag: `"${version.etag}"`,
    'X-Amz-Version-Id': version.versionId,
    // A document is what a caller wrote: a browser must not run it as a page of this origin.
    'Content-Security-Policy': 'sandbox',
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(request.method === 'HEAD' ? undefined : version.body);
}

const listed = ({ key, versionId, body, etag, isDeletion }: DocumentVersion): object => ({
  key,
  versionId,
  size: body.length,
  etag,
  ...(isDeletion ? { deleteMarker: true } : {}),
});

function decoded(key: string | undefined): string | undefined {
  try {
    return key === undefined ? undefined : decodeURIComponent(key);
  } catch {
    return undefined;
  }
}
