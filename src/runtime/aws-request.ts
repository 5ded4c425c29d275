import { Sha256 } from '@aws-crypto/sha256-js';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';

/** Credentials as the SDK's clients resolve them. */
export type CredentialSource = () => Promise<{
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}>;

/** One request to a service in a region, before it is signed. */
export interface AwsRequest {
  /** Name in the signature, such as `ssm`. */
  readonly service: string;
  readonly region: string;
  /** Host when it is not `<service>.<region>.amazonaws.com`. */
  readonly host?: string;
  /** Endpoint other than AWS's own, such as `AWS_ENDPOINT_URL` names one. */
  readonly endpoint?: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Signs requests of a service in a region. */
export function requestSigner(service: string, region: string, credentials: CredentialSource): SignatureV4 {
  return new SignatureV4({ service, region, credentials, sha256: Sha256 });
}

/** A request, signed and ready to be sent. */
export async function signedRequest(request: AwsRequest, credentials: CredentialSource): Promise<HttpRequest> {
  const { service, region, host, method, path, query, headers, body } = request;
  const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  const endpoint = new URL(request.endpoint || `https://${host ?? `${service}.${region}.${suffix}`}`);
  return (await requestSigner(service, region, credentials).sign(
    new HttpRequest({
      method,
      protocol: endpoint.protocol,
      hostname: endpoint.hostname,
      ...(endpoint.port ? { port: Number(endpoint.port) } : {}),
      path,
      query: { ...query },
      headers: { host: endpoint.host, 'user-agent': userAgent(), ...headers },
      body,
    }),
  )) as HttpRequest;
}

/** Says which application calls, as the SDK does. */
export function userAgent(): string {
  const appId = process.env.AWS_SDK_UA_APP_ID;
  return `cdk-multi-region-payments${appId ? ` app/${appId}` : ''}`;
}
