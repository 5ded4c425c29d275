import { retryPolicyOf, type RetryPolicy } from './retry';
import type { FabricResource } from '../ground/model';

export type TargetKind = 'bus' | 'queue' | 'function';

/** A rule's target to which the fabric delivers in the emulator's place. */
export interface RuleTarget {
  readonly kind: TargetKind;
  readonly id: string;
  readonly arn: string;
  /** Region of the target. */
  readonly region: string;
  /** Name of the bus, queue or function. */
  readonly name: string;
  readonly roleArn?: string;
  readonly deadLetterArn?: string;
  readonly policy: RetryPolicy;
  readonly messageGroupId?: string;
  /** Constant text instead of the event. */
  readonly input?: string;
}

/** A rule with its targets, as the template says it. */
export interface FabricRule {
  readonly region: string;
  readonly name: string;
  readonly bus: string;
  readonly arn: string;
  /** Seconds between two firings; absent for a rule with a pattern. */
  readonly everySeconds?: number;
  /** Pattern of a rule that no template makes. */
  readonly madeWith?: object;
  readonly targets: readonly RuleTarget[];
}

/** The rules to whose targets the fabric delivers; all others stay the emulator's. */
export function fabricRules(resources: readonly FabricResource[], accountId: string): FabricRule[] {
  return resources
    .filter(({ type, properties }) => type === 'AWS::Events::Rule' && properties.State !== 'DISABLED')
    .flatMap((resource) => {
      const { properties, region } = resource;
      const name = String(resource.physicalId ?? properties.Name)
        .split(/[|/]/)
        .pop()!;
      const bus = lastPart(properties.EventBusName ?? 'default');
      const everySeconds = rateSeconds(properties.ScheduleExpression);
      if (properties.ScheduleExpression && everySeconds === undefined) return [];
      const targets = ((properties.Targets ?? []) as Record<string, any>[]).flatMap((target) => ruleTarget(target, region) ?? []);
      if (targets.length === 0) return [];
      // A schedule is fired by one of the two: by the emulator when it has a target that only that one knows.
      if (everySeconds !== undefined && targets.length < properties.Targets.length) return [];
      return [
        {
          region,
          name,
          bus,
          arn: `arn:aws:events:${region}:${accountId}:rule/${bus === 'default' ? '' : `${bus}/`}${name}`,
          everySeconds,
          targets,
        },
      ];
    });
}

/** `rate(5 minutes)` in seconds; undefined for anything else. */
export function rateSeconds(expression: unknown): number | undefined {
  const [, count, unit] = /^rate\((\d+)\s+(minute|hour|day)s?\)$/.exec(String(expression ?? '')) ?? [];
  return count === undefined ? undefined : Number(count) * { minute: 60, hour: 3600, day: 86_400 }[unit as 'minute' | 'hour' | 'day'];
}

function ruleTarget(target: Record<string, any>, ruleRegion: string): RuleTarget | undefined {
  const arn = String(target.Arn);
  const [, , service, region, , ...rest] = arn.split(':');
  const kind = kindOf(service, rest.join(':'));
  // What changes the event on its way is the emulator's: it knows the rule's paths and templates.
  if (!kind || target.InputTransformer || target.InputPath) return undefined;
  // A bus next door is the emulator's too; another region's queue or function is no target on AWS.
  if ((kind === 'bus') === (region === ruleRegion)) return undefined;
  if (kind === 'bus' && target.Input !== undefined) return undefined;
  if (kind === 'bus' && target.RetryPolicy !== undefined) {
    throw new Error(`the target ${arn} has a RetryPolicy: EventBridge takes none for a bus and refuses the rule; remove it`);
  }
  return {
    kind,
    id: String(target.Id),
    arn,
    region,
    name: kind === 'function' ? rest[1] : lastPart(arn),
    ...(target.RoleArn ? { roleArn: String(target.RoleArn) } : {}),
    ...(target.DeadLetterConfig?.Arn ? { deadLetterArn: String(target.DeadLetterConfig.Arn) } : {}),
    ...(target.SqsParameters?.MessageGroupId ? { messageGroupId: String(target.SqsParameters.MessageGroupId) } : {}),
    ...(target.Input === undefined ? {} : { input: typeof target.Input === 'string' ? target.Input : JSON.stringify(target.Input) }),
    policy: retryPolicyOf(target.RetryPolicy),
  };
}

function kindOf(service: string, resource: string): TargetKind | undefined {
  if (service === 'events' && resource.startsWith('event-bus/')) return 'bus';
  if (service === 'sqs') return 'queue';
  return service === 'lambda' && resource.startsWith('function:') ? 'function' : undefined;
}

function lastPart(nameOrArn: unknown): string {
  return String(nameOrArn).split(/[:/]/).pop()!;
}
