import { CloudFormationEvent } from './weighted-records.model';
import { RecordsResult } from './weighted-records.service';
import { signedCall } from '../runtime/signed-call';

/** The state of a stack, such as `UPDATE_IN_PROGRESS`. Throws when CloudFormation does not say. */
export async function stackStatus(region: string, stackId: string): Promise<string> {
  const body = new URLSearchParams({ Action: 'DescribeStacks', Version: '2010-05-15', StackName: stackId }).toString();
  const text = await signedCall({ service: 'cloudformation', region, method: 'POST', path: '/', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body });
  const status = /<StackStatus>([A-Z_]+)<\/StackStatus>/.exec(text)?.[1];
  if (status === undefined) throw new Error(`CloudFormation does not tell the state of ${stackId}`);
  return status;
}

/** Tells CloudFormation what came of it. The ID never changes: a changed one would make CloudFormation delete the records. */
export async function respond(event: CloudFormationEvent, result: RecordsResult): Promise<void> {
  const { RequestId, StackId, LogicalResourceId } = event;
  const body = JSON.stringify({
    Status: result.kind === 'done' ? 'SUCCESS' : 'FAILED', Reason: result.kind === 'done' ? '' : result.reason.slice(0, 1_000),
    PhysicalResourceId: event.PhysicalResourceId ?? `weighted-records-${LogicalResourceId}`, RequestId, StackId, LogicalResourceId,
  });
  // Where the bucket sends it on to is not the bucket.
  const answer = await fetch(event.ResponseURL, { method: 'PUT', body, headers: { 'content-type': '' }, redirect: 'manual', signal: AbortSignal.timeout(10_000) });
  if (!answer.ok) throw new Error(`CloudFormation did not take the answer: ${answer.status}`);
}
