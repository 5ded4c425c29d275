import type { BusEvent } from './delivery-line';
import type { EndpointRouting, GlobalEndpoint } from './endpoints';
import { retryPolicyOf, type DeliveryOutcome } from './retry';
import type { Deliverer, Refusal, Rights } from './rights';
import type { FabricRule, RuleTarget } from './rules';
import type { Senders } from './senders';

export interface ReplicationOptions {
  readonly endpoint: GlobalEndpoint;
  readonly routing: EndpointRouting;
  readonly rights: Rights;
  readonly senders: Senders;
  readonly accountId: string;
  readonly runs: (region: string) => boolean;
}

/**
 * The event replication of a global endpoint: rules of AWS's own on both buses, which send what is put on one to the other, without a
 * dead-letter queue. What came by them is not sent back.
 */
export class Replication {
  public readonly rules: readonly FabricRule[];
  /**
   * The role is known to the emulator of its stack alone, IAM being one for all regions on AWS: what that one said last holds while it is
   * stopped.
   */
  private refusal: Refusal;

  constructor(private readonly options: ReplicationOptions) {
    const { routing, endpoint, accountId } = options;
    this.rules = routing.replicates
      ? routing.regions.flatMap((region) => {
          const to = routing.regions.find((other) => other !== region);
          if (to === undefined) return [];
          const name = `GlobalEndpointManagedRule-${endpoint.name}`.slice(0, 64);
          const target: RuleTarget = {
            kind: 'bus',
            id: 'replica',
            arn: `arn:aws:events:${to}:${accountId}:event-bus/${routing.bus}`,
            region: to,
            name: routing.bus,
            roleArn: routing.roleArn,
            policy: retryPolicyOf(undefined),
          };
          return [
            {
              region,
              bus: routing.bus,
              name,
              arn: `arn:aws:events:${region}:${accountId}:rule/${routing.bus}/${name}`,
              targets: [target],
              madeWith: { account: [accountId], 'replay-name': [{ exists: false }] },
            },
          ];
        })
      : [];
    this.refusal = routing.roleArn === undefined ? { code: 'NO_PERMISSIONS', message: 'the endpoint has no role' } : undefined;
  }

  public async send(by: Deliverer, target: RuleTarget, events: readonly BusEvent[]): Promise<readonly DeliveryOutcome[]> {
    const { endpoint, rights, senders, runs } = this.options;
    if (target.roleArn !== undefined && runs(endpoint.region)) {
      this.refusal = await rights.role({ region: endpoint.region, ruleArn: by.ruleArn }, target.roleArn, 'events:PutEvents', target.arn);
    }
    const denied = this.refusal;
    if (denied) return events.map(() => ({ kind: 'failed', ...denied, retriable: false }));
    return senders.putAcross(by.region, target.region, target.name, events);
  }
}
