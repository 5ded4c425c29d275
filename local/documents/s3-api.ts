import type { DocumentBucket, DocumentVersion } from './bucket';
import type { DocumentFabric } from './fabric';
import {
  documentsAnswer,
  jobAnswer,
  jobIn,
  lifecycleAnswer,
  rulesAnswer,
  rulesIn,
  s3Error,
  startedAnswer,
  versioningAnswer,
  versionsAnswer,
} from './s3-xml';
import type { FabricService, ServiceAnswer, ServiceCall, ServiceRouting } from '../services/services';

const jobsPath = /^\/v20180820\/jobs(?:\/([^/?]+))?$/;

/** A call about a bucket of ours, or about one document in it. */
interface DocumentRequest {
  readonly bucket: DocumentBucket;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly call: ServiceCall;
}

interface DocumentOperation {
  readonly action: string;
  readonly answer: (asked: DocumentRequest) => ServiceAnswer;
}

/** S3 and S3 Control, of buckets that are copied. Others are left to the emulator. */
export class DocumentsApi implements FabricService {
  constructor(
    private readonly fabric: DocumentFabric,
    private readonly accountId: string,
  ) {}

  public route(call: ServiceCall): ServiceRouting | undefined {
    const url = new URL(call.path, 'http://s3');
    const job = jobsPath.exec(url.pathname);
    if (job) return this.job(call, job[1]);
    const [name, ...rest] = url.pathname.slice(1).split('/');
    const key = decodeURIComponent(rest.join('/'));
    if (call.method === 'PUT' && key === '' && url.searchParams.has('replication')) return this.setRules(call, name);
    const bucket = this.fabric.bucket(name);
    if (!bucket) return undefined;
    const operation = key === '' ? this.ofBucket(call, url.searchParams) : this.ofDocument(call, url.searchParams);
    const resource = `arn:aws:s3:::${name}${key === '' ? '' : `/${key}`}`;
    return {
      region: bucket.region,
      needs: [{ action: operation.action, resource }],
      answer: () => operation.answer({ bucket, key, query: url.searchParams, call }),
    };
  }

  private setRules(call: ServiceCall, name: string): ServiceRouting | undefined {
    const rules = rulesIn(call.body);
    return {
      region: call.region,
      needs: [{ action: 's3:PutReplicationConfiguration', resource: `arn:aws:s3:::${name}` }],
      answer: () => {
        if (!rules) return s3Error(400, 'MalformedXML', 'the body is not a replication configuration');
        const problem = this.fabric.setRules(name, rules);
        return problem === undefined ? { status: 200, headers: {}, body: Buffer.alloc(0) } : s3Error(400, 'InvalidRequest', problem);
      },
    };
  }

  private ofBucket({ method }: ServiceCall, query: URLSearchParams): DocumentOperation {
    if (method === 'GET' && query.has('replication')) {
      return { action: 's3:GetReplicationConfiguration', answer: ({ bucket }) => rulesAnswer(bucket) };
    }
    if (method === 'GET' && query.has('lifecycle')) {
      return { action: 's3:GetLifecycleConfiguration', answer: ({ bucket }) => lifecycleAnswer(bucket) };
    }
    if (method === 'GET' && query.has('versioning')) return { action: 's3:GetBucketVersioning', answer: versioningAnswer };
    if (method === 'GET' && query.has('versions')) {
      return { action: 's3:ListBucketVersions', answer: (asked) => versionsAnswer(asked.bucket, asked.query) };
    }
    if (method === 'GET' && query.get('list-type') === '2') {
      return { action: 's3:ListBucket', answer: (asked) => documentsAnswer(asked.bucket, asked.query) };
    }
    if (method === 'HEAD') return { action: 's3:ListBucket', answer: () => ({ status: 200, headers: {}, body: Buffer.alloc(0) }) };
    return { action: 's3:ListBucket', answer: () => s3Error(501, 'NotImplemented', 'the local run does not answer this call of S3') };
  }

  private ofDocument({ method }: ServiceCall, query: URLSearchParams): DocumentOperation {
    const version = query.has('versionId') ? 'Version' : '';
    if (method === 'GET' || method === 'HEAD') return { action: `s3:GetObject${version}`, answer: (asked) => read(asked) };
    if (method === 'PUT') return { action: 's3:PutObject', answer: (asked) => this.put(asked) };
    if (method === 'DELETE') return { action: `s3:DeleteObject${version}`, answer: (asked) => this.remove(asked) };
    return { action: 's3:PutObject', answer: () => s3Error(501, 'NotImplemented', 'the local run does not answer this call of S3') };
  }

