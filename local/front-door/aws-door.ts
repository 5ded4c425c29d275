import http from 'node:http';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';
import { localCredentials } from '../engine/credentials';
import type { RegionHandle } from '../ground/model';
import { sendJson, type Exchange } from '../http/answers';
import { readBody } from '../http/body';
import { readAll, Sha256, splitPath } from '../network/engine-client';
import { whyForeign } from '../proxy/admission';
import { signatureOf } from '../proxy/signature';

/** `/_local/aws/{region}` and what follows it. */
export const awsPath = /^\/_local\/aws\/([^/]+)(\/.*)?$/s;

/** A batch of DynamoDB's has 16 MB. */
const largestBody = 16 * 1024 * 1024;

/**
 * What may be asked here, by the service of the signature. It needs no secret of the run, so nothing is among it by which code would be
 * run, or a secret be read.
 */
const open: Readonly<Record<string, RegExp>> = {
  dynamodb: /^\w+$/,
  sts: /^GetCallerIdentity$/,
  // A backfill says what its comparison came to; an auditor reads the cutover's records.
  ssm: /^(GetParameter|PutParityRecord|GetAuditRecords)$/,
  kms: /^GetPublicKey$/,
  // Batch Replication, and the documents' own buckets: those of assets hold code.
  s3: /^(Job|Document)$/,
  // A drill's experiments: to see them, and to end one.
  fis: /^(GET|DELETE) Experiment$/,
  cloudformation: /^(DescribeStacks|DescribeStackResources?|ListStackResources)$/,
};

/** AWS's services of a region, for commands of the package: a proxy takes the run's own keys alone, and nobody has those. */
export class AwsDoor {
  private readonly signers = new Map<string, SignatureV4>();

  constructor(private readonly regions: readonly RegionHandle[]) {}

  public async answer(exchange: Exchange, regionName: string, target: string): Promise<void> {
    const { request } = exchange;
    const foreign = whyForeign(request);
    if (foreign) return refuse(exchange, 'AccessDeniedException', foreign);
    const region = this.regions.find(({ name }) => name === regionName);
    if (!region) {
      const known = this.regions.map(({ name }) => name).join(', ');
      return refuse(exchange, 'UnknownRegion', `there is no region '${regionName.slice(0, 64)}' in this run: it has ${known}`);
    }
    const signature = signatureOf(request);
    if (!signature) return refuse(exchange, 'MissingAuthenticationTokenException', 'sign the call, with whatever key: it says the service');
    const read = await readBody(request, largestBody);
    if (read.kind === 'gone') return;
    if (read.kind !== 'read') return refuse(exchange, 'RequestEntityTooLarge', `a body has at most ${largestBody} bytes, within 10 s`);
    const { service } = signature;
    const operation = service === 's3' ? ofS3(target) : service === 'fis' ? ofFis(request, target) : operationOf(request, read.body);
    if (!Object.hasOwn(open, service) || operation === undefined || !open[service].test(operation)) {
      const known = Object.keys(open).join(', ');
      const message = `${service} ${operation ?? 'call'} is not asked for here: commands of the package ask for parts of ${known}`;
      return refuse(exchange, 'AccessDeniedException', message);
    }
    return this.pass(exchange, region, service, target || '/', read.body);
  }

