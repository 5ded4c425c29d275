import { createHash } from 'node:crypto';
import { createServer, IncomingHttpHeaders, Server } from 'node:http';
import { AddressInfo } from 'node:net';
import { HttpRequest } from '@smithy/protocol-http';
import { ProvenCall, StsRequest, StsVerdict, stsVerdict } from '../../src/approvals/callers/caller-proof.domain';
import { callerProof } from '../../src/commands/gate/gate-call.aws';
import { requestSigner } from '../../src/runtime/aws-request';

export interface StsAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Record<string, string>;
}

interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** STS as far as it tells callers who they are: signatures are judged for real, by the signer that clients use. */
export class FakeSts {
  /** What reached it: the host, and the names and values of the query. */
  public readonly asked: StsRequest[] = [];
  /** Answers in its place. */
  public instead: (() => StsAnswer) | undefined;
  private readonly arns = new Map<string, { readonly arn: string; readonly credentials: Credentials }>();
  private server?: Server;

  constructor(
    private readonly nowMs: () => number,
    private readonly region = 'eu-central-1',
  ) {}

  /** Credentials whose holder is this. */
  public credentialsOf(arn: string): Credentials {
    const id = createHash('sha256').update(arn).digest('hex').toUpperCase();
    const session = arn.includes(':sts:');
    const credentials = {
      accessKeyId: `${session ? 'ASIA' : 'AKIA'}${id.slice(0, 16)}`,
      secretAccessKey: `secret of ${id}`,
      ...(session ? { sessionToken: `${id}/+==&Action=AssumeRole` } : {}),
    };
    this.arns.set(credentials.accessKeyId, { arn, credentials });
    return credentials;
  }

  /** The header's value for a call, as the command makes it. */
  public proof(arn: string, call: ProvenCall, { atMs = this.nowMs(), region = this.region } = {}): Promise<string> {
    return callerProof(region, call, async () => this.credentialsOf(arn), new Date(atMs));
  }

  public readonly ask = async (request: StsRequest): Promise<StsVerdict> => {
    const { status, type, body } = await this.answer(request);
    return stsVerdict(status, type, body);
  };

  /** Answers a request as it comes. */
  public answerTo(url: string, given: IncomingHttpHeaders): Promise<StsAnswer> {
    const { searchParams } = new URL(url, 'http://sts');
    const headers = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, String(value)]));
    return this.answer({ host: headers.host, query: Object.fromEntries(searchParams), headers });
  }

  public async listen(): Promise<string> {
    this.server = createServer((request, response) => {
      void this.answerTo(request.url!, request.headers).then((answer) => {
        response.writeHead(answer.status, { 'content-type': answer.type, ...answer.headers });
        response.end(answer.body);
      });
    });
    await new Promise<void>((resolve) => this.server!.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  public async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((resolve) => (this.server ? this.server.close(resolve) : resolve(undefined)));
  }

  private async answer(request: StsRequest): Promise<StsAnswer> {
    this.asked.push(request);
    if (this.instead) return this.instead();
    const json = (status: number, body: object): StsAnswer => ({ status, type: 'application/json', body: JSON.stringify(body) });
    const refused = (code: string): StsAnswer => json(403, { Error: { Code: code, Message: 'no', Type: 'Sender' }, RequestId: 'r' });
    const { query, headers } = request;
    const [accessKeyId, , region] = (query['X-Amz-Credential'] ?? '').split('/');
    const known = this.arns.get(accessKeyId);
    if (!known || (query['X-Amz-Security-Token'] ?? '') !== (known.credentials.sessionToken ?? '')) return refused('InvalidClientTokenId');
    const at = new Date((query['X-Amz-Date'] ?? '').replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
    if (!(Math.abs(at.getTime() - this.nowMs()) <= 15 * 60_000)) return refused('ExpiredToken');
    const plain = Object.fromEntries(Object.entries(query).filter(([name]) => !name.startsWith('X-Amz-')));
    const signed = Object.fromEntries((query['X-Amz-SignedHeaders'] ?? '').split(';').map((name) => [name, headers[name] ?? '']));
    const made = await requestSigner('sts', region, async () => known.credentials).presign(
      new HttpRequest({ method: 'GET', protocol: 'https:', hostname: headers.host, path: '/', query: plain, headers: signed }),
      { expiresIn: Number(query['X-Amz-Expires']), signingDate: at },
    );
    if (region !== this.region || made.query!['X-Amz-Signature'] !== query['X-Amz-Signature']) return refused('SignatureDoesNotMatch');
    return json(200, identityAnswer(known.arn));
  }
}

/** What GetCallerIdentity answers in JSON. */
export function identityAnswer(arn: string): object {
  return {
    GetCallerIdentityResponse: {
      GetCallerIdentityResult: { Account: arn.split(':')[4], Arn: arn, UserId: 'AROAEXAMPLE' },
      ResponseMetadata: { RequestId: '01234567-89ab-cdef-0123-456789abcdef' },
    },
  };
}
