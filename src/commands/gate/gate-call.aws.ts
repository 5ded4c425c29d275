import { randomUUID } from 'crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { HttpRequest } from '@smithy/protocol-http';
import { GateCallPorts } from './gate-call.service';
import { CallerProof, proofText, ProvenCall, unsignedStsRequest } from '../../approvals/callers/caller-proof.domain';
import { gateLimits, proofHeader, proofLimits } from '../../approvals/contract';
import { fieldsIn } from '../../kernel/json/fields';
import { CredentialSource, requestSigner } from '../../runtime/aws-request';
import { boundedCall } from '../../runtime/bounded-call';

/** Somewhat longer than the gate works on a call. */
const bounds = { timeoutMs: (gateLimits.functionTimeoutSeconds + 10) * 1000, bytes: 1_000_000 };

/** Signs a request of `sts:GetCallerIdentity` for one call of a gate. It is not sent here: the gate sends it. */
export async function callerProof(region: string, call: ProvenCall, credentials: CredentialSource, now = new Date()): Promise<string> {
  const { host, query, headers } = unsignedStsRequest(region, call);
  const request = new HttpRequest({
    method: 'GET',
    protocol: 'https:',
    hostname: host,
    path: '/',
    query: { ...query },
    headers: { ...headers },
  });
  const { query: signed } = await requestSigner('sts', region, credentials).presign(request, {
    expiresIn: proofLimits.validSeconds,
    signingDate: now,
  });
  const part = (name: string): string => String(signed?.[`X-Amz-${name}`] ?? '');
  const sessionToken = part('Security-Token');
  const proof: CallerProof = {
    accessKeyId: part('Credential').split('/')[0],
    signedAt: part('Date'),
    signature: part('Signature'),
    ...(sessionToken === '' ? {} : { sessionToken }),
  };
  return proofText(proof);
}

/** Calls gates with the credentials that the SDK finds: environment, profile, IAM Identity Center and so on. */
export function gateCalls(): GateCallPorts {
  return {
    newKey: randomUUID,
    send: async (region, call) => {
      // A client resolves them once, and renews them.
      const { credentials } = new DynamoDBClient({ region }).config;
      const { protocol, host, hostname, port, pathname } = new URL(call.url);
      const request = await requestSigner('execute-api', region, credentials).sign(
        new HttpRequest({
          method: 'POST',
          protocol,
          hostname,
          ...(port ? { port: Number(port) } : {}),
          path: pathname,
          body: call.body,
          headers: {
            host,
            'content-type': 'application/json',
            accept: 'application/json',
            [proofHeader]: await callerProof(region, call, credentials),
            ...(call.key === undefined ? {} : { 'idempotency-key': call.key }),
          },
        }),
      );
      const { status, body } = await boundedCall(request as HttpRequest, bounds);
      return { status, fields: fieldsIn(body) };
    },
  };
}