  /** Signed anew, by the run's own key: the caller's counts for nothing. */
  private async pass(exchange: Exchange, region: RegionHandle, service: string, target: string, body: Buffer): Promise<void> {
    const { request, response } = exchange;
    const host = `127.0.0.1:${region.proxyPort}`;
    const [path, query] = splitPath(target);
    const kept = Object.entries(request.headers).filter(([name]) =>
      /^(content-type|content-encoding|x-amz-target|x-amz-checksum-.*|x-amz-account-id|user-agent|accept)$/.test(name),
    );
    const { headers } = await this.signer(service, region.name).sign(
      new HttpRequest({
        protocol: 'http:',
        hostname: '127.0.0.1',
        method: request.method,
        path,
        query,
        headers: { ...Object.fromEntries(kept as [string, string][]), host, 'content-length': String(body.length) },
        body,
      }),
    );
    await new Promise<void>((resolve) => {
      const passed = http.request({
        host: '127.0.0.1',
        port: region.proxyPort,
        method: request.method,
        path: target,
        headers,
        agent: false,
      });
      passed.on('response', (answer) => {
        readAll(answer)
          .then((content) => {
            const answerHeaders = Object.entries(answer.headers).filter(([name]) =>
              /^(content-type|x-amzn-errortype|x-amz-.*|etag|last-modified)$/.test(name),
            );
            response.writeHead(answer.statusCode ?? 502, { ...Object.fromEntries(answerHeaders), 'content-length': content.length });
            response.end(content);
          })
          .catch(() => response.destroy())
          .finally(resolve);
      });
      // As of a region that is lost: a connection that breaks.
      passed.on('error', () => {
        response.destroy();
        resolve();
      });
      passed.end(body);
    });
  }

  private signer(service: string, region: string): SignatureV4 {
    const key = `${service}/${region}`;
    const signer =
      this.signers.get(key) ??
      new SignatureV4({
        service,
        region,
        credentials: localCredentials,
        sha256: Sha256,
        // S3 signs a path as it is sent.
        uriEscapePath: service !== 's3',
      });
    this.signers.set(key, signer);
    return signer;
  }
}

/** Of Parameter Store's operations that are open for some parameters alone: what they are called for those. */
const openParameters: Readonly<Record<string, { readonly named: 'Name' | 'Path'; readonly pattern: RegExp; readonly as: string }>> = {
  PutParameter: { named: 'Name', pattern: /^\/[a-z0-9-]+\/documents\/parity\/[a-z0-9-]+\/[a-z0-9-]+$/, as: 'PutParityRecord' },
  GetParametersByPath: { named: 'Path', pattern: /^\/[a-z0-9-]+\/cutover\/audit\/?$/, as: 'GetAuditRecords' },
};

function ofParameters(operation: string, body: Buffer): string {
  if (!Object.hasOwn(openParameters, operation)) return operation;
  const { named, pattern, as } = openParameters[operation];
  try {
    const value = (JSON.parse(body.toString()) as Readonly<Record<string, unknown>>)[named];
    return typeof value === 'string' && pattern.test(value) ? as : operation;
  } catch {
    return operation;
  }
}

/** Of a documents bucket's name, between the system's and the account's. */
const documentsPart = '-docs-';

/** S3 is asked by its paths. */
function ofS3(target: string): string | undefined {
  if (/^\/v20180820\/jobs(\/|$)/.test(target)) return 'Job';
  const [bucket] = target.slice(1).split(/[/?]/, 1);
  const at = bucket.lastIndexOf(documentsPart);
  const isDocuments = at > 0 && /^[a-z0-9-]+$/.test(bucket) && /^\d{12}-/.test(bucket.slice(at + documentsPart.length));
  return isDocuments ? 'Document' : undefined;
}

/** FIS is asked by its paths. */
function ofFis({ method }: Exchange['request'], target: string): string | undefined {
  return /^\/experiments(\/|\?|$)/.test(target) ? `${method} Experiment` : undefined;
}

/** By the protocol's own place for it: a header, or a form's field. */
function operationOf({ headers }: Exchange['request'], body: Buffer): string | undefined {
  const target = headers['x-amz-target'];
  if (typeof target === 'string') {
    const operation = target.split('.').pop();
    return operation === undefined ? undefined : ofParameters(operation, body);
  }
  if (!String(headers['content-type']).startsWith('application/x-www-form-urlencoded')) return undefined;
  return new URLSearchParams(body.toString()).get('Action') ?? undefined;
}

function refuse(exchange: Exchange, code: string, message: string): void {
  exchange.response.setHeader('x-amzn-errortype', code);
  sendJson(exchange, 403, { __type: code, message });
}
