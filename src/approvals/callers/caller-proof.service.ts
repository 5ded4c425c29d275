import { inTime, ProvenCall, readProof, signedStsRequest, StsRequest, StsVerdict } from './caller-proof.domain';
import { GateEvent, headerOf, sentTwice } from './event.domain';
import { proofHeader } from '../contract';
import { Person } from '../model';
import { IamIdentity, personOfArn } from './session.service';

export interface ProofPorts {
  /** Sends a request to STS and tells what it says. It is `unknown` when there is no answer; it never throws. */
  readonly ask: (request: StsRequest) => Promise<StsVerdict>;
  readonly nowMs: () => number;
}

export type ProvenCaller =
  /** `proof` is the same text whenever the same proof is sent. */
  | { readonly kind: 'known'; readonly person: Person; readonly proof: string }
  /** `unauthorized`: no proof, or none that STS accepts; `stale`: too old or too early; `other_caller`: API Gateway names somebody else. */
  | { readonly kind: 'refused'; readonly why: 'unauthorized' | 'stale' | 'other_caller' }
  | { readonly kind: 'unknown'; readonly detail: string };

/**
 * Who makes a call, by AWS credentials. What API Gateway says in the event is not enough: whoever may invoke the function can write that
 * event. So the caller proves it to STS, and both must name the same.
 */
export class CallerProofs {
  constructor(
    private readonly ports: ProofPorts,
    private readonly identity: IamIdentity,
  ) {}

  public async callerOf(event: GateEvent, call: ProvenCall): Promise<ProvenCaller> {
    const { userArn, accountId } = event.requestContext?.identity ?? {};
    const person = personOfArn(userArn ?? undefined, this.identity);
    const text = sentTwice(event, proofHeader) ? undefined : headerOf(event, proofHeader);
    const proof = text === undefined ? undefined : readProof(text);
    if (!person || !proof) return { kind: 'refused', why: 'unauthorized' };
    if (!inTime(proof, this.ports.nowMs())) return { kind: 'refused', why: 'stale' };
    const verdict = await this.ports.ask(signedStsRequest(this.identity.region, call, proof));
    if (verdict.kind === 'unknown') return verdict;
    if (verdict.kind === 'refused') return { kind: 'refused', why: 'unauthorized' };
    if (verdict.arn !== userArn || verdict.accountId !== accountId) return { kind: 'refused', why: 'other_caller' };
    return { kind: 'known', person, proof: proof.signature };
  }
}
