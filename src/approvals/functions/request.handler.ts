import { gateFromEnvironment } from './environment.aws';
import type { ApprovalTaskInput } from '../model';

const { gate, telemetry } = gateFromEnvironment(process.env, 'approval-request');

/** Takes a request for approval from a state machine, which waits for the token in it. The token is stored and not logged. */
export async function handler(input: ApprovalTaskInput): Promise<{ approvalId: string }> {
  const { id, execution, state, expiresAtMs } = await gate.ask(input);
  telemetry.record('asked', { approval: id, execution, state, expires: new Date(expiresAtMs).toISOString() });
  return { approvalId: id };
}
