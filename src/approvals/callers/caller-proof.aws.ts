import { HttpRequest } from '@smithy/protocol-http';
import { StsRequest, StsVerdict, stsVerdict } from './caller-proof.domain';
import { ProofPorts } from './caller-proof.service';
import { boundedCall } from '../../runtime/bounded-call';
import { proofLimits } from '../contract';

/**
 * Asks the region's STS. Asking twice is as good as once, so it does where there was no answer.
 *
 * @param endpoint where to connect instead of STS's own host, such as `AWS_ENDPOINT_URL` names; the request stays the one for STS's host
 */
export function askSts(endpoint?: string): ProofPorts['ask'] {
  return async (request) => {
    const first = await askedOnce(request, endpoint);
    return first.kind === 'unknown' ? askedOnce(request, endpoint) : first;
  };
}

async function askedOnce({ host, query, headers }: StsRequest, endpoint: string | undefined): Promise<StsVerdict> {
  const { protocol, hostname, port } = new URL(endpoint || `https://${host}`);
  const request = new HttpRequest({
    method: 'GET',
    protocol,
    hostname,
    ...(port ? { port: Number(port) } : {}),
    path: '/',
    query: { ...query },
    headers: { ...headers },
  });
  try {
    const answer = await boundedCall(request, { timeoutMs: proofLimits.timeoutMs, bytes: proofLimits.answerBytes });
    const type = Object.entries(answer.headers).find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? '';
    return stsVerdict(answer.status, type, answer.body);
  } catch (error) {
    // Its message may hold the request; its name says what kind of fault it was.
    return { kind: 'unknown', detail: error instanceof Error ? error.name : 'no answer' };
  }
}