  private put({ bucket, key, call }: DocumentRequest): ServiceAnswer {
    const version = bucket.put(key, plainBody(call), call.headers?.['content-type'] ?? 'binary/octet-stream', this.fabric.nowMs());
    this.fabric.copier.wrote(bucket, version);
    return { status: 200, headers: headersOf(version), body: Buffer.alloc(0) };
  }

  private remove({ bucket, key, query }: DocumentRequest): ServiceAnswer {
    const versionId = query.get('versionId');
    const gone = { status: 204, body: Buffer.alloc(0) };
    if (versionId !== null) {
      bucket.remove(key, versionId);
      return { ...gone, headers: { 'x-amz-version-id': versionId } };
    }
    const mark = bucket.mark(key, this.fabric.nowMs());
    this.fabric.copier.wrote(bucket, mark);
    return { ...gone, headers: { 'x-amz-version-id': mark.versionId, 'x-amz-delete-marker': 'true' } };
  }

  private job({ region, method, body }: ServiceCall, id: string | undefined): ServiceRouting | undefined {
    const resource = `arn:aws:s3:${region}:${this.accountId}:job/${id ?? '*'}`;
    if (method === 'POST' && id === undefined) {
      return { region, needs: [{ action: 's3:CreateJob', resource: '*' }], answer: () => this.startJob(region, body) };
    }
    if (method !== 'GET' || id === undefined) return undefined;
    return {
      region,
      needs: [{ action: 's3:DescribeJob', resource }],
      answer: () => {
        const job = this.fabric.jobs.find(region, id);
        return job ? jobAnswer(job) : s3Error(404, 'NoSuchJob', `there is no job ${id} in ${region}`);
      },
    };
  }

  private startJob(region: string, body: Buffer): ServiceAnswer {
    const asked = jobIn(body);
    if (!asked) return s3Error(400, 'InvalidRequest', 'the local run knows Batch Replication with a list that S3 makes, and nothing else');
    const bucket = this.fabric.bucket(asked.bucket);
    if (bucket?.region !== region) return s3Error(400, 'InvalidRequest', `there is no bucket ${asked.bucket} with rules in ${region}`);
    return startedAnswer(this.fabric.jobs.start(bucket, asked.statuses));
  }
}

function read({ bucket, key, query, call }: DocumentRequest): ServiceAnswer {
  const versionId = query.get('versionId');
  const version = versionId === null ? bucket.current(key) : bucket.version(key, versionId);
  if (!version) return s3Error(404, versionId === null ? 'NoSuchKey' : 'NoSuchVersion', `there is no ${key} in ${bucket.name}`);
  const headers = headersOf(version);
  if (!version.isDeletion) return { status: 200, headers, body: version.body };
  const marked = { ...headers, 'x-amz-delete-marker': 'true' };
  const status = versionId === null ? 404 : 405;
  const answer = s3Error(status, versionId === null ? 'NoSuchKey' : 'MethodNotAllowed', `${key} was deleted in ${bucket.name}`, marked);
  return call.method === 'HEAD' ? { ...answer, body: Buffer.alloc(0) } : answer;
}

function headersOf(version: DocumentVersion): Record<string, string> {
  return {
    'x-amz-version-id': version.versionId,
    'last-modified': new Date(version.at).toUTCString(),
    ...(version.status === 'NONE' ? {} : { 'x-amz-replication-status': version.status }),
    ...(version.isDeletion
      ? {}
      : { etag: `"${version.etag}"`, 'content-type': version.contentType, 'x-amz-checksum-crc32': version.crc32 }),
  };
}

/** SDKs may send a body in signed chunks: size in hex, line break, bytes, line break, up to an empty one. */
function plainBody({ body, headers = {} }: ServiceCall): Buffer {
  if (!/aws-chunked/.test(headers['content-encoding'] ?? '') && !/^STREAMING-/.test(headers['x-amz-content-sha256'] ?? '')) return body;
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length;) {
    const end = body.indexOf('\r\n', at);
    const size = end < 0 ? 0 : parseInt(body.subarray(at, end).toString(), 16);
    if (!(size > 0)) break;
    parts.push(body.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
  return Buffer.concat(parts);
}
