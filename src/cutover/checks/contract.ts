import { CheckReads } from './model';
import { parityRecordName } from '../../documents/contract';
import { CutoverPlan } from '../contract';

/** Makes the names of resources; `ofAws` without an account. */
export interface ArnNames {
  ofAccount(service: string, region: string, resource: string): string;
  ofAws(service: string, region: string, resource: string): string;
}

/** What a read needs the function to be allowed. Without a resource the plan has nothing to read. */
interface ReadRight {
  readonly actions: readonly string[];
  readonly resources: (plan: CutoverPlan, arns: ArnNames) => readonly string[];
}

/** Where AWS knows no resource, or tells of all only whoever may ask for all, as of composite alarms. */
const all = (): readonly string[] => ['*'];

/** The right to each read of the checks; a team's own check is a function, which its construct grants. */
export const readRights: { readonly [Read in Exclude<keyof CheckReads, 'ownCheck'>]: ReadRight } = {
  metric: { actions: ['cloudwatch:GetMetricData'], resources: all },
  lambdaConcurrency: { actions: ['lambda:GetAccountSettings'], resources: all },
  alarms: { actions: ['cloudwatch:DescribeAlarms'], resources: all },
  apiThrottles: {
    actions: ['apigateway:GET'],
    resources: ({ source, target }, arns) => [source, target].map((region) => arns.ofAws('apigateway', region, '/account')),
  },
  parityRecord: {
    actions: ['ssm:GetParameters'],
    resources: ({ systemName, source, target, prechecks: { documentsSeconds } }, arns) =>
      documentsSeconds === undefined
        ? []
        : [arns.ofAccount('ssm', target, `parameter${parityRecordName(systemName, { from: source, to: target })}`)],
  },
  queueDepth: {
    actions: ['sqs:GetQueueUrl', 'sqs:GetQueueAttributes'],
    resources: ({ prechecks }, arns) => prechecks.queues.map(({ region, name }) => arns.ofAccount('sqs', region, name)),
  },
};

/** Actions on the same resources. */
export interface GrantedRead {
  readonly actions: string[];
  readonly resources: string[];
}

/** The rights to all reads of a plan, one for each set of resources. */
export function grantedReads(plan: CutoverPlan, arns: ArnNames): readonly GrantedRead[] {
  const granted = new Map<string, GrantedRead>();
  for (const { actions, resources } of Object.values(readRights)) {
    const on = [...resources(plan, arns)];
    if (on.length === 0) continue;
    const before = granted.get(on.join());
    granted.set(on.join(), { actions: [...(before?.actions ?? []), ...actions], resources: on });
  }
  return [...granted.values()];
}
