import { verifierFromEnvironment } from './environment.aws';
import { ApprovalResult } from '../model';
import { verify, VerifyCall } from '../verify.service';

const ports = verifierFromEnvironment(process.env, 'approval-verify');

/** Tells a state machine what its approval came to, by the gate's own record. It can read, and nothing else. */
export async function handler(call: VerifyCall): Promise<ApprovalResult> {
  return verify(ports, call);
}
