import { Stack } from 'aws-cdk-lib';
import { CfnRule } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { MeshBus, TransportStrategy, peersOf } from './strategy';
import { forwardingRoleName, forwardingRuleName, meshBusName } from '../../contract';

/** The transport of `MeshTransport.rules`. */
export function rulesStrategy(): TransportStrategy {
  return {
    problem: () => undefined,
    describe: () => 'rules',
    senders: (part) => Object.fromEntries(peersOf(part).map((peer) => [peer, forwardingRoleName(part.systemName, peer, part.region)])),
    publishingRegions: ({ region }) => [region],
    publishedTo: () => [],
    takenBy: () => undefined,
    watchedRules: (part) => Object.fromEntries(peersOf(part).map((peer) => [peer, forwardingRuleName(part.systemName, peer)])),
    define: (scope, part) => {
      new MeshForwarding(scope, 'Forwarding', part);
    },
    endpointId: () => undefined,
  };
}

/** A rule for each peer, which forwards what began here and nothing else: so no event goes further than one hop. */
class MeshForwarding extends Construct {
  constructor(scope: Construct, id: string, part: MeshBus) {
    super(scope, id);
    for (const peer of peersOf(part)) this.define(peer, part);
  }

  private define(peer: string, { systemName, region, bus, deadLetterQueueArn }: MeshBus): void {
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
  }
}
