import { Stack } from 'aws-cdk-lib';
import { CfnEventBusPolicy, CfnRule, EventBus } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { forwardingRoleName, forwardingRuleName, meshBusName } from '../contract';

export interface MeshForwardingProps {
  readonly systemName: string;
  readonly region: string;
  readonly peers: string[];
  readonly bus: EventBus;
  readonly deadLetterQueueArn: string;
}

/** A rule for each peer, which forwards what began here and nothing else: so no event goes further than one hop. */
export class MeshForwarding extends Construct {
  /** By peer. */
  public readonly rules: Readonly<Record<string, CfnRule>>;

  constructor(scope: Construct, id: string, props: MeshForwardingProps) {
    super(scope, id);
    this.rules = Object.fromEntries(props.peers.map((peer) => [peer, this.define(peer, props)]));
  }

  private define(peer: string, { systemName, region, bus, deadLetterQueueArn }: MeshForwardingProps): CfnRule {
    const stack = Stack.of(this);
    const peerBus = stack.formatArn({ service: 'events', region: peer, resource: 'event-bus', resourceName: meshBusName(systemName) });
    const ruleName = forwardingRuleName(systemName, peer);
    const ruleArn = stack.formatArn({ service: 'events', resource: 'rule', resourceName: `${meshBusName(systemName)}/${ruleName}` });
    const role = new Role(this, `Role-${peer}`, {
      roleName: forwardingRoleName(systemName, region, peer),
      description: `${systemName}: puts events of ${region} on the bus in ${peer}`,
      // For this rule alone: else whoever may pass the role could put anything on the peer's bus by a rule of another one.
      assumedBy: new ServicePrincipal('events.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': stack.account }, ArnEquals: { 'aws:SourceArn': ruleArn } },
      }),
    });
    role.addToPolicy(new PolicyStatement({ actions: ['events:PutEvents'], resources: [peerBus] }));
    const rule = new CfnRule(this, `To-${peer}`, {
      name: ruleName,
      description: `${systemName}: events that began in ${region}, to ${peer}`,
      eventBusName: bus.eventBusName,
      // A replay from the archive is for the region that asks for it.
      eventPattern: { detail: { origin: [region] }, 'replay-name': [{ exists: false }] },
      // No retry policy: EventBridge refuses one for a bus, and tries for 24 hours and 185 times.
      targets: [{ id: 'Peer', arn: peerBus, roleArn: role.roleArn, deadLetterConfig: { arn: deadLetterQueueArn } }],
    });
    // The first event must not arrive before the right to send it.
    rule.node.addDependency(role);
    return rule;
  }
}

/**
 * Lets roles put on the bus, one statement each. By condition: a policy whose principal is a role that is not there yet is refused,
 * and the peer may be deployed later.
 */
export function allowRoles(bus: EventBus, roles: Readonly<Record<string, string>>): void {
  const { account, partition } = Stack.of(bus);
  for (const [id, roleName] of Object.entries(roles)) {
    new CfnEventBusPolicy(bus, `Policy-${id}`, {
      eventBusName: bus.eventBusName,
      statementId: `From-${id}`,
      statement: {
        Effect: 'Allow',
        Principal: { AWS: `arn:${partition}:iam::${account}:root` },
        Action: 'events:PutEvents',
        Resource: bus.eventBusArn,
        Condition: { ArnEquals: { 'aws:PrincipalArn': `arn:${partition}:iam::${account}:role/${roleName}` } },
      },
    });
  }
}
