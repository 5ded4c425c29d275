import { CloudFormationEvent } from '../kernel/custom-resource';

/** What a custom resource tells CloudFormation. */
export interface ResourceAnswer {
  /** Why it failed; absent: it did not. */
  readonly failure?: string;
  /** What a person should read although it succeeded: CloudFormation shows it beside the resource's event. */
  readonly notice?: string;
  /** Of a resource that has none yet: a changed one would make CloudFormation delete what the old one stands for. */
  readonly physicalResourceId: string;
  /** What other resources of the stack can refer to. */
  readonly data?: Readonly<Record<string, string>>;
}

/** Tells CloudFormation what came of its request. Whether its address may be told anything is the caller's to judge. */
export async function answerCloudFormation(
  event: CloudFormationEvent,
  { failure, notice, physicalResourceId, data }: ResourceAnswer,
): Promise<void> {
  const { RequestId, StackId, LogicalResourceId } = event;
  const body = JSON.stringify({
    Status: failure === undefined ? 'SUCCESS' : 'FAILED',
    Reason: (failure ?? notice ?? '').slice(0, 1_000),
    PhysicalResourceId: event.PhysicalResourceId ?? physicalResourceId,
    RequestId,
    StackId,
    LogicalResourceId,
    ...(data ? { Data: data } : {}),
  });
  // Where the bucket sends it on to is not the bucket.
  const answer = await fetch(event.ResponseURL, {
    method: 'PUT',
    body,
    headers: { 'content-type': '' },
    redirect: 'manual',
    signal: AbortSignal.timeout(10_000),
  });
  if (!answer.ok) throw new Error(`CloudFormation did not take the answer: ${answer.status}`);
}
