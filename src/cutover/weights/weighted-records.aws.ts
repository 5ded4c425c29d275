import { RecordsResult } from './weighted-records.service';
import { elementsOf, textOf } from './xml.domain';
import { CloudFormationEvent } from '../../kernel/custom-resource';
import { answerCloudFormation } from '../../runtime/custom-resource';
import { signedCall } from '../../runtime/signed-call';

/** The state of a stack, such as `UPDATE_IN_PROGRESS`. Throws when CloudFormation does not say. */
export async function stackStatus(region: string, stackId: string): Promise<string> {
  const body = new URLSearchParams({ Action: 'DescribeStacks', Version: '2010-05-15', StackName: stackId }).toString();
  const text = await signedCall({
    service: 'cloudformation',
    region,
    method: 'POST',
    path: '/',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body,
  });
  const status = textOf(text, 'StackStatus');
  if (status === undefined) throw new Error(`CloudFormation does not tell the state of ${stackId}`);
  return status;
}

/** Pages of a stack's events that are looked through, a hundred on each: a resource that is being changed has a late one. */
const eventPages = 10;

/** What CloudFormation last said of a resource, such as `UPDATE_IN_PROGRESS`; undefined when it says nothing of it. */
export async function resourceStatus(region: string, stackId: string, logicalId: string): Promise<string | undefined> {
  let from: string | undefined;
  for (let page = 0; page < eventPages; page += 1) {
    const body = new URLSearchParams({
      Action: 'DescribeStackEvents',
      Version: '2010-05-15',
      StackName: stackId,
      ...(from ? { NextToken: from } : {}),
    }).toString();
    const text = await signedCall({
      service: 'cloudformation',
      region,
      method: 'POST',
      path: '/',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body,
    });
    // The newest first.
    const event = elementsOf(text, 'member').find((one) => textOf(one, 'LogicalResourceId') === logicalId);
    if (event !== undefined) return textOf(event, 'ResourceStatus');
    from = textOf(text, 'NextToken');
    if (!from) return undefined;
  }
  return undefined;
}

/** Tells CloudFormation what came of it. The ID never changes: a changed one would make CloudFormation delete the records. */
export async function respond(event: CloudFormationEvent, result: RecordsResult): Promise<void> {
  await answerCloudFormation(event, {
    ...(result.kind === 'done' ? {} : { failure: result.reason }),
    physicalResourceId: `weighted-records-${event.LogicalResourceId}`,
  });
}
