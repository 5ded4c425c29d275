import { RecordsRequest, RecordsResult } from './weighted-records.service';

/** What CloudFormation sends to a custom resource's function. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html */
export interface CloudFormationEvent {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
  readonly RequestId: string;
  readonly StackId: string;
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId?: string;
  readonly ResponseURL: string;
  /** Every value is a text. */
  readonly ResourceProperties: Readonly<Record<string, string>>;
}

export function recordsRequestOf({ RequestType, RequestId, StackId, ResourceProperties: given }: CloudFormationEvent): RecordsRequest {
  return {
    type: RequestType, requestId: RequestId, stack: StackId.split('/')[1] ?? StackId,
    wish: {
      source: given.source, target: given.target, ttlSeconds: Number(given.ttlSeconds), initialTarget: Number(given.initialTarget),
      replaceExisting: given.replaceExisting === 'true', onDelete: given.onDelete === 'DELETE' ? 'DELETE' : 'RETAIN',
    },
  };
}

/** Tells CloudFormation what came of it. The ID never changes: a changed one would make CloudFormation delete the records. */
export async function respond(event: CloudFormationEvent, result: RecordsResult): Promise<void> {
  const { RequestId, StackId, LogicalResourceId } = event;
  const body = JSON.stringify({
    Status: result.kind === 'done' ? 'SUCCESS' : 'FAILED', Reason: result.kind === 'done' ? '' : result.reason.slice(0, 1_000),
    PhysicalResourceId: event.PhysicalResourceId ?? `weighted-records-${LogicalResourceId}`, RequestId, StackId, LogicalResourceId,
  });
  const answer = await fetch(event.ResponseURL, { method: 'PUT', body, headers: { 'content-type': '' }, signal: AbortSignal.timeout(10_000) });
  if (!answer.ok) throw new Error(`CloudFormation did not take the answer: ${answer.status}`);
}
