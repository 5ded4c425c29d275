import http, { type IncomingMessage } from 'node:http';
import { leavesBodyOut, signatureOf, verifySignature, type Signature, type SignatureVerdict } from './signature';
import { isRootKey, localCredentials } from '../engine/credentials';
import type { EngineSocket } from '../engine/engine-http';
import { readAll } from '../network/engine-client';

/** What a proxy knows of a caller whom it let in. */
export type Admission =
  /** `call` is what was verified. `read`: the body, unless the signature leaves it out: then it is still to be read. */
  | { readonly kind: 'admitted'; readonly call: Signature; readonly read?: Buffer }
  /** What CloudFormation waits for, for its emulator alone. */
  | { readonly kind: 'awaited'; readonly body: Buffer }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string }
  /** The region's emulator would have to be asked, and does not answer. */
  | { readonly kind: 'unreachable' };

type Secret = { readonly kind: 'known'; readonly secret: string } | { readonly kind: 'unknown' } | { readonly kind: 'unreachable' };

/** Secrets kept: more than the functions and sessions of any app. */
const secretsKept = 500;

/**
 * Where CloudFormation of the emulator waits for what a custom resource, or a wait condition, says. Its last part is the secret: an ID
 * drawn by chance.
 */
const answerPath = /^\/_ministack\/cfn-(response|signal)\/[\w-]{32,}$/;

/** Lets in whoever holds a secret of this run, and nobody that a browser speaks for. */
export class Admissions {
  private readonly secrets = new Map<string, string>();

  /** @param engine the region's emulator while it runs: it knows the secrets of functions, sessions and users */
  public constructor(private readonly engine: () => EngineSocket | undefined) {}

  public async of(request: IncomingMessage): Promise<Admission> {
    const foreign = whyForeign(request);
    if (foreign) return { kind: 'refused', code: 'AccessDeniedException', message: foreign };
    if (isAwaited(request)) return { kind: 'awaited', body: await readAll(request) };
    const signature = signatureOf(request);
    if (!signature) {
      return {
        kind: 'refused',
        code: 'MissingAuthenticationTokenException',
        message: 'a call of the local run is signed, in its Authorization header, with credentials of that run',
      };
    }
    const secret = await this.secretOf(signature.accessKeyId);
    if (secret.kind === 'unreachable') return secret;
    if (secret.kind === 'unknown') {
      return { kind: 'refused', code: 'UnrecognizedClientException', message: 'the access key does not belong to this run and region' };
    }
    const read = leavesBodyOut(request.headers) ? undefined : await readAll(request);
    const verdict: SignatureVerdict = await verifySignature(
      { method: request.method!, url: request.url!, headers: request.headers },
      signature,
      secret.secret,
      read,
    );
    return verdict.ok ? { kind: 'admitted', call: signature, read } : { kind: 'refused', code: verdict.code, message: verdict.message };
  }

  private async secretOf(accessKeyId: string): Promise<Secret> {
    const known = isRootKey(accessKeyId) ? localCredentials.secretAccessKey : this.secrets.get(accessKeyId);
    if (known !== undefined) return { kind: 'known', secret: known };
    if (!/^\w{1,128}$/.test(accessKeyId)) return { kind: 'unknown' };
    const engine = this.engine();
    if (!engine) return { kind: 'unreachable' };
    const secret = await ask(engine, accessKeyId);
    if (secret === undefined) return { kind: 'unknown' };
    if (this.secrets.size >= secretsKept) this.secrets.clear();
    this.secrets.set(accessKeyId, secret);
    return { kind: 'known', secret };
  }
}

/**
 * Marks of a browser, whatever page it shows (one of them is Node's own `fetch`'s too, and counts for nothing); and names by which a page
 * of elsewhere would come to be one of this machine.
 */
export function whyForeign({ headers }: Pick<IncomingMessage, 'headers'>): string | undefined {
  const mark = Object.keys(headers).find((name) => name === 'origin' || (name.startsWith('sec-fetch-') && name !== 'sec-fetch-mode'));
  if (mark) return `browsers are not let in, and the request has the header ${mark}`;
  if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(headers.host ?? '')) return 'the request is not for 127.0.0.1 or localhost';
  return undefined;
}

/** On AWS, an address that was signed beforehand. */
function isAwaited({ method, url }: Pick<IncomingMessage, 'method' | 'url'>): boolean {
  return method === 'PUT' && answerPath.test(url ?? '');
}

/** See `emulator.py`. */
function ask({ engineSocket }: EngineSocket, accessKeyId: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    http
      .get({ socketPath: engineSocket, path: `/_run/secrets/${accessKeyId}`, agent: false }, (answer) => {
        readAll(answer)
          .then((body) => resolve((JSON.parse(body.toString()) as { secret: string | null }).secret ?? undefined))
          .catch(reject);
      })
      .on('error', reject);
  });
}
